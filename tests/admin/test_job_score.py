"""The score of a run: what ran, told apart from what a file holds now."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.registry.models import Job, Score, ScoreVersion
from tests.admin.visitors import Page, Visitor, visitor_for
from tests.factories import make_job, make_user

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = """\
name: nightly
workspace: /srv/nightly
instrument: cli
sheet:
  size: 1
  total_items: 3
  dependencies:
    3: [1, 2]
prompt:
  template: echo {{ sheet_num }} '<b>'
"""


def make_version(text: str = TEXT, *, name: str = "nightly", number: int = 1) -> ScoreVersion:
    score, _ = Score.objects.get_or_create(name=name)
    return ScoreVersion.objects.create(
        score=score,
        number=number,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        text=text,
        author_name="olga",
        message="For the <i>night</i>",
    )


def run_of(version: ScoreVersion | None, **fields: Any) -> Job:
    return make_job(score_version=version, score_name="nightly", **fields)


def opened(visitor: Visitor, job: Job) -> Page:
    return visitor.get(f"/jobs/job/{job.pk}/score/")


def test_the_exact_text_is_shown_with_who_wrote_it(vera: Visitor) -> None:
    version = make_version()
    page = opened(vera, run_of(version))
    assert page.status == 200
    assert version.sha256 in page.text
    assert "first submitted by olga" in page.text
    assert "For the <i>night</i>" in page.text
    assert "<i>night" not in page.html
    assert "'<b>'" in page.text
    assert "<b>'" not in page.html
    assert page.has("tab-score")


def test_each_line_has_an_address_and_its_colours(vera: Visitor) -> None:
    page = opened(vera, run_of(make_version()))
    assert page.all("li", id="L10")
    assert page.all("a", href="#L10")
    assert page.all("span", class_="y-nt")


def test_what_it_expands_to_is_told(vera: Visitor) -> None:
    words = opened(vera, run_of(make_version())).part("score-outline")
    assert "Sheets 3" in words
    assert "2 can start at once, 1 waits for others (at most 2 each)" in words


def test_a_text_that_is_no_valid_score_is_shown_all_the_same(vera: Visitor) -> None:
    page = opened(vera, run_of(make_version("no: score\n")))
    assert "no: score" in page.text.replace(" : ", ": ")
    assert "It cannot be told" in page.text


def test_a_very_long_text_is_shown_in_part(vera: Visitor) -> None:
    page = opened(vera, run_of(make_version("# <x>\n" * 60_000)))
    assert "55000 more lines" in page.text
    assert "<x>" not in page.html
    assert len(page.html) < 1_000_000


def test_the_difference_to_the_run_before_is_shown(vera: Visitor) -> None:
    before = run_of(make_version(), job_id="before")
    job = run_of(make_version(TEXT.replace("3", "4"), number=2))
    page = opened(vera, job)
    assert "before" in page.text
    assert "+ total_items: 4" in page.part("diff")
    assert "− total_items: 3" in page.part("diff")
    assert f"/jobs/job/compare/?a={before.pk}&amp;b={job.pk}" in page.html


def test_a_run_before_of_the_same_text_is_said_to_be_so(vera: Visitor) -> None:
    version = make_version()
    run_of(version)
    assert opened(vera, run_of(version)).has("diff-same")


def test_a_first_run_has_none_before(vera: Visitor) -> None:
    page = opened(vera, run_of(make_version()))
    assert not page.has("diff")
    assert not page.has("diff-same")


@pytest.fixture
def score_root(tmp_path: Path, settings: Any) -> Path:
    root = tmp_path / "scores"
    root.mkdir()
    settings.PODIUM_SCORE_ROOTS = (root,)
    return root


def test_of_a_run_from_outside_the_file_is_shown_as_what_it_holds_now(
    vera: Visitor, score_root: Path
) -> None:
    (score_root / "nightly.yaml").write_text(TEXT)
    job = run_of(None, origin="outside", config_path=str(score_root / "nightly.yaml"))
    page = opened(vera, job)
    assert "what its file holds now" in page.part("score-from-file")
    assert "total_items" in page.text
    assert "What ran" not in page.text


def test_a_file_that_cannot_be_read_from_here_is_said_to_be_unknown(
    vera: Visitor, score_root: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret.yaml").write_text("name: secret")
    for path in (tmp_path / "secret.yaml", score_root / "gone.yaml", ""):
        page = opened(vera, run_of(None, origin="outside", config_path=str(path)))
        assert page.has("score-unknown")
        assert "name: secret" not in page.text


def test_a_file_that_has_changed_since_is_told_with_the_difference(
    vera: Visitor, score_root: Path
) -> None:
    path = score_root / "nightly.yaml"
    path.write_text(TEXT)
    job = run_of(make_version(), config_path=str(path))
    assert not opened(vera, job).has("score-changed")
    path.write_text(TEXT.replace("total_items: 3", "total_items: 9"))
    page = opened(vera, job)
    assert "has changed since" in page.part("score-changed")
    assert "+ total_items: 9" in page.part("diff")


def test_a_score_that_was_replaced_on_the_way_is_told(vera: Visitor) -> None:
    version = make_version()
    job = run_of(version)
    job.replacements.create(version=version, config_path="/x.yaml", action_id=uuid.uuid4())
    assert "has not been taken" in opened(vera, job).part("score-replaced")


def test_scores_are_withheld_from_those_who_may_not_view_them() -> None:
    user = make_user("nobody")
    user.user_permissions.add(Permission.objects.get(codename="view_job"))
    visitor, job = visitor_for(user), run_of(make_version())
    page = opened(visitor, job)
    assert page.has("score-withheld")
    assert "total_items" not in page.html
    assert visitor.get(f"/jobs/job/{job.pk}/score/text/").status == 404


def test_who_may_not_see_the_job_sees_no_score() -> None:
    user = make_user("nobody")
    user.user_permissions.add(Permission.objects.get(codename="view_score"))
    visitor, job = visitor_for(user), run_of(make_version())
    assert opened(visitor, job).status in {302, 404}
    assert visitor.get(f"/jobs/job/{job.pk}/score/text/").status in {302, 404}


def test_the_text_can_be_saved_byte_by_byte(vera: Visitor) -> None:
    text = TEXT + "# é\r\n# no end"
    response = vera.client.get(f"/jobs/job/{run_of(make_version(text)).pk}/score/text/")
    assert response.content == text.encode()
    assert response["Content-Disposition"].startswith('attachment; filename="nightly.yaml"')
    assert response["X-Content-Type-Options"] == "nosniff"


def test_submit_again_is_offered_to_those_who_may(vera: Visitor, olga: Visitor) -> None:
    job = run_of(make_version())
    assert not opened(vera, job).has("submit-again")
    page = opened(olga, job)
    assert f"/jobs/job/add/?from={job.pk}" in page.links()


def test_queries_do_not_grow_with_the_runs(vera: Visitor) -> None:
    version = make_version()
    run_of(version)
    job = run_of(version)

    def queries() -> int:
        opened(vera, job)
        with CaptureQueriesContext(connection) as captured:
            opened(vera, job)
        return len(captured)

    few = queries()
    for _ in range(12):
        run_of(version)
    assert queries() == few
    assert few <= 14
