"""The running summary of a conversation: what a summarizer is asked, and which of its answers is believed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, TypeAlias, TypedDict

from langchain_core.messages import BaseMessage, HumanMessage, get_buffer_string
from langchain_core.runnables import Runnable

from longdoc.errors import StageError
from longdoc.memory.history.message_counter import Count
from longdoc.memory.history.store import Stored, StoredSummary

_CUT_SHORT = frozenset({"length", "max_tokens", "MAX_TOKENS", "content_filter", "SAFETY", "refusal"})


class SummaryRequest(TypedDict):
    """What a summarizer is given: the summary so far ("" at first), the turns to add, the tokens it may write."""

    summary: str
    turns: str
    max_tokens: int


HistorySummarizer: TypeAlias = Callable[[SummaryRequest], str | BaseMessage] | Runnable[Any, Any]
Asking: TypeAlias = Generator[SummaryRequest, object, StoredSummary]  # is sent the answers


def next_summary(
    older: StoredSummary, turns: Iterable[Stored], max_tokens: int, read_tokens: int, count: Count
) -> Asking:
    """Asks for the summary that follows `older`, and returns it: of as many of `turns` as `read_tokens` hold.

    Yields what the summarizer is to be asked and is sent its answer, or the error that it raised. A message longer
    than `read_tokens` goes in pieces. Raises `StageError` for the first answer that is no summary.
    """
    batch = list(_batch(turns, read_tokens, count))
    if not batch:
        raise StageError("there are no turns to summarize: the history was cleared meanwhile")
    text = older.text
    for piece in _pieces(get_buffer_string([one.message for one in batch]), read_tokens, count):
        answer = yield SummaryRequest(summary=text, turns=piece, max_tokens=max_tokens)
        text = checked(answer, max_tokens, count)
    return StoredSummary(batch[-1].place, text)


def checked(answer: object, max_tokens: int, count: Count) -> str:
    """The text of a summarizer's answer; `StageError` for an error, no text, one cut short or over its tokens."""
    if isinstance(answer, Exception):
        raise StageError(f"the summarizer failed ({type(answer).__name__}: {answer})") from answer
    if isinstance(answer, BaseMessage):
        said = answer.response_metadata
        if {str(said.get("finish_reason")), str(said.get("stop_reason"))} & _CUT_SHORT:
            raise StageError("the summarizer's answer was cut short; let it write more tokens or ask for fewer")
        answer = str(answer.text)
    if not isinstance(answer, str) or not answer.strip():
        raise StageError(f"the summarizer gave no text but {answer!r:.80}")
    tokens = count([HumanMessage(answer.strip())]) - count([HumanMessage("")])
    if tokens > max_tokens:
        raise StageError(f"the summarizer was given {max_tokens} tokens and wrote {tokens}")
    return answer.strip()


def _batch(turns: Iterable[Stored], read_tokens: int, count: Count) -> Iterator[Stored]:
    spent = 0
    for place, one in enumerate(turns):
        spent += count([HumanMessage(get_buffer_string([one.message]))])
        if place and spent > read_tokens:
            return
        yield one


def _pieces(text: str, most: int, count: Count) -> Iterator[str]:
    """The text in pieces of at most `most` tokens, halved at a blank near the middle while it is too long."""
    if len(text) < 2 or count([HumanMessage(text)]) <= most:
        yield text
        return
    half = len(text) // 2
    cut = text.find(" ", half, half + 100)
    for piece in (text[: max(cut, half)], text[max(cut, half) :]):
        yield from _pieces(piece, most, count)
