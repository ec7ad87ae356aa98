"""`manage.py token`: make, list and revoke bearer tokens."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.access import tokens
from jobs.access.models import ApiToken
from jobs.errors import AuditUnavailable


class Command(BaseCommand):
    """Tokens act as a user and with that user's rights; only a hash of one is stored."""

    help = "Make, list and revoke the bearer tokens that programs use."

    def add_arguments(self, parser: CommandParser) -> None:
        """One subcommand for each."""
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        create = commands.add_parser(
            "create", help="make one; it is printed once, as the last line"
        )
        revoke = commands.add_parser("revoke", help="make one worthless")
        for command in (create, revoke):
            command.add_argument("user", metavar="USER")
            command.add_argument("--name", required=True, help="what the token is for")
        listing = commands.add_parser("list", help="show what there is")
        listing.add_argument("user", metavar="USER", nargs="?")

    def handle(self, *args: Any, command: str, **options: Any) -> None:
        """Do what was asked for."""
        try:
            match command:
                case "create":
                    self._create(_user(options["user"]), options["name"])
                case "revoke":
                    self._revoke(_user(options["user"]), options["name"])
                case _:
                    self._list(options["user"])
        except (tokens.TokenError, AuditUnavailable) as error:
            raise CommandError(str(error)) from error

    def _create(self, user: User, name: str) -> None:
        token, plain = tokens.create(user, name)
        self.stdout.write(f"Token {token.name!r} of {user.get_username()}; it is not shown again:")
        self.stdout.write(plain)

    def _revoke(self, user: User, name: str) -> None:
        token = ApiToken.objects.filter(user=user, name=name).first()
        if token is None:
            raise CommandError(f"{user.get_username()} has no token of the name {name!r}.")
        if tokens.revoke(token):
            self.stdout.write(f"Token {name!r} of {user.get_username()} is revoked.")
        else:
            self.stdout.write(f"Token {name!r} of {user.get_username()} was revoked before.")

    def _list(self, username: str | None) -> None:
        found = ApiToken.objects.select_related("user").order_by("user__username", "name")
        if username is not None:
            found = found.filter(user=_user(username))
        for token in found:
            used = (
                f"last used {token.last_used_at:%Y-%m-%d %H:%M}Z"
                if token.last_used_at
                else "unused"
            )
            state = f"revoked {token.revoked_at:%Y-%m-%d}" if token.revoked_at else used
            self.stdout.write(
                f"{token.user.get_username()}  {token.name}  {token.hint}…  "
                f"made {token.created_at:%Y-%m-%d}, {state}"
            )
        if not found:
            self.stdout.write("There are no tokens.")


def _user(username: str) -> User:
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"There is no user {username!r}.")
    return user
