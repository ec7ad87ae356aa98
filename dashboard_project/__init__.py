"""The Django project around Podium's one app: settings, root URLs, ASGI."""
