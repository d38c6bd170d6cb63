"""Kinds, lengths and numbers of attention calls without labels are those of the labels, or unknown; never others.

One small model on every change, everything at night (GENSCOPE_FUZZ > 1): the whole catalog, and models of others.
"""

from pathlib import Path

import pytest

from genscope.capture.catalog import MODELS
from genscope.capture.runner import runner
from genscope.capture.settings import Settings, resolved
from tests.bare_traces import BARE, bare, differences, known, recorded
from tests.effort import EFFORT

ALWAYS = [("other:whisper", "baseline")]


def nightly() -> list[tuple[str, str]]:
    """Each model with each attention, named as the catalog does, or 'other:' and a tiny model's name."""
    from tests import tiny_models

    names = [f"{name}:{entry.variants[0]}" for name, entry in MODELS.items()]
    names += [f"other:{name}" for name in tiny_models.MODELS]
    return [(name, attention) for name in names for attention in ("flash", "baseline")]


# the tiny models need diffusers, which takes seconds to import
@pytest.mark.parametrize(("name", "attention"), nightly() if EFFORT > 1 else ALWAYS)
def test_a_bare_trace_never_says_something_else(name: str, attention: str, tmp_path: Path) -> None:
    if name.startswith("other:"):
        from tests import tiny_models

        run = tiny_models.runner(name.removeprefix("other:"), attention)
    else:
        run = runner(resolved(Settings(name, "torch", attention, device="cpu", dtype="float32")))
    database = recorded(run, tmp_path)
    for what, removed in BARE.items():
        with bare(database, removed) as con:
            assert differences(con) == [], what
            if (name, attention) in ALWAYS:
                seen, count = known(con)
                assert seen == count > 0
