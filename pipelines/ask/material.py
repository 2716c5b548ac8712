"""What an index has on a question, with the source text that it stands for."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from langchain_core.documents import Document

from longdoc.chunkers.readers.pages import SourcePages, page_words
from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.text.span import Span
from longdoc.memory.index.passage_index import Match, PassageIndex
from longdoc.pipelines.answers.found import Texts
from longdoc.pipelines.ask.answer import Citation
from longdoc.pipelines.ask.prompts import Shown
from longdoc.pipelines.sources import join_chunks
from longdoc.pipelines.summarizers.protocol import Passage


@dataclass(frozen=True, slots=True)
class Item:
    """Something found: what a model is shown of it, the source text it stands for, and the page that begins on.

    `page_breaks` is where in its source further pages begin; `labels` is what is printed on its pages, if known.

    Of a source that is in the index in parts, each with places of its own, `whole` is the name of all of it.
    """

    shown: Shown
    passages: tuple[Passage, ...]
    page: int | None = None
    whole: str = ""
    page_breaks: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def start(self) -> Span:
        """Where it begins."""
        return self.passages[0].spans[0]

    def first(self, sentences: int) -> Item | None:
        """Its first sentences; None where it has no more, or is no source text."""
        ends = list(split_sentences(self.shown.text))
        if sentences >= len(ends) or len(self.passages) != 1:
            return None
        text = self.shown.text[: ends[sentences - 1].end]
        span = Span(self.start.start, self.start.start + len(text), self.start.source)
        passage = Passage(text, (span,), self.passages[0].headings)
        return replace(self, shown=replace(self.shown, text=text), passages=(passage,))


class Searched(Protocol):
    """What finds passages and summaries for a question: an index, or what stands for any retriever."""

    @property
    def encoder(self) -> object:
        """What it embeds with, where it says so."""

    def documents(self) -> dict[str, int]:
        """The ids of the documents, as far as they are known, and how many entries each has."""

    def entries(self, document: str) -> list[Document]:
        """The entries of a document, as far as they are known."""

    def matches(
        self, query: str, k: int = 4, *, documents: Collection[str] | None = None, kind: str | None = None
    ) -> list[Match]:
        """The best entries, best first."""

    def diverse_matches(
        self, query: str, k: int = 4, *, documents: Collection[str] | None = None, kind: str | None = None
    ) -> list[Match]:
        """Of the best entries those that say different things."""


class Material:
    """The passages and summaries of an index, and the texts of its sources as far as they are known.

    `texts` and `pages` are whole sources and where their pages begin, by name. Of others the text is put together out
    of the index, by the places that the chunks name; a passage that names none is a source of its own, by its id.
    """

    def __init__(
        self,
        index: Searched,
        texts: Mapping[str, str] | None,
        pages: Mapping[str, Sequence[int]] | None,
        places: SourcePages | None = None,
    ) -> None:
        self.index = index
        self._texts = texts or {}
        self._pages = pages or {}
        self._places = places or SourcePages()
        self.read = Texts(self._document)

    def found(self, question: str, documents: Collection[str] | None, passages: int, overviews: int) -> list[Item]:
        """The best passages, then the summaries that say different things, each list best first."""
        detail = self._looked_up(question, documents, passages)
        items = [item_of(match.document) for match in detail]
        if overviews:
            breadth = self.index.diverse_matches(question, overviews, documents=documents, kind="summary")
            items += filter(None, (self._node(match.document) for match in breadth))
        return items

    def matches(self, question: str, documents: Collection[str] | None, passages: int) -> list[Match]:
        """The best passages with their scores, each with `source`, `start_index` and `end_index`."""
        found = self._looked_up(question, documents, passages)
        return [replace(match, document=_placed(match.document)) for match in found]

    def _looked_up(self, question: str, documents: Collection[str] | None, passages: int) -> list[Match]:
        find = partial(self.index.matches, question, passages, documents=documents, kind="chunk")
        return traced(question, find) if isinstance(self.index, PassageIndex) else find()  # a retriever tells it itself

    def names(self) -> list[str]:
        """The ids of all documents."""
        return list(self.index.documents())

    def documents(self, name: str) -> list[Document]:
        """The whole texts of a document of the index, one for each source that its chunks name."""
        entries = [_placed(one) for one in self.index.entries(name) if one.metadata.get("kind") != "summary"]
        sources = dict.fromkeys(str(one.metadata["source"]) for one in entries)
        joined = {str(one.metadata["source"]): one for one in join_chunks(entries)}
        known = [self._places.document(one, self._texts[one]) for one in sources if one in self._texts]
        return known + [joined[one] for one in sources if one not in self._texts and one in joined]

    def whole(self, document: str) -> list[Item]:
        """All of a document, in order."""
        entries = self.index.entries(document)
        return [item_of(entry) for entry in entries if entry.metadata.get("kind") != "summary"]

    def citing(self, items: Sequence[Item]) -> Citing:
        """What turns the spans of an answer out of these items into citations."""
        return Citing(items, self._texts, self._pages, self._places, self.text)

    def text(self, source: str) -> str:
        """The text of a source; "" where the index has no document by that name."""
        if source not in self._texts:
            joined = join_chunks([_placed(one) for one in self.index.entries(source) if _is_chunk(one)])
            return joined[0].page_content if joined else ""
        return self._texts[source]

    def _document(self, source: str) -> Document | None:
        text = self.text(source)
        return self._places.document(source, text) if text else None

    def _node(self, node: Document) -> Item | None:
        """A summary, standing for the text of its spans; None where that is not known."""
        source = str(node.metadata.get("source") or "")
        text = self.text(source)
        spans = [Span(start, end, source) for start, end in node.metadata.get("spans") or ()]
        held = tuple(Passage(span.of(text), (span,)) for span in spans if span.of(text).strip())
        place = f"{source}, summary of {node.metadata.get('title') or 'it'}"
        return Item(Shown(place, node.page_content), held) if held else None


class Citing:
    """Spans to citations: the page, and the quotation out of the source's text or of the passages it was found in.

    What lies beside these is quoted from the text that `read` gives.
    """

    def __init__(
        self,
        items: Sequence[Item],
        texts: Mapping[str, str],
        pages: Mapping[str, Sequence[int]],
        places: SourcePages | None = None,
        read: Callable[[str], str] = lambda source: "",
    ) -> None:
        self._read = read
        self._passages = [(passage, item) for item in items for passage in item.passages]
        self._wholes = {item.start.source: item.whole for item in items if item.whole}
        self._texts = texts
        self._pages = pages
        self._places = places or SourcePages()

    def __call__(self, span: Span) -> Citation:
        """The citation of a span that lies within the items."""
        source = self._wholes.get(span.source, span.source)
        page, label = self._page(span), self._label(span)
        locate = partial(self._places.boxes, span)
        return Citation(source, span.start, span.end, page, self._quote(span), label, locate)

    def _quote(self, span: Span) -> str:
        if span.source in self._texts:
            return span.of(self._texts[span.source])
        pieces = [""]
        at = span.start
        own = (passage for passage, _ in self._passages if passage.spans[0].source == span.source)
        for passage in sorted(own, key=lambda one: one.spans[0]):
            first, last = passage.spans[0].start, passage.spans[0].end
            if first <= at < last and at < span.end:
                pieces.append(passage.text[at - first : span.end - first])
                at = min(last, span.end)
        return "".join(pieces) if at == span.end else span.of(self._read(span.source)) or "".join(pieces)

    def _page(self, span: Span) -> int | None:
        if (known := self._places.page(span)) is not None:
            return known
        if self._pages.get(span.source):
            return bisect_right(list(self._pages[span.source]), span.start)
        first = self._item(span)
        if first is None or first.page is None:
            return None
        return first.page + bisect_right(first.page_breaks, span.start)

    def _label(self, span: Span) -> str | None:
        page = self._page(span)
        if page is None or (known := self._places.label(span)):
            return None if page is None else known
        item = self._item(span)
        at = 0 if item is None else bisect_right(item.page_breaks, span.start)
        return (item.labels[at] if item is not None and at < len(item.labels) else "") or str(page)

    def _item(self, span: Span) -> Item | None:
        held = (item for passage, item in self._passages if any(span.overlaps(one) for one in passage.spans))
        return next(held, None)


def item_of(chunk: Document) -> Item:
    """A passage of an index as an item."""
    placed = _placed(chunk)
    told, text = placed.metadata, placed.page_content
    headings = tuple(str(one) for one in told.get("headings") or ())
    page = told.get("page")
    whole = str(told.get("whole") or "")
    words = [
        whole or str(told["source"]),
        page_words(page, told.get("page_label")),
        " > ".join(headings),
        str(told.get("table_header") or ""),
    ]
    span = Span(told["start_index"], told["end_index"], told["source"])
    passage = Passage(text, (span,), headings)
    shown = Shown(", ".join(filter(None, words)), text)
    breaks = tuple(map(int, told.get("page_breaks") or ()))
    labels = tuple(map(str, [told.get("page_label") or "", *(told.get("break_labels") or ())]))
    return Item(shown, (passage,), page if isinstance(page, int) else None, whole, breaks, labels)


def _placed(chunk: Document) -> Document:
    """The passage with its place; one that has none is a source of its own, and so is a part of a source."""
    start, told = chunk.metadata.get("start_index"), dict(chunk.metadata)
    if not isinstance(start, int) or start < 0:
        start, told["source"] = 0, chunk.id
    told |= {"start_index": start, "end_index": start + len(chunk.page_content)}
    told["source"] = str(told.get("source") or "")
    if part := told.pop("part", None):
        told |= {"source": f"{told['source']}#{part}", "whole": told["source"]}
    return Document(id=chunk.id, page_content=chunk.page_content, metadata=told)


def _is_chunk(entry: Document) -> bool:
    return entry.metadata.get("kind") != "summary" and isinstance(entry.metadata.get("start_index"), int)


def traced(question: str, find: Callable[[], list[Match]]) -> list[Match]:
    """What `find` finds, told to the callbacks of the run that it is part of as the run of a retriever."""
    if "langchain_core.runnables.config" not in sys.modules:
        return find()  # no run can be under way
    from langchain_core.callbacks import CallbackManager
    from langchain_core.runnables.config import ensure_config

    config = ensure_config()
    manager = CallbackManager.configure(
        config.get("callbacks"), inheritable_tags=config.get("tags"), inheritable_metadata=config.get("metadata")
    )
    run = manager.on_retriever_start({}, question, name="DocumentIndex")
    try:
        found = find()
    except Exception as error:
        run.on_retriever_error(error)
        raise
    run.on_retriever_end([match.document for match in found])
    return found
