"""`/api/docs` and `/api/openapi.json`."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import Client

from jobs.api import document
from jobs.api.site import api


def test_document_names_every_fixed_call(transactional_db: None) -> None:
    told = Client().get("/api/openapi.json").json()
    calls = {(method, path) for path, item in told["paths"].items() for method in item}
    assert calls >= {
        ("post", "/api/jobs"),
        ("get", "/api/jobs"),
        ("get", "/api/jobs/{pk}"),
        ("post", "/api/jobs/{pk}/pause"),
        ("post", "/api/jobs/{pk}/resume"),
        ("post", "/api/jobs/{pk}/cancel"),
        ("delete", "/api/jobs/{pk}"),
        ("get", "/api/jobs/{pk}/events"),
        ("get", "/api/jobs/{pk}/sheets"),
        ("get", "/api/conductors"),
        ("get", "/api/audit"),
        ("get", "/api/audit/{pk}"),
        ("get", "/api/audit/export"),
        ("post", "/api/scores/validate"),
    }


def test_document_tells_the_answers_of_an_action(transactional_db: None) -> None:
    told = Client().get("/api/openapi.json").json()
    pause = told["paths"]["/api/jobs/{pk}/pause"]["post"]["responses"]
    assert pause.keys() >= {"200", "202", "403", "409", "503", "401", "404", "422"}


def test_document_is_put_together_once_however_many_ask(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[dict[str, Any]] = []

    def make() -> Any:
        made.append({"openapi": "3.1.0"})
        return made[-1]

    monkeypatch.setattr(document, "_made", [])
    monkeypatch.setattr(api, "get_openapi_schema", lambda **_: make())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: Client().get("/api/openapi.json"), range(16)))
    assert len(made) == 1
    assert {answer.content for answer in answers} == {b'{"openapi": "3.1.0"}'}


def test_document_is_only_read(transactional_db: None) -> None:
    response = Client().delete("/api/openapi.json")
    assert (response.status_code, response["Content-Type"]) == (405, "application/problem+json")


def test_documentation_page_needs_nothing_that_the_policy_forbids(transactional_db: None) -> None:
    response = Client().get("/api/docs")
    page = response.content.decode()
    assert response.status_code == 200
    assert not re.search(r"<script(?![^>]*(src=|type=\"application/json\"))", page)
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style", page)
    assert not re.search(r"(src|href)=\"https?://", page)


def test_data_images_are_allowed_there_and_nowhere_else(transactional_db: None) -> None:
    def policy(address: str) -> Any:
        return Client().get(address)["Content-Security-Policy"]

    assert "img-src 'self' data:" in policy("/api/docs")
    assert "data:" not in policy("/api/jobs")
    assert "unsafe" not in policy("/api/docs")


@pytest.mark.parametrize("name", ["swagger-ui-bundle.js", "swagger-ui-init.js", "swagger-ui.css"])
def test_documentation_page_uses_static_files_of_our_own(transactional_db: None, name: str) -> None:
    assert f"/static/ninja/{name}" in Client().get("/api/docs").content.decode()
