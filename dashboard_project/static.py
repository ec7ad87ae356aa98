"""Where static files come from: hashed names, compressed once, ES module imports followed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no types there
    """Whitenoise's storage, also rewriting `import "./x.js"` to the hashed name, in our modules."""

    support_js_module_import_aggregation = True

    def url_converter(self, name: str, *args: Any, **kwargs: Any) -> Callable[[re.Match[str]], str]:
        """What replaces an address in a file; scripts of other packages stay as they are.

        Those are no modules, and one of django-htmx looks like an import of a file that is
        nowhere, which would fail the collecting of all.
        """
        if name.endswith(".js") and not name.startswith("jobs/"):
            return re.Match.group
        converter: Callable[[re.Match[str]], str] = super().url_converter(name, *args, **kwargs)
        return converter
