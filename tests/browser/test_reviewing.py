"""The audit log: found by person, verb, outcome, job and time; opened to its full content."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.browser.console import Console
from tests.browser.people import People
from tests.browser.scores import commands
from tests.browser.steps import (
    act,
    another_browser,
    expect_live,
    expect_status,
    log_in,
    submit,
    submit_gated,
)

pytestmark = pytest.mark.browser


async def test_the_list_is_narrowed_by_person_verb_outcome_job_and_time(
    admin_page: Page, console: Console, people: People
) -> None:
    await submit(admin_page, commands("filtered", "echo hello"))
    other = await another_browser(admin_page)
    await log_in(other, people.operator.username, people.operator.password)
    await submit_gated(other, console, "filtered-too")
    await act(other, "cancel")

    await admin_page.goto("/jobs/auditrecord/")
    await admin_page.get_by_label("Filter by person").click()
    await admin_page.get_by_placeholder("User name").fill(people.operator.username)
    await admin_page.get_by_placeholder("User name").press("Enter")
    await admin_page.wait_for_url(re.compile("person="))
    rows = admin_page.locator("#result_list tbody tr")
    await expect(rows.first).to_contain_text(people.operator.username)
    await expect(admin_page.get_by_test_id("audit-list")).not_to_contain_text("admin")

    await admin_page.get_by_label("Filter by verb").click()
    await admin_page.get_by_role("link", name="Cancel", exact=True).click()
    await admin_page.get_by_label("Filter by outcome").click()
    await admin_page.get_by_role("link", name="Succeeded", exact=True).click()
    await admin_page.get_by_label("Filter by time").click()
    await admin_page.get_by_role("link", name="Last hour").click()
    await admin_page.get_by_label("Filter by job").click()
    await admin_page.get_by_placeholder("Job name").fill("filtered-too")
    await admin_page.get_by_placeholder("Job name").press("Enter")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("filtered-too")
    for part in ("person=", "verb=cancel", "outcome=succeeded", "within=1h", "job=filtered-too"):
        assert part in admin_page.url


async def test_a_new_attempt_appears_in_the_open_list(
    admin_page: Page, api: httpx.AsyncClient
) -> None:
    await admin_page.goto("/jobs/auditrecord/")
    await expect_live(admin_page)
    body = {"score_content": commands("arrives", "echo hello"), "reason": "from a program"}
    answer = await api.post("/api/jobs", json=body)
    assert answer.status_code == 201
    row = admin_page.locator("#result_list tbody tr", has_text="arrives")
    await expect(row).to_contain_text("from a program")
    await expect(row).to_contain_text("api")


async def test_a_record_opens_to_everything_that_was_written(
    admin_page: Page, console: Console
) -> None:
    await submit_gated(admin_page, console, "written-down")
    await act(admin_page, "cancel", "the whole reason")
    await expect_status(admin_page, "cancelled")
    await admin_page.get_by_test_id("trail-row").first.get_by_role("link").click()
    intent, outcome = await admin_page.get_by_test_id("record").all()
    for words in (
        "intent",
        "the whole reason",
        "admin",
        "127.0.0.1",
        "Chrome",
        "/cancel/",
        "running",
    ):
        await expect(intent).to_contain_text(words)
    await expect(intent.locator("code").first).to_have_text(re.compile(r"[0-9a-f]{64}"))
    await expect(outcome).to_contain_text("succeeded")
    before = await outcome.locator("code").last.inner_text()
    assert re.fullmatch(r"[0-9a-f]{64}", before)


async def test_the_export_is_the_chain_line_by_line(admin_page: Page, tmp_path: Path) -> None:
    await submit(admin_page, commands("exported", "echo hello"))
    await admin_page.goto("/jobs/auditrecord/")
    async with admin_page.expect_download() as download:
        await admin_page.get_by_test_id("audit-export").click()
    file = tmp_path / "export.jsonl"
    await (await download.value).save_as(file)
    head, *records, end = [json.loads(line) for line in file.read_text().splitlines()]
    assert any(record["job_id"] == "exported" for record in records)
    assert records[-1]["hash"] == head["head"]["hash"]
    assert end == {"podium_audit_export_end": {"records": len(records)}}


async def test_the_whole_chain_verifies_after_all_that(admin_page: Page, console: Console) -> None:
    await submit(admin_page, commands("verified", "echo hello"))
    assert "are proven" in console.manage("audit", "verify")
