"""A text cut into its units, in reading order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.text.span import Span
from longdoc.chunkers.text.tables import Cell, Table, tables_of
from longdoc.pipelines.units.definitions import term_of
from longdoc.pipelines.units.hygiene import is_ended, is_furniture, is_whole, readable, without_mark
from longdoc.pipelines.units.lines import Form, Line, label_in, lines_of, speaker_in
from longdoc.pipelines.units.paragraphs import (
    LED_ON,
    RUN_IN,
    are_short,
    beyond,
    counted,
    is_clause,
    is_run_in_title,
    is_title,
    joined,
    leads_on,
    nested,
    width,
)
from longdoc.pipelines.units.rows import (
    cells_of,
    header_of,
    lined,
    named,
    pairs_of,
    row_spans,
    row_text,
    rows_of,
    taking_turns,
)
from longdoc.pipelines.units.unit import Kind, Unit

_ITEM_WORDS = 60  # of an item; what is longer is read sentence by sentence
_LIST_WORDS = 300  # of a list that is one unit
_LEAST_COUNTED = 4  # places: three items of a line, and its end
_VALUE_LINES = 6  # below a label that has nothing behind it
_EARLY = 0.75  # of the width of lines: one that would have had room for the next word has ended


def units_of(
    text: str, source: str = "", start: int = 0, headings: Sequence[str] = (), tables: Sequence[Table] | None = None
) -> list[Unit]:
    """The units of a text that begins at character `start` of `source`, under these headings. Linear.

    `tables` are those that its parser knew, by characters of this text; else those that it shows are found.

    Page numbers, rules, contents and front matter's comments are in none. A list is a unit beside its items, and a row
    of amounts takes the line that names its columns along; no other character is in two units.
    """
    found = tables_of(text) if tables is None else tables
    return _Finder(text, source, start, tuple(headings), found).units()


class _Finder:
    """The lines of one text, read once from the first to the last."""

    def __init__(self, text: str, source: str, start: int, headings: tuple[str, ...], tables: Sequence[Table]) -> None:
        self._text, self._source, self._start = text, source, start
        self._lines = lines_of(text)
        self._width, self._turning = width(self._lines), taking_turns(self._lines)
        self._tables = named(tables or list(lined(text)), sorted(self._lines[at].start for at in self._turning))
        self._table_starts = [one["start"] for one in self._tables]
        self._outer = headings
        self._inner: list[tuple[int, str]] = []
        self._under = ""  # a line that stands over what follows it and is no heading of the text's own
        self._headers: list[Line] = []  # lines that may name the columns of rows, nearest first
        self._paragraph, self._introduced = 0, set[str]()
        self._found: list[Unit] = []

    def units(self) -> list[Unit]:
        at = 0
        while at < len(self._lines):
            line = self._lines[at]
            self._paragraph += 1
            if at in self._turning:
                for start, end, label, text in pairs_of(line):
                    self._add("label", [self._span(start, end)], text, label)
                at, self._headers = at + 1, []
            elif (table := self._table_at(line.start)) is not None:
                at = self._rows_of(table, at)
            else:
                makers = {
                    Form.HEADING: self._heading,
                    Form.CODE: self._code,
                    Form.FIELD: self._field,
                    Form.ITEM: self._items,
                    Form.ROW: self._row,
                    Form.TURN: self._turn,
                    Form.PROSE: self._prose,
                    Form.TABLE: self._table,
                }
                at = makers.get(line.form, self._passed)(at)
        return self._found

    def _passed(self, at: int) -> int:
        if self._lines[at].text and header_of(self._lines[at]):
            self._headers = [self._lines[at], *self._headers[:2]]
        return at + 1

    def _heading(self, at: int) -> int:
        first, end = self._lines[at], at + 1
        while end < len(self._lines) and self._lines[end].form is Form.HEADING and is_furniture(self._lines[end].text):
            end += 1
        named = next((one for one in self._lines[at:end] if not is_furniture(one.text)), first)
        title = readable(named.text).strip("#= ").rstrip()
        while self._inner and self._inner[-1][0] >= first.level:
            self._inner.pop()
        self._inner.append((first.level, title))
        self._under, self._headers = "", [named]
        self._add("heading", [self._span(named.start, named.end)], title)
        return end

    def _code(self, at: int) -> int:
        end = at
        while end < len(self._lines) and self._lines[end].form is Form.CODE:
            end += 1
            below = self._next(end)
            end = below if below is not None and self._lines[below].form is Form.CODE else end
        self._add("code", [self._span(self._lines[at].start, self._lines[end - 1].end)], None, self._under)
        return end

    def _field(self, at: int) -> int:
        line = self._lines[at]
        label = readable(line.text[: line.cut]).rstrip(": ").strip()
        label = without_mark(label) or label
        below = self._next(at + 1)
        if not any(map(str.isalpha, line.text[line.cut :])) and below and self._lines[below].form is Form.ITEM:
            return self._items(below, intro=[line])
        if line.text[line.cut :].strip():
            end = self._wrapped(at)
            self._value(label, line, line.start + line.cut, self._lines[end - 1].end)
            return end
        end = below = at + 1 if below is None else below
        while (
            end < len(self._lines)
            and end - below < _VALUE_LINES
            and self._lines[end].form in (Form.PROSE, Form.AMOUNTS)
        ):
            end += 1
        taken = self._lines[below:end]
        if not taken or below > at + 2 or (len(taken) > 1 and not are_short(taken)):
            self._under = label
            self._add("heading", [self._span(line.start, line.end)], label)
            return at + 1
        span = self._span(taken[0].start, taken[-1].end)
        said = (
            ", ".join(readable(one.text).rstrip(",") for one in taken) if are_short(taken) else readable(self._of(span))
        )
        self._add("label", [self._span(line.start, line.end), span], f"{label}: {said}", label)
        return end

    def _value(self, label: str, line: Line, start: int, end: int) -> None:
        """A label with what follows it on its line: the first sentence with the label, the others as they are."""
        for number, span in enumerate(split_sentences(self._text, start, end)):
            if number:
                self._sentence([self._span(span.start, span.end)], label)
            else:
                said = readable(span.of(self._text))
                self._add("label", [self._span(line.start, span.end)], f"{label}: {said}", label)

    def _table_at(self, place: int) -> Table | None:
        before = bisect_right(self._table_starts, place) - 1
        return self._tables[before] if before >= 0 and place < self._tables[before]["end"] else None

    def _rows_of(self, table: Table, at: int) -> int:
        """The rows of a table with the names of their columns. Gives the first line behind it."""
        head = self._trimmed(table["start"], table["header_end"])
        name = table["header"][0]
        owner: Cell | None = None  # what the rows below belong to whose first cell is empty
        for row in rows_of(self._text, table):
            owner = row[0] if row[0].column == name else owner if name else None
            of = owner or row[0]
            said = [f"{readable(one.column)} {readable(one.value)}".strip() for one in row if one.span != of.span]
            label = readable(of.value)
            above = [] if of is row[0] else [self._span(of.span.start, of.span.end)]
            spans = [*([head] if head else []), *above, self._span(row[0].span.start, row[-1].span.end)]
            self._add("row", spans, f"{label}: {'; '.join(said)}" if said else label, label)
        return bisect_left(self._lines, table["end"], at, key=lambda line: line.start)

    def _trimmed(self, start: int, end: int) -> Span | None:
        """The characters of a stretch without the white space around them; None where there are no others."""
        text = self._text[start:end]
        return self._span(start + len(text) - len(text.lstrip()), start + len(text.rstrip())) if text.strip() else None

    def _row(self, at: int) -> int:
        line = self._lines[at]
        text, header = row_text(line.text[: line.cut], cells_of(line), self._headers)
        label = readable(line.text[: line.cut]).rstrip(" .:")
        self._add("row", row_spans([line], header, self._source, self._start), text, label)
        return at + 1

    def _amounts_below(self, at: int, end: int) -> int:
        """The lines of amounts alone below a short line: its row. Gives where they end; `end` where there are none."""
        label = self._lines[at]
        below = self._next(end)
        last = below
        while last is not None and last < len(self._lines) and self._lines[last].form is Form.AMOUNTS:
            last += 1
        if below is None or last is None or last == below or below > end + 1 or header_of(self._lines[below]):
            return end
        taken = self._lines[below:last]
        cells = [cell for one in taken for cell in cells_of(one)]
        text, header = row_text(label.text, cells, self._headers)
        self._add("row", row_spans([label, *taken], header, self._source, self._start), text, readable(label.text))
        return last

    def _items(self, at: int, intro: Sequence[Line] = ()) -> int:
        """A run of items, blank lines between them allowed, each with the lines that it goes on in."""
        items: list[tuple[Line, ...]] = []
        end = at
        while end < len(self._lines):
            here = self._next(end)
            if here is None or (
                self._lines[here].form is not Form.ITEM and not (items and self._is_item_like(here, items))
            ):
                break
            after = self._wrapped(here)
            items.append(tuple(self._lines[here:after]))
            end = after
        self._list(items, intro)
        return end

    def _is_item_like(self, at: int, items: Sequence[tuple[Line, ...]]) -> bool:
        """Whether a field is rather one more item: it has the mark of the items before it."""
        line, before = self._lines[at], items[-1][0]
        marked = line.text[:1] == before.text[:1] and not line.text[:1].isalnum()
        return line.form is Form.FIELD and marked and without_mark(line.text) != line.text

    def _list(self, items: Sequence[tuple[Line, ...]], intro: Sequence[Line]) -> None:
        over = [self._span(one.start, one.end) for one in intro] or self._introduction()
        label = LED_ON.sub("", readable(" ".join(self._of(one) for one in over))) if over else self._under
        placed = [part for one in items for part in self._counted(self._span(one[0].start, one[-1].end))]
        said = [readable(self._of(one)) for one in placed]
        inner = nested([self._text.rfind("\n", 0, one.start - self._start) - one.start for one in placed], said)
        words = sum(len(one.split()) for one in said)
        alone = len(placed) == 1
        if not alone and words <= _LIST_WORDS and not any(map(is_clause, said)):
            text = "; ".join(one.rstrip(";,") for one in said)
            text = f"{label}: {text}" if over and label else text
            self._add("list", [*over, *placed], text, label)
        if alone and is_run_in_title(said[0]):
            self._under = without_mark(said[0])
            self._add("heading", placed, self._under)
            return
        outer = label
        for at, (span, text) in enumerate(zip(placed, said, strict=True)):
            over_at = inner.get(at)
            label = outer if over_at is None else without_mark(said[over_at]).rstrip(": ")
            if over_at == at - 1:
                below = [number for number in inner if inner[number] == over_at]
                text_below = "; ".join(said[number].rstrip(";,") for number in below)
                spans = [placed[number] for number in (over_at, *below)]
                self._add("list", spans, f"{label}: {text_below}", label)
            own = label_in(without_mark(text))
            if len(text.split()) <= _ITEM_WORDS and not (is_clause(text) or (alone and RUN_IN.match(text))):
                if own:
                    self._add("label", [span], without_mark(text), own)
                else:
                    self._add("item", [span], text, label)
                continue
            for number, one in enumerate(split_sentences(self._text, span.start - self._start, span.end - self._start)):
                if number or not (alone or is_clause(text)) or not self._runs_in(one.start, one.end):
                    self._sentence([self._span(one.start, one.end)], self._under or label)

    def _counted(self, span: Span) -> list[Span]:
        """The items in one line that counts 1. 2. 3.; the line where it does not."""
        text = self._of(span)
        cuts = [*counted(text), len(text)]
        if len(cuts) < _LEAST_COUNTED:
            return [span]
        ends = [start + len(text[start:end].rstrip()) for start, end in pairwise(cuts)]
        first = span.start - self._start
        return [self._span(first + start, first + end) for start, end in zip(cuts, ends, strict=False)]

    def _introduction(self) -> list[Span]:
        """The sentence right above that ends with a colon."""
        last = self._found[-1] if self._found else None
        if last is None or (last.paragraph != self._paragraph - 1 and last.paragraph != self._paragraph):
            lines_start = self._found[-1].end - self._start if self._found else 0
            nearest = last is not None and not self._text[last.end - self._start : lines_start].strip()
            if not nearest:
                return []
        assert last is not None  # noqa: S101  else it was left above
        return list(last.spans) if last.text.endswith(":") or last.kind == "heading" else []

    def _turn(self, at: int) -> int:
        line, end = self._lines[at], at + 1
        while end < len(self._lines) and self._lines[end].form in (Form.PROSE, Form.ITEM, Form.ROW):
            end += 1
        bare = speaker_in(line.text[: line.cut - 1])
        name, speaker = readable(bare).strip(), self._span(line.start, line.start + len(bare))
        of = line.text[len(bare) + 2 : line.cut - 2]  # in brackets behind the name
        if of and ") (" not in of and name not in self._introduced:
            about = self._span(line.start + len(bare) + 2, line.start + line.cut - 2)
            self._add("label", [speaker, about], f"{name}: {readable(of)}", name)
        self._introduced.add(name)
        for one in split_sentences(self._text, line.start + line.cut, self._lines[end - 1].end):
            said = readable(one.of(self._text))
            if any(map(str.isalnum, said)):
                span = self._span(one.start, one.end)
                self._add("turn", [speaker, span], f"{name}: {said}", name, whole=is_whole(said))
        return end

    def _table(self, at: int) -> int:
        self._passed(at)
        cells = self._lines[at].text.strip("|").replace("\t", "|").split("|")
        said = [readable(cell) for cell in cells if any(map(str.isalnum, cell))]
        if said:
            self._add("row", [self._span(self._lines[at].start, self._lines[at].end)], "; ".join(said), said[0])
        return at + 1

    def _prose(self, at: int) -> int:
        """A paragraph, and what goes on with its last sentence behind a page's end."""
        end = at + 1
        while end < len(self._lines) and self._lines[end].form is Form.PROSE and not self._begins(end):
            end += 1
        if is_title(self._lines, at, end) and beyond(self._lines, end) is None:
            after = self._amounts_below(at, end)
            if after > end:
                return after
            self._under = readable(self._lines[at].text).rstrip(":")
            self._headers = [self._lines[at], *self._headers[:2]]
            self._add("heading", [self._span(self._lines[at].start, self._lines[at].end)], self._under)
            return end
        if self._found and self._found[-1].kind == "row":
            self._under = ""
        stretches = [(self._lines[at].start, self._lines[end - 1].end)]
        while (further := beyond(self._lines, end)) is not None:
            end = further + 1
            while end < len(self._lines) and self._lines[end].form is Form.PROSE:
                end += 1
            stretches.append((self._lines[further].start, self._lines[end - 1].end))
        sentences = list(joined(self._text, stretches))
        for number, spans in enumerate(sentences):
            if not (number == 0 and len(sentences) > 1 and self._runs_in(*spans[0])):
                self._sentence([self._span(*one) for one in spans], self._under)
        if self._lines[end - 1].text[-1] not in ":":
            self._headers = []
        return end

    def _runs_in(self, start: int, end: int) -> bool:
        """Whether a paragraph's first sentence is a number and a title; it is then what the others stand under."""
        match = RUN_IN.fullmatch(readable(self._text[start:end]))
        if match is None:
            return False
        self._under = match[1]
        self._add("heading", [self._span(start, end)], match[1])
        return True

    def _begins(self, at: int) -> bool:
        """Whether a line of prose begins anew: the one above ends early, and not within a sentence."""
        above, here = self._lines[at - 1].text, self._lines[at].text
        early = len(above) + len(here.split()[0]) + 1 < _EARLY * self._width
        return early and not above.endswith((",", "-", ";", "&")) and not here[0].islower() and not leads_on(above)

    def _wrapped(self, at: int) -> int:
        """Where the lines end that an item or a field goes on in."""
        end = at + 1
        while end < len(self._lines) and self._lines[end].form in (Form.PROSE, Form.ROW):
            above, here = self._lines[end - 1].text, self._lines[end]
            indented = here.indent > self._lines[at].indent
            if not indented and (is_ended(above) or (here.text[0].isupper() and self._begins(end))):
                break
            end += 1
        return end

    def _next(self, at: int) -> int | None:
        """The next line that is not blank and not furniture."""
        while at < len(self._lines) and self._lines[at].form in (Form.BLANK, Form.FURNITURE):
            at += 1
        return at if at < len(self._lines) else None

    def _sentence(self, spans: Sequence[Span], label: str) -> None:
        said = readable(" ".join(self._of(one) for one in spans))
        if not any(map(str.isalnum, said)):
            return
        term = term_of(said)
        self._add("definition" if term else "sentence", spans, said, term or label, whole=is_whole(said))

    def _add(self, kind: Kind, spans: Sequence[Span], said: str | None, label: str = "", whole: bool = True) -> None:
        text = self._of(spans[0]) if said is None else said
        headings = tuple(dict.fromkeys((*self._outer, *(title for _, title in self._inner))))
        if self._under and kind != "heading" and self._under not in headings:
            headings = (*headings, self._under)
        self._found.append(Unit(kind, tuple(spans), text, label, headings, self._paragraph, whole))

    def _span(self, start: int, end: int) -> Span:
        return Span(self._start + start, self._start + end, self._source)

    def _of(self, span: Span) -> str:
        return self._text[span.start - self._start : span.end - self._start]
