"""Files that are no whole Nsight Systems export: one line says what was found and what to do."""

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from genscope.analyze.study import Study
from genscope.errors import UserError
from tests.readers.nsys_export import anomalies, kernel, staged, strings, write_export

KERNEL = "CUPTI_ACTIVITY_KIND_KERNEL"


def _good(path: Path) -> Path:
    rows = [kernel(i, i + 1) for i in range(2000)]
    return write_export(path, {"StringIds": strings("a"), KERNEL: rows})


def _zero_header(path: Path) -> None:
    data = _good(path).read_bytes()
    path.write_bytes(bytes(100) + data[100:])


def _half_written(path: Path) -> None:
    data = _good(path).read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _damaged_page(path: Path) -> None:
    data = bytearray(_good(path).read_bytes())
    data[8192:-4096] = b"\xff" * (len(data) - 4096 - 8192)
    path.write_bytes(data)


def _damaged_end(path: Path) -> None:
    data = bytearray(
        write_export(path, {KERNEL: [kernel(i, i) for i in range(20000)]}).read_bytes()
    )
    data[-40960:-4096] = b"\xff" * (40960 - 4096)
    path.write_bytes(data)


def _foreign(path: Path) -> None:
    with sqlite3.connect(path) as con:
        con.execute("CREATE TABLE bookmarks (url TEXT)")
    con.close()


def _no_tables(path: Path) -> None:
    with sqlite3.connect(path) as con:
        con.execute("PRAGMA user_version = 1")
    con.close()


def _journal(path: Path) -> None:
    _good(path).with_name(f"{path.name}-journal").write_bytes(b"pages")


def _no_correlation(path: Path) -> None:
    row = kernel(0, 1)
    del row["correlationId"]
    write_export(path, {KERNEL: [row]})


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: path.write_bytes(b""), "it is empty; export again"),
        (lambda path: path.write_bytes(b"{}" * 60), "it starts with b'{}{}{}{}{}{}{}{}'"),
        (_zero_header, "its header is all zeros, so the export was interrupted"),
        (_half_written, "the file was cut short"),
        (_damaged_page, "the export is damaged"),
        (_damaged_end, "the export is damaged"),
        (_foreign, "this database holds bookmarks, so it is not an Nsight Systems export"),
        (_no_tables, "this database holds no table at all"),
        (_journal, "shows that the export did not finish"),
        (_no_correlation, f"the table {KERNEL} has no column correlationId"),
    ],
)
def test_one_line_says_what_is_wrong(
    tmp_path: Path, make: Callable[[Path], object], told: str
) -> None:
    path = tmp_path / "export.sqlite"
    make(path)
    with pytest.raises(UserError) as raised:
        staged(path)
    message = str(raised.value)
    assert told in message
    what, _, advice = message.rpartition("; ")
    assert what.startswith(f"{path}: ") and re.match("(copy|export|name) ", advice)
    assert "\n" not in message


def test_a_report_without_nsys_says_how_to_export_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = tmp_path / "run.nsys-rep"
    report.write_bytes(b"report")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"needs nsys on PATH.*nsys export --type sqlite"):
        staged(report)


def test_a_recording_that_was_never_imported_says_so(tmp_path: Path) -> None:
    stream = tmp_path / "run.qdstrm"
    stream.write_bytes(b"stream")
    with pytest.raises(UserError, match=r"never turned into a report.*QdstrmImporter"):
        Study(tmp_path / "study.duckdb").ingest(stream)


def test_a_report_that_nsys_refuses_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "nsys"
    fake.write_text("#!/bin/sh\necho 'Importer error: newer version' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    report = tmp_path / "run.nsys-rep"
    report.write_bytes(b"report")
    with pytest.raises(UserError, match=r"nsys export failed .Importer error: newer version"):
        staged(report)


def test_a_broken_parquet_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "StringIds.parquet").write_bytes(b"PAR1 nothing more")
    with pytest.raises(UserError, match="a parquet file in this folder can't be read"):
        staged(tmp_path)


def test_damaged_data_in_a_parquet_file_is_one_line(tmp_path: Path) -> None:
    from pyarrow import Table, parquet

    file = tmp_path / f"{KERNEL}.parquet"
    parquet.write_table(Table.from_pylist(strings("a")), tmp_path / "StringIds.parquet")
    parquet.write_table(Table.from_pylist([kernel(i * i, i * i + 7) for i in range(5000)]), file)
    data = bytearray(file.read_bytes())
    data[200:2000] = b"\xff" * 1800
    file.write_bytes(data)
    with pytest.raises(UserError, match="the export is damaged") as raised:
        staged(tmp_path)
    assert "\n" not in str(raised.value)


def test_a_newer_schema_is_read_and_said(tmp_path: Path) -> None:
    version = [{"name": "EXPORT_SCHEMA_VERSION", "value": "4.1.0"}]
    path = write_export(
        tmp_path / "e.sqlite",
        {"META_DATA_EXPORT": version, KERNEL: [kernel(0, 1)], "StringIds": strings("a")},
    )
    assert anomalies(staged(path)) == {"newer_schema": 1}


def test_empty_and_absent_tables_are_the_same(tmp_path: Path) -> None:
    path = write_export(tmp_path / "empty.sqlite", {KERNEL: [kernel(0, 1)]})
    with sqlite3.connect(path) as raw:
        raw.execute(f"DELETE FROM {KERNEL}")
    raw.close()
    absent = write_export(tmp_path / "absent.sqlite", {"ProcessStreams": [{"globalPid": 1}]})
    for con in (staged(path), staged(absent)):
        assert con.execute("SELECT count(*) FROM kernel").fetchall() == [(0,)]
        assert con.execute("SELECT device_id FROM device").fetchall() == [(-1,)]
        assert anomalies(con) == {"no_kernel": 1}
