"""The JSON of every query is what its schema says, and the schemas are those of the page."""

import json
from pathlib import Path

import jsonschema
import pytest
import study_by_hand

from genscope.analyze.json_schema import all_schemas, doctor_schema, schema_of
from genscope.analyze.sql_file import shipped_queries
from genscope.analyze.study import Study
from genscope.cli.app import main
from genscope.cli.output import _json


def test_every_answer_has_the_form_of_its_schema(tmp_path: Path) -> None:
    schemas = all_schemas()
    assert set(schemas) == {file.name for file in shipped_queries()}
    answered = 0
    with Study(study_by_hand.copy(tmp_path / "study.duckdb")) as study:
        for name, schema in schemas.items():
            jsonschema.Draft202012Validator.check_schema(schema)
            # types come from DuckDB, so some answers are enough to see that they are written as said
            if len(name) % 2:
                continue
            frame = study.query(name)
            jsonschema.validate(json.loads(_json(frame)), schema)
            answered += frame.height > 0
    assert answered > 8


def test_a_schema_has_the_columns_of_the_header(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "work_fact"]) == 0
    items = json.loads(capsys.readouterr().out)["items"]
    assert items["properties"]["dur_ns"] == {"type": ["integer", "null"], "description": "ns"}
    assert items["properties"]["category"]["type"] == ["string", "null"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([{"trace_id": 1}], schema_of("gpu_time"))
    assert main(["schema", "gpu_tme"]) == 2
    assert "did you mean gpu_time" in capsys.readouterr().err


def test_the_doctors_json_has_the_form_of_its_schema(
    shared_traces: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = shared_traces / "event-sync-multi-stream-a100.json.gz"
    main(["doctor", str(trace), str(shared_traces / "README.md"), "--format", "json"])
    said = json.loads(capsys.readouterr().out)
    jsonschema.validate(said, doctor_schema())
    assert len(said) == 2
