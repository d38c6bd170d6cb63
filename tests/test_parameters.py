"""A parameter's value is checked before a metric is asked."""

from pathlib import Path

import pytest
import study_by_hand

from genscope.analyze.study import Study
from genscope.errors import UserError


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return study_by_hand.copy(tmp_path_factory.mktemp("study") / "study.duckdb")


@pytest.mark.parametrize("value", ["many", "", "99999999999999999999", "1.5", -0.25, [1], object()])
def test_a_wrong_value_is_named_with_the_parameter_its_type_and_its_default(
    study: Path, value: object
) -> None:
    with Study(study) as opened:
        expected = r"full_length of launch_queue is .*, but it must be an integer \(BIGINT\); its default is 1024"
        with pytest.raises(UserError, match=expected):
            opened.query("launch_queue", params={"full_length": value})
        answered = opened.query("launch_queue", params={"full_length": "7"})
        assert answered.equals(opened.query("launch_queue", params={"full_length": 7}))
