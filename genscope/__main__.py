"""`python -m genscope` is the `genscope` command."""

import sys

from genscope.cli.app import main

sys.exit(main())
