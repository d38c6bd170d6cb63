"""What a command that reads traces does first."""

from __future__ import annotations

import os

from genscope.cli.standard_output import complain


def prepare_to_load() -> None:
    """Keep NumPy from starting threads, and say if this installation reads traces without the C library."""
    # of its BLAS, which no load uses: one for each core, each of which spins for a while
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from genscope.analyze import native

    if native.library() is None:
        complain(
            "this installation has no compiled reader, so loading takes several times as long; "
            "install gcc, then 'pip install --force-reinstall --no-deps --no-cache-dir genscope'"
        )
