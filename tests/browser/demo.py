"""A team's ordinary afternoon, for pictures: people, jobs in every state, records of it all."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.browser.console import Console
from tests.waiting import wait_until

PEOPLE = {"jonas": "Operator", "priya": "Operator", "tomasz": "Auditor", "wei": "Viewer"}

_MAKE = """
from django.contrib.auth.models import Group, User
from jobs.access import tokens
for name, (password, group) in {people!r}.items():
    user = User.objects.create_user(name, password=password)
    user.groups.add(Group.objects.get(name=group))
    print(name, tokens.create(user, "laptop")[1])
"""


def score(
    name: str, about: str, sheets: dict[int, str], body: str, *, retries: int = 0, extra: str = ""
) -> str:
    """A score whose sheets have labels."""
    labels = "\n".join(f"    {number}: {json.dumps(label)}" for number, label in sheets.items())
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return f"""\
name: {name}
description: {about}
workspace: ./{name}
instrument: cli
pause_between_sheets_seconds: 0
sheet:
  size: 1
  total_items: {len(sheets)}
  descriptions:
{labels}
retry:
  max_retries: {retries}
  base_delay_seconds: 1
{extra}prompt:
  template: |
{lines}
"""


RELEASE = score(
    "release-2.14",
    "Build, test and write up the release.",
    {
        1: "Collect merged changes",
        2: "Build the packages",
        3: "Unit tests",
        4: "Integration tests",
        5: "Write the release notes",
        6: "Stage the artefacts",
    },
    """
set -eu
{% if sheet_num == 1 %}
echo "Reading the history since v2.13 ..."
echo "  41 changes by 9 people, 3 of them marked as breaking"
{% elif sheet_num == 2 %}
for part in core console worker; do
  echo "building $part"; sleep 0.2; echo "  $part-2.14.0.tar.gz"
done
{% elif sheet_num == 3 %}
echo "1842 passed, 6 skipped in 31.4s"
{% else %}
n=0
while [ ! -e go ]; do
  n=$((n + 1))
  echo "integration: scenario $n of 240 ... ok"
  if [ $((n % 7)) -eq 0 ]; then echo "note: scenario $n took longer than last time" >&2; fi
  sleep 1.5
done
{% endif %}
""",
)

IMPORT = score(
    "import-orders",
    "Load yesterday's orders and check the sums.",
    {1: "Fetch the files", 2: "Check the columns", 3: "Load into the warehouse", 4: "Compare sums"},
    """
set -eu
{% if sheet_num == 1 %}
echo "fetched orders-north.csv (18,204 rows)"
echo "fetched orders-south.csv (9,881 rows)"
{% elif sheet_num == 2 %}
echo "orders-north.csv: 14 columns, as expected"
sleep 0.5
echo "orders-south.csv: column 9 is 'vat_rate', expected 'vat'" >&2
echo "hint: the southern export changed its header on Monday" >&2
exit 3
{% else %}
echo "done"
{% endif %}
""",
    retries=1,
)

NIGHTLY = score(
    "nightly-reports",
    "Write yesterday's report of each region.",
    {number: f"Report of region {number}" for number in range(1, 41)},
    """
set -eu
template={% if sheet_num == 37 %}monthly-v2{% else %}monthly{% endif %}
report=report-{{ sheet_num }}.md
echo "reading the figures of region {{ sheet_num }} ..."
if [ "$template" != monthly ]; then
  echo "render: there is no template '$template'; templates are: monthly, yearly" >&2
  exit 2
