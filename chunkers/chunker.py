"""What every chunker does alike: pack text into chunks under a hard token limit, and speak LangChain."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from typing import Any

import numpy as np
from langchain_core.documents import BaseDocumentTransformer, Document
from langchain_core.runnables import Runnable, RunnableConfig

from longdoc.chunkers.sections import Section
from longdoc.chunkers.span import Span
from longdoc.chunkers.tokenizer import BUNDLED, Tokenizer, load_tokenizer
from longdoc.errors import BudgetError

_WINDOW = 65_536  # characters tokenized at a time; bounds memory, whatever the text's length

ChunkerInput = str | Document | Sequence[Document]


class Chunker(Runnable[ChunkerInput, list[Document]], BaseDocumentTransformer):
    """Splits text into `Document`s of at most `max_tokens` tokens that, overlap aside, join to the text.

    `overlap` tokens at most are said again at the start of the next chunk, inside the limit. Each chunk's metadata
    has `source`, `start_index`, `end_index`, `token_count` (as counted on the chunk alone) and `headings`.
    As a Runnable it takes a text, a `Document` or a list of them. Raises `BudgetError` for limits that cannot hold.
    """

    def __init__(self, max_tokens: int = 512, overlap: int = 0, tokenizer: str | Tokenizer = BUNDLED) -> None:
        if max_tokens < 1:
            raise BudgetError(f"max_tokens is {max_tokens}; give a chunk at least 1 token")
        if not 0 <= overlap < max_tokens:
            raise BudgetError(f"overlap is {overlap}; give 0 to {max_tokens - 1}, less than max_tokens")
        self.max_tokens = max_tokens
        self.overlap = overlap
        self.tokenizer = load_tokenizer(tokenizer)

    @abstractmethod
    def sections(self, text: str, outline: Sequence[Sequence[int | str]] | None) -> Iterable[Section]:
        """The stretches that no chunk may cross, in order; together they are the text."""

    @abstractmethod
    def best_cut(self, text: str, start: int, floor: int, low: int, high: int) -> int:
        """Where to end a chunk that begins at `start`: from `floor` to `high`, and from `low` on if it can."""

    def split(self, text: str | Document) -> Iterator[Document]:
        """The chunks of a text, in order. Empty text has none.

        A `Document` passes its `source`, parser's `outline` and `pages` on. Raises `BudgetError` where one
        character alone takes more than `max_tokens` tokens.
        """
        document = text if isinstance(text, Document) else Document(page_content=text)
        pages = document.metadata.get("pages")
        for section in self.sections(document.page_content, document.metadata.get("outline")):
            for span, tokens in self._pack(document.page_content, section.span):
                metadata: dict[str, Any] = {
                    "source": document.metadata.get("source", ""),
                    "start_index": span.start,
                    "end_index": span.end,
                    "token_count": tokens,
                    "headings": list(section.headings),
                }
                if pages:
                    metadata["page"] = int(np.searchsorted(pages, span.start, side="right"))
                yield Document(page_content=span.of(document.page_content), metadata=metadata)

    def split_file(self, path: str | PathLike[str]) -> Iterator[Document]:
        """The chunks of a file, read as `longdoc.chunkers.read` reads it. Raises `InputError`."""
        from longdoc.chunkers.reading import read

        return self.split(read(path))

    def transform_documents(self, documents: Sequence[Document], **kwargs: Any) -> list[Document]:
        """The chunks of all `documents`, in order; takes no options."""
        if kwargs:
            raise TypeError(f"unknown options {sorted(kwargs)}; a chunker is set up when it is made")
        return [chunk for document in documents for chunk in self.split(document)]

    def invoke(self, input: ChunkerInput, config: RunnableConfig | None = None, **kwargs: Any) -> list[Document]:
        """The chunks of a text, a `Document` or a list of them, traced as a LangChain run."""
        return self._call_with_config(self._split_any, input, config, run_type="chain", **kwargs)

    def _split_any(self, given: ChunkerInput) -> list[Document]:
        return self.transform_documents([given] if isinstance(given, str | Document) else given)  # type: ignore[list-item]

    def _pack(self, text: str, section: Span) -> Iterator[tuple[Span, int]]:
        """Spans that tile `section`, overlap aside, each with the tokens that it has when counted alone."""
        start = fresh = section.start
        tokens = _Window(self.tokenizer, text, start, min(section.end, start + _WINDOW))
        while fresh < section.end:
            reach = tokens.after(start, self.max_tokens)
            if reach is None and tokens.end < section.end:
                tokens = tokens.further(text, start, section.end)
                continue
            end, count = self._fit(text, Span(start, section.end), fresh, reach or section.end, tokens)
            if count <= self.max_tokens:
                yield Span(start, end), count
                fresh = end
                start = max(start + 1, tokens.before(end, self.overlap)) if self.overlap else end
            elif start < fresh:  # the overlap leaves no room: go on without it
                start = fresh
            else:
                raise BudgetError(
                    f"the character {text[start:end]!r} alone takes {count} tokens; raise max_tokens to {count} or more"
                )

    def _fit(self, text: str, rest: Span, fresh: int, reach: int, tokens: _Window) -> tuple[int, int]:
        """The end, after `fresh`, of the chunk that begins `rest`, and its tokens counted alone.

        Tokens counted alone can differ from the tokens of the whole (byte-pair merges reach across an edge), so the
        guess is counted, and drawn in by what it is over until it holds or one new character is left.
        """
        floor = fresh + 1
        reach = max(reach, floor)
        half = tokens.after(rest.start, self.max_tokens // 2) or reach
        while True:
            end = reach
            if reach < rest.end:
                end = self.best_cut(text, rest.start, floor, min(max(half, floor), reach), reach)
            count = self.tokenizer.count(text[rest.start : end])
            if count <= self.max_tokens or end <= floor:
                return end, count
            reach = max(floor, min(end - 1, tokens.before(end, count - self.max_tokens)))


class _Window:
    """The tokens of `text[start:end]`, to step forward and back by a number of them."""

    def __init__(self, tokenizer: Tokenizer, text: str, start: int, end: int) -> None:
        self.start, self.end = start, end
        self._tokenizer = tokenizer
        self._starts = tokenizer.offsets(text[start:end])[:, 0] + start

    def further(self, text: str, start: int, limit: int) -> _Window:
        """The window that begins at `start`, and is longer than this one where this one began there too."""
        length = _WINDOW if start > self.start else 2 * (self.end - self.start)
        return _Window(self._tokenizer, text, start, min(limit, start + length))

    def after(self, position: int, tokens: int) -> int | None:
        """Where the token that comes `tokens` after `position` begins; None where there is none in the window."""
        index = int(np.searchsorted(self._starts, position)) + tokens
        return int(self._starts[index]) if index < len(self._starts) else None

    def before(self, position: int, tokens: int) -> int:
        """Where the token that comes `tokens` before `position` begins; the window's start where there is none."""
        index = int(np.searchsorted(self._starts, position)) - tokens
        return int(self._starts[index]) if index > 0 else self.start
