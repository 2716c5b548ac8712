"""A conversation on disk, of which as much as a token budget holds goes into each prompt."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.embeddings import Embeddings
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage, get_buffer_string
from langchain_core.runnables import Runnable
from langchain_core.runnables.base import coerce_to_runnable

from longdoc.arguments import checked
from longdoc.errors import BudgetError, InputError, StageError
from longdoc.memory.history.message_counter import Count, Counting, counter
from longdoc.memory.history.prompt import Frame, Prompt, excerpt, latest_turns, notes_of
from longdoc.memory.history.store import HistoryStore, Session, Stored
from longdoc.memory.history.summary import HistorySummarizer, SummaryRequest, next_summary
from longdoc.memory.history.words import ranked
from longdoc.memory.words import words

_log = logging.getLogger(__name__)
_PAGE = 32  # messages read at once
_SAMPLE = 128  # messages that a word of a question brings up at most, the latest
_SHORTEST = 16  # tokens of the shortest summary that is worth a call
_CANDIDATES = 32  # messages that an `Embeddings` puts in order

Steps: TypeAlias = Generator[SummaryRequest, object, list[BaseMessage]]


@checked
@dataclass(frozen=True, slots=True)
class HistorySettings:
    """How the room beside the system message and the question is shared, and when the summary is brought up to date.

    Recent turns take all that the summary (`summary_tokens` and `summary_share` of the room at most) and the retrieved
    messages (`retrieved_share`) leave. The summarizer is called when `summarize_after` messages or more are in neither
    the recent turns nor the summary, with `read_tokens` of them at most.
    """

    summary_tokens: int = 300
    summary_share: float = 0.25
    retrieved_share: float = 0.25
    summarize_after: int = 8
    read_tokens: int = 4_000

    def __post_init__(self) -> None:
        if min(self.summary_tokens, self.summarize_after, self.read_tokens) < 1:
            raise BudgetError(f"summary_tokens, summarize_after and read_tokens must be 1 or more: {self}")
        shares = self.summary_share, self.retrieved_share
        if min(shares) < 0 or sum(shares) > 1:
            raise BudgetError(f"summary_share and retrieved_share must be 0 or more and at most 1 together: {self}")


@dataclass(frozen=True, slots=True)
class Found:
    """A message that shares words with a question, its place in the conversation, from 1, and its score."""

    place: int
    message: BaseMessage
    score: float


@checked
class ChatHistory(BaseChatMessageHistory):
    """The messages of one session in an SQLite file, which many sessions, threads and processes may share.

    `messages` is the whole conversation; only `clear` deletes. `prompt` assembles what a model is to read within a
    budget. `summarizer` is a function or Runnable that is given a `SummaryRequest` and returns a text or a message: a
    prompt template piped into a chat model will do. Without one, what is in no recent turn is retrieved or not seen.
    `counting` is a tokenizer or its name, a chat model, or a function from messages to tokens. `embeddings` puts in
    order what the words of a question have found, in place of BM25; nothing is found by it that shares no word.
    """

    def __init__(
        self,
        path: str | Path,
        session_id: str = "default",
        *,
        summarizer: HistorySummarizer | None = None,
        counting: Counting = "minilm",
        embeddings: Embeddings | None = None,
        settings: HistorySettings | None = None,
    ) -> None:
        super().__init__()
        given = {"summarizer": summarizer, "counting": counting, "embeddings": embeddings, "settings": settings}
        self._again = partial(type(self), path, session_id, **given)  # type: ignore[arg-type]
        if session_id != session_id.encode("utf-8", "replace").decode():
            raise InputError(f"the session id {session_id!r} is no Unicode text: it has lone surrogates")
        self.session_id = session_id
        self.settings = settings or HistorySettings()
        self._store = HistoryStore(path)
        self._summarizes = summarizer is not None
        self._summarizer: Runnable[Any, Any] = coerce_to_runnable(summarizer or _no_summary)
        self._count: Count = counter(counting)
        self._embeddings = embeddings
        self._problem: str | None = None
        self.written: int | None = None  # the place, from 1, of the last message that this object added

    def __reduce__(self) -> tuple[Callable[[], ChatHistory], tuple[()]]:
        return self._again, ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.session_id!r} in {str(self._store.path)!r}>"

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override]  # an attribute there, read only here
        """The whole conversation, in order, from the disk."""
        session = self._store.session(self.session_id)
        return [one.message for one in self._store.read(session, 1, session.last)] if session else []

    @property
    def count(self) -> int:
        """How many messages there are, without reading them."""
        session = self._store.session(self.session_id)
        return session.last if session else 0

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Appends the messages, all or none; they are on disk when it returns."""
        self.written = self._store.add(self.session_id, messages) or self.written

    def clear(self) -> None:
        """Deletes the session: its messages, summaries and words. The file's other sessions stay."""
        self._store.clear(self.session_id)

    @property
    def nbytes(self) -> int:
        """What all conversations in the file take of the disk."""
        return self._store.nbytes

    def close(self) -> None:
        """Closes the file; it is opened again where the history is used again."""
        self._store.close()

    @property
    def summary(self) -> str:
        """The running summary as it is kept; "" before the first."""
        session = self._store.session(self.session_id)
        return self._store.summary(session).text if session else ""

    @property
    def summary_problem(self) -> str | None:
        """Why this object's last call of the summarizer gave no summary; None where it did."""
        return self._problem

    def search(self, question: str, k: int = 4) -> list[Found]:
        """At most `k` messages that share words with the question, best first.

        Each word brings up the latest 128 messages that hold it, so that the cost does not grow with the history.
        """
        session = self._store.session(self.session_id)
        return list(self._found(session, question, k, session.last + 1)) if session else []

    def prompt(
        self,
        system: str | SystemMessage,
        question: str | BaseMessage,
        budget: int,
        *,
        retrieved: int = 4,
        counting: Counting | None = None,
    ) -> list[BaseMessage]:
        """Messages of at most `budget` tokens: the system message, notes, the recent turns, and the question.

        The notes are the running summary and at most `retrieved` older messages that share words with the question;
        where the whole conversation fits, it is there instead. The system message ("" for none) and the question are
        always there as they are: `BudgetError` where these alone are over the budget. Where enough turns fell out
        since the last summary, the summarizer is called first; where it fails, the older summary stays, and the next
        prompt tries again. The question is not added to the history.
        """
        steps = self._steps(_frame(system, question, budget, self._counter(counting)), retrieved)
        step = _advance(steps, None)
        while isinstance(step, dict):
            step = _advance(steps, self._answer(step))
        return step

    async def aprompt(
        self,
        system: str | SystemMessage,
        question: str | BaseMessage,
        budget: int,
        *,
        retrieved: int = 4,
        counting: Counting | None = None,
    ) -> list[BaseMessage]:
        """The same as `prompt`, without blocking the event loop."""
        frame = await asyncio.to_thread(_frame, system, question, budget, self._counter(counting))
        steps = self._steps(frame, retrieved)
        step = await asyncio.to_thread(_advance, steps, None)
        while isinstance(step, dict):
            step = await asyncio.to_thread(_advance, steps, await self._aanswer(step))
        return step

    def _steps(self, frame: Frame, retrieved: int) -> Steps:
        """Makes the prompt; yields each request for the summarizer and is sent its answer."""
        session = self._store.session(self.session_id)
        if session is None:
            return Prompt(frame).fitted()
        cost = _Costs(frame.count)
        whole = latest_turns(self._backwards(session), frame.room, cost)
        if len(whole) == session.last:
            return Prompt(frame, recent=whole).fitted()
        shares = self.settings.summary_share, self.settings.retrieved_share
        for_summary, for_excerpts = (int(frame.room * share) for share in shares)
        recent = latest_turns(reversed(whole), frame.room - for_summary - for_excerpts, cost)
        start = recent[0].place if recent else session.last + 1
        summary = yield from self._summarized(session, start, for_summary, frame.count)
        spent = frame.count([notes_of(summary, ())]) if summary else 0
        if spent > for_summary:
            summary, spent = "", 0
        limit = frame.room - sum(map(cost, recent))
        excerpts = self._excerpts(session, frame, retrieved, start, summary, limit)
        if excerpts:
            spent = frame.count([notes_of(summary, [text for _, text in excerpts])])
        recent = latest_turns(reversed(whole), frame.room - spent, cost)  # what the notes did not need is theirs
        start = recent[0].place if recent else start
        return Prompt(frame, summary, recent, tuple(one for one in excerpts if one[0] < start)).fitted()

    def _summarized(
        self, session: Session, start: int, limit: int, count: Count
    ) -> Generator[SummaryRequest, object, str]:
        """The summary, brought up to date where enough messages before `start` are not in it."""
        older = self._store.summary(session)
        max_tokens = min(self.settings.summary_tokens, limit - count([notes_of(" ", ())]))
        waiting = start - 1 - older.upto
        if not self._summarizes or max_tokens < _SHORTEST or waiting < self.settings.summarize_after:
            return older.text
        turns = self._forwards(session, older.upto + 1, start - 1)
        try:
            newer = yield from next_summary(older, turns, max_tokens, self.settings.read_tokens, count)
        except StageError as error:
            self._problem = str(error)
            _log.warning("the summary of chat %r stays as it was: %s", self.session_id, error)
            return older.text
        self._problem = None
        self._store.add_summary(session, older, newer)
        return self._store.summary(session).text  # another process may have been quicker

    def _excerpts(
        self, session: Session, frame: Frame, most: int, before: int, summary: str, limit: int
    ) -> list[tuple[int, str]]:
        """Place and text of older messages, best first, that with the summary make notes of at most `limit` tokens."""
        question = str(frame.question.text)
        chosen: list[tuple[int, str]] = []

        def fits(text: str) -> bool:
            return frame.count([notes_of(summary, [*(one for _, one in chosen), text])]) <= limit

        for found in self._found(session, question, most, before):
            text = excerpt(found.message, question, fits)
            if text:
                chosen.append((found.place, text))
        return chosen

    def _found(self, session: Session, question: str, k: int, before: int) -> list[Found]:
        if k < 1:
            return []
        postings = self._store.postings(session, words(question), before, _SAMPLE)
        scored = ranked(postings, _SAMPLE, before - 1, max(session.words / session.last, 1.0))
        scores = dict(scored[: max(k, _CANDIDATES) if self._embeddings else k])
        stored = self._store.read_places(session, list(scores))
        found = [Found(one.place, one.message, scores[one.place]) for one in stored]
        return _reordered(found, question, self._embeddings)[:k] if self._embeddings else found

    def _backwards(self, session: Session) -> Iterator[Stored]:
        for last in range(session.last, 0, -_PAGE):
            yield from reversed(self._store.read(session, max(last - _PAGE + 1, 1), last))

    def _forwards(self, session: Session, first: int, last: int) -> Iterator[Stored]:
        for start in range(first, last + 1, _PAGE):
            yield from self._store.read(session, start, min(start + _PAGE - 1, last))

    def _counter(self, counting: Counting | None) -> Count:
        return self._count if counting is None else counter(counting)

    def _answer(self, request: SummaryRequest) -> object:
        """What the summarizer says, or the error that it raises."""
        try:
            return self._summarizer.invoke(request)
        except Exception as error:  # noqa: BLE001  it is another's code, and no error of it may stop the chat
            return error

    async def _aanswer(self, request: SummaryRequest) -> object:
        try:
            return await self._summarizer.ainvoke(request)
        except Exception as error:  # noqa: BLE001  as above
            return error


