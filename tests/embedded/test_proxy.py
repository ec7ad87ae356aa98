"""The proxy does to answers what other suites rely on."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.conductor import ConductorUnreachable, DaemonClient, JobRequest, ProtocolViolation
from tests.embedded.process import EmbeddedProcess, score
from tests.embedded.proxy import ConductorProxy, Mode
from tests.waiting import eventually


async def test_real_client_talks_through_it(conductor: EmbeddedProcess, short_tmp: Path) -> None:
    with ConductorProxy(short_tmp / "p", conductor.socket_path) as proxy:
        client = DaemonClient(proxy.socket_path)
        path = conductor.score("job", score())
        assert (await client.submit_job(JobRequest(config_path=path))).status == "accepted"
        state = await client.get_job_status("job", "")
        assert state.job_id == "job"


async def test_swallowed_submit_was_carried_out(
    conductor: EmbeddedProcess, short_tmp: Path
) -> None:
    with ConductorProxy(short_tmp / "p", conductor.socket_path) as proxy:
        proxy.mode = Mode.SWALLOW
        path = conductor.score("job", score())
        with pytest.raises(ConductorUnreachable) as caught:
            await DaemonClient(proxy.socket_path).submit_job(JobRequest(config_path=path))
        assert caught.value.may_have_arrived
        await eventually(lambda: conductor.call("job.list"), what="the job")


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        (Mode.CLOSE, ConductorUnreachable),
        (Mode.HALF, ConductorUnreachable),
        (Mode.GARBAGE, ProtocolViolation),
    ],
)
async def test_broken_answers_are_told_apart(
    conductor: EmbeddedProcess, short_tmp: Path, mode: Mode, error: type[Exception]
) -> None:
    with ConductorProxy(short_tmp / "p", conductor.socket_path) as proxy:
        proxy.mode = mode
        with pytest.raises(error):
            await DaemonClient(proxy.socket_path).list_jobs()
        proxy.mode = Mode.PASS
        assert await DaemonClient(proxy.socket_path).list_jobs() == []
