"""Whether the time of a small trace grows with the number of traces in a study.

    python bench/one_study.py TRACE --traces 1000

Loads copies of a small trace into one study by one `genscope ingest`, and adds what it took to bench/one_study.json:
CPU seconds a trace for each tenth of the load, the study's size on disk after it, and the peak of memory.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.fleet import copies
from genscope.analyze.load.ingest import ingest

MEASURED = Path(__file__).with_name("one_study.json")
_PARTS = 10


def main() -> None:
    """Measure once and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trace", type=Path)
    parser.add_argument("--traces", type=int, default=1000)
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="genscope-") as folder:
        size = copies(asked.trace, Path(folder), asked.traces)
        study = Path(folder) / "study.duckdb"
        marks = [(0, time.process_time())]

        def progress(done: int, total: int) -> None:
            if done * _PARTS // total > marks[-1][0] * _PARTS // total:
                marks.append((done, time.process_time()))

        before = os.getloadavg()[0]
        start = time.perf_counter()
        results = ingest(study, [Path(folder) / "traces"], jobs=2, progress=progress)
        found = {
            "traces": asked.traces,
            "bytes": size,
            "wall_s": time.perf_counter() - start,
            "cpu_s": time.process_time() - marks[0][1],
            "cpu_s_a_trace": [
                (after - at) / (done - count) for (count, at), (done, after) in pairwise(marks)
            ],
            "study_bytes": study.stat().st_size,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "load": [before, os.getloadavg()[0]],
            "date": f"{datetime.now():%-d %b %Y}",
            "cores": os.cpu_count(),
        }
    assert {result.status for result in results} == {"loaded"}
    MEASURED.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
