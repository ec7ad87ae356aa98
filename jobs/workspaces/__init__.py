"""What is in the workspaces of jobs: listed, looked at and handed out, and never obeyed.

Knows no Django and no job: a `Place` is a path and the folders that it must lie below.
"""

from __future__ import annotations

from jobs.workspaces.archive import Bounds, Measure, measured, zipped
from jobs.workspaces.listing import Entry, Kind, Listing, Order, list_folder
from jobs.workspaces.names import (
    Parts,
    disposition,
    download_name,
    is_hidden,
    parts_of,
    quoted,
)
from jobs.workspaces.opening import OpenFile, Place, open_file
from jobs.workspaces.previews import Preview, Shape, picture_type, preview_of
from jobs.workspaces.trouble import Cause, WorkspaceTrouble

__all__ = [
    "Bounds",
    "Cause",
    "Entry",
    "Kind",
    "Listing",
    "Measure",
    "OpenFile",
    "Order",
    "Parts",
    "Place",
    "Preview",
    "Shape",
    "WorkspaceTrouble",
    "disposition",
    "download_name",
    "is_hidden",
    "list_folder",
    "measured",
    "open_file",
    "parts_of",
    "picture_type",
    "preview_of",
    "quoted",
    "zipped",
]
