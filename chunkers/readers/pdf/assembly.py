"""Pages to one text: paragraphs that go on over columns and pages are whole, words at line ends are joined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from longdoc.chunkers.readers.pdf.hyphens import Hyphens, hyphenated
from longdoc.chunkers.readers.pdf.layout.paragraphs import Block

PARTED = "\n\n"
"""What stands between two paragraphs, also where a page ends."""

_SAME_SIZE = 0.09
_LONGEST_HEADING = 160  # characters


@dataclass(frozen=True, slots=True)
class Told:
    """A paragraph that may be a heading: where it begins, its length, its size in points and whether it is bold."""

    start: int
    length: int
    size: float
    bold: bool


@dataclass(slots=True)
class Assembly:
    """The text as it grows, and what is known of it: where pages begin, tables, and what may be headings."""

    pieces: list[str] = field(default_factory=list)
    length: int = 0
    starts: list[int] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    sizes: dict[tuple[float, bool], int] = field(default_factory=dict)
    _hyphens: Hyphens = field(default_factory=Hyphens)
    _last: Block | None = None
    _last_text: str = ""

    @property
    def text(self) -> str:
        """The whole text so far."""
        return "".join(self.pieces)

    def add(self, blocks: Sequence[Block]) -> None:
        """Put a page's blocks at the end of the text."""
        texts = [[line.text for line in block.lines] for block in blocks]
        self._hyphens.learn([line for lines in texts for line in lines])
        first = True
        for block, lines in zip(blocks, texts, strict=True):
            between = self._between(block, lines[0])
            if first:
                self._begin_page(between)
            self._put(between)
            first = False
            self._put_block(block, lines, begins=between in ("", PARTED))
        if first:
            self.starts.append(self.length)

    def _begin_page(self, between: str) -> None:
        self.starts.append(self.length + len(between))

    def _between(self, block: Block, line: str) -> str:
        """What stands between the text and a block; a hyphen that is none of the word is taken off the text."""
        before = self._last
        if before is None:
            return ""
        if not _goes_on(before, block, line):
            return PARTED
        if hyphenated(self._last_text):
            if self._hyphens.drops(self._last_text, line):
                self.pieces[-1] = self.pieces[-1][:-1]
                self.length -= 1
            return ""
        return "" if _unspaced(self._last_text, line) else " "

    def _put_block(self, block: Block, lines: list[str], *, begins: bool) -> None:
        start = self.length
        if block.table is not None:
            self._put("\n".join(lines))
            self._note_table(block, lines, start)
        else:
            self._put("".join(self._joined(lines)))
            self._note_paragraph(block, start, begins=begins)
        self._last, self._last_text = block, lines[-1]

    def _joined(self, lines: list[str]) -> Iterator[str]:
        """The lines of a paragraph, and what stands between them."""
        for line, following in pairwise(lines):
            if hyphenated(line):
                yield line[:-1] if self._hyphens.drops(line, following) else line
            else:
                yield line
                if not _unspaced(line, following):
                    yield "\n"
        yield lines[-1]

    def _put(self, text: str) -> None:
        if text:
            self.pieces.append(text)
            self.length += len(text)

    def _note_table(self, block: Block, lines: list[str], start: int) -> None:
        table = block.table
        assert table is not None  # noqa: S101
        header = sum(len(line) + 1 for line in lines[: table.header])
        end = start + max(header - 1, 0)
        told = {
            "start": start,
            "end": self.length,
            "header": table.names if table.header else [],
            "header_end": end,
            "note": table.note,
        }
        self.tables.append(told)

    def _note_paragraph(self, block: Block, start: int, *, begins: bool) -> None:
        key = round(block.size * 2) / 2, block.bold
        length = self.length - start
        self.sizes[key] = self.sizes.get(key, 0) + length
        if begins and length <= _LONGEST_HEADING and len(block.lines) <= 3:
            self.told.append(Told(start, length, key[0], block.bold))


def _goes_on(before: Block, block: Block, line: str) -> bool:
    """Whether a block of the next column or page goes on with the paragraph before it."""
    if before.table is not None or block.table is not None or not before.open:
        return False
    last, first = before.lines[-1], block.lines[0]
    if abs(last.size - first.size) > _SAME_SIZE * first.size or last.bold != first.bold:
        return False
    opening = line.lstrip("\"'“‘(«")[:1]
    if opening.islower() or hyphenated(last.text):
        return True
    if opening.isupper():
        return before.full and last.text[-1:] in ",–—"
    return before.full and (opening.isdigit() or len(before.lines) > 1)


def _unspaced(line: str, following: str) -> bool:
    """Whether two lines join without a space: both are Chinese or Japanese there."""
    return _wide(line[-1:]) and _wide(following[:1])


def _wide(letter: str) -> bool:
    return "\u2e80" <= letter < "\ua4d0" or "\uf900" <= letter < "\ufb00" or "\uff00" <= letter < "\uffe0"
