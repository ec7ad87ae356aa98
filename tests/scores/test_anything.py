"""Whatever is thrown at it, judging a score ends with a verdict."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from jobs.scores import JobConfig, Verdict, parse_score, samples

SAMPLE = samples()[1].text
PIECES = st.sampled_from(
    [*"[]{}:,-#&*!|>'\"%@`?\n\t =<~\x00\x85", "\ufeff", ": ", "- ", "&a ", "*a ", "!!int ", "<<: "]
)


@st.composite
def edited(draw: st.DrawFn) -> str:
    """A sample score after a few slips of the keyboard."""
    text = SAMPLE
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 3))
        text = text[:place] + draw(PIECES) + text[place + cut :]
    return text


def check(verdict: Verdict) -> None:
    assert verdict.is_valid <= verdict.accepted_by_conductor
    assert verdict.accepted_by_conductor == (verdict.config is not None)
    assert verdict.findings or verdict.config
    places = [(f.line, f.column) for f in verdict.findings]
    assert places == sorted(places)
    assert all(line >= 1 and column >= 1 for line, column in places)
    assert all(f.message and f.message.isprintable() for f in verdict.findings)


@settings(deadline=None)
@given(st.one_of(st.text(), st.binary()))
@example("\ud800")
@example(b"\xff\xfea\x00")
def test_any_text_or_bytes_get_a_verdict(score: str | bytes) -> None:
    check(parse_score(score))


@settings(deadline=None, max_examples=150)
@given(edited())
def test_slips_of_the_keyboard_get_a_verdict(text: str) -> None:
    verdict = parse_score(text)
    check(verdict)
    try:
        config = JobConfig.from_yaml_string(text)
    except Exception:  # noqa: BLE001 (each refusal is as good as another here)
        assert not verdict.accepted_by_conductor
    else:
        assert verdict.config in (config, None)
