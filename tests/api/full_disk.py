"""The program of `test_full_disk`: it has a database of its own, on a disk that it fills."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from django.core.management import call_command
from django.test.utils import setup_test_environment

from tests.actions.fixtures import known
from tests.actions.scripted import score_text, scripted_conductor
from tests.api.caller import caller_for
from tests.factories import make_conductor, make_user
from tests.small_disk import filled


def main() -> None:
    """Ask with a full disk and with room on it; print what came of both."""
    home = Path(os.environ["PODIUM_HOME"])
    setup_test_environment()  # the client's host is one of ours
    call_command("migrate", verbosity=0)
    # The socket lies elsewhere: it has to be reachable all the time.
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as folder,
        scripted_conductor(Path(folder)) as scripted,
    ):
        conductor = make_conductor(slug="main", socket_path=str(scripted.socket_path))
        job = known(conductor, scripted)
        olga = caller_for(make_user("operator", username="olga"))
        assert olga.get("/jobs").status == 200
        pause, submit = f"/jobs/{job.pk}/pause", {"score_content": score_text("other")}
        with filled(home):
            statuses = olga.post(pause).status, olga.post("/jobs", submit).status
            sent = [method for method, _ in scripted.requests]
        print("full: pause {}, submit {}, sent {}".format(*statuses, sent))  # noqa: T201 - the result
        print(f"free: pause {olga.post(pause).status}")  # noqa: T201 - the result
