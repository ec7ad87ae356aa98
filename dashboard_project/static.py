"""Where static files come from: hashed names, compressed once, ES module imports followed."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Whitenoise's storage, also rewriting `import "./x.js"` to the hashed name."""

    support_js_module_import_aggregation = True
