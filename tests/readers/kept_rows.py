"""The rows that a scanner of events wrote, as dictionaries."""

from typing import Any

from genscope.analyze.readers.kineto.columns import event_columns
from genscope.analyze.readers.kineto.events import Kept, Rows
from genscope.analyze.readers.kineto.plain_parquet import Column


def events_of(kept: Kept) -> list[dict[str, Any]]:
    """The events, in the order in which they were written."""
    return [row for rows in kept.rows for row in _rows(rows)]


def texts_of(kept: Kept) -> list[dict[str, Any]]:
    """The sets of texts."""
    return [row for table in kept.texts for row in table.to_pylist()]


def _rows(rows: Rows) -> list[dict[str, Any]]:
    count = len(rows.ids)
    columns = [rows.ids.tolist(), *(_values(column, count) for column in rows.columns)]
    listed = zip(*columns, strict=True)
    return [dict(zip(event_columns(), row, strict=True)) for row in listed]


def _values(column: Column | None, count: int) -> list[Any]:
    if column is None:
        return [None] * count
    present = [True] * count if column.present is None else column.present.tolist()
    values = iter([*column.values])
    found = [next(values) if is_present else None for is_present in present]
    assert next(values, None) is None
    return found
