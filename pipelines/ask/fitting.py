"""A prompt of a hard token budget: question and instructions always, then as many passages and earlier turns as fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from langchain_core.messages import BaseMessage, HumanMessage, get_buffer_string

from longdoc.errors import BudgetError
from longdoc.memory.history.message_counter import Count
from longdoc.pipelines.ask.material import Item
from longdoc.pipelines.ask.prompts import Shown, answer_messages, condense_messages, safe

_FENCE = "<passage-0123456789abcdef 99>\n\n</passage-0123456789abcdef>\n\n"
_WORDS = 0.7  # words a token that a model is asked to keep to


@dataclass(frozen=True, slots=True)
class Prompt:
    """Messages within the budget, and the items in them by their number, from 1."""

    messages: list[BaseMessage]
    items: tuple[Item, ...]


class Fitting:
    """Prompts for one question, of at most `budget` tokens by `count`.

    `turns` are the earlier messages, which take at most `history_share` of the room beside question and instructions.
    `alone` is the question as it reads without them. Raises `BudgetError` where question and instructions alone are
    over the budget.
    """

    def __init__(
        self,
        question: str,
        budget: int,
        count: Count,
        *,
        turns: Sequence[BaseMessage] = (),
        alone: str = "",
        history_share: float = 0.25,
        max_tokens: int = 300,
    ) -> None:
        self._question, self._budget, self._count = question, budget, count
        self._frame = count([HumanMessage("")])
        self._words = max(1, int(max_tokens * _WORDS))
        self._alone = self._conversation = ""
        least = self._counted(())
        if least > budget:
            raise BudgetError(
                f"the question and the instructions take {least} tokens and the budget is {budget}; shorten the "
                "question, raise context_tokens or lower max_tokens"
            )
        self._alone = alone if alone != question and self._tokens(alone) <= (budget - least) // 4 else ""
        self._conversation = latest(turns, int((budget - least) * history_share), self._tokens)
        self.around = self._counted(())

    def best(self, ranked: Sequence[Item]) -> Prompt:
        """The prompt with as many of the items as fit, those that come first in `ranked` first.

        Passages of one source stand in its order. Raises `BudgetError` where not one sentence of the first fits.
        """
        chosen: list[Item] = []
        room = self._budget - self.around
        for item in ranked:
            cost = self.cost(item)
            if cost <= room:
                chosen.append(item)
                room -= cost
        prompt = self._fitted(chosen or self._cut(ranked[0]) if ranked else [])
        if ranked and not prompt.items:
            raise BudgetError(
                f"beside the question and the instructions no passage fits the budget of {self._budget} tokens; raise "
                "context_tokens or lower max_tokens"
            )
        return prompt

    def whole(self, items: Sequence[Item]) -> Prompt | None:
        """The prompt with all items, in their order; None where it is over the budget."""
        messages = self._messages(items)
        return Prompt(messages, tuple(items)) if self._count(messages) <= self._budget else None

    @property
    def least_cost(self) -> int:
        """The tokens that an item takes at least."""
        return self._tokens(_FENCE)

    def cost(self, item: Item) -> int:
        """About the tokens that an item adds to a prompt."""
        return self._tokens(_FENCE + safe(f"{item.shown.place}\n{item.shown.text}"))

    def _cut(self, item: Item) -> list[Item]:
        """As many of the item's first sentences as fit."""
        kept: list[Item] = []
        for sentences in range(1, 1 + item.shown.text.count("\n") + len(item.shown.text)):
            part = item.first(sentences)
            if part is None or self._counted([part]) > self._budget:
                break
            kept = [part]
        return kept

    def _fitted(self, chosen: Sequence[Item]) -> Prompt:
        while True:
            order = {item.start.source: at for at, item in reversed(list(enumerate(chosen)))}
            items = sorted(chosen, key=lambda item: (order[item.start.source], item.start))
            messages = self._messages(items)
            if self._count(messages) <= self._budget:
                return Prompt(messages, tuple(items))
            if chosen:
                chosen = chosen[:-1]
            elif self._conversation or self._alone:
                self._alone = self._conversation = ""
            else:
                raise BudgetError(
                    f"the question and the instructions are over the budget of {self._budget} tokens; shorten the "
                    "question, raise context_tokens or lower max_tokens"
                )

    def _messages(self, items: Sequence[Item]) -> list[BaseMessage]:
        shown: list[Shown] = [item.shown for item in items]
        return answer_messages(self._question, shown, self._conversation, self._alone, self._words)

    def _counted(self, items: Sequence[Item]) -> int:
        return self._count(self._messages(items))

    def _tokens(self, text: str) -> int:
        return self._count([HumanMessage(text)]) - self._frame


def latest(turns: Sequence[BaseMessage], limit: int, tokens: Callable[[str], int]) -> str:
    """The latest of the messages that take at most `limit` tokens together, as a script; "" where none fits.

    Reads no more of a long conversation than it gives.
    """
    kept: list[BaseMessage] = []
    spent = 0
    for message in reversed(turns):
        spent += tokens(safe(get_buffer_string([message])))
        if spent > limit:
            break
        kept.insert(0, message)
    while kept and tokens(safe(get_buffer_string(kept))) > limit:
        kept.pop(0)
    return get_buffer_string(kept)


def condensing(question: str, turns: Sequence[BaseMessage], budget: int, count: Count) -> list[BaseMessage] | None:
    """The messages that ask for the question alone, within the budget; None where there is no room for a turn."""
    room = budget - count(condense_messages(question, ""))
    while room > 0:
        conversation = latest(turns, room, lambda text: count([HumanMessage(text)]))
        messages = condense_messages(question, conversation)
        over = count(messages) - budget
        if not conversation or over <= 0:
            return messages if conversation else None
        room -= over + 1
    return None
