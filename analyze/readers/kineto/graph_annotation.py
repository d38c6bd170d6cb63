"""Read the names of a CUDA graph's kernels from the file that PyTorch saves next to a trace.

torch.cuda.graph(..., enable_annotations=True) collects what mark_kernels() says of each node, and
programs save it as kernel_annotations_rank<N>_*.json (or .pkl, a pickle) in the trace's folder or one
above it. Nodes are numbered by process, so a file counts only for the trace of its rank.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from genscope.analyze.readers.safe_pickle import UnsafePickleError, loads

COLUMNS = {"node_id": "BIGINT", "annotation": "VARCHAR"}
_NAME = re.compile(r"(?:kernel_|graph_)?annotations(?:_rank(\d+))?[\w.-]*\.(?:json|pkl|pickle)")
_LEADING_RANK = re.compile(r"(\d+)\.")
# a node takes some 60 bytes
_MAX_BYTES = 64 << 20


def is_annotation_file(name: str) -> bool:
    """Whether a file of this name holds annotations, and so is not a trace."""
    return _NAME.fullmatch(name) is not None


def rows_of(trace: Path, rank: int | None) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of COLUMNS for a trace, and one sentence for each file that can't be read."""
    found: dict[int, str] = {}
    problems = []
    for path in _files(trace, rank):
        try:
            found = dict(_nodes(_read(path))) | found
        except (OSError, ValueError, RecursionError, UnsafePickleError) as error:
            problems.append(f"{path.name}: {error}")
    return [{"node_id": node, "annotation": name} for node, name in found.items()], problems


def _files(trace: Path, rank: int | None) -> list[Path]:
    if rank is None and (leading := _LEADING_RANK.match(trace.name)):
        rank = int(leading[1])
    for folder in (trace.parent, trace.parent.parent):
        try:
            names = [entry.name for entry in folder.iterdir()]
        except OSError:
            continue
        matches = {name: match for name in names if (match := _NAME.fullmatch(name))}
        ranked = {name for name, match in matches.items() if match[1]}
        own = {name for name in ranked if rank == int(matches[name][1])}
        if not own and folder == trace.parent and _is_alone(trace, names):
            own = set() if rank is not None and ranked else set(matches)
        if own:
            return [folder / name for name in sorted(own)]
    return []


def _is_alone(trace: Path, names: list[str]) -> bool:
    traces = {name for name in names if name.lower().endswith((".json", ".json.gz"))}
    return all(n in (trace.name, "manifest.json") or _NAME.fullmatch(n) for n in traces)


def _read(path: Path) -> Any:
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError(f"it has over {_MAX_BYTES >> 20} MiB, too many for annotations")
    data = path.read_bytes()
    return json.loads(data) if path.suffix == ".json" else loads(data)


def _nodes(annotations: Any) -> Iterator[tuple[int, str]]:
    if not isinstance(annotations, Mapping):
        raise ValueError("it isn't a mapping from graph nodes to annotations")
    for key, scopes in annotations.items():
        node = int(key)
        name = _name(scopes if isinstance(scopes, list | tuple) else [scopes])
        if name is not None and 0 < node < 1 << 63:
            yield node, name


def _name(scopes: list[Any] | tuple[Any, ...]) -> str | None:
    """The name that the last scope with one gives; old files hold bare texts or the key 'str'."""
    for scope in reversed(scopes):
        if isinstance(scope, str):
            return scope
        if isinstance(scope, Mapping):
            for key in ("name", "fqn", "str"):
                if isinstance(scope.get(key), str):
                    return str(scope[key])
    return None
