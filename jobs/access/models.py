"""Bearer tokens, and the views of lists that people keep. Teams come with the next step."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class ApiToken(models.Model):
    """A program's key to act as a user; only its hash is stored."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens"
    )
    name = models.CharField(max_length=100)
    token_sha256 = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12)  # its first characters, to tell tokens apart
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("user", "name"), name="token_name"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"


class SavedView(models.Model):
    """A list as somebody wants to come back to it: what it is narrowed to, and its order."""

    class List(models.TextChoices):
        JOBS = "jobs", "Jobs"
        AUDIT = "audit", "Audit log"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views"
    )
    listing = models.CharField(max_length=10, choices=List.choices)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True)  # names and values of known filters alone
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(fields=("owner", "listing", "name"), name="saved_view_name"),
        )
        indexes = (models.Index(fields=("listing", "is_shared"), name="saved_view_shared"),)

    def __str__(self) -> str:
        return self.name
