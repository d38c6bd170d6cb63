"""A number that a trace must hold, worked out from a workload's own dimensions, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from genscope.errors import CaptureError

# what relation `expectation` can look up in a trace
FACTS = (
    "flops", "bytes", "operators", "attention_calls", "attention_lengths", "attention_flops", "host_syncs", "dead_flops", "parameters_trained",
    "parameters_total", "convolution_weight_gradients",
)  # fmt: skip
ORIGINS = ("paper", "code", "derived", "assumed", "user")


@dataclass(frozen=True)
class Expectation:
    """One fact, its number, and where that comes from.

    `place` narrows `flops`, `bytes`, `operators` and `attention_calls` to a component, or to `component/pass`. `tolerance` is
    relative; 0 means exactly.
    """

    fact: str
    expected: float
    origin: str = "derived"
    place: str | None = None
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if self.fact not in FACTS:
            raise CaptureError(
                f"There is no fact {self.fact!r} to expect; choose one of {', '.join(FACTS)}."
            )
        if self.origin not in ORIGINS:
            raise CaptureError(
                f"There is no origin {self.origin!r}; choose one of {', '.join(ORIGINS)}."
            )


def as_rows(expected: Iterable[Expectation]) -> list[dict[str, Any]]:
    """What the manifest holds."""
    return [asdict(each) for each in expected]


def of_user(expect: Mapping[str, float]) -> tuple[Expectation, ...]:
    """`{"flops": 1e12, "flops:unet": 8e11}` as expectations; FLOPs and bytes may be off by one in ten thousand.

    Raises CaptureError for a fact that no trace holds.
    """
    found = []
    for key, number in expect.items():
        fact, _, place = key.partition(":")
        tolerance = 1e-4 if fact in ("flops", "bytes") else 0.0
        found.append(Expectation(fact, float(number), "user", place or None, tolerance))
    return tuple(found)
