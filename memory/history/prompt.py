"""A prompt of a hard token budget: the system message, notes on earlier turns, recent turns, the question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage, get_buffer_string

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.errors import BudgetError
from longdoc.memory.history.message_counter import Count
from longdoc.memory.history.store import Stored
from longdoc.memory.words import words

_NOTES = "These are notes on the earlier conversation, for reference."
_SUMMARY = "Summary of it:"
_EXCERPTS = "Excerpts of it:"
_MOST_SENTENCES = 8


@dataclass(frozen=True, slots=True)
class Frame:
    """The fixed part of every prompt, and the tokens that the budget leaves beside it (`room`).

    Raises `BudgetError` where the system message and the question alone are over the budget.
    """

    system: SystemMessage | None
    question: BaseMessage
    budget: int
    count: Count
    room: int = field(init=False)

    def __post_init__(self) -> None:
        fixed = self.count(self.messages("", (), ()))
        if fixed > self.budget:
            raise BudgetError(
                f"the system message and the question alone take {fixed} tokens and the budget is {self.budget}: "
                "raise it or shorten them"
            )
        object.__setattr__(self, "room", self.budget - fixed)

    def messages(self, summary: str, excerpts: Sequence[str], recent: Iterable[Stored]) -> list[BaseMessage]:
        """The assembled prompt, whatever it takes."""
        before = [self.system] if self.system else []
        notes = [notes_of(summary, excerpts)] if summary or excerpts else []
        return [*before, *notes, *(one.message for one in recent), self.question]


@dataclass(frozen=True, slots=True)
class Prompt:
    """The parts of a prompt; the least important are dropped while it is over the budget."""

    frame: Frame
    summary: str = ""
    recent: tuple[Stored, ...] = ()
    excerpts: tuple[tuple[int, str], ...] = ()  # place and text, the most relevant first

    @property
    def messages(self) -> list[BaseMessage]:
        """The prompt; excerpts in the order of the conversation."""
        return self.frame.messages(self.summary, [text for _, text in sorted(self.excerpts)], self.recent)

    def fitted(self) -> list[BaseMessage]:
        """The messages within the budget, counted as they are; excerpts go first, then old turns, then the summary."""
        prompt = self
        while prompt.frame.count(messages := prompt.messages) > prompt.frame.budget:
            prompt = prompt._smaller()
        return messages

    def _smaller(self) -> Prompt:
        if self.excerpts:
            return replace(self, excerpts=self.excerpts[:-1])
        if self.recent:
            return replace(self, recent=_without_first_turn(self.recent))
        return replace(self, summary="")


def notes_of(summary: str, excerpts: Sequence[str]) -> HumanMessage:
    """Summary and excerpts as a human message: what was said must not speak with the system's authority."""
    parts = [_NOTES]
    if summary:
        parts.append(f"{_SUMMARY}\n{summary}")
    if excerpts:
        parts.append("\n".join([_EXCERPTS, *excerpts]))
    return HumanMessage("\n\n".join(parts))


def latest_turns(newest_first: Iterable[Stored], limit: int, cost: Callable[[Stored], int]) -> tuple[Stored, ...]:
    """The latest whole turns of at most `limit` tokens, in order.

    A turn begins with a person's message, but for the first, which may begin with a greeting. One whose tool calls
    have not all been answered is left out, for providers refuse it.
    """
    kept: list[Stored] = []
    turn: list[Stored] = []
    spent = 0
    for stored in newest_first:
        turn.append(stored)
        spent += cost(stored)
        if spent > limit:
            break
        if isinstance(stored.message, HumanMessage):
            kept += turn if _answered(turn) else []
            turn = []
    else:
        kept += turn if _answered(turn) else []
    return tuple(reversed(kept))


def excerpt(message: BaseMessage, question: str, fits: Callable[[str], bool]) -> str:
    """The message and who wrote it, or the sentences of it that share most words with the question; "" if none fits."""
    text = get_buffer_string([message])
    if fits(text):
        return text
    chosen: list[tuple[int, str]] = []
    for sentence in _alike(text, words(question).keys()):
        tried = sorted([*chosen, sentence])
        if fits(_joined(tried)):
            chosen = tried
    return _joined(chosen)


def _joined(sentences: Sequence[tuple[int, str]]) -> str:
    return " … ".join(text for _, text in sentences)


def _alike(text: str, wanted: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Start and text of the sentences that share words with those wanted, most of them first."""
    sought = set(wanted)
    found = [(len(sought & words(span.of(text)).keys()), span) for span in split_sentences(text)]
    best = sorted((item for item in found if item[0]), key=lambda item: (-item[0], item[1].start))
    for _, span in best[:_MOST_SENTENCES]:
        yield span.start, span.of(text).strip()


def _answered(turn: Sequence[Stored]) -> bool:
    asked = {call["id"] for one in turn if isinstance(one.message, AIMessage) for call in one.message.tool_calls}
    return asked == {one.message.tool_call_id for one in turn if isinstance(one.message, ToolMessage)}


def _without_first_turn(recent: tuple[Stored, ...]) -> tuple[Stored, ...]:
    starts = [at for at, one in enumerate(recent) if at and isinstance(one.message, HumanMessage)]
    return recent[starts[0] :] if starts else ()
