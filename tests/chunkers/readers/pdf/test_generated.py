"""Reading order, pages, labels and places on PDFs made at random, whose every word's place is known."""

from __future__ import annotations

import random
from functools import cache

import pytest
from pdf_random import Made, made

from longdoc.chunkers.readers.pdf.places import Places
from longdoc.chunkers.readers.pdf.reading import read_pdf

SEEDS = range(300)
Box = tuple[float, float, float, float]


@cache
def all_read() -> list[tuple[Made, str, Places]]:
    found = []
    for seed in SEEDS:
        one = made(seed)
        document = read_pdf(one.data, f"{seed}.pdf")
        found.append((one, document.page_content, Places(one.data, document)))
    return found


@pytest.mark.slow
def test_the_reading_order_is_the_truth_in_95_of_100() -> None:
    wrong = [(seed, one.how) for seed, (one, text, _) in enumerate(all_read()) if " ".join(text.split()) != one.text]
    assert len(wrong) <= 0.05 * len(SEEDS), wrong


def word_spans(text: str) -> list[tuple[int, int]]:
    spans, place = [], 0
    for word in text.split():
        place = text.index(word, place)
        spans.append((place, place + len(word)))
        place += len(word)
    return spans


def overlap(one: Box, other: Box) -> float:
    """The intersection over the union."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    common = max(wide, 0) * max(high, 0)
    return common / (area(one) + area(other) - common)


def area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


@pytest.mark.slow
def test_pages_labels_and_rectangles_of_10_000_spans() -> None:
    chance = random.Random(0)
    right = [one for one in all_read() if " ".join(one[1].split()) == one[0].text]
    spans = [(*one, word_spans(one[1])) for one in right]
    overlaps: list[float] = []
    for number in range(10_000):
        one, _, places, words = spans[number % len(spans)]
        first = chance.randrange(len(words))
        last = min(first + chance.randint(0, 2), len(words) - 1)
        start, end = words[first][0], words[last][1]
        page = one.words[first][1][0][0]
        assert places.page(start) == page
        assert places.label(start) == one.labels[page - 1]
        if number % 5 == 0:
            overlaps += overlaps_of(places.boxes(start, end), [p for _, ps in one.words[first : last + 1] for p in ps])
    assert sum(one >= 0.95 for one in overlaps) >= 0.99 * len(overlaps)


def overlaps_of(found: list[tuple[int, float, float, float, float]], wanted: list[tuple[int, ...]]) -> list[float]:
    """For each rectangle of a line how well it covers that of the words that lie in it."""
    scores = []
    for page, *rest in found:
        box: Box = tuple(rest)
        inside = [one[1:] for one in wanted if one[0] == page and overlap(box, one[1:]) > 0]
        assert inside
        lows, highs = [min(one[n] for one in inside) for n in (0, 1)], [max(one[n] for one in inside) for n in (2, 3)]
        scores.append(overlap(box, (*lows, *highs)))
    return scores


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_letter_has_its_box_and_white_space_none(seed: int) -> None:
    one = made(seed)
    document = read_pdf(one.data, "x.pdf")
    places = Places(one.data, document)
    for place, letter in enumerate(document.page_content):
        assert bool(places.boxes(place, place + 1)) is not letter.isspace()
