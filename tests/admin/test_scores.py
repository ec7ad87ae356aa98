"""The score library, with plain forms alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.audit.models import Action
from jobs.registry import scores
from jobs.registry.models import Conductor, Score, ScoreDraft, ScoreVersion
from jobs.scores.gallery import templates
from tests.actions.scripted import ScriptedConductor, score_text
from tests.admin.visitors import Page, Visitor
from tests.factories import make_job, make_user

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/jobs/score/"
ADD = "/jobs/score/add/"


def keep(*texts: str, name: str = "nightly", author: User | None = None) -> Score:
    """A score with these versions."""
    author = author or make_user("operator")
    for number, text in enumerate(texts, start=1):
        version = scores.new_version(
            name,
            text,
            author,
            how=ScoreVersion.How.SAVED,
            message=f"message {number}",
            based_on=None,
        )
    return version.score


def save(visitor: Visitor, path: str, text: str, do: str = "save", **fields: Any) -> Page:
    """Open the editor, write, click."""
    kept = visitor.get(path).fields()
    sent: dict[str, Any] = {"text": text, "message": "", "do": do}
    sent |= {name: value for name, value in kept.items() if name != "csrfmiddlewaretoken"}
    return visitor.send(path, **{**sent, "message": "", **fields})


def test_new_score_is_written_saved_and_shown(olga: Visitor) -> None:
    page = save(olga, ADD, score_text("nightly"), name="nightly", message="the first")
    score = Score.objects.get()
    assert page.url == f"/jobs/score/{score.pk}/change/"
    shown = olga.get(page.url)
    assert "Saved as version 1." in shown.text
    assert "the first" in shown.part("version-message")
    assert "olga" in shown.text
    assert score.versions.get().sha256[:16] in shown.text
    assert f"/jobs/job/add/?score={score.pk}&amp;version=1" in shown.html


def test_list_tells_version_author_runs_and_how_the_last_ended(olga: Visitor) -> None:
    score = keep("a", "b", author=make_user("operator", username="anna"))
    version = score.versions.get(number=1)
    make_job(score_version=version, status="completed")
    make_job(score_version=version, status="failed")
    text = olga.get(LIST).text
    for words in ("nightly", "message 2", "v2", "anna", "2", "failed"):
        assert words in text


def test_version_knows_its_own_runs_and_no_others(olga: Visitor) -> None:
    score = keep("a", "b")
    make_job(score_version=score.versions.get(number=1), status="failed", job_id="one")
    first = olga.get(f"/jobs/score/{score.pk}/change/", version=1)
    assert "one" in first.links() or "one" in first.text
    second = olga.get(f"/jobs/score/{score.pk}/change/")
    assert "None was run" in second.text
    assert "1 run" in second.part("versions")


def test_run_that_changed_its_version_counts_for_each(olga: Visitor) -> None:
    score = keep("a", "b")
    first, second = score.versions.order_by("number")
    job = make_job(score_version=second, status="failed", job_id="swapped")
    make_job(score_version=second, status="completed")
    job.replacements.create(
        version=second,
        replaced=first,
        config_path="/x.yaml",
        action_id=uuid4(),
        adopted_at=timezone.now(),
    )
    for number in (1, 2):
        page = olga.get(f"/jobs/score/{score.pk}/change/", version=number)
        assert "began with v1, went on with v2" in page.part("way")
        assert "1 run" in page.part("versions")
        assert "2 runs" in page.part("versions")
        assert "no run" not in page.part("versions")
        assert "swapped" in page.text
        # Its end is that of the version it went on with, not of the one it began with.
        assert len(page.all("span", data_testid="went-on")) == 1


def test_findings_of_a_version_come_as_a_part(olga: Visitor, conductor: Conductor) -> None:
    score = keep("name: x\nsheet:\n  size: 0\n  total_items: 1\nprompt: {}\n", score_text("fine"))
    bad = olga.get(f"/jobs/score/{score.pk}/findings/", version=1)
    assert bad.all("li", data_line="3", data_severity="error")
    assert "Nothing was found" in olga.get(f"/jobs/score/{score.pk}/findings/").text


def test_two_versions_are_compared_with_signs_beside_the_colours(olga: Visitor) -> None:
    score = keep("a\nb\nc\n", "a\nB\nc\n")
    page = olga.get(f"/jobs/score/{score.pk}/compare/", **{"from": 1, "to": 2})
    assert "− b" in page.part("diff")
    assert "+ B" in page.part("diff")
    assert "From version 1 to version 2" in page.text
    assert olga.get(f"/jobs/score/{score.pk}/compare/", to=9).status == 404


def test_earlier_text_is_restored_as_a_new_version(olga: Visitor) -> None:
    score = keep("a", "b")
    page = olga.send(
        f"/jobs/score/{score.pk}/restore/", version=1, based_on=2, message="b was wrong"
    )
    shown = olga.get(page.url)
    assert "Version 1 was restored as version 3." in shown.text
    assert "b was wrong" in shown.part("version-message")
    assert score.versions.get(number=3).text == "a"


def test_restore_over_a_version_that_was_not_seen_changes_nothing(olga: Visitor) -> None:
    score = keep("a", "b", "c")
    page = olga.send(f"/jobs/score/{score.pk}/restore/", version=1, based_on=2)
    assert "Nothing was restored" in olga.get(page.url).text
    assert score.versions.count() == 3


def test_file_is_imported(olga: Visitor, folders: Path) -> None:
    path = folders / "scores" / "weekly.yaml"
    path.write_text(score_text("other"))
    page = olga.send("/jobs/score/import/", path=str(path), name="", message="")
    assert "Imported as version 1 of weekly." in olga.get(page.url).text


def test_import_says_why_not(olga: Visitor, folders: Path) -> None:
    page = olga.send("/jobs/score/import/", path="/etc/passwd", name="", message="")
    assert page.status == 422
    assert "outside the folders" in page.part("import-error")


def test_draft_is_saved_and_found_again_by_others(olga: Visitor) -> None:
    score = keep("a")
    path = f"/jobs/score/{score.pk}/edit/"
    save(olga, path, "a draft", do="draft")
    from tests.admin.visitors import visitor_for

    anna = visitor_for(make_user("operator", username="anna"))
    page = anna.get(path)
    assert "a draft" in page.html
    assert "Draft by olga" in page.text
    assert "olga edits now" in page.part("presence")


def test_draft_over_a_newer_draft_is_refused_with_both_texts(olga: Visitor) -> None:
    score = keep("a\n")
    path = f"/jobs/score/{score.pk}/edit/"
    anna = make_user("operator", username="anna")
    seen = olga.get(path).fields()
    scores.save_draft("nightly", "a\nhers\n", anna, revision=0, based_on=1)
    page = olga.send(path, **seen, text="a\nmine\n", do="draft")
    assert page.status == 409
    assert "anna saved a newer draft" in page.part("conflict")
    assert "Theirs is then kept nowhere" in page.part("conflict")
    assert "− hers" in page.part("diff")
    assert "+ mine" in page.part("diff")
    assert ScoreDraft.objects.get().text == "a\nhers\n"
    again = olga.send(path, **page.fields(), text="a\nmine\nhers\n", do="draft")
    assert again.status == 302
    assert ScoreDraft.objects.get().text == "a\nmine\nhers\n"


def test_version_over_a_newer_version_is_refused_with_both_texts(olga: Visitor) -> None:
    score = keep("a\n")
    path = f"/jobs/score/{score.pk}/edit/"
    seen = olga.get(path).fields()
    keep("a\nhers\n", author=make_user("operator", username="anna"))
    page = olga.send(path, **seen, text="a\nmine\n", do="save")
    assert page.status == 409
    assert "anna saved a newer version 2" in page.part("conflict")
    assert "Theirs stays as an earlier version" in page.part("conflict")
    assert score.versions.count() == 2


def test_new_score_of_a_name_that_is_taken_is_refused_with_what_is_there(olga: Visitor) -> None:
    keep("theirs\n")
    page = save(olga, ADD, "mine\n", name="nightly")
    assert page.status == 409
    assert "− theirs" in page.part("diff")


@pytest.mark.parametrize("do", ["save", "draft"])
def test_new_score_of_a_taken_name_is_saved_on_the_second_try(olga: Visitor, do: str) -> None:
    score = keep("theirs\n")
    if do == "draft":
        scores.save_draft("nightly", "a draft\n", make_user(), revision=0, based_on=1)
    refused = save(olga, ADD, "mine\n", do=do, name="nightly")
    assert refused.status == 409
    form = refused.all("form", id="score-form")[0]
    saved = olga.send(form["action"], **refused.fields(), text="mine\n", do=do)
    assert saved.status == 302
    kept = score.versions.get(number=2) if do == "save" else ScoreDraft.objects.get()
    assert kept.text == "mine\n"


def test_discard_of_a_score_that_is_not_there_saves_nothing(olga: Visitor) -> None:
    page = save(olga, ADD, "x", do="discard-surely", name="fresh")
    assert page.status == 409
    assert "There is no draft to discard." in page.text
    assert not Score.objects.exists()


def test_version_that_is_saved_by_a_double_click_is_saved_once(olga: Visitor) -> None:
    score = keep("one\n")
    path = f"/jobs/score/{score.pk}/edit/"
    fields = olga.get(path).fields()
    first, second = (olga.send(path, **fields, text="two\n", do="save") for _ in range(2))
    assert (first.status, second.status) == (302, 302)
    assert second.url == first.url
    assert olga.get(second.url).text.count("Saved as version 2.") == 2
    assert score.versions.count() == 2
    assert not Action.objects.filter(outcome="refused").exists()


def test_draft_saved_by_the_script_is_answered_as_json(olga: Visitor) -> None:
    score = keep("a")
    path = f"/jobs/score/{score.pk}/edit/"
    olga.get(path)
    token = olga.client.cookies["podium_csrf"].value
    sent = {"csrfmiddlewaretoken": token, "text": "b", "revision": 0, "based_on": 1, "do": "draft"}
    answer = olga.client.post(path, sent, headers={"X-Podium-Live": "1"})
    assert answer.json()["revision"] == 1
    assert olga.client.post(path, sent, headers={"X-Podium-Live": "1"}).status_code == 409


def test_discarded_draft_is_gone_and_its_score_stays_only_with_versions(olga: Visitor) -> None:
    save(olga, ADD, "x", do="draft", name="fresh")
    fresh = Score.objects.get(name="fresh")
    path = f"/jobs/score/{fresh.pk}/edit/"
    asked = save(olga, path, "what is typed", do="discard")
    assert "kept nowhere else" in asked.part("ask-discard")
    assert "what is typed" in asked.text
    assert ScoreDraft.objects.exists()
    page = save(olga, path, "x", do="discard-surely")
    assert page.url == LIST
    assert not Score.objects.exists()


def test_text_sent_after_the_session_ended_is_given_back(stranger: Visitor) -> None:
    score = keep("a")
    path = f"/jobs/score/{score.pk}/edit/"
    stranger.get("/login/")
    page = stranger.send(path, text="an hour's <b>work</b>\n", message="why", do="save")
    assert page.status == 401
    assert "an hour&#x27;s &lt;b&gt;work&lt;/b&gt;" in page.html
    assert "why" in page.part("unsent")
    assert f"/login/?next={path}" in page.links()
    assert "no-store" in page.headers["Cache-Control"]
    assert score.versions.count() == 1
    assert stranger.send(path, do="save").status == 302


def test_open_editors_hear_of_one_another(olga: Visitor) -> None:
    from tests.admin.visitors import visitor_for

    score = keep("a")
    anna = visitor_for(make_user("operator", username="anna"))
    anna.get(f"/jobs/score/{score.pk}/edit/")
    told = json.loads(olga.send(f"/jobs/score/{score.pk}/editing/").html)
    assert told == {"others": ["anna"], "revision": 0, "saved_by": "", "newest": 1}
    assert "anna edits now" in olga.get(LIST).text
    anna.send(f"/jobs/score/{score.pk}/editing/", left="1")
    assert json.loads(olga.send(f"/jobs/score/{score.pk}/editing/").html)["others"] == []


def test_editor_works_as_a_plain_form(olga: Visitor, conductor: Conductor) -> None:
    text = "name: x\nsheet:\n  size: 0\n  total_items: 1\nprompt:\n  template: hi\n"
    page = save(olga, ADD, text, do="check", name="x")
    assert page.all("li", data_line="3", data_severity="error")
    assert "size: 0" in page.html
    page = save(olga, ADD, text.replace("size: 0", "size: 1"), do="preview", name="x")
    assert "hi" in page.part("prompt")


def test_check_and_preview_alone_are_fragments(olga: Visitor, conductor: Conductor) -> None:
    page = olga.send("/jobs/score/check/", text="name: [")
    assert page.all("li", data_severity="error")
    page = olga.send("/jobs/score/preview/", text=score_text("nightly"), preview_sheet=2)
    assert "What sheet 2 runs" in page.text
    assert "<html" not in page.html


@pytest.mark.parametrize(
    "path", ["add/", "import/", "check/", "preview/", "{}/edit/", "{}/restore/", "{}/editing/"]
)
def test_viewer_may_look_but_not_change(vera: Visitor, nemo: Visitor, path: str) -> None:
    score = keep("a", "b")
    path = LIST + path.format(score.pk)
    assert vera.send(path, text="x", version=1, do="save").status == 403
    assert nemo.send(path, text="x", version=1, do="save").status == 302  # to the login
    assert score.versions.count() == 2
    shown = vera.get(f"/jobs/score/{score.pk}/change/")
    assert shown.status == 200
    assert "/edit/" not in shown.html
    assert "restore" not in vera.get(f"/jobs/score/{score.pk}/change/", version=1).html


def test_denied_save_is_recorded(vera: Visitor) -> None:
    vera.send(ADD, text="x", name="x", do="save")
    denial = Action.objects.get(outcome="denied")
    assert (denial.verb, denial.actor_name) == ("edit_score", "vera")


def test_viewer_sees_that_a_score_is_only_a_draft_yet(vera: Visitor) -> None:
    draft = scores.save_draft("fresh", "secret?", make_user("operator"), revision=0, based_on=0)
    page = vera.get(f"/jobs/score/{draft.score_id}/change/")
    assert "No version of this score yet" in page.text
    assert "secret?" not in page.html


@pytest.mark.parametrize("path", ["{}/change/", "{}/compare/", "{}/findings/", "{}/edit/"])
def test_score_that_is_not_there_is_404(olga: Visitor, path: str) -> None:
    assert olga.get(LIST + path.format(4711)).status == 404
    assert olga.get(LIST + path.format(10**30)).status == 404


@pytest.mark.parametrize("version", ["0", "x", "9" * 30, "-1", "٣"])
def test_version_that_is_not_there_is_404(olga: Visitor, version: str) -> None:
    score = keep("a")
    assert olga.get(f"/jobs/score/{score.pk}/change/", version=version).status == 404


def test_hostile_score_is_shown_and_not_obeyed(olga: Visitor) -> None:
    score = keep("<script>alert(1)</script>\u202e\x1b[31m", "<b>\n")
    score.versions.update(message="<img src=x>", author_name="<i>eve</i>")
    pages = [
        olga.get(f"/jobs/score/{score.pk}/change/", version=1),
        olga.get(f"/jobs/score/{score.pk}/compare/"),
        olga.get(f"/jobs/score/{score.pk}/edit/", version=1),
        olga.get(LIST),
    ]
    for page in pages:
        assert page.status == 200
        assert "<script>alert" not in page.html
        assert "<img src=x>" not in page.html
        assert "<i>eve" not in page.html


def test_lists_ask_no_more_with_more_rows(olga: Visitor) -> None:
    def count(path: str) -> int:
        olga.get(path)
        with CaptureQueriesContext(connection) as captured:
            assert olga.get(path).status == 200
        return len(captured)

    score = keep("a", "b")
    make_job(score_version=score.versions.first())
    few = count(LIST), count(f"/jobs/score/{score.pk}/change/")
    for number in range(12):
        keep(f"c{number}")
        other = keep("x", name=f"other-{number}")
        make_job(score_version=other.versions.first(), status="failed")
        make_job(score_version=score.versions.first())
        scores.save_draft(f"other-{number}", "d", make_user(), revision=0, based_on=1)
    assert (count(LIST), count(f"/jobs/score/{score.pk}/change/")) == few


def test_many_versions_are_paged(olga: Visitor) -> None:
    score = keep(*(f"text {n}" for n in range(60)))
    page = olga.get(f"/jobs/score/{score.pk}/change/")
    assert "v60" in page.part("versions")
    assert "v10 " not in page.part("versions")
    assert "v10 " in olga.get(f"/jobs/score/{score.pk}/change/", before=11).part("versions")


def test_reference_lists_every_section(vera: Visitor, nemo: Visitor) -> None:
    page = vera.get("/jobs/score/reference/")
    assert "sheet.skip_when_command" in page.text
    assert "How many sheets a stage becomes" in page.text
    assert json.loads(vera.get("/jobs/score/reference.json").html)["root"] == "JobConfig"
    assert nemo.get("/jobs/score/reference.json").status == 302


@pytest.mark.parametrize("slug", [template.sample.slug for template in templates()])
def test_template_has_a_form_and_a_preview(olga: Visitor, conductor: Conductor, slug: str) -> None:
    path = f"/jobs/score/templates/{slug}/"
    assert olga.get(path).has("fill")
    page = olga.send(path, preview="1", v_name="mine")
    assert page.status == 200
    assert page.all("input", name="v_name", value="mine")
    assert "set -eu" in page.part("prompt")


def test_template_says_at_the_field_what_does_not_fit(olga: Visitor) -> None:
    page = olga.send("/jobs/score/templates/hello/", preview="1", v_steps="many")
    assert page.status == 422
    assert "Give a whole number from 1 to 600." in page.text
    assert page.all("input", name="v_steps", aria_invalid="true")
    for path in ("/jobs/job/add/", ADD):
        page = olga.send(path, template="hello", v_steps="many", v_name="mine")
        assert page.status == 422
        assert page.all("input", name="v_name", value="mine")


def test_template_leads_to_submit_and_to_the_editor_with_what_was_typed(
    olga: Visitor, conductor: Conductor
) -> None:
    typed = {"template": "long", "preview": "1", "v_name": "op-long", "v_items": "60"}
    page = olga.send("/jobs/job/add/", **typed)
    assert "Ready to submit" in page.text
    for path in ("/jobs/job/add/", ADD):
        page = olga.send(path, **typed)
        assert "name: op-long" in page.html
        assert "total_items: 60 " in page.html
        assert "workspace: &quot;./op-long&quot;" in page.html
    assert page.fields()["name"] == "op-long"


def test_template_buttons_send_the_one_form(olga: Visitor, conductor: Conductor) -> None:
    page = olga.get("/jobs/score/templates/long/")
    actions = {button.get("formaction") for button in page.all("button") if "formaction" in button}
    assert actions == {"/jobs/job/add/", ADD}
    assert len(page.all("form", method="post", id="template-form")) == 1
    assert page.html.index("template-form") < page.html.index("<h2>Text</h2>")
    assert "forty" not in page.text


def test_submit_of_a_version_under_another_name_belongs_to_it(
    olga: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    score = keep(score_text("nightly"), score_text("nightly", description="two"))
    first = score.versions.get(number=1)
    fields = olga.get("/jobs/job/add/", score=score.pk, version=1).fields()
    sent = fields | {"text": first.text.replace("\n", "\r\n"), "name": "op-rec", "do": "submit"}
    olga.send("/jobs/job/add/", **sent)
    assert [job.job_id for job in first.jobs.all()] == ["op-rec"]
    assert Score.objects.count() == 1


def test_text_that_was_changed_is_kept_under_its_own_name(
    olga: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    score = keep(score_text("nightly"))
    fields = olga.get("/jobs/job/add/", score=score.pk, version=1).fields()
    text = score_text("nightly", description="changed")
    olga.send("/jobs/job/add/", **fields | {"text": text, "name": "op-rec", "do": "submit"})
    assert score.versions.get(number=2).jobs.get().job_id == "op-rec"
    assert Score.objects.count() == 1


def test_submit_of_a_version_belongs_to_it(
    olga: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    score = keep(score_text("nightly"), score_text("nightly", description="two"))
    page = olga.get("/jobs/job/add/", score=score.pk, version=1)
    assert "Version 1 of nightly" in page.part("again")
    fields = page.fields()
    olga.send(
        "/jobs/job/add/",
        **fields | {"text": score.versions.get(number=1).text, "do": "submit"},
    )
    assert score.versions.get(number=1).jobs.count() == 1
    assert score.versions.count() == 2


def test_versions_to_compare_are_told_apart_by_date_and_message(olga: Visitor) -> None:
    score = keep("a", "b")
    page = olga.get(f"/jobs/score/{score.pk}/compare/")
    at = timezone.localtime(score.versions.get(number=2).created_at)
    assert f"v2, {at:%d %b %Y %H:%M}, " in page.text
    assert "message 2" in page.text
