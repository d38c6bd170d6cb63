"""NCCL's own NVTX ranges say the message and the communicator of a collective, so its bus bandwidth is known."""

import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from nsys_export import call, kernel, nvtx, strings, write_export

import genscope

# the schemas of an export of nsys 2026.2.1; NULL stands for the offset 0
COMMUNICATOR, MESSAGE = "NCCL communicator ID", "Message size [bytes]"
INIT, GATHER, PEER, REDUCE, OPERATIONS = 16777218, 16777220, 16777226, 16777223, 16777232
FIELDS = [
    (INIT, [(COMMUNICATOR, 18, None), ("No. of ranks", 5, 8), ("Rank", 5, 12), ("CUDA device", 5, 16)]),
    (GATHER, [(COMMUNICATOR, 18, None), (MESSAGE, 22, 8)]),
    (PEER, [(COMMUNICATOR, 18, None), (MESSAGE, 22, 8), ("Peer rank", 5, 16)]),
    (REDUCE, [(COMMUNICATOR, 18, None), (MESSAGE, 22, 8), ("Reduction operation", OPERATIONS, 16)]),
]  # fmt: skip
# above int64, as half of all communicators are
WORLD = 0xFEDC_BA98_7654_3210
MIB = 1 << 20
Row = dict[str, Any]


def _payload(schema: int, layout: str, *values: int) -> bytes:
    """The bytes of a payload with their header; a C struct is padded to a multiple of eight."""
    fields = struct.pack("<" + layout, *values)
    fields += bytes(-len(fields) % 8)
    return struct.pack("<QQQQ", 1, schema, len(fields), 32) + fields


def _range(start: int, end: int, text: str, payload: bytes | None = None, **more: Any) -> Row:
    return nvtx(start, end, text, domainId=1, **more) | {"binaryData": payload}


def _export(path: Path, ranges: Sequence[Row], launches: Sequence[tuple[int, str]]) -> Path:
    """One kernel of 1 us for each launch, given with its moment and the kernel's name."""
    names = strings("cudaLaunchKernelExC", *(name for _, name in launches))
    entries = [
        {"domainId": 1, "schemaId": schema, "idx": i, "type": kind, "name": name, "offset": offset}
        for schema, fields in FIELDS
        for i, (name, kind, offset) in enumerate(fields)
    ]
    calls = [call(at, at + 5, correlationId=i + 1) for i, (at, _) in enumerate(launches)]
    kernels = [
        kernel(at + 10, at + 1010, correlationId=i + 1, demangledName=i + 2, shortName=i + 2)
        for i, (at, _) in enumerate(launches)
    ]
    operation = {"domainId": 1, "schemaId": OPERATIONS, "idx": 0, "name": "Sum", "value": 0}
    domain = _range(0, 0, "NCCL", eventType=75)
    return write_export(
        path,
        {
            "StringIds": names,
            "CUPTI_ACTIVITY_KIND_KERNEL": kernels,
            "CUPTI_ACTIVITY_KIND_RUNTIME": calls,
            "NVTX_EVENTS": [domain, *ranges],
            # two processes write the same schemas
            "NVTX_PAYLOAD_SCHEMA_ENTRIES": entries * 2,
            "NVTX_PAYLOAD_ENUM_ENTRIES": [operation],
        },
    )


@pytest.fixture
def communication(tmp_path: Path) -> Callable[..., list[Row]]:
    def ask(ranges: Sequence[Row], launches: Sequence[tuple[int, str]]) -> list[Row]:
        with genscope.open(tmp_path / "study.duckdb") as study:
            (result,) = study.ingest([_export(tmp_path / "export.sqlite", ranges, launches)])
            assert result.error is None
            return study.sql("SELECT * FROM communication ORDER BY start_ns").to_dicts()

    return ask


def _bandwidth(row: Row) -> tuple[Any, ...]:
    return tuple(
        row[name]
        for name in ("collective", "source", "group_size", "message_bytes", "busbw_bytes_per_s")
    )


MADE = _range(1, 9, "ncclCommInitRankConfig", _payload(INIT, "QIII", WORLD, 4, 0, 0))
REDUCING = "ncclDevKernel_AllReduce_Sum_f32_RING_LL(ncclDevKernelArgsStorage<4096ul>)"
GATHERING = "ncclDevKernel_AllGather_RING_LL(ncclDevKernelArgsStorage<4096ul>)"
SENDING = "ncclDevKernel_SendRecv(ncclDevKernelArgsStorage<4096ul>)"


