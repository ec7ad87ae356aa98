"""A web server for tests: Daphne as `manage.py up` runs it, on the database of the test.

python -m tests.live.server_process PORT
"""

from __future__ import annotations

import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard_project.settings_test"


def main(port: int) -> None:
    """Serve until a signal; prints a line once it listens."""
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection

    from jobs.live import connections, hub, messages, serving, sse, window

    # The test writes from another process, which this one only notices by looking.
    hub.POLL_S = float(os.environ.get("LIVE_TEST_POLL_S", "0.02"))  # type: ignore[misc]
    hub.RIGHTS_S = 0.1  # type: ignore[misc]
    if faster := os.environ.get("LIVE_TEST_ALIVE_S"):
        messages.ALIVE_S = float(faster)  # type: ignore[misc]
    if seconds := os.environ.get("LIVE_TEST_NO_PROGRESS_S"):
        connections.NO_PROGRESS_S = float(seconds)  # type: ignore[misc]
    if seconds := os.environ.get("LIVE_TEST_RATE_S"):
        connections.RATE_S = float(seconds)  # type: ignore[misc]
    if less := os.environ.get("LIVE_TEST_WINDOW"):
        window.MOST_BYTES = window.LEAST_BYTES = int(less)  # type: ignore[misc]
        window.ACK_S = 1.0  # type: ignore[misc]
        sse.MAX_BYTES = int(less)  # type: ignore[misc]
    if seconds := os.environ.get("LIVE_TEST_RECEIVE_S"):
        from jobs.live import bodies

        bodies.RECEIVE_S = float(seconds)  # type: ignore[misc]
    if limits := os.environ.get("LIVE_TEST_OPEN_FILES"):
        import resource

        soft, hard = (int(number) for number in limits.split())
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if seconds := os.environ.get("LIVE_TEST_CONN_MAX_AGE"):
        settings.DATABASES["default"]["CONN_MAX_AGE"] = float(seconds)
    connection.close()
    settings.DATABASES["default"]["NAME"] = os.environ["LIVE_TEST_DATABASE"]
    connection.settings_dict["NAME"] = os.environ["LIVE_TEST_DATABASE"]
    settings.ALLOWED_HOSTS = ["127.0.0.1", "console.test"]
    settings.CSRF_TRUSTED_ORIGINS = ["http://console.test"]
    from dashboard_project.asgi import application

    serving.serve(
        application,
        bind="127.0.0.1",
        port=port,
        when_listening=lambda: print("listening", flush=True),  # noqa: T201 - told to the test
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
