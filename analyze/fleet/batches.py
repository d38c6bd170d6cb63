"""Put small traces into batches, each of which becomes one study: a study of its own costs more than a small trace."""

from __future__ import annotations

from collections.abc import Sequence

from genscope.analyze.fleet.source import Source
from genscope.analyze.load.trace_file import packed

MOST_TRACES = 32
# compressed: copying a larger trace into a study with others takes longer than a study of its own
_LARGE_BYTES = 512 << 10
# a study of more has larger blocks, and so takes more room than its traces alone
_MOST_BYTES = 4 << 20
# batches for each of several workers, so that none waits long for the last one
_ROUNDS = 2


def batches(
    found: Sequence[Source], *, workers: int, most: int = MOST_TRACES
) -> list[list[Source]]:
    """The traces in batches of at most `most`, in order; a large one is alone, and comes first.

    For several workers batches are smaller if there would be too few of them.
    """
    if workers > 1:
        most = min(most, -(-len(found) // (_ROUNDS * workers)))
    sizes = {source: packed(source.address, source.size_bytes) for source in found}
    # so that none runs alone at the end
    done = [[source] for source, size in sizes.items() if size > _LARGE_BYTES]
    batch: list[Source] = []
    for source, size in sizes.items():
        if size > _LARGE_BYTES:
            continue
        if len(batch) == most or size + sum(sizes[other] for other in batch) > _MOST_BYTES:
            done.append(batch)
            batch = []
        batch.append(source)
    return [*done, batch] if batch else done
