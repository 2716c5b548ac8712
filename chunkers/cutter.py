"""What all chunkers share: packing text into chunks under a hard token limit."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike, fspath
from typing import Any, Protocol

from langchain_core.documents import Document

from longdoc.arguments import checked
from longdoc.chunkers.notebook import Chunks
from longdoc.chunkers.text.sections import SectionTrack
from longdoc.chunkers.text.table_track import TableTrack
from longdoc.chunkers.text.tables import heading_of
from longdoc.chunkers.text.tape import Tape
from longdoc.chunkers.tokenizers.base import BUNDLED, Tokenizer, load_tokenizer
from longdoc.chunkers.tokenizers.track import TokenTrack
from longdoc.errors import BudgetError, InputError

CONTEXT = 256  # characters before a chunk that tell whether a sentence begins in it
_SPACE = re.compile(r"\s")
_SEEN_AHEAD = 512  # characters after the limit that tell whether a sentence ends there
_OF_THE_WHOLE = {"source", "outline", "pages", "page_labels", "furniture", "tables"}  # no use to a chunk
_BEGUN = 4  # documents tokenized ahead
_LONG = 1 << 16  # characters from which on it pays to have them tokenized elsewhere
_KEPT_BEHIND = 4096  # characters before a chunk that tell what its first line is


class Edges(Protocol):
    """Places that no chunk may reach across."""

    def first_after(self, position: int, limit: int) -> int | None:
        """The first one after `position` and not after `limit`; asked for in order."""


class Reading:
    """A text while it is read: what is held of it, its sections, and where its tokens lie."""

    def __init__(
        self, text: str | Iterable[str], tokenizer: Tokenizer, max_tokens: int, metadata: Mapping[str, Any]
    ) -> None:
        self.max_tokens, self.metadata = max_tokens, metadata
        self._dropped = 0
        self.tape = Tape([text] if isinstance(text, str) else text)
        if isinstance(text, str):
            self.tape.fill(len(text) + 1)  # it is all there
        self.tokens = TokenTrack(self.tape, tokenizer)
        self.sections = SectionTrack(self.tape, metadata.get("outline"))
        self.tables = TableTrack(self.tape, metadata.get("tables"))

    def fits(self, start: int, end: int) -> bool:
        """Whether a chunk can hold the stretch."""
        return self.tokens.reach(start, self.max_tokens) >= end

    def drop(self, position: int) -> None:
        """Lets go of what no chunk from `position` on needs, now and then."""
        if position < self._dropped + _KEPT_BEHIND:
            return
        self._dropped = position
        self.tokens.drop(position)
        self.sections.drop(position)
        self.tape.drop(position - _KEPT_BEHIND)


@checked
class Cutter(ABC):
    """A `Chunker` that does not inherit LangChain's `Runnable`, so that importing it loads less."""

    def __init__(self, max_tokens: int = 512, overlap: int = 0, tokenizer: str | Tokenizer = BUNDLED) -> None:
        if max_tokens < 1:
            raise BudgetError(f"max_tokens is {max_tokens}; give a chunk at least 1 token")
        if not 0 <= overlap < max_tokens:
            raise BudgetError(f"overlap is {overlap}; give 0 to {max_tokens - 1}, less than max_tokens")
        self.max_tokens = max_tokens
        self.overlap = overlap
        self.tokenizer = load_tokenizer(tokenizer)

    def __repr__(self) -> str:
        told = f"{self.max_tokens}, overlap={self.overlap}, tokenizer={self.tokenizer.name.partition(':')[0]!r}"
        return f"{type(self).__name__}({told})"

    @abstractmethod
    def edges(self, reading: Reading) -> Edges | None:
        """The places that no chunk may reach across; None if there are none."""

    @abstractmethod
    def best_cut(self, reading: Reading, start: int, floor: int, low: int, high: int) -> int:
        """Where to end a chunk that begins at `start`: from `floor` to `high`, and from `low` on if it can.

        It may look at 512 characters after `high` and 4,096 before `start`, and must not depend on more.
        """

    def split(self, text: str | Document) -> Iterator[Document]:
        """The chunks of a text, in order. Empty text has none.

        A `Document` passes its metadata on, and what its parser knew as `headings` and `page`. Raises `BudgetError`
        where one character alone takes more than `max_tokens` tokens.
        """
        reading = self._reading(text)
        if len(text.page_content if isinstance(text, Document) else text) > _LONG:
            reading.tokens.share_out()
        return self._chunks(reading)

    def split_stream(self, pieces: Iterable[str], source: str = "") -> Iterator[Document]:
        """The chunks of the text that `pieces` join to, the first ones while the rest is still to come.

        They are those of `split`, whatever the sizes of the pieces. At most about a million characters are read ahead.
        """
        return self._chunks(Reading(pieces, self.tokenizer, self.max_tokens, {"source": source}))

    def split_file(self, path: str | PathLike[str]) -> Iterator[Document]:
        """The chunks of a file, read as `longdoc.chunkers.read` reads it. Raises `InputError`.

        A plain text file of over 8 MB that is UTF-8 is streamed, and need not fit memory.
        """
        from longdoc.chunkers.readers.registry import read
        from longdoc.chunkers.readers.stream import text_pieces

        pieces = text_pieces(path)
        return self.split(read(path)) if pieces is None else self.split_stream(pieces, fspath(path))

    def transform_documents(self, documents: Sequence[str | Document], **kwargs: Any) -> list[Document]:
        """The chunks of all `documents`, in order; takes no options."""
        if kwargs:
            raise TypeError(f"unknown options {sorted(kwargs)}; a chunker is set up when it is made")
        return Chunks(chunk for reading in self._ahead(documents) for chunk in self._chunks(reading))

    def _ahead(self, texts: Iterable[str | Document]) -> Iterator[Reading]:
        """The texts, the next few of which are tokenized on other cores while one is worked on."""
        begun: deque[Reading] = deque()
        for text in texts:
            reading = self._reading(text)
            reading.tokens.prefetch()
            begun.append(reading)
            if len(begun) > _BEGUN:
                yield begun.popleft()
        yield from begun

    def _reading(self, text: str | Document) -> Reading:
        document = text if isinstance(text, Document) else Document(page_content=text)
        return Reading(document.page_content, self.tokenizer, self.max_tokens, document.metadata)

    def split_documents(self, documents: Sequence[Document]) -> list[Document]:
        """`transform_documents` by the name that LangChain's text splitters give it."""
        return self.transform_documents(documents)

    def split_text(self, text: str) -> list[str]:
        """The chunks' texts alone, as LangChain's text splitters give them."""
        return [chunk.page_content for chunk in self.split(text)]

    def create_documents(
        self, texts: Sequence[str], metadatas: Sequence[dict[str, Any]] | None = None
    ) -> list[Document]:
        """The chunks of texts, each text with its metadata where some is given, as LangChain's text splitters do it."""
        told = [{}] * len(texts) if metadatas is None else metadatas
        if len(told) != len(texts):
            raise InputError(f"{len(told)} metadatas for {len(texts)} texts; give one each")
        pairs = zip(texts, told, strict=True)
        return self.transform_documents([Document(text, metadata=metadata) for text, metadata in pairs])

    def _chunks(self, reading: Reading) -> Iterator[Document]:
        source, pages, tape = reading.metadata.get("source", ""), reading.metadata.get("pages"), reading.tape
        labels = reading.metadata.get("page_labels") or ()
        others = {name: value for name, value in reading.metadata.items() if name not in _OF_THE_WHOLE}
        for start, end, tokens in self._pack(reading):
            metadata: dict[str, Any] = {
                "source": source,
                "start_index": start,
                "end_index": end,
                "token_count": tokens,
                "headings": list(reading.sections.path(start)),
            }
            if pages:
                metadata["page"] = page = bisect_right(pages, start)
                if breaks := pages[page : bisect_left(pages, end)]:
                    metadata["page_breaks"] = list(breaks)
                if 0 < page <= len(labels):
                    metadata["page_label"] = labels[page - 1]
                    if breaks:
                        metadata["break_labels"] = list(labels[page : page + len(breaks)])
            table = reading.tables.at(start)
            if table is not None and (header := heading_of(table)):
                metadata["table_header"] = header
            if others:
                metadata = {**others, **metadata}
            yield Document(page_content=tape[start:end], metadata=metadata)
            reading.drop(start)

    def _pack(self, reading: Reading) -> Iterator[tuple[int, int, int]]:
        """Stretches that tile the text, overlap aside, each with the tokens that it has when counted alone."""
        tape, tokens, edges = reading.tape, reading.tokens, self.edges(reading)
        start = fresh = 0
        if edges is not None:
            edges.first_after(0, 0)  # while the first tokens are made elsewhere
        while tape.fill(fresh + 1) > fresh:
            reach = tokens.reach(start, self.max_tokens)
            tape.fill(reach + _SEEN_AHEAD)
            edge = edges.first_after(fresh, reach) if edges is not None else None
            end, count = self._fit(reading, start, fresh, reach if edge is None else edge, edge is not None)
            if count <= self.max_tokens:
                yield start, end, count
                fresh = end
                again = self.overlap and end != edge
                start = max(start + 1, tokens.before(end, self.overlap)) if again else end
            elif start < fresh:  # the overlap leaves no room: go on without it
                start = fresh
            else:
                raise BudgetError(
                    f"the character {tape[start:end]!r} alone takes {count} tokens; raise max_tokens to {count} or more"
                )

    def _fit(self, reading: Reading, start: int, fresh: int, reach: int, whole: bool) -> tuple[int, int]:
        """The end, after `fresh`, of the chunk that begins at `start`, and its tokens counted alone.

        The tokens of a stretch alone can be more than it has as a part of the text, so the guess is counted, and
        drawn in by what it is over until it holds or one new character is left.
        """
        tape, tokens = reading.tape, reading.tokens
        floor = fresh + 1
        reach = max(reach, floor)
        whole = whole or (tape.ended and reach == tape.end)
        while True:
            end = reach
            if not whole:
                half = tokens.reach(start, self.max_tokens // 2)
                end = self.best_cut(reading, start, floor, min(max(half, floor), reach), reach)
            count = tokens.count(start, end)
            if count <= self.max_tokens or end <= floor:
                return end, count
            reach, whole = max(floor, min(end - 1, tokens.before(end, count - self.max_tokens))), False


def word_start(text: str, low: int, high: int) -> int:
    """The last place from `low` to `high` right after white space; `high` if there is none."""
    for reach in (64, 4096):
        words = [match.end() for match in _SPACE.finditer(text, max(low - 1, high - reach), high)]
        if words and words[-1] >= low:
            return words[-1]
    return high
