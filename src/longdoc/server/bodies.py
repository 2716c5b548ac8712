"""Request and response bodies, the objects of the OpenAPI schema; and uploads on their way to the disk."""

from __future__ import annotations

import logging
import re
from functools import partial
from typing import Annotated, Any, Literal

import anyio
from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from longdoc.server.library import Library
from longdoc.server.shelf import Arriving, Held

_log = logging.getLogger(__name__)
_TOGETHER = 1 << 20  # bytes that go to the disk at once
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
DOCUMENT = r"^[0-9a-f]{32}$"
CONVERSATION = r"^c-[A-Za-z0-9_-]{1,64}$"
DocumentId = Annotated[str, Field(pattern=DOCUMENT)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class SummaryOrder(_Body):
    """A summary that is wanted: at most `max_tokens` long, about `query` if that is given."""

    max_tokens: Annotated[int, Field(ge=1, le=4000)] = 300
    query: Annotated[str, Field(min_length=1, max_length=1000)] | None = None


class Question(_Body):
    """A question to the documents with these ids, or to all; in a conversation what was said before belongs to it."""

    question: Annotated[str, Field(min_length=1, max_length=4000)]
    documents: Annotated[list[DocumentId], Field(min_length=1, max_length=1000)] | None = None
    conversation: Annotated[str, Field(pattern=CONVERSATION)] | None = None


class SummaryOfSeveral(SummaryOrder):
    """A summary that is wanted of two documents or more together."""

    documents: Annotated[list[DocumentId], Field(min_length=2, max_length=50)]


class Name(_Body):
    """What a conversation is to be called."""

    name: Annotated[str, Field(min_length=1, max_length=200)]


class NoteWords(_Body):
    """What the reader says in a note."""

    words: Annotated[str, Field(max_length=10_000)] = ""


class NoteOrder(NoteWords):
    """A note on the answer at a place of a conversation, from 1, or on a stretch of a document."""

    conversation: Annotated[str, Field(pattern=CONVERSATION)] | None = None
    message: Annotated[int, Field(ge=2, le=1 << 40)] | None = None
    document: DocumentId | None = None
    start: Annotated[int, Field(ge=0, le=1 << 40)] = 0
    end: Annotated[int, Field(ge=0, le=1 << 40)] = 0


class Problem(BaseModel):
    """What went wrong and what to do about it, in one sentence."""

    error: str


class DocumentFacts(BaseModel):
    """A document: its text can be asked for once it is ready, and its pages seen if it has `pictures`.

    `progress` is how much of one that is being read is indexed, from 0 to 1.
    """

    id: str
    name: str
    bytes: int
    words: int
    pages: int | None
    status: Literal["reading", "ready", "failed"]
    error: str | None
    pictures: bool
    summarized: bool
    progress: float | None


class Stretch(BaseModel):
    """Some of a document's text; `pages` are the offsets at which all its pages begin."""

    text: str
    start: int
    end: int
    total: int
    pages: list[int] | None


class PageShapes(BaseModel):
    """The pages of a document as they are shown: width and height in points, and the labels printed, if there are."""

    sizes: list[tuple[float, float]]
    labels: list[str]


class Seen(BaseModel):
    """Where a stretch of text stands: the page that it starts on, and a rectangle for each line and page.

    `boxes` are page from 1, left, bottom, right, top in points from the lower left of the page as the file has it.
    `marks` are the same as parts of the page as it is shown: page, left, top, right, bottom, from 0 to 1.
    """

    page: int
    boxes: list[tuple[int, float, float, float, float]]
    marks: list[tuple[int, float, float, float, float]]


class Talk(BaseModel):
    """A conversation, and the documents that it was last asked of; None for all."""

    id: str
    name: str
    documents: list[str] | None


class Note(BaseModel):
    """A note: what the reader says, and below a heading an answer or a passage with its citations."""

    id: str
    heading: str
    words: str
    answer: dict[str, Any]


class Said(BaseModel):
    """A message of a conversation; an answer's citations are beside its text."""

    role: Literal["user", "assistant"]
    text: str
    answer: dict[str, Any] | None


def shown_name(given: str) -> str:
    """The name shown for a document: the last part of a path, invisible characters as U+FFFD. It opens no file."""
    name = seen_name(re.split(r"[/\\]", given)[-1])
    if not name:
        raise HTTPException(400, "the name is blank; give the file's name as ?name=")
    return name


def seen_name(name: str) -> str:
    """The name with U+FFFD in place of invisible characters."""
    return _UNSEEN.sub("\ufffd", name).strip()


async def uploaded(library: Library, request: Request, name: str, folder: str = "") -> tuple[Held, bool]:
    """The document that a body holds, on disk as a whole, and whether it is new; nothing of one that breaks off.

    A file that is here already stays the one document that it is. `folder` is where it came from, and is only shown.
    """
    limits = library.settings.limits
    shown = "/".join([*filter(None, map(seen_name, re.split(r"[/\\]", folder))), shown_name(name)])
    size = int(request.headers.get("content-length", "0"))
    if not library.shelf.alike(shown, size):
        _check_room(library, size)
    try:
        with anyio.fail_after(limits.upload_seconds):
            found = await _stored(library, request, shown)
    except TimeoutError:
        raise HTTPException(408, f"the upload took longer than {limits.upload_seconds:g} s") from None
    except ClientDisconnect:
        raise HTTPException(400, "the body broke off") from None
    except OSError as error:
        _log.error("an upload could not be kept: %s", error)
        raise HTTPException(507, "the server's disk is full or cannot be written; the file was not kept") from None
    return found


async def _stored(library: Library, request: Request, name: str) -> tuple[Held, bool]:
    with library.shelf.adding() as arriving:
        await _write(request, arriving)
        if not arriving.bytes:
            raise HTTPException(400, f"the file {name!r} is empty; give one with text in it")
        room = partial(_check_room, library, arriving.bytes)  # again: other uploads ended meanwhile
        held = await to_thread.run_sync(arriving.finish, name, room)
        return held, held.id == arriving.id


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
