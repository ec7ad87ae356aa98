"""The fixtures of the actions' tests."""

from tests.actions.fixtures import (
    _connections_end,
    conductor,
    folders,
    loop_connections,
    operator,
    origin,
    running,
    scripted,
    viewer,
)

__all__ = [
    "_connections_end",
    "conductor",
    "folders",
    "loop_connections",
    "operator",
    "origin",
    "running",
    "scripted",
    "viewer",
]
