"""Labels of other programs on a whole trace: stages, steps, and a user's own rules."""

import json
from collections.abc import Sequence
from pathlib import Path

from genscope.analyze.study import Study

# ranges as diffusers' guide writes them, around operators of a CPU trace: name, start and duration in us
RANGES = [
    ("pipeline_call", 0, 1000),
    ("encode_prompt", 10, 90),
    ("denoising_step_0", 110, 390),
    ("denoise", 110, 790),
    ("denoising_step_1", 510, 380),
    ("vae_decode", 910, 80),
]
UNET = [(120, 350), (520, 360)]
OPERATORS = [(20, 50), (130, 300), (480, 10), (530, 300), (920, 50)]


def _trace(path: Path, ranges: Sequence[tuple[str, int, int]] = RANGES) -> Path:
    place = {"ph": "X", "pid": 1, "tid": 1}
    events = [
        place | {"cat": "user_annotation", "name": name, "ts": start, "dur": dur}
        for name, start, dur in ranges
    ]
    events += [
        place
        | {"cat": "python_function", "name": "nn.Module: UNet_0", "ts": start, "dur": dur}
        | {"args": {"Python id": number, "Python module id": 0}}
        for number, (start, dur) in enumerate(UNET)
    ]
    events += [
        place | {"cat": "cpu_op", "name": "aten::mul", "ts": start, "dur": dur, "args": {}}
        for start, dur in OPERATORS
    ]
    path.write_text(json.dumps({"schemaVersion": 1, "traceEvents": events}))
    return path


def test_stages_and_steps_of_others_and_a_rule_of_the_user(tmp_path: Path) -> None:
    with Study(tmp_path / "study.duckdb") as study:
        study.ingest(_trace(tmp_path / "trace.json"))
        work = "SELECT component, sum(dur_ns) // 1000 AS us FROM work JOIN work_component USING (work_id) "
        by_component = work + "GROUP BY component ORDER BY us"
        # the stage holds the UNet and the scheduler
        stages = [("encode_prompt", 50), ("vae_decode", 50), ("denoise", 610)]
        assert sorted(study.sql(by_component).rows()) == sorted(stages)
        steps = "SELECT step, count(*) FROM work_step GROUP BY step ORDER BY step NULLS LAST"
        assert study.sql(steps).rows() == [(0, 2), (1, 1), (None, 2)]
        rules = tmp_path / "rules.csv"
        # the user's stage holds all of it, and the diffusers stage inside is the module
        rules.write_text("pattern,role\n^pipeline_call$,component\n")
        study.load_table("user_label_rule", rules)
        levels = (
            "SELECT DISTINCT component, module FROM work_component JOIN work_module USING (work_id)"
        )
        assert sorted(study.sql(levels).rows()) == [
            ("pipeline_call", "UNet_0"),
            ("pipeline_call", "denoise"),
            ("pipeline_call", "encode_prompt"),
            ("pipeline_call", "vae_decode"),
        ]
        rules.write_text("pattern,role\n^denoise$,request\n")
        study.load_table("user_label_rule", rules)
        modules = [*stages[:2], ("UNet", 600), ("unattributed", 10)]
        assert sorted(study.sql(by_component).rows()) == sorted(modules)


def test_a_users_range_around_a_whole_request_keeps_the_steps_inside(tmp_path: Path) -> None:
    """The denoiser runs twice in it: two steps, with the scheduler's work and the rest in none."""
    request = [
        ("my_request", 0, 1000),
        ("encode_prompt", 10, 90),
        ("transformer_forward", 120, 360),
        ("block", 130, 100),
        ("block", 240, 100),
        ("transformer_forward", 520, 370),
        ("block", 530, 100),
        ("vae_decode", 910, 80),
    ]
    rules = tmp_path / "rules.csv"
    rules.write_text("pattern,role\n^my_request$,component\n")
    with Study(tmp_path / "study.duckdb") as study:
        study.ingest(_trace(tmp_path / "trace.json", request))
        study.load_table("user_label_rule", rules)
        found = study.sql(
            "SELECT component, step, work_step.source, sum(dur_ns) // 1000 FROM work "
            "JOIN work_component USING (work_id) JOIN work_step USING (work_id) "
            "GROUP BY ALL ORDER BY step"
        ).rows()
        assert found == [
            ("my_request", 0, "repeat", 300),
            ("my_request", 1, "repeat", 300),
            ("my_request", None, "none", 110),
        ]
