"""Write relations of a study as Parquet files, one each, for any tool that reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from genscope.analyze.load.tables import quoted, table_files
from genscope.analyze.near import suggestion
from genscope.analyze.sql_file import SqlFile
from genscope.analyze.whole_file import whole_file
from genscope.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from genscope.analyze.study import Study


def write_parquet(study: Study, folder: Path, names: Sequence[str] = ()) -> list[Path]:
    """Write `names`, by default every table of the study that has rows, to `folder`/<name>.parquet.

    `study` must allow files. Each file replaces an earlier one once it is complete. Raises UserError
    for an unknown name.
    """
    known = relations(study)
    for name in names:
        if name not in known:
            raise UserError(
                f"there is no relation {name!r}; queries/README.md and 'genscope queries' list them"
                f"{suggestion(name, known)}"
            )
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in names or _tables():
        source = f"{name}()" if known[name].params else name
        if not names and study.sql(f"SELECT * FROM {source} LIMIT 1").is_empty():
            continue
        out = folder / f"{name}.parquet"
        with whole_file(out) as part:
            target = quoted(part.absolute())
            study.sql(f"COPY (FROM {source}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
        written.append(out)
    return written


def relations(study: Study) -> Mapping[str, SqlFile]:
    """Every relation with rows of its own that a statement may name, by name: tables, views, metrics."""
    return table_files() | {file.name: file for file in study.relations()}


def _tables() -> list[str]:
    files = table_files().values()
    return [file.name for file in files if file.layer == "schema" or file.is_of_traces]
