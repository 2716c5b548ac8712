"""The documents that a client of the server may ask for, by ids that are theirs and never paths of the client's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar

from langchain_core.documents import Document

from longdoc.chunkers.readers.base import Ocr
from longdoc.chunkers.readers.pages import SourcePages
from longdoc.chunkers.text.span import Span
from longdoc.errors import InputError
from longdoc.mcp.results import Checked, Documents, Line, Listed, Passages, Place, Stretch, Told
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.ask.library import Library, library
from longdoc.pipelines.ask.settings import ChatSettings

R = TypeVar("R")
_MOST = 16_000  # characters of one stretch


class Shelf:
    """Does what the tools ask. Raises `InputError` for ids and places that are not there.

    A document's id is its path below `root`, or its name where it lies elsewhere.
    """

    def __init__(self, held: Library, names: Sequence[str]) -> None:
        self._held = held
        self._documents = dict(zip(names, self._held.documents, strict=True))
        self._indexed = dict(zip(names, self._held.ids, strict=True))
        self._places = SourcePages(self._held.documents)
        self._named = {str(one.metadata["source"]): name for name, one in self._documents.items()}

    @classmethod
    def of(cls, paths: Sequence[Path], root: Path, folder: Path, ocr: Ocr = "auto") -> Shelf:
        """The shelf of these files, in the index of `folder`."""
        return cls(library([str(path) for path in paths], folder, ocr), [_name(path, root) for path in paths])

    def use(self, work: Callable[[Shelf], R]) -> R:
        """The result of `work` on the documents."""
        return work(self)

    def documents(self) -> Documents:
        """All documents."""
        return Documents(documents=[_listed(name, one) for name, one in self._documents.items()])

    def outline(self, document: str) -> str:
        """The headings of a document, one a line, each with where it begins."""
        from longdoc.chunkers.text.sections import split_sections

        found = self._document(document)
        sections = split_sections(found.page_content, found.metadata.get("outline"))
        lines = (
            f"{'  ' * (len(one.headings) - 1)}{one.headings[-1]} [{one.span.start}]" for one in sections if one.headings
        )
        return "\n".join(lines) or "no headings"

    def search(self, query: str, documents: Collection[str] | None, most: int) -> Passages:
        """The passages that match a query best."""
        if not query.strip():
            raise InputError("the query is blank; say what to look for")
        matches = self._held.index.matches(query, most, documents=self._ids(documents))
        found = [self._passage(match.document) for match in matches]
        return Passages(passages=[one for one in found if one is not None])

    def read(self, document: str, start: int, end: int | None, page: int | None) -> Stretch:
        """A stretch of a document, or one of its pages (counted from 1)."""
        text, pages = self._document(document).page_content, self._pages(document)
        if page is not None:
            if not 1 <= page <= len(pages):
                raise InputError(f"{document!r} has {len(pages)} pages, and page {page} was asked for; give 1 or more")
            start, end = pages[page - 1], [*pages, len(text)][page]
        if not 0 <= start <= len(text):
            raise InputError(f"{document!r} has {len(text)} characters, and start is {start}; give a place in it")
        last = len(text) if end is None else min(max(start, end), len(text))
        stop = min(last, start + _MOST)
        span = Span(start, stop, str(self._document(document).metadata["source"]))
        place = self._place(span, boxed=False)  # of a whole page that would be a box for each of its lines
        return Stretch(
            place=place, next_start=stop if stop < (len(text) if end is None else min(end, len(text))) else None
        )

    def summarize(self, documents: Collection[str] | None, max_tokens: int, query: str | None) -> Told:
        """A digest of some documents, or of all."""
        from longdoc.memory.cache.encoding_cache import EncodingCache
        from longdoc.pipelines.summarize.summarize import summarize

        chosen = [self._document(name) for name in (documents or self._documents)]
        with EncodingCache(None) as cache:
            tree = summarize(chosen, max_tokens=max_tokens, query=query, cache=cache)
        return Told(text=tree.summary.text, answered=True, lines=self._lines(tree.summary.sentences))

    def ask(self, question: str, documents: Collection[str] | None, max_tokens: int) -> Told:
        """The answer that the documents give to a question, in their own words."""
        from longdoc.pipelines.ask.answer import NOT_SAID

        chat = self._held.chat("extractive", ChatSettings(max_tokens=max_tokens))
        answer = chat.ask(question, documents=self._ids(documents) or self._held.ids)
        return Told(text=answer.text, answered=answer.text != NOT_SAID, lines=self._lines(answer.sentences))

    def verify(self, text: str, documents: Collection[str] | None) -> Checked:
        """Whether the documents bear out a text, sentence by sentence."""
        from longdoc.pipelines.verification import verify

        found = verify(text, against=[self._document(name) for name in (documents or self._documents)])
        lines = [
            Line(
                text=one.text,
                supported=one.verdict == "supported",
                problems=[one.verdict, *one.problems],
                places=[self._place(span) for span in one.spans],
            )
            for one in found.sentences
        ]
        return Checked(lines=lines)

    def _document(self, name: str) -> Document:
        if name not in self._documents:
            raise InputError(f"there is no document {name!r}; give an id that list_documents gives")
        return self._documents[name]

    def _ids(self, names: Collection[str] | None) -> list[str] | None:
        if names is None:
            return list(self._held.ids)
        for name in names:
            self._document(name)
        return [self._indexed[name] for name in names]

    def _pages(self, name: str) -> list[int]:
        return [int(start) for start in self._document(name).metadata.get("pages") or ()]

    def _lines(self, sentences: Sequence[Sentence]) -> list[Line]:
        return [
            Line(
                text=one.line,
                supported=one.supported,
                problems=list(one.problems),
                places=[self._place(span) for span in one.spans],
            )
            for one in sentences
        ]

    def _passage(self, chunk: Document) -> Place | None:
        start, source = chunk.metadata.get("start_index"), str(chunk.metadata.get("source"))
        if not isinstance(start, int) or source not in self._named:
            return None
        return self._place(Span(start, start + len(chunk.page_content), source))

    def _place(self, span: Span, *, boxed: bool = True) -> Place:
        name = self._named[span.source]
        document = self._documents[name]
        boxes = self._places.boxes(span) if boxed else ()
        return Place(
            document=name,
            start=span.start,
            end=span.end,
            page=self._places.page(span),
            page_label=self._places.label(span),
            boxes=[(page, *_rounded(edges)) for page, *edges in boxes],
            quote=span.of(document.page_content),
        )


def _rounded(edges: Sequence[float]) -> tuple[float, float, float, float]:
    left, bottom, right, top = (round(float(edge), 2) for edge in edges)
    return left, bottom, right, top


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _listed(name: str, document: Document) -> Listed:
    told, text = document.metadata, document.page_content
    return Listed(
        id=name,
        title=str(told.get("title") or name),
        format=str(told.get("format", "text")),
        characters=len(text),
        words=len(text.split()),
        pages=len(told.get("pages") or ()),
    )
