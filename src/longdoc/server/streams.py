"""The makers of the two event streams: an answer as it is written, and a summary's progress."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Any, cast

import anyio

from longdoc.errors import BudgetError, InputError
from longdoc.memory.history.chat_history import ChatHistory
from longdoc.pipelines.ask.answer import Answer, answer_json
from longdoc.pipelines.summarize.map_reduce import Event, NodeDone
from longdoc.server.answers import Outbox
from longdoc.server.bodies import Question, SummaryOrder
from longdoc.server.library import Library
from longdoc.server.shelf import Held

_log = logging.getLogger(__name__)
_HEADED = re.compile(r"\b[0-9a-f]{32}(?=: )")
_STEPS = 200  # events of progress that a summary sends at most


class _StoppedError(Exception):
    """No one reads the summary any more, or it takes too long."""


async def answer(library: Library, asked: Question, turns: asyncio.Semaphore, outbox: Outbox) -> None:
    """Sends pieces of text, then the checked answer, or an error."""
    seconds = library.settings.limits.answer_seconds
    try:
        with anyio.fail_after(seconds):
            async with turns:
                await _answer(library, asked, outbox)
    except TimeoutError:
        await outbox.put("error", {"error": f"the answer took longer than {seconds:g} s"})
    except Exception as error:  # noqa: BLE001  the edge of the process: a status can no longer be sent
        await outbox.put("error", {"error": sentence_of(error)})


async def _answer(library: Library, asked: Question, outbox: Outbox) -> None:
    history = None
    if asked.conversation is not None:
        history = await asyncio.to_thread(library.history, asked.conversation)
    try:
        chat = await asyncio.to_thread(library.chat, history)
        async with aclosing(cast("Any", chat.astream_answer(asked.question, documents=asked.documents))) as pieces:
            async for piece in pieces:
                if isinstance(piece, Answer):
                    told = await asyncio.to_thread(answer_json, piece)  # boxes are made now
                    place = None if history is None else history.written
                    await outbox.put("answer", {**named(library, told), "message": place})
                else:
                    await outbox.put("text", {"text": _with_names(library, piece)})
    finally:
        if history is not None:
            if library.talks.get(history.session_id) is None:  # deleted meanwhile
                history.clear()
            history.close()


async def summarize(
    library: Library, held: Sequence[Held], order: SummaryOrder, lock: asyncio.Lock, outbox: Outbox
) -> None:
    """Sends progress, then the summary, or an error; one summary is made at a time."""
    seconds = library.settings.limits.summary_seconds
    try:
        async with lock:
            watch = _watcher(outbox, seconds)
            made = await anyio.to_thread.run_sync(library.summarize, held, order.max_tokens, order.query, watch)
        await outbox.put("summary", made)
    except _StoppedError:
        await outbox.put("error", {"error": f"the summary took longer than {seconds:g} s; ask again to go on with it"})
    except Exception as error:  # noqa: BLE001  as above
        await outbox.put("error", {"error": sentence_of(error)})


def _watcher(outbox: Outbox, seconds: float) -> Callable[[Event], None]:
    end, told = time.monotonic() + seconds, -1

    def watch(event: Event) -> None:
        nonlocal told
        if outbox.stopped.is_set() or time.monotonic() > end:
            raise _StoppedError
        if isinstance(event, NodeDone) and (step := event.done * _STEPS // max(event.planned, 1)) > told:
            told = step
            outbox.offer("progress", {"done": event.done, "planned": event.planned})

    return watch


def messages(library: Library, history: ChatHistory) -> list[dict[str, Any]]:
    """A conversation as the interface tells it: `message` is the place of an answer, from 1."""
    said = []
    for place, message in enumerate(history.messages, start=1):
        given = message.additional_kwargs.get("answer")
        role = "user" if message.type == "human" else "assistant"
        shown = {**named(library, given), "message": place} if isinstance(given, dict) else None
        said.append({"role": role, "text": str(message.text), "answer": shown})
    return said


def named(library: Library, told: dict[str, Any]) -> dict[str, Any]:
    """An answer's JSON with documents by name: those that head its parts, those that it cites, None for one gone."""

    def name(citation: dict[str, Any]) -> dict[str, Any]:
        held = library.shelf.get(citation["source"])
        return {**citation, "name": None if held is None else held.name}

    return {
        **told,
        "answer": _with_names(library, told.get("answer", "")),
        "sentences": [{**row, "text": _with_names(library, row["text"])} for row in told["sentences"]],
        "citations": [name(citation) for citation in told["citations"]],
    }


def _with_names(library: Library, text: str) -> str:
    """The text with documents that an answer heads its parts with by their names instead of their ids."""

    def name(match: re.Match[str]) -> str:
        held = library.shelf.get(match[0])
        return match[0] if held is None else held.name

    return _HEADED.sub(name, text)


def sentence_of(error: Exception) -> str:
    """What the client is told of an error: all of one that is about what it sent, nothing of what is inside."""
    if isinstance(error, InputError | BudgetError):
        return str(error)
    _log.error("a stream failed", exc_info=error)
    return "the server or its model could not finish; the server's log says why"
