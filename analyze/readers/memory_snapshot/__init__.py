"""The reader of PyTorch's memory snapshots."""

from pathlib import Path

# a key of a snapshot comes first in it
_KEYS = (b"segments", b"device_traces", b"external_annotations", b"total_size")


def begins_as_snapshot(path: Path) -> bool:
    """Whether a pickle may be a snapshot, and not other data that lies in the same folder."""
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError:
        return True
    return any(key in start for key in _KEYS)
