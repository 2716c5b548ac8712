"""A question answered without a chat model: what kind it is, what is read for it, and what is said."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import TYPE_CHECKING

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from longdoc.chunkers.text.tables import tables_of
from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.memory.summaries.summary import Sentence, join_lines
from longdoc.pipelines.answers.carry import standing_alone
from longdoc.pipelines.answers.cues import Question
from longdoc.pipelines.answers.extractive_answer import Found, best_answer
from longdoc.pipelines.answers.found import without_copies
from longdoc.pipelines.answers.kinds import AskedFor, asked_for
from longdoc.pipelines.answers.listing import EVERY_SENTENCE, Listing, listing_of, stated
from longdoc.pipelines.answers.people import authors_of, characters_of, speakers_of
from longdoc.pipelines.answers.reading import bundled_reader
from longdoc.pipelines.answers.tally import counts_a_word, is_tally, places_of, tally_of
from longdoc.pipelines.ask.material import Item, Material, item_of
from longdoc.pipelines.ask.whole import aims_of, beginning_of, conclusions_of, decisions_of, ending_of, summary_of
from longdoc.pipelines.summarizers.sentence_table import Encoder
from longdoc.pipelines.units.find import units_of
from longdoc.pipelines.units.unit import Unit

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from longdoc.pipelines.answers.counted import Prompt

GREETING = "Hello. Ask a question about the documents, or say yes for a summary of them."
OFFER = "Say yes for the rest."
_SUMMARIZE = "Summarize the documents."
_FEW = 8  # documents that are summarized or compared side by side
_COPIES = 2  # times as many passages are asked for, to leave out those that say the same


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said to a question and what it was found in.

    `asked` is the question as it was understood, `kind` what was taken for, `read` what was read for it in words, and
    `remark` what is said beside the documents' own words: that there is more, or to a greeting.
    """

    sentences: tuple[Sentence, ...]
    asked: str
    kind: AskedFor
    read: str
    confidence: float = 0.0
    remark: str = ""
    items: tuple[Item, ...] = field(default=(), repr=False)

    @property
    def said(self) -> tuple[Sentence, ...]:
        """The sentences, and behind them the remark, which rests on nothing."""
        return (*self.sentences, Sentence(self.remark, ())) if self.remark else self.sentences

    @property
    def route(self) -> str:
        """What the question was taken for and why, how it was understood, and what was read."""
        return f'{self.kind}; asked "{self.asked}"; read {self.read}'