def test_bus_bandwidth_of_collectives(communication: Callable[..., list[Row]]) -> None:
    reduced, gathered = communication(
        [
            MADE,
            _range(100, 150, "ncclAllReduce", _payload(REDUCE, "QQI", WORLD, MIB, 0)),
            _range(2000, 2050, "ncclAllGather", _payload(GATHER, "QQ", WORLD, MIB)),
        ],
        [(110, REDUCING), (2010, GATHERING)],
    )
    # nccl-tests: 2(n-1)/n of 1 MiB in 1 us; and (n-1)/n of all 4 MiB that a rank then holds
    assert _bandwidth(reduced) == ("all_reduce", "range", 4, MIB, 1.5e9 * MIB / 1000)
    assert _bandwidth(gathered) == ("all_gather", "range", 4, 4 * MIB, 0.75e9 * 4 * MIB / 1000)
    assert reduced["process_group"] == str(WORLD)


def test_sends_of_a_group_are_one_message(communication: Callable[..., list[Row]]) -> None:
    sends = [
        _range(20 + 8 * i, 24 + 8 * i, name, _payload(PEER, "QQI", WORLD, MIB, i // 2))
        for i, name in enumerate(["ncclSend", "ncclRecv"] * 4)
    ]
    (found,) = communication(
        [
            MADE,
            nvtx(10, 200, "nccl:all_to_all") | {"binaryData": None},
            _range(12, 14, "ncclGroupStart"),
            # groups nest
            _range(15, 16, "ncclGroupStart"),
            *sends,
            _range(90, 92, "ncclGroupEnd"),
            _range(100, 150, "ncclGroupEnd"),
        ],
        [(110, SENDING)],
    )
    assert _bandwidth(found) == ("all_to_all", "range", 4, 4 * MIB, 0.75e9 * 4 * MIB / 1000)


def test_what_is_not_recorded_is_unknown(communication: Callable[..., list[Row]]) -> None:
    whole = _payload(REDUCE, "QQI", 7, MIB, 0)
    rows = communication(
        [
            MADE,
            # a communicator that was made before the recording
            _range(100, 150, "ncclAllReduce", whole),
            _range(2000, 2050, "ncclAllReduce", whole[:-8]),
            _range(4000, 4050, "ncclAllReduce"),
            # two calls in a group
            _range(6000, 6001, "ncclGroupStart"),
            _range(6002, 6003, "ncclAllReduce", _payload(REDUCE, "QQI", WORLD, MIB, 0)),
            _range(6004, 6005, "ncclAllReduce", _payload(REDUCE, "QQI", WORLD, MIB, 0)),
            _range(6006, 6050, "ncclGroupEnd"),
        ],
        [(110, REDUCING), (2010, REDUCING), (4010, REDUCING), (6010, REDUCING)],
    )
    assert [_bandwidth(row) for row in rows] == [
        ("all_reduce", "range", None, MIB, None),
        ("all_reduce", "none", None, None, None),
        ("all_reduce", "none", None, None, None),
        ("all_reduce", "range", 4, None, None),
    ]


def test_a_payload_is_shown_with_its_range(tmp_path: Path) -> None:
    ranges = [_range(100, 150, "ncclAllReduce", _payload(REDUCE, "QQI", WORLD, MIB, 0))]
    other = nvtx(200, 210, "ncclAllReduce", domainId=1, jsonText='{"Message size [bytes]": 8}')
    path = _export(
        tmp_path / "a.sqlite", [*ranges, other | {"binaryData": None}], [(110, REDUCING)]
    )
    with genscope.open(tmp_path / "study.duckdb") as study:
        study.ingest([path])
        shown = study.sql(
            "SELECT args -> '$.nvtx.payload' AS payload FROM annotation ORDER BY start_ns"
        )["payload"]
        sizes = study.sql("SELECT rank_bytes FROM collective ORDER BY annotation_id")["rank_bytes"]
    assert '"Reduction operation":"Sum"' in shown[0]
    assert list(sizes) == [MIB, 8]
