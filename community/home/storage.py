"""Static files under hashed names, compressed beforehand, so that a browser may keep them for ever."""

from __future__ import annotations

from servestatic.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Also rewrites the imports between ES modules to hashed names."""

    support_js_module_import_aggregation = True
