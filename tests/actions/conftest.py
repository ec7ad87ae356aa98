"""The fixtures of the actions' tests."""

from tests.actions.fixtures import conductor, folders, operator, origin, running, scripted, viewer

__all__ = ["conductor", "folders", "operator", "origin", "running", "scripted", "viewer"]
