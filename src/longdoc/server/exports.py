"""Exports of summaries, conversations and notes: Markdown, a page, or a PDF with their places marked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Literal

from langchain_core.documents import Document

from longdoc.chunkers.readers.pages import SourcePages
from longdoc.chunkers.text.span import Span
from longdoc.errors import InputError
from longdoc.memory.summaries.summary import Block, Form, Sentence, Summary
from longdoc.memory.summaries.tree import Run, SummaryTree
from longdoc.pipelines.render.page import render_html
from longdoc.pipelines.render.render import render_markdown
from longdoc.server.library import Library
from longdoc.server.shelf import Held

Format = Literal["markdown", "html", "pdf"]
GONE = "a deleted document"
_PAGE, _MARKDOWN = 20_000_000, 100_000_000  # characters of sources, all of which are read for an export
_ENDED = re.compile(r"[.!?…。！？][\"'”’»)\]]*\s*\Z")
Told = Mapping[str, Any]


@dataclass(frozen=True)
class Piece:
    """Something said under a heading: an answer as `answer_json` has it, before it the reader's own `words`."""

    heading: str
    answer: Told
    words: str = ""


@dataclass
class Export:
    """One export under a title: a summary as `render_json` has it, answers, the notes on the same."""

    library: Library
    title: str
    heading: str
    summary: Told | None = None
    answers: Sequence[Piece] = ()
    notes: Sequence[Piece] = ()
    _documents: dict[str, Document] = field(default_factory=dict, init=False)
    _gone: list[str] = field(default_factory=list, init=False)
    _length: int = field(default=0, init=False)  # of what is gone, with what parts it

    def markdown(self) -> str:
        """Markdown with footnotes that quote; the text is escaped. Raises `InputError` for very large sources."""
        self._check_size(_MARKDOWN, "export a single answer, or a summary of fewer documents")
        return render_markdown(self._tree(), self._facts)

    def html(self) -> str:
        """A self-contained page with the whole sources to read against. Raises `InputError` for large ones."""
        self._check_size(_PAGE, "take Markdown")
        return render_html(self._tree(), self.heading, self._facts)

    def pdf(self, held: Held) -> bytes:
        """A document that is a PDF, with what was said of it marked. Raises `InputError` where that is nothing."""
        said = [] if self.summary is None else [self.summary]
        said += [_with_words(one) for one in (*self.answers, *self.notes)]
        return self.library.drawer.annotated(held, json.dumps(_joined(said)))

    @property
    def sources(self) -> set[str]:
        """The ids of the documents that are cited."""
        said: Iterable[Told] = [one.answer for one in (*self.answers, *self.notes)]
        ids = {str(place["source"]) for one in said for place in one.get("citations", ())}
        rows = [] if self.summary is None else self.summary["sentences"]
        return ids | {str(span["source"]) for row in rows for span in row["spans"]}

    @property
    def _facts(self) -> list[tuple[str, str]] | None:
        return None if self.summary is not None else [("Sources", f"{len(self.sources):,}")]

    def _check_size(self, most: int, remedy: str) -> None:
        held = filter(None, map(self.library.shelf.get, self.sources))
        if (size := sum(one.characters for one in held)) > most:
            raise InputError(f"the sources have {size:,} characters, over {most:,} in one export; {remedy}")

    def _tree(self) -> SummaryTree:
        """All of it as the root of a summary, whose blocks are its parts."""
        children: tuple[SummaryTree, ...] = ()
        sentences: list[Sentence] = []
        blocks: list[Block] = []
        told = self.summary or {}
        if self.summary is not None:
            top = self._node({**told["tree"], "children": ()})
            children = tuple(map(self._node, told["tree"]["children"]))
            sentences += top.summary.sentences
            given = [Block(**one) for one in told.get("blocks", ())] or [Block("", len(sentences), "points")]
            blocks += [
                replace(one, heading=self._named(one.heading)) if one.form == "document" else one for one in given
            ]
        for one in self.answers:
            blocks += self._parts(one, "document", sentences)
        if self.notes:
            blocks.append(Block("Notes", 0, "document"))
        for one in self.notes:
            blocks += self._parts(one, "points", sentences)
        made = Summary(tuple(sentences), int(told.get("tokens", 0)), tuple(blocks))
        return SummaryTree(self.title, made.spans, made, "", children, run=self._run(told))

    def _run(self, told: Told) -> Run:
        named = {str(one.metadata["source"]): one for one in self._documents.values()}
        texts = {name: one.page_content for name, one in named.items()}
        if self._gone:
            texts[GONE] = "\n\n".join(self._gone)
        return Run(
            str(told.get("model", "")),
            int(told.get("max_tokens", 0)),
            texts=texts,
            pages={name: tuple(one.metadata["pages"]) for name, one in named.items() if one.metadata.get("pages")},
            writes=False,
            places=SourcePages(named.values()),
        )

    def _node(self, told: Told) -> SummaryTree:
        spans = [self._span(one) for one in told["spans"]]
        rows = told["sentences"]
        said = [_sentence(row, [self._span(one) for one in row["spans"]]) for row in rows]
        below = tuple(map(self._node, told["children"]))
        return SummaryTree(
            told["title"], tuple(spans), Summary(tuple(said), told["tokens"]), told["key"], below, told.get("error")
        )

    def _parts(self, piece: Piece, form: Form, sentences: list[Sentence]) -> Iterator[Block]:
        """The heading, then what ends as sentences do as paragraphs and the rest as lines; put behind `sentences`."""
        yield Block(piece.heading, 0, form)
        said = self._said(piece)
        sentences += said
        for ended, run in groupby(said, key=lambda one: bool(_ENDED.search(one.text))):
            yield Block("", len(list(run)), "points" if ended else "facts")

    def _said(self, piece: Piece) -> list[Sentence]:
        places = [self._span(one) for one in piece.answer.get("citations", ())]
        rows = piece.answer.get("sentences", ())
        own = [Sentence(piece.words, ())] if piece.words.strip() else []
        return own + [_sentence(row, [places[at] for at in row["citations"]]) for row in rows]

    def _span(self, place: Told) -> Span:
        """A place in its document, by its name; of one that is gone, in what was quoted of it."""
        name = self._named(str(place["source"]))
        if name != place["source"]:
            return Span(place["start"], place["end"], name)
        quote = str(place.get("quote", ""))
        start = self._length
        self._gone.append(quote)
        self._length += len(quote) + 2
        return Span(start, start + len(quote), GONE)

    def _named(self, id: str) -> str:
        """The name of a document, another for each; the id of one that is gone."""
        if id not in self._documents:
            held = self.library.shelf.get(id)
            if held is None or held.status != "ready":
                return id
            names = [str(one.metadata["source"]) for one in self._documents.values()]
            numbers = (f" ({n})" if n else "" for n in (0, *range(2, len(names) + 3)))
            name = next(one for one in (f"{held.name}{number}" for number in numbers) if one not in names)
            known = self.library.shelf.document(held)
            self._documents[id] = known.model_copy(update={"metadata": {**known.metadata, "source": name}})
        return str(self._documents[id].metadata["source"])


def _sentence(row: Told, spans: Sequence[Span]) -> Sentence:
    """A sentence of an answer or a summary; what says that nothing was found is in no doubt."""
    problems = tuple(row.get("problems", ()))
    doubt = not row["supported"] and bool(problems or spans)
    return Sentence(row["text"], tuple(spans), supported=not doubt, problems=problems, label=row.get("label", ""))


def _with_words(piece: Piece) -> Told:
    rows = [{**row, "text": f"{piece.words}\n\n{row['text']}".strip()} for row in piece.answer["sentences"]]
    return {**piece.answer, "sentences": rows}


def _joined(said: Iterable[Told]) -> Told:
    """Several answers as one: each sentence cites the places that it cited."""
    rows: list[Told] = []
    places: list[Told] = []
    for one in said:
        first = len(places)
        places += one.get("citations", ())
        rows += ({**row, "citations": [at + first for at in row.get("citations", ())]} for row in one["sentences"])
    return {"sentences": rows, "citations": places}
