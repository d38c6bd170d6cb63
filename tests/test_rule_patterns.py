"""Patterns spelled out as constants match what they match as a column."""

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genscope.analyze.load import narrow
from genscope.analyze.load.pattern_words import Words, narrowed
from genscope.analyze.load.rule_patterns import inline_patterns, texts_of
from genscope.analyze.load.tables import attribution_files, create_schema, table_files
from tests.base_rows import insert
from tests.effort import EFFORT

NAMES = [
    "void cutlass::Kernel2<cutlass_80_tensorop_bf16_s16816gemm_bf16_64x64_32x6_tn_align8>",
    "flash_fwd_kernel",
    "it's mine",
    "vectorized_elementwise_kernel",
    "ncclDevKernel_AllReduce_Sum_f32_RING_LL",
    "",
]
OPERATORS = ["aten::addmm", "aten::native_layer_norm", "flash_attn::_flash_attn_forward", "it's"]

# patterns that Python reads in another way than RE2, or not at all, and a text that they match
ODD = {
    "x[[:alpha:]]abc": "xyabc",
    "[(?i)]abc": "(abc",
    r"(a\(?i)b": "aib",
    r"\Qa.b\E": "a.b",
    "abc{,3}": "abc{,3}",
    r"\pLabc": "zabc",
    "(?i)MASK|kelvin": "ma\u017f\u212a",
    "(abcd|efgh)?ijk": "ijk",
    "(abcd)*(e|fgh)+": "e",
    "stra\u00dfe_kernel": "stra\u00dfe_kernel",
    "(?:one|two)[0-9]{2}three": "two12three",
    "^(?P<first>abc|)d": "d",
}


@pytest.fixture(scope="module")
def study() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        create_schema(con)
        yield con


def _insert_kernel(con: duckdb.DuckDBPyConnection, number: int, name: str) -> None:
    work = {"work_id": number, "kernel_id": number, "name": name, "time_source": "gpu"}
    insert(con, "work", trace_id=2, device_id=0, stream_id=7, start_ns=0, dur_ns=1, **work)


@pytest.mark.parametrize("name", ["kernel_category", "operator_category"])
def test_the_rows_are_the_same(name: str, study: duckdb.DuckDBPyConnection) -> None:
    (relation,) = (file for file in attribution_files() if file.name == name)
    with study.cursor() as con:
        con.execute("BEGIN")
        con.execute(
            "INSERT INTO user_kernel_rule VALUES (1, 'it''s m', 'mine'), (2, '_LL$', 'ring')"
        )
        for number, text in enumerate(NAMES):
            _insert_kernel(con, number, text)
        for number, text in enumerate(OPERATORS):
            op = {"op_id": number, "name": text, "signature_id": 0}
            insert(con, "cpu_op", trace_id=2, **op, start_ns=0, dur_ns=1)
        statement = inline_patterns(con, relation)
        assert statement != relation.statement
        found = con.execute(f"SELECT * FROM ({statement}) ORDER BY ALL").fetchall()
        assert found == con.execute(f"SELECT * FROM ({relation.statement}) ORDER BY ALL").fetchall()
        assert {row[2] for row in found} > {"mine", "ring"} or name == "operator_category"
        assert len(found) > 2


def _matches(con: duckdb.DuckDBPyConnection, pattern: str, texts: list[str]) -> list[str]:
    """Those of the texts that RE2 matches with a pattern."""
    # a constant pattern doesn't reach RE2 where DuckDB takes it for a text, wrongly for `attn(?:(?i))`
    asked = (
        "SELECT text FROM (SELECT unnest(?::VARCHAR[]) AS text) AS texts "
        "CROSS JOIN (SELECT unnest([?::VARCHAR]) AS pattern) AS patterns "
        "WHERE regexp_matches(text, pattern)"
    )
    return [text for (text,) in con.execute(asked, [texts, pattern]).fetchall()]