class Offline:
    """Answers out of the material alone, in at most `max_tokens` as rendered."""

    def __init__(
        self,
        material: Material,
        encoder: Encoder,
        tokenizer: Tokenizer,
        *,
        passages: int,
        max_tokens: int,
    ) -> None:
        self._material, self._encoder, self._tokenizer = material, encoder, tokenizer
        self._passages, self._max_tokens = passages, max_tokens

    def reply(self, question: str, turns: Sequence[BaseMessage], documents: Collection[str] | None) -> Reply:
        """The reply to a question behind these messages, from the documents with these ids; None for all."""
        kind = asked_for(question)
        if kind.kind == "greeting":
            return Reply((), question, kind, "nothing", remark=GREETING)
        if kind.kind == "assent":
            return self._agreed(question, turns, documents, kind)
        alone = standing_alone(question, turns)
        return self._answered(alone, asked_for(alone), documents)

    def _answered(self, alone: str, kind: AskedFor, documents: Collection[str] | None) -> Reply:
        if kind.kind == "whole":
            return self._whole(alone, kind, documents)
        if is_tally(alone) and (tallied := self._tallied(alone, kind, documents)) is not None:
            return tallied
        if kind.kind in ("list", "count"):
            listed = self._listed(alone, kind, documents)
            if listed is not None:
                return listed
        if kind.kind == "compare" and len(self._names(documents)) > 1:
            return self._compared(alone, kind, documents)
        return self._found(alone, kind, documents)

    def _agreed(
        self, question: str, turns: Sequence[BaseMessage], documents: Collection[str] | None, kind: AskedFor
    ) -> Reply:
        """What was offered last: the rest of a list, or a summary."""
        said = next((str(turn.text) for turn in reversed(turns) if isinstance(turn, AIMessage)), "")
        asked = [turn for turn in turns if isinstance(turn, HumanMessage)]
        if OFFER in said and asked:
            alone = standing_alone(str(asked[-1].text), turns[: turns.index(asked[-1])])
            rest = self._listed(alone, asked_for(alone), documents, but=said)
            if rest is not None:
                return rest
        if said and said.startswith(GREETING):
            return self._answered(_SUMMARIZE, asked_for(_SUMMARIZE), documents)
        return Reply((), question, kind, "nothing", remark=GREETING)

    # the kinds

    def _found(self, alone: str, kind: AskedFor, documents: Collection[str] | None) -> Reply:
        matches = self._material.matches(Question.of(alone).text, documents, self._passages * _COPIES)
        matches = without_copies(matches)[: self._passages]
        found = self._best(alone, matches, self._max_tokens)
        items = tuple(item_of(match.document) for match in matches)
        return Reply(found.sentences, alone, kind, f"the {len(matches)} best passages", found.confidence, items=items)

    def _best(self, alone: str, matches: Sequence[object], max_tokens: int) -> Found:
        return best_answer(
            alone,
            matches,  # type: ignore[arg-type]
            encoder=self._encoder,
            tokenizer=self._tokenizer,
            max_tokens=max_tokens,
            texts=self._material.read,
            reader=bundled_reader(),
        )

    def _whole(self, alone: str, kind: AskedFor, documents: Collection[str] | None) -> Reply:
        names = self._names(documents)[:_FEW]
        make: Callable[[Document, int, Tokenizer], tuple[Sentence, ...]] = {
            "decisions": decisions_of,
            "conclusions": conclusions_of,
            "aims": aims_of,
            "ending": ending_of,
            "beginning": beginning_of,
        }.get(kind.aspect, summary_of)
        budget = self._max_tokens // max(1, len(names))
        sentences: list[Sentence] = []
        for name in names:
            for document in self._material.documents(name):
                sentences += _headed(make(document, budget, self._tokenizer), str(document.metadata["source"]), names)
        kept = self._fitting(sentences)
        if kind.aspect == "aims" and not kept:
            found = self._found(alone, kind, documents)
            return found if found.sentences else self._whole(alone, replace(kind, aspect=""), documents)
        read = f"all of {_documents(names)}"
        return Reply(tuple(kept), alone, kind, read, float(bool(kept)), items=self._items(names))

    def _compared(self, alone: str, kind: AskedFor, documents: Collection[str] | None) -> Reply:
        """One answer a document, side by side."""
        names = self._names(documents)[:_FEW]
        sentences: list[Sentence] = []
        items: list[Item] = []
        sure = 0.0
        for name in names:
            matches = without_copies(self._material.matches(Question.of(alone).text, [name], self._passages))
            found = self._best(alone, matches, self._max_tokens // len(names))
            sure = max(sure, found.confidence if found.sentences else 0.0)
            items += [item_of(match.document) for match in matches]
            source = next((str(one.document.metadata["source"]) for one in matches), name)
            sentences += _headed(found.sentences, source, names)
        read = f"the best passages of each of {_documents(names)}"
        return Reply(tuple(self._fitting(sentences)), alone, kind, read, sure, items=tuple(items))

    def _listed(self, alone: str, kind: AskedFor, documents: Collection[str] | None, but: str = "") -> Reply | None:
        """All that was asked for, of every document read whole; None where nothing shows what that is."""
        names = self._names(documents)
        if kind.aspect == "authors":
            return self._by(alone, kind, names)
        units = [unit for name in names for unit in self._units(name)]
        listing = self._people(units, names) if kind.aspect == "people" else None
        if listing is None and kind.kind == "count":
            found = self._found(alone, kind, documents)
            if found.sentences and any(stated(alone, one.line) for one in found.sentences):
                return found
        listing = listing or listing_of(alone, units)
        if listing is None or (kind.kind == "count" and not _are_items(listing)):
            return None
        return self._told(listing, alone, kind, names, but)

    def _tallied(self, alone: str, kind: AskedFor, documents: Collection[str] | None) -> Reply | None:
        """What is counted letter by letter; None where there is nothing to count."""
        names = self._names(documents)
        if counts_a_word(alone):
            tally = places_of(alone, [one for name in names for one in self._material.documents(name)])
        else:
            tally = tally_of(alone, [unit for name in names for unit in self._units(name)])
        if tally is None:
            return None
        told = self._told(tally.listing, alone, replace(kind, kind="count"), names, "")
        return replace(told, remark=tally.remark or told.remark)

    def counted(
        self,
        alone: str,
        model: BaseChatModel,
        prompt: Prompt,
        most: int,
        max_tokens: int,
        documents: Collection[str] | None,
    ) -> Reply | None:
        """All that a chat model names in the documents, read whole in pieces of so many tokens.

        None where nothing is to be listed or counted, or that takes more than `most` calls.
        """
        kind = asked_for(alone)
        if most < 1 or kind.kind not in ("list", "count"):
            return None
        from longdoc.pipelines.answers.counted import counted, pieces_of

        names = self._names(documents)
        read = (one for name in names for one in self._material.documents(name))
        pieces = pieces_of(list(read), self._tokenizer, max_tokens)
        if not 0 < len(pieces) <= most:
            return None
        return self._told(counted(pieces, model, prompt), alone, kind, names, "")

    def _people(self, units: Sequence[Unit], names: Sequence[str]) -> Listing | None:
        """Who speaks in the documents; else who the first story among them tells of."""
        speaking = speakers_of(units)
        told = (characters_of(one) for name in names for one in self._material.documents(name))
        return speaking or next(filter(None, told), None)

    def _by(self, alone: str, kind: AskedFor, names: Sequence[str]) -> Reply:
        """Who each document is by; empty where none says so."""
        sentences: list[Sentence] = []
        for name in names[:_FEW]:
            for one in self._material.documents(name):
                by = authors_of(one)
                if by is not None:
                    sentences += _headed(by.items, str(one.metadata["source"]), names)
        read = f"where {_documents(names)} begin and end"
        kept = tuple(self._fitting(sentences))
        return Reply(kept, alone, kind, read, float(bool(kept)), items=self._items(names))

    def _told(self, listing: Listing, alone: str, kind: AskedFor, names: Sequence[str], but: str) -> Reply:
        left = [one for one in listing.items if not but or one.line not in but]
        kept: list[Sentence] = []
        for one in left:
            if self._tokenizer.count(join_lines([*kept, one])) > self._max_tokens - _KEPT:
                break
            kept.append(one)
        total = str(len(listing.items))
        if listing.why == EVERY_SENTENCE:
            total = f"{total} sentences with the words of the question"
        remark = f"{total} in all of {_documents(names)}, read whole."
        if len(kept) < len(left):
            remark = f"{len(kept)} of {total} in all of {_documents(names)}, read whole. {OFFER}"
        read = f"all of {_documents(names)}: {listing.why}"
        return Reply(tuple(kept), alone, kind, read, 1.0, remark, self._items(names))

    # what is read

    def _names(self, documents: Collection[str] | None) -> list[str]:
        return list(self._material.names()) if documents is None else list(documents)

    def _units(self, name: str) -> list[Unit]:
        return [
            unit
            for one in self._material.documents(name)
            for unit in units_of(one.page_content, str(one.metadata["source"]), tables=tables_of(one))
        ]

    def _items(self, names: Sequence[str]) -> tuple[Item, ...]:
        return tuple(item for name in names for item in self._material.whole(name))

    def _fitting(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        kept: list[Sentence] = []
        for one in sentences:
            if self._tokenizer.count(join_lines([*kept, one])) <= self._max_tokens:
                kept.append(one)
        return kept


_ITEM_WORDS = 14  # of a sentence that is one of several like it
_KEPT = 24  # tokens, for what is said of how much was read


def _are_items(listing: Listing) -> bool:
    """Whether what is listed can be counted: no sentences of all sorts that only share words with the question."""
    if listing.why != EVERY_SENTENCE:
        return True
    return median(len(one.line.split()) for one in listing.items) <= _ITEM_WORDS


def _headed(sentences: Sequence[Sentence], source: str, names: Sequence[str]) -> list[Sentence]:
    """The sentences of a document, its name before the first where there are several."""
    if len(names) < 2 or not sentences:
        return list(sentences)
    return [replace(sentences[0], text=f"{source}: {sentences[0].line}"), *sentences[1:]]


def _documents(names: Sequence[str]) -> str:
    return "the document" if len(names) == 1 else f"{len(names)} documents"
