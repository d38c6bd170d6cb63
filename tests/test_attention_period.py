"""The period of a series of attention calls, against one found by trying every shift."""

import random

import duckdb

from genscope.analyze.sql_file import load_layer

(PERIOD,) = [file for file in load_layer("attention") if file.name == "attention_period"]


def _periods(rows: str, values: list[object]) -> dict[int, int | None]:
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE attention_call AS SELECT series AS trace_id, 'c' AS component,"
            " 'self' AS attention_kind, place AS call_index, len AS query_len, len AS kv_len"
            f" FROM {rows}",
            values,
        )
        found = con.execute(PERIOD.statement).fetchall()
    return {row[0]: row[3] for row in found}


def _tried(word: list[int]) -> int | None:
    shifts = range(1, len(word) // 2 + 1)
    return next((p for p in shifts if word[p:] == word[: len(word) - p]), None)


def test_periods_are_those_of_every_shift_tried() -> None:
    chance = random.Random(20260727)
    words = []
    for _ in range(200):
        period = [chance.randint(1, 2) for _ in range(chance.randint(1, 7))]
        word = (period * 14)[: chance.randint(1, 14)]
        if chance.random() < 0.3:
            word[chance.randrange(len(word))] = 3
        words.append(word)
    wanted = dict(enumerate(map(_tried, words)))
    assert len(set(wanted.values())) > 5
    rows = "(SELECT unnest(range(len($1))) AS series, unnest($1) AS word)"
    unnested = (
        f"(SELECT series, generate_subscripts(word, 1) AS place, unnest(word) AS len FROM {rows})"
    )
    assert _periods(unnested, [words]) == wanted


def test_any_number_of_calls_and_of_lengths() -> None:
    # 128,000 calls took 47 s when every shift was tried, and 55,247 lengths were too many
    series = "(1, i), (2, i % 32), (3, i // 127999), (4, 7)"
    rows = f"range(128000) AS t (i), LATERAL (VALUES {series}) AS s (series, len)"
    assert _periods(f"(SELECT series, i AS place, len FROM {rows})", []) == {
        1: None,
        2: 32,
        3: None,
        4: 1,
    }
