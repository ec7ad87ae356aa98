"""YAML that means harm, or is none."""

from __future__ import annotations

import time

import pytest
import yaml

from jobs.scores import JobConfig, ScoreLimits, Verdict, parse_score
from tests.scores.writing import make_score, messages, told
from tests.waiting import patience

SCORE = "name: x\nsheet: {size: 1, total_items: 1}\nprompt: {template: a}\n"


def only(verdict: Verdict) -> str:
    (message,) = messages(verdict)
    return message


def bomb(levels: int, width: int = 9) -> str:
    lines = ["a0: &a0 [" + ", ".join("x" * width) + "]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * width) + "]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize("text", ["", " \n", "# nothing\n", "---\n", b""])
def test_empty_score_is_told_as_empty(text: str | bytes) -> None:
    verdict = parse_score(text)
    assert len(verdict.findings) == 1
    assert "The score is empty" in verdict.findings[0].message or "mapping" in only(verdict)


@pytest.mark.parametrize("text", ["- a\n", "just text", "5", "null"])
def test_score_that_is_no_mapping_is_refused(text: str) -> None:
    assert only(parse_score(text)).startswith("A score is a mapping")


def test_binary_is_refused_at_its_first_bad_byte() -> None:
    verdict = parse_score(b"name: x\nb: \xc3\xa4\xff\xfe\x00")
    assert only(verdict) == "The score is not a text file: this byte is not valid UTF-8."
    assert told(b"name: x\nb: \xc3\xa4\xff\xfe\x00") == [(2, 5, "")]


def test_control_character_is_refused_at_its_place() -> None:
    assert told("name: x\na: b\x00c\n") == [(2, 5, "")]


def test_two_mebibytes_are_refused_unread() -> None:
    assert "too large: at most 1,048,576 bytes" in only(parse_score("x" * 2_097_152))


def test_limit_counts_bytes_and_is_inclusive() -> None:
    limits = ScoreLimits(max_bytes=len(SCORE.encode()) + 3)
    assert parse_score(SCORE + "#ä", limits=limits).is_valid
    assert not parse_score(SCORE + "#äx", limits=limits).is_valid


@pytest.mark.parametrize("text", ["[" * 1000 + "]" * 1000, "{a: " * 1000 + "}" * 1000])
def test_a_thousand_levels_are_refused_at_the_hundred_and_first(text: str) -> None:
    assert "nested more than 100 levels" in only(parse_score(text))
    assert parse_score(text).findings[0].origin == "podium"


def test_a_hundred_levels_are_read() -> None:
    deep = SCORE + "x: " + "[" * 99 + "]" * 99
    assert messages(parse_score(deep)) == ["'x' is not known here."]


def test_a_hundred_thousand_open_brackets_do_not_crash() -> None:
    assert not parse_score("[" * 100_000).is_valid
    with pytest.raises(Exception, match="deep"):
        JobConfig.from_yaml_string("[" * 100_000)


def test_alias_bomb_is_refused_before_it_is_built() -> None:
    verdict = parse_score(bomb(10))
    assert "aliases up to here stand for more than 100,000 values" in only(verdict)
    assert verdict.findings[0].origin == "podium"
    with pytest.raises(Exception, match="aliases"):
        JobConfig.from_yaml_string(bomb(10))


