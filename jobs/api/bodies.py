"""Reading JSON bodies strictly."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser
from pydantic_core import from_json


class StrictParser(Parser):
    """Refuses what `json.loads` lets through: lone surrogates, and values too deep to walk."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """The object in a body; whatever this raises is answered with 400."""
        body = from_json(request.body, allow_inf_nan=False)
        if not isinstance(body, dict):
            raise ValueError("not an object")
        return body
