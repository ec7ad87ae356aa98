"""Bearer tokens. Teams come with the next step."""

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
