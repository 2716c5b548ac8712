"""One question on its way to an answer: what to ask the model, what to show of its reply, and the checked answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Self

from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.errors import BudgetError, InputError, StageError
from longdoc.memory.summaries.summary import Sentence, join_lines
from longdoc.models.encoder.encoder import SentenceEncoder
from longdoc.pipelines.ask.answer import NOT_SAID, Answer
from longdoc.pipelines.ask.material import Item, Material
from longdoc.pipelines.ask.offline import Offline, Reply
from longdoc.pipelines.ask.settings import ChatSettings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

    from longdoc.memory.history.message_counter import Count
    from longdoc.pipelines.ask.claims import Visible
    from longdoc.pipelines.ask.fitting import Fitting, Prompt

_log = logging.getLogger(__name__)
_ALONE_TOKENS = 128  # of a question that is rewritten to be understood alone
_COUNTED_EACH = 400  # characters of a reply between two counts of its tokens


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A question, the ids of the documents to answer it from (None for all), and the conversation before it.

    `history` None is whatever the chat remembers itself.
    """

    question: str
    documents: Collection[str] | None = None
    history: Sequence[BaseMessage] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.question, str) or not self.question.strip():
            raise InputError(f"the question is {self.question!r}; say in words what you want to know")
        if isinstance(self.documents, str):
            raise InputError(f"documents is {self.documents!r}; give a list of ids")

    @classmethod
    def of(cls, given: str | ChatRequest | dict[str, Any]) -> Self | ChatRequest:
        """The request that a question, a request, or a dict with `question` and what else there is stands for."""
        if isinstance(given, ChatRequest):
            return given
        if isinstance(given, str):
            return cls(given)
        unknown = sorted(set(given) - {"question", "documents", "history"})
        if unknown or "question" not in given:
            raise InputError(
                f"a chat was given a dict with {sorted(given)}; give question and, if you like, documents and history"
            )
        return cls(**given)


@dataclass(frozen=True)
class Means:
    """What a chat answers with: its settings, its material, its model if it has one, and how that counts tokens."""

    settings: ChatSettings
    material: Material
    model: BaseChatModel | None
    tokenizer: Tokenizer
    encoder: SentenceEncoder
    small: BaseChatModel | None = None  # told what was found without a model, to put it into a sentence

    @cached_property
    def count(self) -> Count:
        """The tokens of messages, with what their chat's form adds to each."""
        from longdoc.memory.history.message_counter import MessageCounter
        from longdoc.pipelines.summarizers.chat import FRAMING

        return MessageCounter(self.tokenizer, frame_tokens=FRAMING)

    @property
    def prompt_tokens(self) -> int:
        """The most tokens that a prompt may have."""
        return self.settings.context_tokens - self.settings.max_tokens


_PIECE = 2000  # tokens at most that a chat model reads at once for a list
_IN_A_SENTENCE = ("definition", "fact", "why")  # kinds of questions that one sentence answers


