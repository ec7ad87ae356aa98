"""The files of a run: its workspace as a browser. What is in it is shown, and never obeyed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs.admin.job.file_places import (
    Asked,
    NotShown,
    Trouble,
    asked_of,
    later_run,
    place_of,
    trouble_of,
)
from jobs.admin.job.file_preview import preview_context
from jobs.admin.job.file_rows import (
    FileRow,
    Look,
    crumbs,
    headings,
    page_links,
    size_words,
)
from jobs.admin.job.frame import JobFrame, job_frame
from jobs.admin.numbers import from_one
from jobs.admin.requests import is_live_refresh
from jobs.admin.streaming import streamed
from jobs.admin.visible import one_line
from jobs.slots import NoSlot, Slots
from jobs.workspaces import (
    Cause,
    OpenFile,
    Order,
    Parts,
    Place,
    WorkspaceTrouble,
    disposition,
    list_folder,
    measured,
    open_file,
    picture_type,
    zipped,
)

PIECE_BYTES: Final = 128 * 1024
# Each keeps a processor busy, or lasts as long as a slow line has it last.
_zips: Final = Slots(most=8, most_of_person=2)
_log: Final = logging.getLogger(__name__)


@require_safe
def files_view(request: HttpRequest, pk: int) -> HttpResponse:
    """A folder of the workspace, or a look at one of its files."""
    frame = job_frame(request, pk, "files")
    parts: Parts = ()
    try:
        asked = asked_of(request, frame.user)
        place = place_of(frame.job, asked)
        parts = asked.parts
        try:
            return _folder_page(request, frame, place, asked)
        except WorkspaceTrouble as error:
            if error.cause is not Cause.NO_FOLDER or not asked.parts:
                raise
        return _file_page(request, frame, place, asked)
    except (NotShown, WorkspaceTrouble) as error:
        return _not_shown(request, frame, error, parts)


@require_safe
def picture_view(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A picture of the workspace for its page; any other file is refused."""
    frame = job_frame(request, pk, "files")
    try:
        file, name = _asked_file(request, frame)
    except (NotShown, WorkspaceTrouble) as error:
        return _not_shown(request, frame, error)
    media_type = picture_type(next(_pieces(file), b""))
    if not media_type:
        file.close()
        trouble = Trouble("Not a picture", "Only PNG, JPEG, GIF and WebP are shown.", "info", 404)
        return _not_shown(request, frame, NotShown(trouble))
    return _sent(file, disposition(name, is_inline=True), media_type)