def _no_summary(request: SummaryRequest) -> str:
    return ""


class _Costs:
    """The tokens of a message alone, counted once."""

    def __init__(self, count: Count) -> None:
        self._count = count
        self._known: dict[int, int] = {}

    def __call__(self, stored: Stored) -> int:
        if stored.place not in self._known:
            self._known[stored.place] = self._count([stored.message])
        return self._known[stored.place]


def _frame(system: str | SystemMessage, question: str | BaseMessage, budget: int, count: Count) -> Frame:
    first = SystemMessage(system) if isinstance(system, str) else system
    last = HumanMessage(question) if isinstance(question, str) else question
    return Frame(first if first.content else None, last, budget, count)


def _advance(steps: Steps, answer: object) -> SummaryRequest | list[BaseMessage]:
    """The next request, or the prompt where there is none; a generator's end cannot leave a thread by itself."""
    try:
        return steps.send(answer)
    except StopIteration as end:
        return cast("list[BaseMessage]", end.value)


def _reordered(found: list[Found], question: str, embeddings: Embeddings) -> list[Found]:
    """The messages in the order of the cosine of their vectors to the question's."""
    if not found:
        return []
    wanted = np.asarray(embeddings.embed_query(question))
    vectors = np.asarray(embeddings.embed_documents([get_buffer_string([one.message]) for one in found]))
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(wanted)
    cosines = vectors @ wanted / np.maximum(lengths, 1e-12)
    scored = [replace(one, score=float(cosine)) for one, cosine in zip(found, cosines, strict=True)]
    return sorted(scored, key=lambda one: -one.score)
