"""Each template of the gallery, filled in, really runs on the bundled conductor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User

from jobs import actions
from jobs.actions import InlineScore
from jobs.audit import Origin
from jobs.registry.models import Conductor
from jobs.scores.gallery import fill, templates
from jobs.terms import Outcome
from tests.embedded.process import EmbeddedProcess
from tests.factories import make_conductor

pytestmark = pytest.mark.django_db(transaction=True)

# What is filled in, how the job ends, and a file that it leaves behind with what stands in it.
RUNS = {
    "hello": (
        {"steps": "1", "greetings": "One\nTwo\nThree"},
        "completed",
        "guestbook.txt",
        "3 was",
    ),
    "report": ({"heading": "It's $(mine)"}, "completed", "report.md", "# It's $(mine)"),
    "parallel": ({"workers": "3", "numbers": "50"}, "completed", "total.txt", "found 35 primes"),
    "long": ({"items": "4", "size": "2", "seconds": "0.1"}, "completed", "done.txt", "4\n"),
    "failing": ({"attempts": "1", "wait": "1"}, "failed", "", ""),
    "retry": ({"attempts": "2", "wait": "1"}, "completed", "download.txt", "complete"),
    "incremental": ({}, "completed", "thumbnail-5.txt", "*"),
    "files": ({"workers": "2"}, "completed", "total.txt", "3 files, 6 lines, 12 bytes"),
    "checks": ({"word": "weekly"}, "completed", "page.md", "Written on"),
    "pipeline": ({"orders": "20"}, "completed", "published/total.csv", "total,"),
}


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedProcess]:
    from tests.services.folder import short_folder

    with short_folder() as folder, EmbeddedProcess(folder / "home", "--grace", "0.2") as process:
        yield process


@pytest.fixture
def conductor(transactional_db: None, embedded: EmbeddedProcess, folders: Path) -> Conductor:
    return make_conductor(slug="main", socket_path=str(embedded.socket_path))


def test_every_template_is_run() -> None:
    assert set(RUNS) == {template.sample.slug for template in templates()}


@pytest.mark.parametrize("slug", RUNS)
def test_template_runs_as_it_says(
    embedded: EmbeddedProcess,
    conductor: Conductor,
    operator: User,
    origin: Origin,
    folders: Path,
    slug: str,
) -> None:
    given, status, file, content = RUNS[slug]
    template = next(t for t in templates() if t.sample.slug == slug)
    if slug == "files":
        for name in ("a one", "b'two", "c"):
            (folders / f"{name}.txt").write_text("1\n2\n")
        given = given | {"folder": str(folders), "names": "*.txt"}
    filled = fill(template, given)
    assert not filled.faults
    result = async_to_sync(actions.submit)(
        actor=operator, origin=origin, source=InlineScore(filled.text), conductor=conductor
    )
    assert result.outcome is Outcome.SUCCEEDED, result.message
    embedded.wait_for(slug, status)
    if file:
        assert content in (folders / "workspaces" / slug / file).read_text()


def test_check_that_does_not_pass_fails_its_sheet(
    embedded: EmbeddedProcess, conductor: Conductor, operator: User, origin: Origin, folders: Path
) -> None:
    template = next(t for t in templates() if t.sample.slug == "checks")
    filled = fill(template, {"name": "unchecked", "word": "a word that is not there"})
    async_to_sync(actions.submit)(
        actor=operator, origin=origin, source=InlineScore(filled.text), conductor=conductor
    )
    embedded.wait_for("unchecked", "failed")