@require_safe
def download_view(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One file of the workspace, to be saved."""
    frame = job_frame(request, pk, "files")
    try:
        file, name = _asked_file(request, frame)
    except (NotShown, WorkspaceTrouble) as error:
        return _not_shown(request, frame, error)
    return _sent(file, disposition(name), "application/octet-stream")


@require_safe
def zip_view(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A folder of the workspace as a zip file, made while it is sent."""
    frame = job_frame(request, pk, "files")
    try:
        asked = asked_of(request, frame.user)
        place = place_of(frame.job, asked)
        measure = measured(place, asked.parts, shows_hidden=asked.shows_hidden)
    except (NotShown, WorkspaceTrouble) as error:
        return _not_shown(request, frame, error)
    if measure.is_too_much:
        bounds = measure.bounds
        words = (
            f"A zip file holds at most {bounds.entries:,} entries and {size_words(bounds.size)}. "
            "Download a folder inside it, or single files."
        )
        trouble = Trouble("This folder is too large for a zip file", words, "alert", 413)
        return _not_shown(request, frame, NotShown(trouble))
    header = disposition(f"{asked.parts[-1] if asked.parts else f'{frame.job.job_id}-files'}.zip")
    pieces = zipped(place, asked.parts, shows_hidden=asked.shows_hidden)
    try:
        give_back = _zips.take(frame.user.pk)
    except NoSlot as error:
        words = f"{_zips.most} zip files are being made at the moment. Try again in a while."
        if error.is_own:
            words = (
                f"{_zips.most_of_person} zip files of yours are being made. Wait for one to end."
            )
        return _not_shown(request, frame, NotShown(Trouble("Busy", words, "clock", 503)))
    return streamed(
        pieces,
        disposition=header,
        content_type="application/zip",
        at_end=give_back,
    )


def _folder_page(request: HttpRequest, frame: JobFrame, place: Place, asked: Asked) -> HttpResponse:
    order, is_descending = _order(request.GET.get("sort", ""))
    look = Look(frame.job.pk, order, is_descending, asked.shows_hidden)
    listing = list_folder(
        place,
        asked.parts,
        shows_hidden=asked.shows_hidden,
        order=order,
        descending=is_descending,
        page=from_one(request.GET.get("page")),
    )
    unhidden = Look(frame.job.pk, order, is_descending, shows_hidden=not asked.shows_hidden)
    context = {
        **_around(frame, asked.parts, look),
        "listing": listing,
        "rows": [FileRow.of(entry, asked.parts, look) for entry in listing.entries],
        "headings": headings(asked.parts, look),
        "pages": page_links(listing, asked.parts, look),
        "up_url": look.url(asked.parts[:-1]) if asked.parts else "",
        "zip_url": look.url(asked.parts, view="jobs_job_files_zip"),
        "hidden_url": unhidden.url(asked.parts) if asked.may_show_hidden else "",
        "shows_hidden": asked.shows_hidden,
    }
    return render(request, "jobs/job/files.html", context)


def _file_page(request: HttpRequest, frame: JobFrame, place: Place, asked: Asked) -> HttpResponse:
    look = Look(frame.job.pk, shows_hidden=asked.shows_hidden)
    parts = asked.parts
    with open_file(place, parts) as file:
        shown = preview_context(
            parts[-1],
            file,
            as_source=request.GET.get("as") == "source",
            # The page's script leaves what it shows alone, so that nobody's place is lost.
            only_facts=is_live_refresh(request),
        )
    context = {
        **_around(frame, parts, look),
        **shown,
        "name": one_line(parts[-1], 200),
        "up_url": look.url(parts[:-1]),
        "here_url": look.url(parts),
        "source_url": look.url(parts, as_source=True),
        "download_url": look.url(parts, view="jobs_job_files_download"),
        "picture_url": look.url(parts, view="jobs_job_files_picture"),
    }
    return render(request, "jobs/job/file.html", context)


def _around(frame: JobFrame, parts: Parts, look: Look) -> dict[str, Any]:
    later = later_run(frame.user, frame.job)
    return {
        **frame.context,
        "crumbs": crumbs(parts, look),
        "later_pk": later.pk if later else None,
        "later_name": one_line(later.job_id, 60) if later else "",
    }


def _not_shown(
    request: HttpRequest,
    frame: JobFrame,
    error: NotShown | WorkspaceTrouble,
    parts: Parts = (),
) -> HttpResponse:
    trouble = error.trouble if isinstance(error, NotShown) else trouble_of(error)
    context = {**frame.context, "trouble": trouble, "crumbs": crumbs(parts, Look(frame.job.pk))}
    # For the page's script another answer means that this person may no longer see the job.
    status = 200 if is_live_refresh(request) else trouble.status
    return render(request, "jobs/job/files.html", context, status=status)


def _asked_file(request: HttpRequest, frame: JobFrame) -> tuple[OpenFile, str]:
    """The file that is asked for, open, and its name."""
    asked = asked_of(request, frame.user)
    return open_file(place_of(frame.job, asked), asked.parts), asked.parts[-1]


def _sent(file: OpenFile, header: str, content_type: str) -> HttpResponseBase:
    return streamed(
        _pieces(file),
        disposition=header,
        content_type=content_type,
        length=file.size,
        at_end=file.close,
    )


def _pieces(file: OpenFile) -> Iterator[bytes]:
    """The file as long as it was when it was opened; what is added meanwhile is left out."""
    at = 0
    while at < file.size:
        try:
            piece = file.read(at, min(PIECE_BYTES, file.size - at))
        except WorkspaceTrouble as error:
            _log.warning("a download broke off: %s", error)
            return
        if not piece:  # it has become shorter: less is sent than was said, and a client sees that
            return
        at += len(piece)
        yield piece


def _order(text: str) -> tuple[Order, bool]:
    name = text.removeprefix("-")
    known = name in {order.value for order in Order}
    return (Order(name), text.startswith("-")) if known else (Order.NAME, False)