def test_the_part_of_a_rule_matches_what_the_rule_does(study: duckdb.DuckDBPyConnection) -> None:
    with study.cursor() as con:
        con.execute("BEGIN")
        rules = con.execute(
            "SELECT pattern, example FROM kernel_rule UNION SELECT pattern, example FROM operator_rule"
        ).fetchall()
        for few in ([*ODD.values(), *NAMES], [example for _, example in rules[::4]]):
            words = Words(few)
            for pattern in (*ODD, *(pattern for pattern, _ in rules)):
                part = narrowed(pattern, words)
                found = [] if part is None else _matches(con, part, few)
                assert found == _matches(con, pattern, few), (pattern, part)
        assert all(_matches(con, pattern, [text]) for pattern, text in ODD.items())
        of_one = [
            narrowed(pattern, Words(["vectorized_elementwise_kernel"])) for pattern, _ in rules
        ]
        assert sum(map(len, filter(None, of_one))) < sum(len(pattern) for pattern, _ in rules) / 5


_WORDS = st.sampled_from(["gemm", "attn", "Kernel", "x", "it's", "soft_max", "k{2", r"a\.b"])
_PATTERNS = st.recursive(
    st.one_of(_WORDS, st.sampled_from([".*", "[^<]", r"\b", "^", "$", "(?i)", "(?-i)", "[|(]"])),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map("|".join),
        st.tuples(
            st.sampled_from(["(", "(?:", "(?i:", "(?-i:", "(?P<n>"]),
            inner,
            st.sampled_from([")", ")?", ")*", ")+", "){0,2}", "){2}?"]),
        ).map("".join),
    ),
    max_leaves=8,
)


@settings(max_examples=60 * EFFORT, deadline=None)
@given(_PATTERNS, st.lists(st.lists(_WORDS, max_size=3).map("_".join), max_size=3))
def test_the_part_of_any_pattern_matches_what_the_pattern_does(
    study: duckdb.DuckDBPyConnection, pattern: str, texts: list[str]
) -> None:
    names = [text.swapcase() for text in texts] + texts
    try:
        whole = _matches(study, pattern, names)
    except duckdb.Error:
        # two groups of one name
        return
    part = narrowed(pattern, Words(names))
    assert whole == ([] if part is None else _matches(study, part, names)), part


def test_texts_are_those_that_the_statement_matches(study: duckdb.DuckDBPyConnection) -> None:
    (relation,) = (file for file in attribution_files() if file.name == "kernel_category")
    with study.cursor() as con:
        con.execute("BEGIN")
        for place, name in enumerate(("at::<unnamed>::Gemm", "sort.kd", "void sort() [clone .kd]")):
            _insert_kernel(con, place, name)
        found = texts_of(con, relation.statement)
    # user's rules see the name as it is, ours as Kineto writes it
    assert found == {
        *("at::<unnamed>::Gemm", "sort.kd", "void sort() [clone .kd]"),
        *("at::(anonymous namespace)::Gemm", "sort", "void sort()"),
    }


def test_names_that_differ_in_case_alone_hide_no_others(study: duckdb.DuckDBPyConnection) -> None:
    (relation,) = (file for file in attribution_files() if file.name == "kernel_category")
    work = table_files()["work"]
    with study.cursor() as con:
        con.execute("BEGIN")
        for count, is_known in ((500, True), (501, False), (600, False)):
            for part in narrow.parts(work):
                con.execute(f"DELETE FROM {part.name}")
            # `count` pairs of such names, which are `count` texts
            kernels = (
                "SELECT 2 AS trace_id, i AS work_id, 'gpu' AS time_source, 0 AS device_id, "
                "7 AS stream_id, 0 AS start_ns, 1 AS dur_ns, "
                "if(i % 2 = 0, 'K', 'k') || i // 2 AS name, i AS kernel_id, NULL AS op_id "
                f"FROM range({2 * count}) AS numbers (i)"
            )
            narrow.insert(con, work, kernels)
            assert (texts_of(con, relation.statement) is not None) == is_known
