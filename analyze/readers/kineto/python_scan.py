"""Turn the text of events into rows with Python alone, several times slower than with the C library.

An installation without the library reads every event here. It accepts and refuses the same events as
events.EventScanner, with the same rows; only a comma too many makes it leave a chunk to repair_events.
"""

import json
import re
from collections.abc import Iterator

import msgspec
import numpy as np
import pyarrow as pa

from genscope.analyze.readers.kineto.columns import (
    COUNTED,
    KINDS,
    NUMBERS,
    TEXTS,
    spellings,
    text_schema,
)
from genscope.analyze.readers.kineto.decode import has_half_characters, nanoseconds
from genscope.analyze.readers.kineto.events import Events, Output, Rows, prove_utf8
from genscope.analyze.readers.kineto.plain_parquet import Column
from genscope.analyze.readers.kineto.repair_events import RANGES
from genscope.analyze.readers.kineto.scan import TIME, UNSIGNED
from genscope.analyze.readers.kineto.texts import NotEventsError, TextNumbers, decoded
from genscope.analyze.readers.kineto.window import Chunk

_MAX_SETS = 1 << 15
_COLUMNS = {(level, key): column for level, key, column in spellings()}
_ARGUMENTS = ""
_INTEGER = re.compile(rb"-?[0-9]{1,20}")
_TIME = re.compile(rb"-?([0-9]{1,17})(?:\.[0-9]+)?")
# a start plus a duration must fit in an int64
_MAX_MICROSECONDS = (1 << 62) // 1000 - 1
_KEY = re.compile(rb'("(?:[^"\\]|\\.)*")\s*:', re.DOTALL)
_NEEDLESS_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u00[2-7]")
_MAY_BE_ODD = re.compile(rb"[Nn]a[Nn]|[Ii]nf")
_ODD = re.compile(rb'"(?:[^"\\]|\\.)*"|(-?(?:NaN|nan|Infinity|inf))', re.DOTALL)
# replaces a NaN, which isn't JSON
_MARK = rb'"\u0000 not a number"'
_Raws = dict[str, msgspec.Raw]
_Texts = tuple[str | None, ...]
_Row = list[int | bytes | None]


class _Members(list[tuple[str, object]]):
    """Keys and values of an object, also where a key is repeated."""


_DECODER = json.JSONDecoder(object_pairs_hook=_Members, parse_int=str, parse_float=str)


class PythonScanner:
    """Reads texts and writes rows. The arguments are those of events.EventScanner."""

    def __init__(self, keep: frozenset[str], numbers: TextNumbers, output: Output) -> None:
        self._output = output
        self._numbers = numbers
        self._keep = keep
        self._known: dict[_Texts, int] = {}

    def flush(self) -> None:
        """Nothing is held."""

    def read(self, chunk: Chunk) -> Events:
        """As EventScanner.read."""
        found = Events()
        start, end = chunk.bounds()
        prove_utf8(chunk)
        rows: list[_Row] = []
        new: dict[_Texts, int] = {}
        for members, raws in _objects(self._marked(chunk.text[start:end], start, found)):
            values = _values(members, raws, found)
            kind = self._left_out(values)
            numbers = [_number(KINDS[name], values.get(name, b"null")) for name in NUMBERS]
            if kind:
                found.unread[kind] += 1
                continue
            own = tuple(_text(values.get(name, b"null")) for name in TEXTS)
            if own not in self._known and own not in new:
                new[own] = self._numbers.take(1)
            number = new[own] if own in new else self._known[own]
            rows.append([number, *numbers, self._arguments(values)])
        # only now, because text that is refused is read again in parts
        self._known = new if len(self._known) > _MAX_SETS else self._known | new
        if new:
            self._output.write_texts(_text_table(new))
        if rows:
            self._output.write_rows(_rows(rows))
        return found

    def _arguments(self, values: dict[str, bytes]) -> bytes | None:
        raw = values.get(_ARGUMENTS, b"null")
        is_kept = "args" in self._keep or any(
            values.get(name) == b'"%b"' % text for name, text in COUNTED
        )
        return raw if is_kept and raw != b"null" else None

    def _marked(self, text: bytes, start: int, found: Events) -> bytes:
        """The text with a mark for each NaN and infinity, which are recorded."""
        if not _MAY_BE_ODD.search(text):
            return text

        def mark(match: re.Match[bytes]) -> bytes:
            if match[1]:
                found.odd.append((start + match.start(), match[1].decode()))
            return _MARK if match[1] else match[0]

        text = _ODD.sub(mark, text)
        # NaN can't go into a JSON column, so send such text to the slow path
        if found.odd and "args" in self._keep:
            raise NotEventsError
        return text

    def _left_out(self, values: dict[str, bytes]) -> str | None:
        """The kind of event, if such events are only counted."""
        if "flow" not in self._keep and values.get("ph") in (b'"s"', b'"f"'):
            return "flow"
        # null isn't a name
        name = values.get("name", b"null")
        is_frame = values.get("cat") == b'"python_function"' and name != b"null"
        if "python" not in self._keep and is_frame:
            # these are the module tree
            return None if name.startswith(b'"nn.Module: ') else "python"
        return None


