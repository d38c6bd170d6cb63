"""The `genscope example` command: copy the two captures that ship with the package into a folder."""

from __future__ import annotations

import shutil
from importlib.resources import as_file, files
from pathlib import Path

from genscope.errors import UserError


def copy_example(out: Path) -> list[Path]:
    """Copy the example's run folders into `out` and return their paths; equal files stay as they are.

    Raises UserError, and copies nothing, if a file with other contents has one of the names.
    """
    with as_file(files("genscope") / "example") as shipped:
        paths = sorted(path for path in shipped.glob("*/*") if path.is_file())
        targets = {path: out / path.relative_to(shipped) for path in paths}
        for path, target in targets.items():
            if _differs(path, target):
                raise UserError(
                    f"{target} exists and is not from the example; name another folder with --out"
                )
        for path, target in targets.items():
            _copy(path, target)
    return sorted({target.parent for target in targets.values()})


def _differs(path: Path, target: Path) -> bool:
    if target.is_file():
        return path.read_bytes() != target.read_bytes()
    return target.exists()


def _copy(path: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    except OSError as error:
        raise UserError(
            f"{target} can't be written ({error.strerror}); name another folder with --out"
        ) from error
