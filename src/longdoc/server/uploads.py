"""A file on its way from a request's body to the disk, within the limits on size, number and time."""

from __future__ import annotations

import logging
import re

import anyio
from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from longdoc.server.library import Library
from longdoc.server.shelf import Arriving, Held

_log = logging.getLogger(__name__)
_TOGETHER = 1 << 20  # bytes that go to the disk at once
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def shown_name(given: str) -> str:
    """What a document is called: the last part of a path, with what is not seen as U+FFFD. It names no file of ours."""
    name = seen_name(re.split(r"[/\\]", given)[-1])
    if not name:
        raise HTTPException(400, "the name is blank; give the file's name as ?name=")
    return name


def seen_name(name: str) -> str:
    """The name with what is not seen as U+FFFD."""
    return _UNSEEN.sub("\ufffd", name).strip()


async def uploaded(library: Library, request: Request, name: str) -> Held:
    """The document that a body holds, on disk as a whole. Nothing is left of one that breaks off."""
    limits = library.settings.limits
    shown = shown_name(name)
    _check_room(library, int(request.headers.get("content-length", "0")))
    try:
        with anyio.fail_after(limits.upload_seconds):
            held = await _stored(library, request, shown)
    except TimeoutError:
        raise HTTPException(408, f"the upload took longer than {limits.upload_seconds:g} s") from None
    except ClientDisconnect:
        raise HTTPException(400, "the body broke off") from None
    except OSError as error:
        _log.error("an upload could not be kept: %s", error)
        raise HTTPException(507, "the server's disk is full or cannot be written; the file was not kept") from None
    return held


async def _stored(library: Library, request: Request, name: str) -> Held:
    with library.shelf.adding() as arriving:
        await _write(request, arriving)
        if not arriving.bytes:
            raise HTTPException(400, f"the file {name!r} is empty; give one with text in it")
        _check_room(library, arriving.bytes)  # again: other uploads ended meanwhile
        return await to_thread.run_sync(arriving.finish, name)


async def _write(request: Request, arriving: Arriving) -> None:
    held = bytearray()
    async for piece in request.stream():
        held += piece
        if len(held) >= _TOGETHER:
            await to_thread.run_sync(arriving.write, bytes(held))
            held.clear()
    await to_thread.run_sync(arriving.write, bytes(held))


def _check_room(library: Library, size: int) -> None:
    limits, held = library.settings.limits, library.shelf.all()
    if len(held) >= limits.documents:
        raise HTTPException(409, f"there are {len(held):,} documents, the most that are kept; delete one first")
    if library.shelf.nbytes() + size > limits.folder_bytes:
        raise HTTPException(
            413, f"files and their texts may have {limits.folder_bytes:,} bytes together; delete one first"
        )
