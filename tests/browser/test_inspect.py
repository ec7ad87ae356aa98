"""Whoever opens a failed job sees what happened and what to do, on a phone too."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.browser.axe import faults
from tests.browser.console import Console
from tests.browser.scores import Gates, commands, gated
from tests.browser.steps import (
    JOB_PAGE,
    expect_live,
    expect_sheet,
    expect_status,
    submit_gated,
    workspace,
)
from tests.waiting import eventually

pytestmark = pytest.mark.browser

FIRST_SCREEN: ViewportSize = {"width": 390, "height": 844}

NIGHTLY = """\
name: {name}
workspace: ./{name}
instrument: cli
pause_between_sheets_seconds: 0
sheet:
  size: 1
  total_items: 12
  descriptions:
    7: Build the search index
retry:
  max_retries: 1
  base_delay_seconds: 0.1
prompt:
  template: |
    echo "sheet {{{{ sheet_num }}}} reads"
    if [ {{{{ sheet_num }}}} = 7 ] && [ ! -e mended ]; then
      echo "index.lock is held" >&2
    else
      touch out-{{{{ sheet_num }}}}
    fi
validations:
  - type: file_exists
    path: "{{workspace}}/out-{{sheet_num}}"
    description: the result is there
"""

NIGHT = """\
name: at-night
workspace: ./at-night
instrument: cli
pause_between_sheets_seconds: 0
sheet:
  size: 1
  total_items: 40
  descriptions:
    37: Region 37
retry:
  max_retries: 0
prompt:
  template: |
    template={% if sheet_num == 37 %}monthly-v2{% else %}monthly{% endif %}
    [ "$template" = monthly ] || { echo "unknown template '$template'" >&2; exit 2; }
"""


async def submitted(api: httpx.AsyncClient, text: str) -> str:
    """The address of a job's page."""
    answer = await api.post("/api/jobs", json={"score_content": text})
    return f"/jobs/job/{answer.json()['job']['id']}"


async def until(api: httpx.AsyncClient, path: str, status: str) -> None:
    number = path.rpartition("/")[2]

    async def has_it() -> bool:
        answer = await api.get(f"/api/jobs/{number}")
        return bool(answer.json()["status"] == status)

    await eventually(has_it, timeout_s=60, what=f"the job to be {status}")


async def sheets_of(api: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    answer = await api.get(f"/api/jobs/{path.rpartition('/')[2]}/sheets?limit=100")
    return list(answer.json()["items"])


async def overflows(page: Page) -> bool:
    return bool(
        await page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth + 2"
        )
    )


async def test_a_job_that_failed_at_night_is_found_understood_edited_and_resumed_on_a_phone(
    admin_page: Page, api: httpx.AsyncClient
) -> None:
    path = await submitted(api, NIGHT)
    await until(api, path, "failed")
    before = await sheets_of(api, path)
    await admin_page.set_viewport_size(FIRST_SCREEN)
    await admin_page.goto("/attention/")
    trouble = admin_page.get_by_test_id("attention-page").get_by_role("listitem")
    await trouble.filter(has_text="at-night").get_by_role("link").first.click()
    await admin_page.wait_for_url(JOB_PAGE)
    failure = admin_page.get_by_test_id("failure")
    await expect(failure).to_contain_text("Failed at sheet 37 of 40 (Region 37)")
    await expect(failure).to_contain_text("unknown template 'monthly-v2'")
    await admin_page.get_by_test_id("remedy-modify").click()
    text = admin_page.get_by_test_id("modify-text")
    await text.fill((await text.input_value()).replace("monthly-v2", "monthly"))
    await expect(admin_page.get_by_test_id("judgement")).to_contain_text("Acceptable")
    assert not await overflows(admin_page)
    await admin_page.get_by_test_id("modify-review").click()
    await expect(admin_page.get_by_test_id("diff")).to_contain_text("monthly")
    assert not await overflows(admin_page)
    await admin_page.get_by_label("Reason").fill("the template has a new name")
    await admin_page.get_by_test_id("modify-send").click()
    await admin_page.wait_for_url(JOB_PAGE)
    await expect_status(admin_page, "completed")
    await expect(admin_page.get_by_test_id("tally")).to_contain_text("40 done")
    await expect(failure).to_have_count(0)
    assert (await sheets_of(api, path))[:36] == before[:36]


async def test_a_failed_job_is_understood_and_resumed_on_a_phone(
    admin_page: Page, console: Console, api: httpx.AsyncClient
) -> None:
    path = await submitted(api, NIGHTLY.format(name="on-a-phone"))
    await until(api, path, "failed")
    await admin_page.set_viewport_size(FIRST_SCREEN)
    await admin_page.goto(f"{path}/change/")
    failure = admin_page.get_by_test_id("failure")
    await expect(failure).to_contain_text("Failed at sheet 7 of 12 (Build the search index)")
    await expect(failure).to_contain_text("did not leave a file that it must leave")
    await expect(admin_page.get_by_test_id("failed-checks")).to_contain_text("it does not exist")
    await expect(failure).to_contain_text("index.lock is held")
    box = await admin_page.get_by_text("did not leave a file").first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < FIRST_SCREEN["height"]
    assert not await overflows(admin_page)
    (workspace(console, "on-a-phone") / "mended").touch()
    await admin_page.get_by_test_id("remedy-resume").click()
    await admin_page.get_by_test_id("confirmation").get_by_role("button").last.click()
    await until(api, path, "completed")
    await expect_status(admin_page, "completed")
    await expect(failure).to_have_count(0)
    await expect(admin_page.get_by_test_id("tally")).to_contain_text("12 done")
    await expect(admin_page.get_by_test_id("messages")).to_contain_text("was told to go on")


