"""Submitting the score of a run again."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.urls import reverse

from jobs.access import policy
from jobs.registry.models import Job
from jobs.terms import Verb


def submit_again_url(user: User, job: Job) -> str:
    """Where the same score can be submitted again; empty where this person may not."""
    if not policy.may(user, Verb.SUBMIT):
        return ""
    if job.score_version_id is None and not job.config_path:
        return ""
    return f"{reverse('admin:jobs_job_add')}?from={job.pk}"
