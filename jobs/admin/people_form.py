"""The form of a person: what is known of the password is that there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import ReadOnlyPasswordHashField, UserChangeForm
from django.contrib.auth.hashers import is_password_usable
from django.contrib.auth.models import User
from django.utils.html import format_html
from django.utils.safestring import SafeString


class PasswordState(forms.Widget):
    """Whether a password is set, and the way to another; its hash is nobody's matter."""

    read_only = True

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """The words and the link."""
        is_set = bool(value) and is_password_usable(value)
        return format_html(
            '<div class="password-state"><span>{}</span>'
            '<a class="button small" href="../password/">{}</a></div>',
            "A password is set." if is_set else "No password is set: this person cannot log in.",
            "Set another password" if is_set else "Set a password",
        )

    def id_for_label(self, id_: str) -> str:
        """None: there is nothing to type into."""
        return ""


if TYPE_CHECKING:
    ChangeForm = UserChangeForm[User]
else:
    ChangeForm = UserChangeForm  # only the checker takes it for generic


class PersonForm(ChangeForm):
    """Django's own, with the state of the password in words."""

    password = ReadOnlyPasswordHashField(label="Password", widget=PasswordState)
