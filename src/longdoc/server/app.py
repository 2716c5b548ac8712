"""The server behind `longdoc serve`: documents, summaries and questions over HTTP, and the page that uses them."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sys
from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, cast

import uvicorn
from fastapi import APIRouter, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteError

from longdoc.errors import InputError
from longdoc.pipelines.living.scan import check_watchable
from longdoc.server.answers import AsciiResponse, EventStream, Turnstile, problem
from longdoc.server.bodies import (
    DocumentFacts,
    PageShapes,
    Problem,
    Question,
    Seen,
    Stretch,
    SummaryOfSeveral,
    SummaryOrder,
    uploaded,
)
from longdoc.server.desk import Chosen, Desk
from longdoc.server.guard import Connection, Guard
from longdoc.server.library import Library
from longdoc.server.settings import ServerSettings
from longdoc.server.shelf import Held
from longdoc.server.streams import answer, summarize
from longdoc.server.watched import WatchedFolder

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_SCRIPTS = (
    *("answer", "api", "chat", "documents", "dom", "markdown", "notes"),
    *("page", "pages", "source", "summary", "take", "talks"),
)
PAGE = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    **{f"/{name}.js": (f"{name}.js", "text/javascript") for name in _SCRIPTS},
}
_STRETCH = 100_000  # characters of text in an answer at most
_FAR = 1 << 40  # offsets beyond this are no offsets
_NARROW, _WIDE, _STEP = 160, 3200, 160  # pixels across a picture: few widths, so that pictures are made once
_WORDS = {404: "there is nothing at this address", 405: "this address does not take this method"}
_EVENTS: dict[str, Any] = {"content": {"text/event-stream": {"schema": {"type": "string"}}}}

Offset = Annotated[int, Query(ge=0, le=_FAR)]
Page = Annotated[int, Path(ge=1, le=_FAR)]
Width = Annotated[int, Query(ge=_NARROW, le=_WIDE, multiple_of=_STEP)]


class Api:
    """The calls under /api."""

    def __init__(self, library: Library, desk: Desk) -> None:
        limits = library.settings.limits
        self._library, self._desk = library, desk
        self._uploads = Turnstile(limits.uploads, "uploads")
        self._questions = Turnstile(limits.questions, "questions")
        self._summaries = Turnstile(limits.summaries, "summaries")
        self._pictures = Turnstile(limits.pictures, "pictures")
        self._suggestions = Turnstile(limits.pictures, "looks for questions")
        self._looks = desk.looks
        self._suggesting = asyncio.Lock()
        self._turns = asyncio.Semaphore(limits.answering)
        self._summarizing = asyncio.Lock()

    def router(self) -> APIRouter:
        """Its routes, with what the schema says of each."""
        routes = APIRouter(prefix="/api", default_response_class=AsciiResponse)
        wrong: dict[int | str, dict[str, Any]] = {"default": {"model": Problem}}
        add = partial(routes.add_api_route, responses=wrong)
        streams = partial(routes.add_api_route, methods=["POST"], status_code=200, responses={**wrong, 200: _EVENTS})
        add("/documents", self.documents, response_model=list[DocumentFacts])
        upload = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": _BINARY}}}}
        options: dict[str, Any] = {"methods": ["POST"], "status_code": 201, "openapi_extra": upload}
        add("/documents", self.upload, response_model=DocumentFacts, **options)
        add("/documents/{id}", self.document, response_model=DocumentFacts)
        add("/documents/{id}", self.delete, methods=["DELETE"], status_code=204, response_class=Response)
        add("/documents/{id}/text", self.text, response_model=Stretch)
        add("/documents/{id}/pages", self.pages, response_model=PageShapes)
        pictured: dict[int | str, dict[str, Any]] = {**wrong, 200: {"content": {"image/png": {"schema": _BINARY}}}}
        routes.add_api_route("/documents/{id}/pages/{page}", self.picture, responses=pictured, response_class=Response)
        add("/documents/{id}/places", self.places, response_model=Seen)
        add("/documents/{id}/summary", self.summary, response_model=dict[str, Any])
        streams("/documents/{id}/summary", self.summarize, response_class=EventStream)
        add("/documents/{id}/questions", self.questions, response_model=list[str])
        add("/summaries", self.summary_of_several, response_model=dict[str, Any] | None)
        streams("/summaries", self.summarize_several, response_class=EventStream)
        streams("/questions", self.ask, response_class=EventStream)
        return routes

    def documents(self) -> AsciiResponse:
        """All documents, in the order they came in."""
        return AsciiResponse([held.json() for held in self._library.shelf.all()])

    async def upload(
        self,
        request: Request,
        name: Annotated[str, Query(min_length=1, max_length=255)],
        folder: Annotated[str, Query(max_length=1000)] = "",
    ) -> Response:
        """Adds the file in the body; it is read in the background. With 200 it is a document that was there before."""
        with self._uploads:
            held, new = await uploaded(self._library, request, name, folder)
        if new:
            self._library.read_soon(held)
        return AsciiResponse(held.json(), 201 if new else 200, {"Location": f"/api/documents/{held.id}"})

    def document(self, id: str) -> AsciiResponse:
        """One document."""
        return AsciiResponse(self._held(id).json())

    def delete(self, id: str) -> Response:
        """Deletes a document and its summary. Conversations keep what they quoted."""
        self._held(id)
        self._library.remove(id)
        return Response(status_code=204)

    def text(self, id: str, start: Offset = 0, end: Offset = 20_000) -> AsciiResponse:
        """The characters of a document from `start` to before `end`; at most 100,000."""
        held = self._ready(id)
        if not start <= end <= start + _STRETCH:
            raise HTTPException(400, f"start is {start} and end {end}; give an end 0 to {_STRETCH:,} behind the start")
        first, last = min(start, held.characters), min(end, held.characters)
        told = {"start": first, "end": last, "total": held.characters, "pages": held.pages}
        return AsciiResponse({"text": self._library.shelf.text(held, first, last), **told})

    async def pages(self, id: str) -> AsciiResponse:
        """The pages of a document as they look: width and height of each in points, and their printed labels."""
        held = self._pictured(id)
        with self._looks:
            sizes = await asyncio.to_thread(self._library.drawer.sizes, held)
        return AsciiResponse({"sizes": sizes, "labels": list(held.labels)})

    async def picture(self, id: str, page: Page, width: Width = 1280) -> Response:
        """A page, from 1, as a PNG, `width` pixels wide at most."""
        held = self._pictured(id)
        with self._pictures:
            drawn = await asyncio.to_thread(self._library.drawer.picture, held, page, width)
        return Response(drawn, media_type="image/png")

    async def places(self, id: str, start: Offset, end: Offset) -> AsciiResponse:
        """Where the characters from `start` to before `end` stand: a rectangle for each line and page, in order."""
        held = self._pictured(id)
        if not start <= end <= min(held.characters, start + _STRETCH):
            raise HTTPException(
                400, f"start is {start} and end {end}; give a stretch of the text, {_STRETCH:,} at most"
            )
        page = bisect_right(held.pages or (), start)
        with self._looks:
            placed = await asyncio.to_thread(self._library.drawer.place, held, start, end)
        return AsciiResponse({"page": page, **placed})

    def summary(self, id: str) -> AsciiResponse:
        """The latest summary of a document."""
        kept = self._library.shelf.summary(self._held(id))
        if kept is None:
            raise HTTPException(404, "the document has no summary yet")
        return AsciiResponse(kept)

    async def summarize(self, id: str, order: SummaryOrder) -> EventStream:
        """Makes a summary: events `progress`, then `summary` or `error`. What a broken one had done is used again."""
        return self._summarized([id], order)

    def summary_of_several(self, documents: Chosen) -> AsciiResponse:
        """The latest summary of several documents together, whatever their order; null where there is none."""
        return AsciiResponse(self._library.summary(documents.split(",")))

    async def summarize_several(self, order: SummaryOfSeveral) -> EventStream:
        """Makes one summary of several documents: events as for one."""
        return self._summarized(list(dict.fromkeys(order.documents)), order)

    def _summarized(self, ids: Sequence[str], order: SummaryOrder) -> EventStream:
        held = [self._ready(id) for id in ids]
        self._summaries.enter()
        make = partial(summarize, self._library, held, order, self._summarizing)
        return EventStream(make, self._summaries.leave)

    async def questions(self, id: str) -> AsciiResponse:
        """Up to three questions that the document answers; made of its facts when they are first asked for."""
        held = self._ready(id)
        with self._suggestions:
            async with self._suggesting:  # those that wait hold no thread
                try:
                    return AsciiResponse(await asyncio.to_thread(self._library.questions, held))
                except FileNotFoundError:
                    self._held(id)  # deleted meanwhile
                    raise

    async def ask(self, question: Question) -> EventStream:
        """Answers a question: events `text` as it is written, then the checked `answer`, or `error`."""
        if not question.question.strip():
            raise HTTPException(400, "the question is blank; say in words what you want to know")
        for id in question.documents or ():
            self._ready(id)
        if question.conversation is not None and await asyncio.to_thread(self._library.is_talked_out):
            most = self._library.settings.limits.conversation_bytes
            raise HTTPException(409, f"conversations take {most:,} bytes, the most that are kept; delete one first")
        self._questions.enter()
        try:
            await asyncio.to_thread(self._desk.begin, question)
        except BaseException:
            self._questions.leave()
            raise
        return EventStream(partial(answer, self._library, question, self._turns), self._questions.leave)

    def _held(self, id: str) -> Held:
        held = self._library.shelf.get(id)
        if held is None:
            raise HTTPException(404, "there is no such document")
        return held

    def _pictured(self, id: str) -> Held:
        held = self._ready(id)
        if not held.pictures:
            raise HTTPException(409, "the document has no pages that can be seen; ask for its text")
        return held

    def _ready(self, id: str) -> Held:
        held = self._held(id)
        if held.status != "ready":
            raise HTTPException(409, "the document is still being read" if held.error is None else held.error)
        return held


_BINARY = {"type": "string", "format": "binary"}


def create_app(settings: ServerSettings, model: str | BaseChatModel | None = None) -> FastAPI:
    """The ASGI app, which has the settings' folder to itself until its lifespan ends.

    `model` takes the place of the one that the settings name. Raises `InputError` where another process has the folder,
    or the one to be watched is none.
    """
    if settings.watch is not None:
        check_watchable(settings.watch)
    library = Library(settings, model)
    watched = None if settings.watch is None else WatchedFolder(library, settings.watch)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if watched is not None:
            watched.start()
        yield
        if watched is not None:
            await asyncio.to_thread(watched.close)
        await asyncio.to_thread(library.close)

    app = FastAPI(
        title="longdoc",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
        lifespan=lifespan,
    )
    desk = Desk(library)
    for calls in (Api(library, desk), desk):
        app.include_router(calls.router())
    for address, (name, kind) in PAGE.items():
        app.add_api_route(address, _static(name, kind), include_in_schema=False)
    app.add_exception_handler(StarletteError, _told)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(InputError, _refused)
    app.add_middleware(Guard, settings=settings)
    return app


def serve(settings: ServerSettings, model: str | BaseChatModel | None = None) -> None:
    """Serves `create_app` until it is interrupted; the address goes to stderr. Raises `LongdocError`."""
    app = create_app(settings, model)
    with closing(_listening(settings.host, settings.port)) as listening:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        sys.stderr.write(f"longdoc: http://{host}:{listening.getsockname()[1]}\n")
        sys.stderr.flush()
        config = uvicorn.Config(
            app,
            http=cast("Any", partial(Connection, settings.limits)),
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            limit_concurrency=settings.limits.connections,
            timeout_graceful_shutdown=5,
        )
        uvicorn.Server(config).run(sockets=[listening])


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else "the host is not known"
        raise InputError(f"cannot listen on {host!r}, port {port} ({reason}); give another --port or --host") from error


def _static(name: str, kind: str) -> Any:
    body = files("longdoc.server").joinpath("page", name).read_bytes()

    def static() -> Response:
        return Response(body, media_type=kind, headers={"Cache-Control": "no-cache"})

    return static


async def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteError)  # noqa: S101
    plain = re.fullmatch(r"Not Found|Method Not Allowed", error.detail)
    answered = problem(error.status_code, _WORDS[error.status_code] if plain else error.detail)
    answered.headers.update(error.headers or {})
    return answered


async def _refused(request: Request, error: Exception) -> Response:
    return problem(422, str(error))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:] if not isinstance(part, int)) or "the body"
    return problem(400, f"{place[:80]}: {first['msg']}")