def _objects(text: bytes) -> Iterator[tuple[_Members, _Raws]]:
    """The members of each event, and its values as spelled. Raises NotEventsError."""
    try:
        listed = _DECODER.decode(f"[{text.decode()}]")
        spelled = msgspec.json.decode(b"[" + text + b"]", type=list[_Raws])
    except (ValueError, RecursionError, msgspec.DecodeError) as error:
        raise NotEventsError from error
    if b"\\u00" in text:
        keys = {match[1] for match in _KEY.finditer(text) if _NEEDLESS_ESCAPE.search(match[1])}
        escaped = {json.loads(key) for key in keys}
        if any(key in escaped for members in listed for key in _keys(members)):
            raise NotEventsError
    if b"\\u" in text and has_half_characters(json.dumps(listed, ensure_ascii=False)):
        raise NotEventsError
    yield from zip(listed, spelled, strict=True)


def _keys(members: _Members) -> Iterator[str]:
    """The keys of an event and of its arguments."""
    for key, value in members:
        yield key
        if key == "args" and isinstance(value, _Members):
            yield from (inner for inner, _ in value)


def _values(members: _Members, raws: _Raws, found: Events) -> dict[str, bytes]:
    """The spelled value of each column that the event has; counts the other arguments."""
    values: dict[str, bytes] = {}
    _take(members, raws, 0, values)
    inner = dict(members).get("args")
    if isinstance(inner, _Members):
        found.arguments.update(
            _take(inner, msgspec.json.decode(raws["args"], type=_Raws), 1, values)
        )
    elif inner is not None:
        raise NotEventsError
    return values


def _take(members: _Members, raws: _Raws, level: int, values: dict[str, bytes]) -> list[str]:
    """Add the values with a column; return the other keys. Raises NotEventsError if one is repeated."""
    others = []
    for key, _ in members:
        column, raw = _COLUMNS.get((level, key)), bytes(raws[key])
        if column is None:
            others.append(key)
        if column in values or (_MARK in raw and column != _ARGUMENTS and (column or raw != _MARK)):
            raise NotEventsError
        if column is not None:
            values[column] = raw
    return others


def _number(kind: int, raw: bytes) -> int | None:
    if raw == b"null":
        return None
    text = raw.strip(b'"')
    if kind != TIME:
        if not _INTEGER.fullmatch(text) or int(text) not in RANGES[kind]:
            raise NotEventsError
        return int(text)
    time = _TIME.fullmatch(text)
    if not time or int(time[1]) > _MAX_MICROSECONDS:
        raise NotEventsError
    return nanoseconds(text.decode())


def _text(raw: bytes) -> str | None:
    return None if raw == b"null" else decoded(raw).decode()


def _rows(listed: list[_Row]) -> Rows:
    ids, *numbers, arguments = zip(*listed, strict=True)
    columns = [
        Column.of(values, np.uint64 if KINDS[name] == UNSIGNED else np.int64)
        for name, values in zip(NUMBERS, numbers, strict=True)
    ]
    return Rows(np.array(ids, np.int32), [*columns, Column.of(arguments)])


def _text_table(new: dict[_Texts, int]) -> pa.Table:
    columns = zip(*([number, *own] for own, number in new.items()), strict=True)
    schema = text_schema()
    arrays = [pa.array(column, kind.type) for column, kind in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
