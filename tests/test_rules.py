"""Every rule decides its own example, and none matches a word that only looks like its own."""

import csv
from collections.abc import Iterator

import duckdb
import pytest

from genscope.analyze.load.tables import create_schema
from genscope.analyze.load.user_rules import CATEGORIES
from genscope.analyze.plots.theme import CATEGORY_COLOUR
from tests.conftest import shared_traces_folder
from tests.rule_lookalikes import LOOKALIKE_OPERATORS, LOOKALIKES
from tests.rule_names import FAMILIES, OPERATOR_FAMILIES


@pytest.fixture(scope="module")
def rules() -> Iterator[duckdb.DuckDBPyConnection]:
    """The two lists of rules, without a trace."""
    with duckdb.connect() as con:
        create_schema(con)
        yield con


def _first(con: duckdb.DuckDBPyConnection, table: str, name: str) -> tuple[str, str]:
    found = con.execute(
        f"SELECT rule, category FROM {table} WHERE regexp_matches(?, pattern) ORDER BY rule_order LIMIT 1",
        [name],
    ).fetchone()
    return (found[0], found[1]) if found else ("none", "unclassified")


@pytest.mark.parametrize(
    ("table", "names"), [("kernel_rule", LOOKALIKES), ("operator_rule", LOOKALIKE_OPERATORS)]
)
def test_no_rule_matches_a_lookalike(
    rules: duckdb.DuckDBPyConnection, table: str, names: dict[str, str]
) -> None:
    known = {row[0] for row in rules.execute(f"SELECT rule FROM {table}").fetchall()}
    assert set(" ".join(names.values()).split()) <= known, "the table names a rule that is gone"
    matches = f"SELECT rule FROM {table} WHERE regexp_matches(?, pattern)"
    for name, wrong in names.items():
        found = {row[0] for row in rules.execute(matches, [name]).fetchall()}
        assert not found & set(wrong.split()), name


@pytest.mark.parametrize(
    ("table", "names"), [("kernel_rule", FAMILIES), ("operator_rule", OPERATOR_FAMILIES)]
)
def test_each_way_of_naming_is_known(
    rules: duckdb.DuckDBPyConnection, table: str, names: dict[str, str]
) -> None:
    decided = {name: _first(rules, table, name)[1] for name in names}
    assert decided == names


def test_wrappers_are_marked(rules: duckdb.DuckDBPyConnection) -> None:
    found = rules.execute("SELECT rule FROM operator_rule WHERE is_wrapper ORDER BY ALL").fetchall()
    assert [row[0] for row in found] == [
        "allocation",
        "autograd",
        "experts",
        "fused_layer",
        "recurrent_layer",
        "view",
    ]


def test_a_category_has_a_colour_only_if_rules_give_it() -> None:
    assert set(CATEGORY_COLOUR) <= {*CATEGORIES, "unclassified"}


@pytest.mark.parametrize("table", ["kernel_rule", "operator_rule"])
def test_every_rule_decides_its_own_example(rules: duckdb.DuckDBPyConnection, table: str) -> None:
    wrong = rules.execute(
        f"""
        SELECT given.rule, given.example, arg_min(tried.rule, tried.rule_order) AS first
        FROM {table} AS given, {table} AS tried
        WHERE regexp_matches(given.example, tried.pattern)
        GROUP BY ALL HAVING first <> given.rule
        UNION ALL
        SELECT rule, example, NULL FROM {table} WHERE NOT regexp_matches(example, pattern)
        """
    ).fetchall()
    assert not wrong, "(rule, its example, the rule that decides instead)"
    found = rules.execute(f"SELECT category, rule, rule_order FROM {table}").fetchall()
    assert {row[0] for row in found} <= set(CATEGORIES)
    assert len({row[1] for row in found}) == len({row[2] for row in found}) == len(found)


def test_every_attention_word_decides_its_own_example(rules: duckdb.DuckDBPyConnection) -> None:
    wrong = rules.execute(
        """
        SELECT given.word, given.example, arg_min(tried.word, tried.rule_order) AS first
        FROM attention_word AS given, attention_word AS tried
        WHERE contains(lower(given.example), tried.word)
        GROUP BY ALL HAVING first <> given.word
        """
    ).fetchall()
    assert not wrong


def test_each_call_rule_matches_its_own_example(rules: duckdb.DuckDBPyConnection) -> None:
    rows = rules.execute("SELECT kind, pattern, example FROM call_rule").fetchall()
    for kind, pattern, example in rows:
        matching = rules.execute(
            "SELECT DISTINCT kind FROM call_rule WHERE regexp_matches(?, pattern)", [example]
        ).fetchall()
        assert matching == [(kind,)], (example, pattern)


def test_tensor_core_rules_decide_what_was_read_off_each_name(
    rules: duckdb.DuckDBPyConnection,
) -> None:
    first = (
        "SELECT rule, tensor_core FROM tensor_core_rule WHERE regexp_matches(?, pattern) "
        "ORDER BY rule_order LIMIT 1"
    )
    for rule, used, example in rules.execute(
        "SELECT rule, tensor_core, example FROM tensor_core_rule"
    ).fetchall():
        assert rules.execute(first, [example]).fetchone() == (rule, used)
    traces = shared_traces_folder()
    figures = traces.parent / "reference" / "tensor_core_names.csv" if traces else None
    if figures is None or not figures.is_file():
        return
    with figures.open(newline="") as file:
        for row in csv.DictReader(file):
            found = rules.execute(first, [row["kernel_name_140"]]).fetchone()
            # a name that was cut off may have lost the word that decides
            if len(row["kernel_name_140"]) < 140:
                assert (found[1] if found else "unknown") == row["tensor_core"], row


@pytest.mark.parametrize("table", ["collective_rule", "gpu_counter_rule", "label_rule"])
def test_each_rule_decides_its_own_example(table: str, rules: duckdb.DuckDBPyConnection) -> None:
    listed = rules.execute(f"SELECT rule_order, example FROM {table}").fetchall()
    first = f"SELECT min(rule_order) FROM {table} WHERE regexp_matches(?, pattern)"
    for order, example in listed:
        assert rules.execute(first, [example]).fetchone() == (order,), example


def test_each_layout_rule_matches_only_its_own_example(rules: duckdb.DuckDBPyConnection) -> None:
    rows = rules.execute("SELECT rule, pattern, example FROM layout_rule").fetchall()
    for rule, _, example in rows:
        matching = rules.execute(
            "SELECT rule FROM layout_rule WHERE regexp_matches(?, pattern)", [example]
        ).fetchall()
        assert matching == [(rule,)]
    # a transpose that a program asked for does not convert around a convolution
    for other in (
        "transpose_kernel",
        "my_batched_transpose_8x8",
        "void at::native::CatArrayBatched",
    ):
        assert not rules.execute(
            "SELECT rule FROM layout_rule WHERE regexp_matches(?, pattern)", [other]
        ).fetchall()


def test_every_kind_of_opportunity_shares_with_known_ones(rules: duckdb.DuckDBPyConnection) -> None:
    unknown = rules.execute(
        "SELECT other FROM (SELECT unnest(string_split(shared_with, ', ')) AS other "
        "FROM opportunity_kind) ANTI JOIN opportunity_kind ON other = kind"
    ).fetchall()
    assert not unknown