def test_bomb_of_merge_keys_is_refused() -> None:
    lines = ["a0: &a0 {x: 1, y: 2, z: 3}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]
    assert "aliases" in only(parse_score("\n".join(lines)))


def test_alias_to_what_contains_it_is_refused() -> None:
    assert "a value that contains it" in only(parse_score("a: &a [1, *a]\n"))


def test_modest_aliases_and_merges_are_read() -> None:
    text = SCORE.replace("{template: a}", "{template: a, variables: {b: &b {c: 1}, d: {<<: *b}}}")
    config = parse_score(text).config
    assert config is not None
    assert config.prompt.variables == {"b": {"c": 1}, "d": {"c": 1}}


def test_merge_keeps_what_is_given_and_takes_the_first_source() -> None:
    text = SCORE.replace(
        "{template: a}",
        "{template: a, variables: {p: &p {x: 1, y: 1}, q: &q {y: 2, z: 2},"
        " r: {z: 3, <<: [*p, *q]}}}",
    )
    config = parse_score(text).config
    assert config is not None
    assert config.prompt.variables["r"] == {"x": 1, "y": 1, "z": 3}
    assert config == JobConfig.from_yaml_string(text)


def test_duplicate_key_is_podiums_finding_with_both_lines() -> None:
    verdict = parse_score(SCORE + "description: a\nretry:\n  max_retries: 1\n  max_retries: 2\n")
    (finding,) = verdict.findings
    assert (finding.line, finding.column, finding.path) == (7, 3, "retry.max_retries")
    assert "first given in line 6" in finding.message
    assert (finding.origin, verdict.accepted_by_conductor) == ("podium", True)
    assert verdict.config is not None
    assert verdict.config.retry.max_retries == 2


def test_number_given_twice_in_two_spellings_is_podiums_finding() -> None:
    text = SCORE.replace("total_items: 1", "total_items: 3, fan_out: {2: 2, '2': 3}")
    verdict = parse_score(text)
    assert [(f.path, f.origin) for f in verdict.findings] == [("sheet.fan_out.2", "podium")]
    assert verdict.accepted_by_conductor


@pytest.mark.parametrize(
    "tagged",
    ["!!python/object/apply:os.system [id]", "!!python/name:os.system x", "!mine x", "!<x> y"],
)
def test_unknown_tags_are_refused_and_build_nothing(tagged: str) -> None:
    verdict = parse_score(f"name: {tagged}\n")
    assert "only YAML's own plain types" in only(verdict)
    assert verdict.findings[0].path == "name"


@pytest.mark.parametrize(
    "value",
    ["2026-99-99", "!!int x", "!!int ''", "!!bool x", "!!float x", "!!timestamp x", "!!binary é"],
)
def test_value_that_its_type_does_not_allow_is_refused(value: str) -> None:
    assert "This cannot be read as" in only(parse_score(f"name: {value}\n"))
    with pytest.raises((ValueError, yaml.YAMLError)):
        JobConfig.from_yaml_string(f"name: {value}\n")


@pytest.mark.parametrize("number", ["9" * 5_000, "0x" + "f" * 5_000, "-0x" + "f" * 5_000])
@pytest.mark.parametrize("place", ["start_item: {}", "fan_out: {{1: {}}}", "fan_out: {{? {} : 1}}"])
def test_number_of_five_thousand_digits_is_refused(number: str, place: str) -> None:
    text = SCORE.replace("total_items: 1", "total_items: 1, " + place.format(number))
    assert len(only(parse_score(text))) < 100


@pytest.mark.parametrize("text", ["a: [", "a: 'b", "a: b: c", "a: *b", "a: 1\n---\nb: 2", "\ta: 1"])
def test_libyamls_own_refusals_become_findings(text: str) -> None:
    verdict = parse_score(text)
    assert only(verdict).startswith("This is not valid YAML")
    assert verdict.findings[0].origin == "conductor"


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        (SCORE.replace("total_items: 1", "total_items: 1\t"), False),
        (SCORE + "description: a\t\n", False),
        (SCORE + "description: 'a\tb'\n", True),
        (SCORE + "description: |\n  \ta\n", True),
        (SCORE.replace("{template: a}", "{template: a, stakes:,}"), True),
        (SCORE.replace("{template: a}", "{template: a?}"), False),
        (SCORE + "description: is it?\n", True),
    ],
)
def test_where_yaml_libraries_disagree_the_conductors_decides(text: str, accepted: bool) -> None:
    assert parse_score(text).accepted_by_conductor is accepted


def test_key_that_is_a_list_is_refused() -> None:
    assert only(parse_score("? [a]\n: b\n")) == "A list or a mapping cannot be a key."


def test_bytes_and_text_get_the_same_verdict() -> None:
    text = make_score(description="Grüße")
    assert parse_score(text) == parse_score(text.encode())


def test_byte_order_mark_is_taken() -> None:
    assert parse_score(b"\xef\xbb\xbf" + SCORE.encode()).is_valid


@pytest.mark.parametrize(
    "text",
    [
        "a: [" + "1," * 300_000 + "]",
        "".join(f"k{n}: 1\n" for n in range(95_000)),
        "a: 1\n" * 99_000,
        SCORE + "description: '" + "x" * 1_000_000 + "'",
        "x" * 1_000_000 + ": 1",
        '"' + "\\x" * 400_000,
        "a:\t[\n" * 50_000,
    ],
    ids=["list", "keys", "duplicates", "text", "key", "escapes", "tabs"],
)
def test_a_mebibyte_of_anything_is_judged_in_seconds(text: str) -> None:
    started = time.monotonic()
    verdict = parse_score(text)
    assert time.monotonic() - started < patience(8)
    assert len(verdict.findings) < 500


def test_messages_never_carry_much_of_the_authors_text() -> None:
    long = "k" * 5_000
    verdict = parse_score(
        f"{long}: 1\nname: [{long}]\nsheet: {long}\nvalidations: [{{type: {long}}}]\n"
    )
    assert verdict.findings
    assert all(len(f.message) <= 300 and len(f.path) <= 300 for f in verdict.findings)


def test_messages_hold_no_line_breaks_nor_control_characters() -> None:
    verdict = parse_score('"a\\nb\\e[31m<script>": 1\n')
    assert all(f.message.isprintable() and f.path.isprintable() for f in verdict.findings)
