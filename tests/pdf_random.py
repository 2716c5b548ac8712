"""PDFs made at random, with what a person reads on them and where each word stands."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from pdf_files import Sheet, pdf, width

Place = tuple[int, float, float, float, float]
_SYLLABLES = "ba ce di fo gu la me ni po ru sa te vi wo zu bran clem dorf grin hald kest mord plin strom trav".split()  # noqa: SIM905
_SIZE, _STEP = 10.0, 12.5


@dataclass
class Made:
    """A PDF, its words in reading order with the place of each, its label a page, and how it was drawn."""

    data: bytes
    words: list[tuple[str, list[Place]]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    how: str = ""

    @property
    def text(self) -> str:
        """What is read, with a single space between words."""
        return " ".join(word for word, _ in self.words)


@dataclass
class _Line:
    page: int
    x: float
    y: float
    words: list[str]
    hyphen: bool = False

    def places(self) -> Iterator[tuple[str, float, float]]:
        """Each word, where it begins and where it ends."""
        x = self.x
        for number, word in enumerate(self.words):
            shown = word + "-" * (self.hyphen and number == len(self.words) - 1)
            yield shown, x, x + width(shown, _SIZE)
            x += width(shown + " ", _SIZE)


def made(seed: int) -> Made:
    """The PDF of a seed: one to three columns, drawn in one of several orders, turned or not, over several pages."""
    chance = random.Random(seed)
    columns, turned = chance.choice((1, 1, 2, 2, 3)), chance.choice((0, 0, 0, 90, 180, 270))
    drawn = chance.choice(("lines", "rows", "words", "glyphs", "shuffled"))
    heads, roman = chance.random() < 0.5, chance.choice((0, 0, 2))
    lines = list(_set(chance, columns))
    pages = lines[-1].page + 1
    labels = [("i", "ii", "iii")[n] if n < roman else str(n - roman + 1) for n in range(pages)]
    sheets = [_drawn(chance, [line for line in lines if line.page == n], drawn) for n in range(pages)]
    for number, sheet in enumerate(sheets):
        if heads:
            sheet.text(72, 760, "The yearly book of mills", 9).text(530, 760, str(number + 1), 9)
        _turn(sheet, turned)
    catalog = f"/PageLabels << /Nums [0 << /S /r >> {roman} << /S /D >>] >>" if roman else ""
    how = f"{columns} columns, {drawn}, turned {turned}, heads {heads}"
    result = Made(pdf(sheets, catalog), labels=labels, how=how)
    result.words = list(_read(lines, turned))
    return result


def _set(chance: random.Random, columns: int) -> Iterator[_Line]:
    """Lines of paragraphs, column after column and page after page."""
    measure = (468 - 20 * (columns - 1)) / columns
    page = column = 0
    y = 710.0
    for _ in range(chance.randint(3, 5) * columns):
        words = _paragraph(chance)
        place = 0
        while place < len(words):
            if y < 100:
                column, y = column + 1, 710.0
                if column == columns:
                    page, column = page + 1, 0
            line, place = _line(chance, words, place, measure, page)
            line.x, line.y = 72 + column * (measure + 20), y
            yield line
            y -= _STEP
        y -= 8


def _line(chance: random.Random, words: list[str], place: int, measure: float, page: int) -> tuple[_Line, int]:
    taken = [words[place]]
    place += 1
    while place < len(words) and width(" ".join([*taken, words[place]]), _SIZE) <= measure:
        taken.append(words[place])
        place += 1
    if place < len(words) and chance.random() < 0.3:
        word = words[place]
        cut = len(word) // 2
        if cut > 2 and word.isalpha() and width(" ".join([*taken, word[:cut] + "-"]), _SIZE) <= measure:
            words[place] = word[cut:]
            return _Line(page, 0, 0, [*taken, word[:cut]], hyphen=True), place
    return _Line(page, 0, 0, taken), place


def _paragraph(chance: random.Random) -> list[str]:
    words: list[str] = []
    for _ in range(chance.randint(2, 5)):
        sentence = ["".join(chance.choices(_SYLLABLES, k=chance.randint(1, 4))) for _ in range(chance.randint(6, 16))]
        if chance.random() < 0.3:
            sentence[chance.randrange(1, len(sentence))] = str(chance.randint(2, 99999))
        sentence[0] = sentence[0].capitalize()
        sentence[-1] += "."
        words += sentence
    return words


def _drawn(chance: random.Random, lines: list[_Line], how: str) -> Sheet:
    sheet = Sheet()
    if how in ("rows", "shuffled"):
        lines = sorted(lines, key=lambda line: (-line.y, line.x))
    if how == "shuffled":
        chance.shuffle(lines)
    for line in lines:
        if how == "words":
            for word, x, _ in line.places():
                sheet.text(x, line.y, word, _SIZE)
        elif how == "glyphs":
            for word, x, _ in line.places():
                for number, letter in enumerate(word):
                    sheet.text(x + width(word[:number], _SIZE), line.y, letter, _SIZE)
        else:
            sheet.text(line.x, line.y, " ".join(word for word, _, _ in line.places()), _SIZE)
    return sheet


_MOVES = {0: "1 0 0 1 0 0", 90: "0 1 -1 0 792 0", 180: "-1 0 0 -1 612 792", 270: "0 -1 1 0 0 792"}


def _turn(sheet: Sheet, degrees: int) -> None:
    """Turn the page, and what is on it against that: it stands upright as before, if the page is large enough."""
    sheet.shown = [f"q {_MOVES[degrees]} cm".encode(), *sheet.shown, b"Q"]
    sheet.turned = degrees
    if degrees % 180:
        sheet.size = (792, 792)


def _placed(box: tuple[float, float, float, float], degrees: int) -> tuple[float, float, float, float]:
    """The box in the page's own space."""
    x0, y0, x1, y1 = box
    if degrees == 90:
        return 792 - y1, x0, 792 - y0, x1
    if degrees == 180:
        return 612 - x1, 792 - y1, 612 - x0, 792 - y0
    if degrees == 270:
        return y0, 792 - x1, y1, 792 - x0
    return box


def _read(lines: list[_Line], turned: int) -> Iterator[tuple[str, list[Place]]]:
    """The words in reading order, a hyphenated one whole, with its place or its two."""
    held: tuple[str, list[Place]] | None = None
    for line in lines:
        for word, x0, x1 in line.places():
            low = line.y - 0.207 * _SIZE
            place: Place = (line.page + 1, *_placed((x0, low, x1, low + _SIZE), turned))
            if held is not None:
                word, places = held[0] + word, [*held[1], place]
                held = None
            else:
                places = [place]
            if word.endswith("-"):
                held = word[:-1], places
            else:
                yield word, places
