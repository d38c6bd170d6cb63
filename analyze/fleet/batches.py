"""Put small traces into batches, each of which becomes one study: a study of its own costs more than a small trace."""

from __future__ import annotations

from collections.abc import Sequence

from genscope.analyze.fleet.source import Source

MOST_TRACES = 32
# of files, compressed or not: a batch of more takes so long that its start and its study don't count
MOST_BYTES = 4 << 20
# batches for each of several workers, so that none waits long for the last one
_ROUNDS = 3


def batches(
    found: Sequence[Source], *, workers: int, most: int = MOST_TRACES
) -> list[list[Source]]:
    """The traces in batches of at most `most`, in order; a large one is alone, and comes first.

    For several workers batches are smaller if there would be too few of them.
    """
    if workers > 1:
        most = min(most, -(-len(found) // (_ROUNDS * workers)))
    # so that none runs alone at the end
    done = [[source] for source in found if source.size_bytes > MOST_BYTES]
    batch: list[Source] = []
    for source in found:
        if source.size_bytes > MOST_BYTES:
            continue
        held = sum(other.size_bytes for other in batch)
        if batch and (len(batch) >= most or held + source.size_bytes > MOST_BYTES):
            done.append(batch)
            batch = []
        batch.append(source)
    return [*done, batch] if batch else done
