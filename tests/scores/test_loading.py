"""The conductor's own words, as recorded (wire/rejections.jsonl)."""

from __future__ import annotations

import gc
import time
from pathlib import Path

import pytest
import yaml

from jobs.scores import JobConfig
from jobs.scores.collecting import collector_paused
from tests.scores.writing import make_score

RECORDED = {
    "name: [1\n": (
        "while parsing a flow sequence\n  in \"{path}\", line 1, column 7\nexpected ',' or ']',"
        " but got '<stream end>'\n  in \"{path}\", line 2, column 1"
    ),
    make_score(sheet={"size": 0, "total_items": 1}): (
        "1 validation error for JobConfig\nsheet.size\n  Input should be greater than or equal to 1"
        " [type=greater_than_equal, input_value=0, input_type=int]\n"
    ),
    make_score(flavour="y"): (
        "1 validation error for JobConfig\nflavour\n  Extra inputs are not permitted"
        " [type=extra_forbidden, input_value='y', input_type=str]\n"
    ),
}


@pytest.mark.parametrize(("text", "words"), RECORDED.items(), ids=["yaml", "range", "unknown"])
def test_refusal_of_a_file_has_the_recorded_words(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "wire.yaml"
    path.write_text(text)
    with pytest.raises((ValueError, yaml.YAMLError)) as caught:
        JobConfig.from_yaml(path)
    assert str(caught.value).startswith(words.format(path=path))


def test_file_that_is_missing_or_no_text_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        JobConfig.from_yaml(tmp_path / "missing.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(UnicodeDecodeError):
        JobConfig.from_yaml(tmp_path / "binary.yaml")


def test_what_only_podium_refuses_is_read() -> None:
    text = make_score(sheet={"size": 1, "total_items": 20_000, "dependencies": {1: [2], 2: [1]}})
    config = JobConfig.from_yaml_string(text + "name: again\n")
    assert (config.name, config.sheet.total_sheets) == ("again", 20_000)


def test_empty_text_is_no_mapping() -> None:
    with pytest.raises(ValueError, match="no mapping"):
        JobConfig.from_yaml_string("")


def test_megabyte_of_pairs_is_refused_without_being_built() -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match="no mapping"):
        JobConfig.from_yaml_string("[" + "? a," * 262_000 + "]")
    assert time.process_time() - began < 8  # it took 14 s, and takes 1 s


def test_collector_rests_until_the_last_reader_is_done() -> None:
    assert gc.isenabled()
    with collector_paused():
        with pytest.raises(KeyError), collector_paused():
            raise KeyError
        assert not gc.isenabled()
    assert gc.isenabled()
