"""How long every metric and the report take on a big study.

    python bench/ingest.py --traces FOLDER --megabytes 4800 --workloads plain --rounds 1 --peers \
        --keep build/big.duckdb --out build/big.json
    python bench/queries.py --db build/big.duckdb --out bench/queries.json

Each metric is asked --rounds times over an open study; the median counts. What a study can't
support is answered by its refusal, and that is what is timed then.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def main() -> None:
    """Time them all and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("build/queries.json"))
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    import genscope
    from genscope.analyze.sql_file import shipped_queries
    from genscope.errors import UserError

    result: dict[str, Any] = {"load": os.getloadavg()[0], "metrics": []}
    with genscope.open(given.db) as study:
        result["events"] = int(study.traces()["event_count"].sum())
        for metric in shipped_queries():
            try:
                rows = len(study.query(metric.name))
            except UserError:
                rows = None
            ask = partial(study.query, metric.name)
            seconds = [_seconds(ask) for _ in range(given.rounds)]
            entry = {"name": metric.name, "layer": metric.layer, "rows": rows}
            result["metrics"].append(entry | {"seconds": statistics.median(seconds)})
            print(result["metrics"][-1], file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            result["report_seconds"] = _seconds(lambda: study.report(Path(folder) / "report.html"))
    given.out.write_text(json.dumps(result, indent=1) + "\n")
    slow = [m for m in result["metrics"] if m["seconds"] >= 1]
    print(
        f"{len(slow)} of {len(result['metrics'])} take 1 s or more; report {result['report_seconds']:.1f} s"
    )


def _seconds(work: Callable[[], object]) -> float:
    from genscope.errors import UserError

    start = time.perf_counter()
    with suppress(UserError):
        work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
