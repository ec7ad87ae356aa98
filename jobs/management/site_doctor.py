"""Folders, settings, and the channel layer."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from channels.layers import get_channel_layer
from django.conf import settings

from jobs.live import open_files
from jobs.management.examination import Findings, failed, ok, warning

_ANSWER_S = 5.0


def examine_settings() -> Findings:
    """Those that are easy to get wrong, and dangerous."""
    if settings.DEBUG:
        yield failed("settings", "DEBUG is on: error pages show secrets to everyone")
    if settings.IS_HTTPS and not settings.PODIUM_TRUSTED_PROXIES:
        yield warning(
            "settings",
            "PODIUM_URL is https, yet PODIUM_TRUSTED_PROXIES names no proxy: records and lockouts "
            "see the proxy's address alone",
        )
    if not settings.IS_HTTPS and not _is_loopback(settings.PODIUM_BIND):
        yield warning(
            "settings",
            f"passwords cross the network in the clear: PODIUM_BIND is {settings.PODIUM_BIND} and "
            f"PODIUM_URL is {settings.PODIUM_URL}",
        )
    yield ok("settings", f"address {settings.PODIUM_URL}")


def examine_folders() -> Findings:
    """Podium's own are private; the roots are there and usable."""
    home: Path = settings.PODIUM_HOME
    exposed = list(_exposed(home))
    for path in exposed:
        yield failed("file modes", f"{path} is {_mode(path):o}: others can get at it")
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        yield failed("home", f"{home} cannot be written by this user")
    elif not exposed:
        yield ok("home", f"{home}, private")
    yield from _roots("score root", settings.PODIUM_SCORE_ROOTS)
    yield from _roots("workspace root", settings.PODIUM_WORKSPACE_ROOTS)


def examine_open_files() -> Findings:
    """Whether the web process can take the connections that it is to take."""
    files = open_files.may_be_open()
    taken = open_files.connections_for(files)
    words = f"{files} at most, for {taken} connections"
    if taken < settings.PODIUM_MAX_CONNECTIONS:
        yield warning(
            "open files",
            f"{words} of PODIUM_MAX_CONNECTIONS={settings.PODIUM_MAX_CONNECTIONS}: raise the hard "
            "limit (LimitNOFILE=65536 in a unit, `ulimit -Hn`)",
        )
    elif taken <= settings.PODIUM_MAX_SOCKETS:
        yield warning(
            "open files",
            f"{words}: PODIUM_MAX_SOCKETS={settings.PODIUM_MAX_SOCKETS} live ones may take them "
            "all, and no page is answered then",
        )
    else:
        yield ok("open files", words)


def examine_channel_layer() -> Findings:
    """One message there and back."""
    try:
        asyncio.run(_echo())
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it is the finding
        where = " (REDIS_URL)" if settings.REDIS_URL else ""
        yield failed("channel layer", f"no message comes through{where}: {error}")
        return
    if settings.REDIS_URL:
        yield ok("channel layer", "Redis, a message came through")
    elif settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        yield ok("channel layer", "in memory: web and relay share one process")
    else:
        yield warning(
            "channel layer",
            "in memory: with a relay or a second web process of its own, set REDIS_URL",
        )


async def _echo() -> None:
    layer = get_channel_layer()
    if layer is None:
        raise RuntimeError("there is none")
    try:
        async with asyncio.timeout(_ANSWER_S):
            name = await layer.new_channel()
            await layer.send(name, {"type": "doctor.echo"})
            await layer.receive(name)
    finally:
        if hasattr(layer, "close_pools"):
            await layer.close_pools()


def _roots(what: str, roots: tuple[Path, ...]) -> Findings:
    for root in roots:
        if not root.is_dir():
            yield failed(what, f"{root} is not a folder")
        elif not os.access(root, os.R_OK | os.X_OK):
            yield warning(what, f"{root} cannot be read by this user: logs there are not shown")
        elif root == settings.PODIUM_HOME or root in settings.PODIUM_HOME.parents:
            yield warning(what, f"{root} holds Podium's own files too: choose a narrower one")
        else:
            yield ok(what, str(root))


def _exposed(home: Path) -> Iterator[Path]:
    """What others can read of Podium's own; nothing, where they cannot enter its home."""
    if not _mode(home) & 0o011:
        return
    # A group may enter the home and read submissions: the conductor's. All else is ours alone.
    closed = {home: 0o007, settings.PODIUM_SUBMISSIONS: 0o007}
    closed |= dict.fromkeys((home / "secret_key", home / "podium.sqlite3"), 0o077)
    for path, bits in closed.items():
        if path.exists() and _mode(path) & bits:
            yield path


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _is_loopback(bind: str) -> bool:
    try:
        return ip_address(bind).is_loopback
    except ValueError:
        return bind == "localhost"
