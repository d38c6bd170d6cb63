"""Write the generated files: queries/README.md, docs/command-line.md and queries/rules/device_spec.sql.

Run it with `make docs`; tests/test_docs.py fails if a page is older than its source.
"""

import contextlib
import csv
import io
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from genscope.analyze.load.narrow import texts_of  # noqa: E402
from genscope.analyze.sql_file import ROOMS, SqlFile, in_order, load_layer  # noqa: E402

ROOM_TITLES = {
    "rules": "Rules, data only",
    "nesting": "Who encloses whom",
    "work": "What ran, and what asked for it",
    "launch": "What devices ran, and the call that launched it",
    "idle": "When devices were idle and hosts waited, and why",
    "memory": "What the allocator held, and for whom",
    "communication": "Collectives, their sizes and their ranks",
    "cost": "FLOPs, bytes and peaks",
    "attention": "Attention calls: found, placed, measured",
    "run": "Runs as wholes",
    "limit": "Where a run loses time that a change could save",
}

INTRO = """\
# Every relation

Generated from the headers of the .sql files by `make docs`; do not edit. In order of dependency: a relation reads
only relations above it. Relations up to the runs are tables, filled at ingest one trace at a time; rules, metrics,
launches and idle times are views; a query with parameters is a table macro, called as `name(parameter := value)`.

"""


def relations_page() -> str:
    """Markdown: one section per layer, one table per relation."""
    layers = {
        "Base tables (`schema/`)": load_layer("schema"),
        "Intervals (`interval/`)": in_order(load_layer("interval")),
        **{f"{ROOM_TITLES[room]} (`{room}/`)": in_order(load_layer(room)) for room in ROOMS},
        "Metrics (`metric/`)": sorted(load_layer("metric"), key=lambda file: file.name),
        "What nsys stats prints (`nsys/`)": sorted(load_layer("nsys"), key=lambda file: file.name),
    }
    parts = [INTRO]
    for title, files in layers.items():
        if files:
            parts.append(f"## {title}\n\n")
            parts += [_relation(file) for file in files]
    return "".join(parts).rstrip() + "\n"


def command_page() -> str:
    """Markdown: the help of every command, as the terminal shows it."""
    parts = ["# Command line\n\nGenerated from `genscope --help` by `make docs`; do not edit.\n"]
    for words in [[], *_commands()]:
        title = " ".join(["genscope", *words])
        parts.append(f"\n## {title}\n\n```\n{_help(*words)}\n```\n")
    return "".join(parts)


def device_rules() -> str:
    """queries/rules/device_spec.sql with the rows of genscope/devices.csv, which dry captures also read."""
    path = ROOT / "queries" / "rules" / "device_spec.sql"
    before, start, rest = path.read_text(encoding="utf-8").partition("LT02,LT05\n")
    _, end, after = rest.partition(") AS specs (")
    text = (ROOT / "genscope" / "devices.csv").read_text(encoding="utf-8")
    rows = [
        f"  ({order}, '{row['device']}', '{row['pattern']}', {_number(row, 'memory_bytes')}, "
        f"{row['sm_count']}, {row['clock_hz']}, {row['l2_bytes']}, {_number(row, 'half_flops')}, "
        f"{_number(row, 'tf32_flops')}, {row['float32_flops']}, {_number(row, 'float8_flops')}, "
        f"{row['bytes_per_s']}, {row['has_bfloat16']}, {row['tf32_is_opt_in']}, '{row['rates_of']}', '{row['source']}')"
        for order, row in enumerate(csv.DictReader(text.splitlines()), start=1)
    ]
    return before + start + ",\n".join(rows) + "\n" + end + after


def _number(row: dict[str, str], key: str) -> str:
    return row[key] or "NULL"


PAGES = {
    ROOT / "queries" / "README.md": relations_page,
    ROOT / "docs" / "command-line.md": command_page,
    ROOT / "queries" / "rules" / "device_spec.sql": device_rules,
}


def main() -> None:
    """Write every page."""
    for path, page in PAGES.items():
        path.write_text(page(), encoding="utf-8")
        print(path.relative_to(ROOT))


def _relation(file: SqlFile) -> str:
    arguments = file.arguments or ", ".join(f"{n} := {p.default}" for n, p in file.params.items())
    title = f"{file.name}({arguments})" if arguments else file.name
    why = " ".join(file.sections["Why"].split())
    lines = [
        f"### {title}\n",
        f"{file.sentence[0].upper()}{file.sentence[1:]} {why[0].upper()}{why[1:]}\n",
    ]
    grain = " ".join(file.sections["Grain"].split())
    lines.append(f"*Grain:* {grain}. *Reads:* {', '.join(file.inputs) or 'none'}.\n")
    if texts := texts_of(file):
        stored = f"`{file.name}_text` has each combination of {', '.join(texts)} once"
        lines.append(f"*Stored:* {stored}, `{file.name}_row` the rest.\n")
    lines += [
        f"- parameter `{n}` ({p.type}, {p.default}): {p.text}" for n, p in file.params.items()
    ]
    lines.append("\n| column | meaning |\n|---|---|")
    lines += [f"| `{name}` | {_cell(text)} |" for name, text in file.columns.items()]
    return "\n".join(lines) + "\n\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _commands(*words: str) -> list[list[str]]:
    """The words of each command, such as ['export', 'perfetto'], after those of its group."""
    shown = _help(*words).partition("─ Commands ─")[2].partition("╰")[0]
    names = re.findall(r"^ ?│ (\w+) ", shown, re.M)
    return [found for name in names for found in ([*words, name], *_commands(*words, name))]


def _help(*words: str) -> str:
    from genscope.cli import app as cli

    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        cli.app([*words, "--help"], console=_console(shown), result_action="return_value")
    return "\n".join(line.rstrip() for line in shown.getvalue().strip().splitlines())


def _console(file: io.StringIO) -> object:
    from rich.console import Console

    return Console(file=file, width=100, force_terminal=False)


if __name__ == "__main__":
    main()
