"""What was recognised on a page: lines of words with their boxes, as JSON, and as the glyphs that are laid out."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longdoc.chunkers.readers.pdf.layout.glyphs import LINE_END, NOTHING, SPACE, Glyphs, Run
from longdoc.chunkers.readers.pdf.layout.letters import kinds

Word = tuple[int, int, float, float, float, float]
"""Where in its line a word begins and ends, and left, top, right, bottom in points from the upper left."""

_SIZE = 0.8  # of the height of a line's box: the size of its type
_FOOT = 0.2  # of the same: the base line above the foot of the box
_ALIKE = 0.25  # a line whose height is off the page's by less has the page's size: boxes are not exact


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was recognised, from 0 to 1 how surely, and the places of its words."""

    text: str
    confidence: float
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Recognised:
    """The lines of a page that was turned upright, `width` by `height` points.

    `matrix` (a, b, c, d, e, f) takes a point (x, y) of it to the page's own space: (ax + cy + e, bx + dy + f).
    """

    page: int  # from 1
    width: float
    height: float
    matrix: tuple[float, float, float, float, float, float]
    lines: tuple[Line, ...]

    @property
    def confidence(self) -> float:
        """How surely its characters were recognised, from 0 to 1; 0 where there are none."""
        letters = sum(len(line.text) for line in self.lines)
        return sum(line.confidence * len(line.text) for line in self.lines) / letters if letters else 0.0

    def json(self) -> dict[str, Any]:
        """The same as values of JSON, for a document's metadata."""
        lines = [
            [
                line.text,
                round(line.confidence, 3),
                [[*word[:2], *(round(edge, 1) for edge in word[2:])] for word in line.words],
            ]
            for line in self.lines
        ]
        size = [round(self.width, 2), round(self.height, 2)]
        matrix = [round(one, 6) for one in self.matrix]
        confidence = round(self.confidence, 3)
        return {"page": self.page, "confidence": confidence, "size": size, "matrix": matrix, "lines": lines}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Recognised:
        """What `json` gave."""
        lines = tuple(
            Line(
                str(text),
                float(sure),
                tuple((int(i), int(j), float(a), float(b), float(c), float(d)) for i, j, a, b, c, d in words),
            )
            for text, sure, words in told["lines"]
        )
        a, b, c, d, e, f = map(float, told["matrix"])
        width, height = map(float, told["size"])
        return cls(int(told["page"]), width, height, (a, b, c, d, e, f), lines)

    def glyphs(self) -> Glyphs:
        """Its characters, each an even part of its word's box."""
        codes: list[int] = []
        upright: list[tuple[float, float, float, float]] = []
        before: list[int] = []
        runs: list[Run] = []
        heights = [max(word[5] - word[3] for word in line.words) for line in self.lines]
        usual = median(heights)
        for line, height in zip(self.lines, heights, strict=True):
            kind = LINE_END
            size = _SIZE * (usual if abs(height / usual - 1) < _ALIKE else height)
            foot = max(word[5] for word in line.words)
            for word in line.words:
                first = len(codes)
                shown = line.text[word[0] : word[1]]
                left, step = word[2], (word[4] - word[2]) / max(len(shown), 1)
                for number, letter in enumerate(shown):
                    codes.append(ord(letter))
                    upright.append((left + number * step, word[3], left + (number + 1) * step, word[5]))
                    before.append(NOTHING if number else kind)
                runs.append(Run(first, len(codes), size, False, 0.0, foot - _FOOT * height, word[2], word[4]))
                kind = SPACE if line.text[word[1] : word[1] + 1].isspace() else NOTHING
        boxes = np.array(upright, np.float64).reshape(-1, 4)
        left_edges, right_edges = boxes[:, 0].astype(np.float32), boxes[:, 2].astype(np.float32)
        letters = np.array(codes, np.uint32)
        return Glyphs(
            letters,
            kinds(letters),
            left_edges,
            right_edges,
            np.array(before, np.int8),
            np.full(len(codes), -1e9, np.float32),
            self._placed(boxes),
            runs,
            self.width,
            self.height,
            None,
        )

    def _placed(self, boxes: NDArray[np.float64]) -> NDArray[np.float32]:
        """Upright boxes as (left, top, right, bottom) in the page's own space."""
        a, b, c, d, e, f = self.matrix
        across, down = boxes[:, [0, 2, 2, 0]], boxes[:, [1, 1, 3, 3]]
        x, y = a * across + c * down + e, b * across + d * down + f
        return np.stack([x.min(1), y.max(1), x.max(1), y.min(1)], 1).astype(np.float32)


def line_of(text: str, confidence: float, words: Sequence[tuple[str, Sequence[float]]], box: Sequence[float]) -> Line:
    """A line whose words are found in its text one after the other; what no word says is part of the one before.

    `box` is the line's left, top, right, bottom; each word has the left and right of its own and the line's height.
    """
    text = " ".join(unicodedata.normalize("NFC", text).split())
    _, top, _, bottom = box
    placed: list[list[float]] = []
    at = 0
    for said, own in words:
        found = text.find(said, at)
        if found < 0:
            return _even(text, confidence, box)
        if placed and text[at:found].strip():
            placed[-1][1] = at + len(text[at:found].rstrip())
        placed.append([found, found + len(said), own[0], own[2]])
        at = found + len(said)
    if not placed or text[: int(placed[0][0])].strip():
        return _even(text, confidence, box)
    if text[at:].strip():
        placed[-1][1] = len(text)
    _part(placed)
    return Line(
        text,
        confidence,
        tuple(
            (int(first), int(last), left, top, max(right, left + 0.1), bottom) for first, last, left, right in placed
        ),
    )


def _part(placed: list[list[float]]) -> None:
    """Has words meet that nothing parts in the text, and no word reach into the next."""
    for one, other in pairwise(placed):
        if one[1] == other[0] or other[2] < one[3]:
            one[3] = other[2] = max(one[2], min(other[3], (one[3] + other[2]) / 2))


def _even(text: str, confidence: float, box: Sequence[float]) -> Line:
    """The line with its words spread evenly over its box."""
    left, top, right, bottom = box
    step = (right - left) / max(len(text), 1)
    words, at = [], 0
    for said in text.split():
        at = text.index(said, at)
        words.append((at, at + len(said), left + at * step, top, left + (at + len(said)) * step, bottom))
        at += len(said)
    return Line(text, confidence, tuple(words))
