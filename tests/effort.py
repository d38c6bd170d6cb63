"""How many examples the generated tests try: few on every change, many at night."""

import os

# GENSCOPE_FUZZ multiplies the number of examples
EFFORT = int(os.environ.get("GENSCOPE_FUZZ", "1"))
