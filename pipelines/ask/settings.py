"""How much a chat over documents reads, and how long its answers are."""

from __future__ import annotations

from dataclasses import dataclass

from longdoc.arguments import checked
from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.errors import BudgetError, UnknownNameError
from longdoc.pipelines.checks.finding import OnUnsupported


@checked
@dataclass(frozen=True, slots=True)
class ChatSettings:
    """The budgets of a `DocumentChat`, in tokens of `tokenizer`.

    `max_tokens` bounds an answer; `context_tokens` is what the chat model holds, prompt and answer together. At most
    `passages` passages and `overviews` nodes of summary trees are read to answer, and the conversation takes at most
    `history_share` of the room that instructions, question and answer leave. A document is read whole where all of it
    fits and has at most `whole_tokens`; 0 never reads one whole. `tokenizer` is by default the model's own where it is
    known, else the bundled one. A sentence of the model's that the passages do not bear out is marked, dropped, or
    gives way to the source's own sentence that it aligns with, as `on_unsupported` says. To a question that lists or
    counts, a chat model reads the documents whole in at most `list_calls` calls; where that is too few it answers from
    the passages, as with 0.
    """

    max_tokens: int = 300
    context_tokens: int = 8192
    passages: int = 12
    overviews: int = 2
    history_share: float = 0.25
    whole_tokens: int = 16_000
    list_calls: int = 0
    tokenizer: str | Tokenizer | None = None
    on_unsupported: OnUnsupported = "mark"

    def __post_init__(self) -> None:
        for name, least in (
            ("max_tokens", 1),
            ("passages", 1),
            ("overviews", 0),
            ("whole_tokens", 0),
            ("list_calls", 0),
        ):
            if getattr(self, name) < least:
                raise BudgetError(f"{name} is {getattr(self, name)}; give {least} or more")
        if self.context_tokens <= self.max_tokens:
            raise BudgetError(
                f"context_tokens is {self.context_tokens} and an answer may take {self.max_tokens} of them; raise "
                "context_tokens or lower max_tokens"
            )
        if self.on_unsupported not in ("mark", "drop", "quote"):
            raise UnknownNameError(f"on_unsupported is {self.on_unsupported!r}; give mark, drop or quote")
        if not 0 <= self.history_share <= 1:
            raise BudgetError(f"history_share is {self.history_share}; give 0 to 1")