@pytest.mark.timeout(240)
async def test_every_tab_unfolded_is_fit_for_a_phone_and_for_everybody(
    admin_page: Page, api: httpx.AsyncClient
) -> None:
    job = await submitted(api, NIGHTLY.format(name="unfolded"))
    await until(api, job, "failed")
    await admin_page.emulate_media(color_scheme="dark")  # by day all pages are looked at together
    await admin_page.set_viewport_size(FIRST_SCREEN)
    for path in (
        *(f"{job}/{tab}/" for tab in ("change", "sheets", "sheets/7", "events", "audit")),
        "/jobs/conductor/1/change/",
    ):
        await admin_page.goto(path)
        await expect(admin_page.get_by_test_id("live-state")).to_have_text("live")
        for folded in await admin_page.locator("main details > summary").all():
            if await folded.is_visible():
                await folded.click()
        await expect(admin_page.locator('[data-part][data-state="waiting"]')).to_have_count(0)
        assert not await overflows(admin_page), path
        assert await faults(admin_page) == [], path


async def test_sheets_are_narrowed_and_one_opens_with_its_neighbours(
    admin_page: Page, api: httpx.AsyncClient
) -> None:
    path = await submitted(api, NIGHTLY.format(name="narrowed"))
    await until(api, path, "failed")
    await admin_page.goto(f"{path}/sheets/")
    await admin_page.get_by_test_id("sheet-filter").get_by_role("link", name="1 failed").click()
    await expect(admin_page.get_by_test_id("sheet-6")).to_have_count(0)
    await admin_page.get_by_test_id("sheet-7").get_by_role("link").click()
    await expect(admin_page.get_by_test_id("sheet-status")).to_have_text("failed")
    await expect(admin_page.get_by_test_id("validations")).to_contain_text("the result is there")
    await admin_page.get_by_role("link", name="Sheet 6", exact=True).click()
    await expect(admin_page.get_by_test_id("sheet-status")).to_have_text("completed")
    await admin_page.go_back()
    await expect(admin_page.get_by_test_id("sheet-status")).to_have_text("failed")


async def test_events_appear_as_they_happen(admin_page: Page, console: Console) -> None:
    gates = await submit_gated(admin_page, console, "told-live")
    await admin_page.get_by_test_id("tab-events").click()
    events = admin_page.get_by_test_id("events")
    await expect(events).to_contain_text("sheet.started")
    await expect(events).not_to_contain_text("job.completed")
    gates.open(1, 2)
    await expect(events).to_contain_text("job.completed")


async def test_what_nobody_unfolds_is_not_asked_for(admin_page: Page, console: Console) -> None:
    asked: list[str] = []
    admin_page.on("request", lambda request: asked.append(request.url))
    gates = await submit_gated(admin_page, console, "folded")
    history = admin_page.get_by_test_id("asked-history")
    await expect(admin_page.get_by_test_id("process-health")).to_contain_text("Alive")
    assert not [url for url in asked if "parts/history" in url]
    gates.open(1)
    await expect_sheet(admin_page, 1, "completed")
    await history.locator("summary").click()
    await expect(history).to_contain_text("completed")
    gates.open(2)
    await expect_status(admin_page, "completed")


async def test_a_part_that_a_refresh_brings_is_repeated_until_another_takes_it_away(
    admin_page: Page, api: httpx.AsyncClient, console: Console
) -> None:
    wait = "until [ -e open-1 ]; do sleep 0.05; done"
    path = await submitted(api, commands("comes-back", "[ -e mended ] || exit 3", wait))
    await until(api, path, "failed")
    asked: list[str] = []
    admin_page.on("request", lambda request: asked.append(request.url))
    await admin_page.clock.install()
    await admin_page.goto(f"{path}/change/")
    await expect_live(admin_page)
    (workspace(console, "comes-back") / "mended").touch()
    number = path.rpartition("/")[2]
    (await api.post(f"/api/jobs/{number}/resume", json={})).raise_for_status()
    health = admin_page.get_by_test_id("process-health")
    await expect(health).to_contain_text("Alive")
    async with admin_page.expect_request("**/parts/health/"):
        await admin_page.clock.fast_forward(16_000)
    await expect(health).to_have_attribute("aria-busy", "false")
    Gates(workspace(console, "comes-back")).open(1)
    await expect(health).to_have_count(0)
    asked.clear()
    await admin_page.clock.fast_forward(16_000)
    await admin_page.evaluate("url => fetch(url)", "/search/?q=comes-back")  # is asked after it
    assert any("/search/" in url for url in asked)
    assert not [url for url in asked if "/parts/health/" in url]


async def test_a_conductor_tells_of_its_load_and_of_the_processes_of_a_job(
    admin_page: Page, api: httpx.AsyncClient, console: Console
) -> None:
    await submitted(api, gated("loaded"))
    await admin_page.goto("/jobs/conductor/1/change/")
    top = admin_page.get_by_test_id("part-top")
    await expect(top).to_contain_text("loaded", timeout=40_000)
    await expect(top).to_contain_text("tail")
    await expect(admin_page.get_by_test_id("part-config")).to_contain_text("Jobs at once")
    await expect(admin_page.get_by_test_id("part-limits")).to_contain_text("none")
    for sheet in (1, 2):
        (workspace(console, "loaded") / f"open-{sheet}").touch()
