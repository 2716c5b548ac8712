"""What a reader makes beside the documents: conversations by name, notes with their citations, exports of both."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection
from contextlib import closing
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Path, Query, Response

from longdoc.chunkers.readers.pages import place_json
from longdoc.chunkers.text.span import Span
from longdoc.errors import InputError
from longdoc.pipelines.render.footnotes import quoted
from longdoc.server.answers import AsciiResponse, Turnstile
from longdoc.server.bodies import (
    CONVERSATION,
    DOCUMENT,
    Name,
    Note,
    NoteOrder,
    NoteWords,
    Problem,
    Question,
    Said,
    Talk,
)
from longdoc.server.exports import Export, Format, Piece
from longdoc.server.library import Library
from longdoc.server.streams import messages, named

_NAMED = 80  # characters of a first question that name its conversation
_PASSAGE = 5_000  # characters of a passage that is noted
_KINDS = {"markdown": ("text/markdown", ".md"), "html": ("text/html", ".html"), "pdf": ("application/pdf", ".pdf")}

Conversation = Annotated[str, Path(pattern=CONVERSATION)]
NoteId = Annotated[str, Path(pattern=DOCUMENT)]
Wanted = Annotated[Format, Query()]
Of = Annotated[str | None, Query(pattern=DOCUMENT)]
Place = Annotated[int | None, Query(ge=1, le=1 << 40)]
Chosen = Annotated[str, Query(pattern=r"^[0-9a-f]{32}(,[0-9a-f]{32}){0,999}$")]


class Desk:
    """The calls about conversations, notes and exports."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._exports = Turnstile(library.settings.limits.pictures, "exports")
        self.looks = Turnstile(library.settings.limits.pictures, "looks at pages")

    def router(self) -> APIRouter:
        """Its routes, with what the schema says of each."""
        routes = APIRouter(prefix="/api", default_response_class=AsciiResponse)
        wrong: dict[int | str, dict[str, Any]] = {"default": {"model": Problem}}
        add = partial(routes.add_api_route, responses=wrong)
        empty: dict[str, Any] = {"status_code": 204, "response_class": Response}
        add("/conversations", self.conversations, response_model=list[Talk])
        add("/conversations/{conversation}", self.conversation, response_model=list[Said])
        add("/conversations/{conversation}", self.rename, methods=["PUT"], **empty)
        add("/conversations/{conversation}", self.forget, methods=["DELETE"], **empty)
        add("/conversations/{conversation}/export", self.export_conversation, response_class=Response)
        add("/notes", self.notes, response_model=list[Note])
        add("/notes", self.note, methods=["POST"], status_code=201, response_model=Note)
        add("/notes/export", self.export_notes, response_class=Response)
        add("/notes/{note}", self.write, methods=["PUT"], **empty)
        add("/notes/{note}", self.tear, methods=["DELETE"], **empty)
        add("/summaries/export", self.export_summary, response_class=Response)
        return routes

    # conversations

    def conversations(self) -> AsciiResponse:
        """The conversations, in the order in which they were begun, and what each is asked of; null for all."""
        return AsciiResponse(self._library.talks.all())

    def conversation(self, conversation: Conversation) -> AsciiResponse:
        """What was said in a conversation; nothing in one that is not known."""
        return AsciiResponse(self._said(conversation))

    def rename(self, conversation: Conversation, name: Name) -> Response:
        """Gives a conversation another name."""
        talk = self._talk(conversation)
        self._library.talks.put(conversation, {**talk, "name": quoted(name.name, 200) or talk["name"]})
        return Response(status_code=204)

    def forget(self, conversation: Conversation) -> Response:
        """Deletes a conversation. Notes that were made of it stay."""
        self._library.talks.remove(conversation)  # first: an answer that comes late looks whether it is there
        with closing(self._library.history(conversation)) as history:
            history.clear()
        return Response(status_code=204)

    async def export_conversation(
        self, conversation: Conversation, format: Wanted = "markdown", message: Place = None, document: Of = None
    ) -> Response:
        """A conversation and the notes on its documents, or the answer at a place, from 1, under its question."""

        def make() -> Export:
            said = self._said(conversation)
            answers = [
                Piece(said[at - 1]["text"], one["answer"])
                for at, one in enumerate(said)
                if one["answer"] is not None and message in (None, at + 1)
            ]
            if not answers:
                raise HTTPException(404, "there is no such answer")
            if message is not None:
                return Export(self._library, answers[0].heading, "Answer", answers=answers)
            talk = self._library.talks.get(conversation) or {"name": "Conversation"}
            return self._with_notes(Export(self._library, talk["name"], "Conversation", answers=answers))

        return await self._exported(make, format, document)

    async def export_summary(self, documents: Chosen, format: Wanted = "markdown", document: Of = None) -> Response:
        """The summary of a document, or of several together, and the notes on them."""

        def make() -> Export:
            ids = documents.split(",")
            kept = self._library.summary(ids)
            if kept is None:
                raise HTTPException(404, "there is no summary of it yet")
            held = [one for one in map(self._library.shelf.get, ids) if one is not None]
            return self._with_notes(Export(self._library, ", ".join(one.name for one in held), "Summary", kept))

        return await self._exported(make, format, document)

    # notes

    def notes(self) -> AsciiResponse:
        """The notes, in the order in which they were made."""
        return AsciiResponse([self._told(one) for one in self._library.notes.all()])

    async def note(self, order: NoteOrder) -> AsciiResponse:
        """Keeps an answer of a conversation, or a passage of a document, with what the reader says of it."""
        with self.looks:
            return AsciiResponse(await asyncio.to_thread(self._made, order), 201)

    def _made(self, order: NoteOrder) -> dict[str, Any]:
        heading, answer = self._noted(order)
        id = secrets.token_hex(16)
        made = {"heading": heading, "words": order.words, "answer": answer}
        self._keep(id, made)
        return self._told({"id": id, **made})

    def _keep(self, id: str, made: dict[str, Any]) -> None:
        if not self._library.notes.put(id, made):
            limits = self._library.settings.limits
            most = f"{limits.notes:,} notes and {limits.note_bytes:,} bytes of them"
            raise HTTPException(409, f"at most {most} are kept; delete one first")

    def write(self, note: NoteId, words: NoteWords) -> Response:
        """Changes what the reader says in a note."""
        held = self._library.notes.get(note)
        if held is None:
            raise HTTPException(404, "there is no such note")
        self._keep(note, {**held, "words": words.words})
        return Response(status_code=204)

    def tear(self, note: NoteId) -> Response:
        """Deletes a note."""
        if not self._library.notes.remove(note):
            raise HTTPException(404, "there is no such note")
        return Response(status_code=204)

    async def export_notes(self, format: Wanted = "markdown", document: Of = None) -> Response:
        """All notes; of a PDF, that document with what they cite marked."""
        return await self._exported(
            lambda: Export(self._library, "Notes", "Notes", notes=self._pieces(None)), format, document
        )

    # what they are made with

    def begin(self, question: Question) -> None:
        """Notes that a conversation is asked of these documents. Raises `HTTPException` where there are too many."""
        if question.conversation is None:
            return
        most, talks = self._library.settings.limits.conversations, self._library.talks
        held = talks.get(question.conversation)
        told = {"name": quoted(question.question, _NAMED), **(held or {}), "documents": question.documents}
        if told != held and not talks.put(question.conversation, told):
            raise HTTPException(409, f"there are {most:,} conversations, the most that are kept; delete one first")

    def _talk(self, conversation: str) -> dict[str, Any]:
        talk = self._library.talks.get(conversation)
        if talk is None:
            raise HTTPException(404, "there is no such conversation")
        return talk

    def _said(self, conversation: str) -> list[dict[str, Any]]:
        with closing(self._library.history(conversation)) as history:
            return messages(self._library, history)

    def _noted(self, order: NoteOrder) -> tuple[str, dict[str, Any]]:
        """The heading and the answer of a note."""
        if order.conversation is not None and order.message is not None:
            said = self._said(order.conversation)
            if order.message > len(said) or said[order.message - 1]["answer"] is None:
                raise HTTPException(404, "there is no such answer")
            return said[order.message - 2]["text"], said[order.message - 1]["answer"]
        held = self._library.shelf.get(order.document or "")
        if held is None or held.status != "ready":
            raise HTTPException(404, "there is no such document")
        if not order.start < order.end <= min(held.characters, order.start + _PASSAGE):
            told = f"start is {order.start} and end {order.end}"
            raise HTTPException(400, f"{told}; give a stretch of the text, {_PASSAGE:,} characters at most")
        span = Span(order.start, order.end, held.id)
        text = self._library.shelf.text(held, order.start, order.end)
        place = {"source": held.id, "start": order.start, "end": order.end, "quote": text}
        place |= place_json(span, self._library.places)
        row = {"text": " ".join(text.split()), "supported": True, "problems": [], "citations": [0]}
        return held.name, {"sentences": [row], "citations": [place], "supported": True, "quoted": True}

    def _told(self, note: dict[str, Any]) -> dict[str, Any]:
        return {**note, "answer": named(self._library, note["answer"])}

    def _pieces(self, documents: Collection[str] | None) -> list[Piece]:
        """The notes that cite one of these documents; all for None."""
        return [
            Piece(one["heading"], one["answer"], one["words"])
            for one in self._library.notes.all()
            if documents is None or any(place["source"] in documents for place in one["answer"]["citations"])
        ]

    def _with_notes(self, export: Export) -> Export:
        export.notes = self._pieces(export.sources)
        return export

    async def _exported(self, make: Any, format: Format, document: str | None) -> Response:
        with self._exports:
            return await asyncio.to_thread(self._written, make, format, document)

    def _written(self, make: Any, format: Format, document: str | None) -> Response:
        export: Export = make()
        body: str | bytes
        match format:
            case "markdown":
                body = export.markdown()
            case "html":
                body = export.html()
            case "pdf":
                held = self._library.shelf.get(document or "")
                if held is None or held.id not in export.sources:
                    raise InputError("none of its documents is that PDF; give one that it cites as ?document=")
                body = export.pdf(held)
        kind, suffix = _KINDS[format]
        data = body if isinstance(body, bytes) else body.encode("utf-8", "replace")
        name = quote(f"{quoted(export.title, _NAMED)}{suffix}", safe="")
        return Response(data, media_type=kind, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"})
