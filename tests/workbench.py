"""What the workbench's tests look at: two small recordings with hostile names, and a server of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from genscope.analyze.app.server import HOST, Server
from genscope.analyze.study import Study
from tests.made_once import folder_of_all_workers, made_once

EVIL = "<img src=x onerror=alert(1)>*bold*\x1b[31m"
GEMM, SOFTMAX = "ampere_bf16_s16816gemm_128x128", "softmax_warp_forward<float>"
STEPS, LAYERS = 4, 10


def recording(*, slower: int = 1) -> dict[str, Any]:
    """A Kineto trace of `STEPS` steps with `LAYERS` layers of three kernels; `slower` stretches one kind."""
    events: list[dict[str, Any]] = [
        {"ph": "M", "name": "process_name", "pid": 0, "tid": 0, "args": {"name": "python"}}
    ]

    def add(name: str, category: str, ts: float, dur: float, tid: int = 1, **args: Any) -> None:
        events.append(
            {"ph": "X", "cat": category, "name": name, "pid": 0, "tid": tid, "ts": ts, "dur": dur}
            | {"args": args}
        )

    host, device, number = 1000.0, 1100.0, 0
    for step in range(STEPS):
        add(f"ProfilerStep#{step}", "user_annotation", host, LAYERS * 30.0 + 5)
        for layer in range(LAYERS):
            kernels = (
                (GEMM, "aten::mm", 20.0),
                (SOFTMAX, "aten::softmax", 10.0 * slower),
                (EVIL, "aten::mul", 2.5),
            )
            for kernel, op, dur in kernels:
                number += 1
                add(
                    op,
                    "cpu_op",
                    host,
                    9,
                    **{
                        "External id": number,
                        "Input Dims": [[64, 32 + layer], [32 + layer, 64]],
                        "Input type": ["float", "float"],
                    },
                )
                add(
                    "cudaLaunchKernel",
                    "cuda_runtime",
                    host + 2,
                    4,
                    correlation=number,
                    **{"External id": number},
                )
                add(
                    kernel,
                    "kernel",
                    device,
                    dur,
                    tid=7,
                    device=0,
                    stream=7,
                    correlation=number,
                    grid=[1, 1, 1],
                    block=[128, 1, 1],
                    **{"External id": number},
                )
                events[-1]["pid"] = 0
                host, device = host + 10, max(device, host) + dur + 0.5
        host += 10
    add(
        "Memcpy DtoH (Device -> Pageable)",
        "gpu_memcpy",
        device,
        3,
        tid=7,
        device=0,
        stream=7,
        bytes=4096,
    )
    return {
        "schemaVersion": 1,
        "deviceProperties": [{"id": 0, "name": "NVIDIA A100-SXM4-80GB"}],
        "traceEvents": events,
    }


def study_of_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of two recordings, the second with a slower softmax, which nobody changes."""
    folder = folder_of_all_workers(tmp_path_factory) / "workbench"
    return made_once(folder, _make) / "study.duckdb"


def _make(folder: Path) -> None:
    paths = []
    for name, slower in (("fast", 1), ("slow", 3)):
        path = folder / f"{name}.json"
        path.write_text(json.dumps(recording(slower=slower)))
        paths.append(path)
    with Study(folder / "study.duckdb") as opened:
        results = opened.ingest(paths)
    assert [result.status for result in results] == ["loaded", "loaded"], results


@contextmanager
def served(study: Path) -> Iterator[Server]:
    """A server of the study that answers on a thread of its own."""
    server, started = Server(study, 0), threading.Event()
    thread = threading.Thread(target=server.run, args=(started.set,), daemon=True)
    thread.start()
    assert started.wait(30)
    try:
        yield server
    finally:
        server.stop()
        thread.join(30)
        assert not thread.is_alive()


def fetched(
    server: Server,
    path: str,
    *,
    host: str | None = None,
    method: str = "GET",
    body: str = "",
    **headers: str,
) -> tuple[int, bytes]:
    """Status and content of an address; `path` is relative to the secret unless it begins with '/'."""
    connection = HTTPConnection(HOST, server.port, timeout=60)
    connection.putrequest(
        method, path if path.startswith("/") else f"{server.prefix}/{path}", skip_host=True
    )
    connection.putheader("Host", host or f"{HOST}:{server.port}")
    for name, value in headers.items():
        connection.putheader(name, value)
    if body:
        connection.putheader("Content-Length", str(len(body.encode())))
    connection.endheaders(body.encode() if body else None)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content