fi
echo "# Region {{ sheet_num }}" > "$report"
echo "wrote $report"
""",
)
NIGHTLY_MENDED = ("monthly-v2", "monthly")

SLOW = """
set -eu
echo "working on part {{ sheet_num }} of {{ total_sheets }}"
while [ ! -e go ]; do sleep 0.5; echo "  still at it"; sleep 4; done
"""
QUICK = 'echo "part {{ sheet_num }} of {{ total_sheets }} is done"'


def numbered(words: str, count: int) -> dict[int, str]:
    """Labels for sheets that are all alike."""
    return {number: f"{words} {number}" for number in range(1, count + 1)}


@dataclass(slots=True)
class Demo:
    """What there is to be seen, and where."""

    console: Console
    tokens: dict[str, str]
    passwords: dict[str, str]
    jobs: dict[str, int] = field(default_factory=dict)

    def call(self, who: str, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """One call of the API in somebody's name; a refusal is an answer, too."""
        headers = {
            "Authorization": f"Bearer {self.tokens[who]}",
            "User-Agent": "podium-cli/0.1 (Linux)",
        }
        answer: dict[str, Any] = httpx.request(
            method, self.console.direct_url + path, json=body, headers=headers, timeout=30
        ).json()
        return answer

    def submit(self, who: str, text: str, reason: str, until: str) -> None:
        """Submit a score and wait until its job is in a state."""
        body = {"score_content": text, "reason": reason}
        job = self.call(who, "POST", "/api/jobs", body)["job"]
        self.jobs[job["job_id"]] = job["id"]
        self.wait(job["job_id"], until)

    def act(self, who: str, verb: str, name: str, reason: str, until: str = "") -> None:
        """Ask for a verb, and wait for what is to come of it."""
        self.call(who, "POST", f"/api/jobs/{self.jobs[name]}/{verb}", {"reason": reason})
        if until:
            self.wait(name, until)

    def ask_in_vain(self, who: str, text: str, reason: str) -> None:
        """Submit what the conductor refuses."""
        self.call(who, "POST", "/api/jobs", {"score_content": text, "reason": reason})

    def wait(self, name: str, status: str) -> None:
        """Wait until a job is in a state."""
        path = f"/api/jobs/{self.jobs[name]}"
        wait_until(
            lambda: self.call("jonas", "GET", path, {})["status"] == status,
            timeout_s=60,
            what=f"{name} to be {status}",
        )

    def path(self, name: str) -> str:
        """The address of a job's page."""
        return f"/jobs/job/{self.jobs[name]}/change/"


def prepared(console: Console) -> Demo:
    """People, jobs and records."""
    passwords = {name: secrets.token_urlsafe(12) for name in PEOPLE}
    rows = {name: (passwords[name], group) for name, group in PEOPLE.items()}
    printed = console.manage("shell", "-v", "0", "-c", _MAKE.format(people=rows))
    tokens = dict(line.split() for line in printed.splitlines() if line.split()[:1][0] in PEOPLE)
    demo = Demo(console, tokens, passwords)
    fill(demo)
    return demo


def fill(demo: Demo) -> None:
    """What happened this afternoon, oldest first."""
    docs = score("refresh-docs", "Rebuild the handbook.", numbered("Chapter", 8), QUICK)
    demo.submit("priya", docs, "the handbook is a week old", "completed")
    tidy = score("tidy-fixtures", "Drop unused fixtures.", numbered("Suite", 3), QUICK)
    demo.submit("jonas", tidy, "", "completed")
    audit = score("dependency-audit", "Look for known holes.", numbered("Repository", 12), QUICK)
    demo.submit("jonas", audit, "CVE round of this week", "completed")
    demo.submit("priya", IMPORT, "orders of Monday, 23 November", "failed")
    demo.submit("jonas", NIGHTLY, "every night", "failed")
    index = score("rebuild-index", "Rebuild the search index.", numbered("Shard", 16), SLOW)
    demo.submit("jonas", index, "search misses new articles", "running")
    demo.act("priya", "cancel", "rebuild-index", "wrong cluster, agreed with Jonas", "cancelled")
    thumbs = score("thumbnails", "Make missing thumbnails.", numbered("Batch", 20), SLOW)
    demo.submit("priya", thumbs, "", "running")
    demo.act("jonas", "pause", "thumbnails", "the GPU is needed for the release", "paused")
    demo.act("wei", "cancel", "thumbnails", "is this still needed?")
    translate = score("translate-help", "Translate the help pages.", numbered("Page", 24), SLOW)
    demo.submit("priya", translate, "French and Polish", "running")
    demo.submit("jonas", RELEASE, "release of Thursday, see the checklist", "running")
    demo.ask_in_vain("priya", RELEASE, "did it hang?")