class Turn:
    """The steps of one question, in order: `condensing`, `prepare`, `read` for each piece of the reply, `finish`."""

    def __init__(self, request: ChatRequest, means: Means, turns: Sequence[BaseMessage]) -> None:
        self._began = time.monotonic()
        self._request, self._means, self._turns = request, means, turns
        self._items: Sequence[Item] = ()
        self._sentences: tuple[Sentence, ...] = ()
        self._reply: AIMessageChunk | None = None
        self._offline: Reply | None = None
        self._shown = ""
        self._next_count = _COUNTED_EACH
        self.full = False  # whether the reply is as long as an answer may be

    @cached_property
    def _visible(self) -> Visible:
        from longdoc.pipelines.ask.claims import Visible

        return Visible()

    def condensing(self) -> list[BaseMessage] | None:
        """The messages that ask for the question alone; None where there is no conversation, no model, or no room."""
        if self._means.model is None or not self._turns:
            return None
        from longdoc.pipelines.ask.fitting import condensing

        budget = self._means.settings.context_tokens - _ALONE_TOKENS
        return condensing(self._request.question, self._turns, budget, self._means.count)

    def prepare(self, condensed: AIMessage | None = None) -> list[BaseMessage] | None:
        """The prompt for the answer; None where it is there without a model, for `rest` to show."""
        question = self._request.question
        alone = question if condensed is None else self._alone(condensed)
        if self._means.model is None:
            self._reply_offline()
            return None
        if self._has_listed(alone):
            return None
        prompt = self._prompt(alone)
        self._items = prompt.items
        return prompt.messages if prompt.items else None

    def read(self, chunk: AIMessageChunk) -> str:
        """What is to be shown of the next piece of the reply."""
        self._reply = chunk if self._reply is None else self._reply + chunk
        shown = self._visible.read(str(chunk.text))
        self._shown += shown
        if len(self._shown) >= self._next_count:
            self._next_count = len(self._shown) + _COUNTED_EACH
            self.full = self._means.tokenizer.count(self._shown) > self._means.settings.max_tokens
        return shown

    def rest(self) -> Iterator[str]:
        """What is left to show at the end: of a reply, or all of an answer that is there without one."""
        if self._reply is not None:
            yield self._visible.end()
        elif not self._sentences:
            yield NOT_SAID
        for place, sentence in enumerate(self._sentences):
            yield f" {sentence.line}" if place else sentence.line

    def finish(self) -> Answer:
        """The answer, checked. Raises `StageError` for a reply with nothing in it."""
        sentences = self._sentences if self._reply is None else self._checked(self._reply)
        cite = self._means.material.citing(self._items)
        seconds = time.monotonic() - self._began
        if self._offline is None:
            return Answer.of(sentences, cite, seconds)
        return Answer.of(sentences, cite, seconds, self._offline.confidence, self._offline.route)

    def _alone(self, reply: AIMessage) -> str:
        """The question that the model has made of this one and the conversation; this one if it has made none."""
        from longdoc.pipelines.summarizers.replies import reply_sentences

        said = " ".join(reply_sentences(reply))
        usable = any(map(str.isalnum, said)) and self._means.tokenizer.count(said) <= _ALONE_TOKENS
        return said if usable else self._request.question

    def _has_listed(self, alone: str) -> bool:
        """Whether the model was asked, piece by piece, for all that a question lists or counts."""
        means, most = self._means, self._means.settings.list_calls
        if means.model is None or most < 1:
            return False
        from longdoc.pipelines.ask.prompts import list_messages

        room = means.prompt_tokens - means.count(list_messages(alone, ""))
        size = min(_PIECE, room // 2)  # a piece is counted alone, and made safe for the prompt
        reply = self._without_model().counted(
            alone, means.model, partial(list_messages, alone), most, max(1, size), self._request.documents
        )
        if reply is not None:
            self._show(reply)
        return reply is not None

    def _without_model(self) -> Offline:
        means = self._means
        passages, max_tokens = means.settings.passages, means.settings.max_tokens
        return Offline(means.material, means.encoder.recent, means.tokenizer, passages=passages, max_tokens=max_tokens)

    def _show(self, reply: Reply) -> None:
        self._offline, self._items, self._sentences = reply, reply.items, reply.said

    def _reply_offline(self) -> None:
        means = self._means
        self._show(self._without_model().reply(self._request.question, self._turns, self._request.documents))
        assert self._offline is not None  # noqa: S101  it was shown right now
        if means.small is not None and self._offline.kind.kind in _IN_A_SENTENCE:
            from longdoc.pipelines.checks.checker import Checker
            from longdoc.pipelines.summarizers.retold import Retelling

            retelling = Retelling(means.small, Checker.load(means.encoder))
            try:
                self._sentences = retelling.answer(self._offline.asked, self._sentences)
            except Exception as error:  # noqa: BLE001  what was found stands without it
                _log.warning("the model failed, and what was found is quoted: %s", error)

    def _prompt(self, alone: str) -> Prompt:
        from longdoc.pipelines.ask.fitting import Fitting

        settings, means = self._means.settings, self._means
        fitting = Fitting(
            self._request.question,
            means.prompt_tokens,
            means.count,
            turns=self._turns,
            alone=alone,
            history_share=settings.history_share,
            max_tokens=settings.max_tokens,
        )
        whole = self._whole(fitting)
        if whole is not None:
            return whole
        found = means.material.found(alone, self._request.documents, settings.passages, settings.overviews)
        return fitting.best(found)

    def _whole(self, fitting: Fitting) -> Prompt | None:
        """The prompt with the whole document, where there is one only and the router would have it read so."""
        from longdoc.pipelines.choice import Choice
        from longdoc.pipelines.route import ModelAtHand, Request

        settings, index = self._means.settings, self._means.material.index
        known = index.documents()
        names = list(known) if self._request.documents is None else list(self._request.documents)
        room = min(settings.whole_tokens, self._means.prompt_tokens - fitting.around)
        if len(names) != 1 or not 0 < known.get(names[0], 0) * fitting.least_cost <= room:
            return None
        items = self._means.material.whole(names[0])
        tokens = 0
        for item in items:
            tokens += fitting.cost(item)
            if tokens > room:
                return None
        if not items:
            return None
        model = ModelAtHand("the chat model", "chat", settings.context_tokens)
        asked = Request("chat", tokens, fitting.around, settings.max_tokens, call_tokens=settings.whole_tokens)
        try:
            route = Choice([model]).route(asked)
        except BudgetError:
            return None
        return fitting.whole(items) if route.strategy == "stuff" else None

    def _checked(self, reply: AIMessageChunk) -> tuple[Sentence, ...]:
        from longdoc.pipelines.ask.checked import ReplyChecker
        from longdoc.pipelines.ask.claims import claims
        from longdoc.pipelines.checks.checker import Checker

        said = claims(reply)
        if not said:
            raise StageError("the chat model gave no answer; ask again, or try another model")
        if len(said) == 1 and said[0].is_silence:
            return ()
        numbered = [item.passages for item in self._items]
        checker = ReplyChecker(Checker.load(self._means.encoder), numbered, self._means.settings.on_unsupported)
        return self._fitted(checker.check_all(said))

    def _fitted(self, sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
        """The first sentences that fit an answer together; the first alone is cut where it has to be."""
        tokenizer, most = self._means.tokenizer, self._means.settings.max_tokens
        kept: list[Sentence] = []
        for sentence in sentences:
            if tokenizer.count(join_lines([*kept, sentence])) > most:
                break
            kept.append(sentence)
        if sentences and not kept:
            from longdoc.pipelines.summarizers.replies import cut_to

            first = sentences[0]
            kept = [Sentence(cut_to(first.line, most, tokenizer), first.spans, first.supported, first.problems)]
        return tuple(kept)
