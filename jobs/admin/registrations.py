"""Puts Podium's models on the site, and its own admin of users and groups."""

from __future__ import annotations

from django.contrib import admin

from jobs.admin import people, secret_checks  # noqa: F401 - importing registers the check
from jobs.admin.audit_admin import ActionAdmin
from jobs.admin.conductor_admin import ConductorAdmin
from jobs.admin.job_admin import JobAdmin
from jobs.admin.score_admin import ScoreAdmin
from jobs.audit.models import Action
from jobs.registry.models import Conductor, Job, Score

admin.site.register(Job, JobAdmin)
admin.site.register(Action, ActionAdmin)
admin.site.register(Conductor, ConductorAdmin)
admin.site.register(Score, ScoreAdmin)
people.register(admin.site)
