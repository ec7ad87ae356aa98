"""The audit log: one line an attempt, and its page with every record of it."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from asgiref.sync import async_to_sync
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs import actions
from jobs.access import policy
from jobs.access.models import SavedView
from jobs.access.requests import origin_of
from jobs.admin import audit_page, markup
from jobs.admin.audit_filters import (
    AttemptTimeFilter,
    ChannelFilter,
    JobFilter,
    OutcomeFilter,
    PersonFilter,
    RunFilter,
    VerbFilter,
    person_meant,
)
from jobs.admin.csv_export import attempts_as_csv
from jobs.admin.feed import current_seq
from jobs.admin.keyset import KeysetChangeList
from jobs.admin.list_tabs import csv_url, list_tabs
from jobs.admin.looks import VERB_ICONS, outcome_look
from jobs.admin.modeladmin import ReadOnlyAdmin
from jobs.admin.requests import person
from jobs.admin.rows import job_url
from jobs.admin.time_filter import bounds, time_fault
from jobs.admin.visible import one_line
from jobs.audit.models import Action
from jobs.audit.verbs import verb_words

PRESETS: Final[dict[str, dict[str, str]]] = {
    "All": {},
    "Needs attention": {"outcome": "attention"},
    "Denied": {"outcome": "denied"},
    "Refused": {"outcome": "refused"},
}


class ActionAdmin(ReadOnlyAdmin[Action]):
    """Lists attempts at `/jobs/auditrecord/`; nothing here can be changed by anybody."""

    change_list_template = "jobs/audit_list.html"
    list_display = ("what", "result", "who", "way", "when", "took")
    list_display_links = None
    list_filter = (
        PersonFilter,
        VerbFilter,
        OutcomeFilter,
        ChannelFilter,
        JobFilter,
        RunFilter,
        AttemptTimeFilter,
    )
    sortable_by = ()
    ordering = ("-id",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        """Paged by keyset."""
        return KeysetChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Action]:
        """The attempts that this person may see."""
        return policy.visible_actions(person(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever may read the audit log."""
        return policy.may(person(request), policy.VIEW_AUDIT)

    def has_view_permission(self, request: HttpRequest, obj: Action | None = None) -> bool:
        """Whoever may read the audit log."""
        return policy.may(person(request), policy.VIEW_AUDIT)

    def get_urls(self) -> list[URLPattern]:
        """The list, a page each, and the form that settles what nobody could prove."""
        guard = self.admin_site.admin_view
        return [
            path("", guard(self.changelist_view), name="jobs_action_changelist"),
            path("export/", guard(self._export), name="jobs_action_export"),
            path("<int:pk>/change/", guard(audit_page.attempt_view), name="jobs_action_change"),
            path("<int:pk>/settle/", guard(audit_page.settle_view), name="jobs_action_settle"),
            path("<int:pk>/", guard(self._plain), name="jobs_action_plain"),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list; whoever may not read it leaves a record of having tried."""
        self._require_right(request)
        extra = {
            "title": "Audit log",
            "subtitle": None,
            "seq": current_seq(),
            "is_newest": not {"before", "after"} & set(request.GET),
            "time_fault": time_fault(request.GET.dict()),
            "export_url": _export_url(request),
            "csv_url": csv_url(request, "admin:jobs_action_export"),
            "tabs": list_tabs(request, SavedView.List.AUDIT, PRESETS),
            **(extra_context or {}),
        }
        return super().changelist_view(request, extra)

    def _require_right(self, request: HttpRequest) -> None:
        if not async_to_sync(actions.may_read_audit)(person(request), origin_of(request)):
            raise PermissionDenied("You may not read the audit log.")

    def _export(self, request: HttpRequest) -> HttpResponseBase:
        """The list as CSV."""
        self._require_right(request)
        return attempts_as_csv(self, request)

    @admin.display(description="What")
    def what(self, action: Action) -> SafeString:
        """The verb and the job, and why."""
        name = one_line(action.job_id)
        job = format_html("<span>{}</span>", name)
        if action.job_pk:
            job = format_html('<a href="{}">{}</a>', job_url(action.job_pk), name)
        return format_html(
            '<div class="what" data-row="{}"><span class="verb-icon">{}</span><div class="grow">'
            '<div class="main-line cut"><a href="{}"><span class="verb">{}</span></a> '
            '<span class="plain">{}</span></div><div class="sub-line cut">{}</div></div></div>',
            action.pk,
            markup.icon(VERB_ICONS.get(action.verb, "note")),
            reverse("admin:jobs_action_change", args=(action.pk,)),
            one_line(verb_words(action.verb), 50),
            job if name else "",
            f"“{one_line(action.reason, 160)}”" if action.reason else "",
        )

    @admin.display(description="Outcome")
    def result(self, action: Action) -> SafeString:
        """The outcome, and the conductor's words."""
        return format_html(
            '<div class="answer">{}{}<div class="sub-line cut" title="{}">{}</div></div>',
            markup.pill(outcome_look(action.outcome), action.outcome),
            format_html(' <span class="badge">{}</span>', action.verdict) if action.verdict else "",
            one_line(action.message, 400),
            one_line(action.message, 120),
        )

    @admin.display(description="Who")
    def who(self, action: Action) -> str:
        """The name at the time."""
        return one_line(action.actor_name) or "nobody"

    @admin.display(description="From")
    def way(self, action: Action) -> SafeString:
        """The way it came in, and the address."""
        return format_html(
            '<div class="nowrap">{}</div><div class="sub-line mono">{}</div>',
            action.channel,
            action.ip,
        )

    @admin.display(description="When")
    def when(self, action: Action) -> SafeString:
        """How long ago, exactly on hover."""
        return markup.moment(action.started_at)

    @admin.display(description="Took")
    def took(self, action: Action) -> SafeString | str:
        """How long the conductor took."""
        return markup.took(action.duration_us)

    def _plain(self, request: HttpRequest, pk: int) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:jobs_action_change", args=(pk,)))


# The list's filters in the words of the API, which makes the export.
_EXPORTED: Final = {
    "person": "actor",
    "verb": "verb",
    "channel": "channel",
    "job": "job_id",
    "run": "job",
}


def _export_url(request: HttpRequest) -> str:
    """All records of the attempts that the list is narrowed to."""
    asked = {
        _EXPORTED[name]: str(value) for name, value in request.GET.items() if name in _EXPORTED
    }
    if "actor" in asked:  # as the list: by the account, whatever its name was then
        account, asked["actor"] = person_meant(asked["actor"].strip())
        if account is not None:
            del asked["actor"]
            asked["actor_id"] = str(account)
    outcome = request.GET.get("outcome")
    if outcome == "attention":
        asked["needs_attention"] = "true"
    elif outcome:
        asked["outcome"] = outcome
    asked |= {name: moment.isoformat() for name, moment in bounds(request.GET).items()}
    return f"/api/audit/export?{urlencode(asked)}" if asked else "/api/audit/export"
