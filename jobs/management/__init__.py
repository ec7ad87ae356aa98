"""Podium's commands."""
