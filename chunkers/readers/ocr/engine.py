"""Pictures of pages to lines of words: turned upright first, then recognised by RapidOCR, which brings its models."""

from __future__ import annotations

import math
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longdoc.chunkers.readers.ocr.recognised import Line, Recognised, line_of

LONGEST = 2000
"""The pixels of a picture's longer side that are looked at; more cost time and tell nothing."""

DENSITY = 220  # pixels an inch: no more are needed
_SMALL = 1000  # pixels of the longer side where only the direction of the text is looked for
_TALL = 1.5  # a box that is higher than it is wide by more is a line on its side
_STRAIGHT = math.radians(0.3)
_ASKED = 8  # lines that are asked for their direction
_PADDING = 0.08  # of its height that a line's box reaches beyond it, above and below

Matrix = NDArray[np.float64]  # (2, 3)


def available() -> bool:
    """Whether the extra `ocr` is installed."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


def recognised(pixels: NDArray[np.uint8], page: int, points: float, placed: Matrix) -> Recognised:
    """The lines on a picture (height, width, 3), of which a pixel is `points` wide.

    `placed` takes its pixels to the page's own space. A picture on its side, upside down or askew is turned upright.
    """
    upright, back = _upright(pixels)
    lines = tuple(_lines(upright, points))
    matrix = np.vstack([placed, (0, 0, 1)]) @ np.vstack([back, (0, 0, 1)]) @ np.diag([1 / points, 1 / points, 1])
    height, width = upright.shape[:2]
    a, c, e = matrix[0].tolist()
    b, d, f = matrix[1].tolist()
    return Recognised(page, width * points, height * points, (a, b, c, d, e, f), lines)


@cache
def _engine() -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(params={"Global.log_level": "critical"})


def _lines(pixels: NDArray[np.uint8], points: float) -> list[Line]:
    steps = {"use_det": True, "use_cls": False, "use_rec": True}
    found = _engine()(pixels[:, :, ::-1], **steps, return_word_box=True)
    if found.txts is None:
        return []
    words = found.word_results or ()
    known = words if len(words) == len(found.txts) else [()] * len(found.txts)
    lines = []
    for text, score, quad, own in zip(found.txts, found.scores, found.boxes, known, strict=True):
        box = _box(quad, points)
        high = box[3] - box[1]
        box = (box[0], box[1] + _PADDING * high, box[2], box[3] - _PADDING * high)
        if text.strip() and high > 0:
            lines.append(line_of(text, float(score), [(one[0], _box(one[2], points)) for one in own], box))
    return lines


def _box(quad: Any, points: float) -> tuple[float, float, float, float]:
    corners = np.asarray(quad, np.float64).reshape(-1, 2) * points
    (left, top), (right, bottom) = corners.min(0).tolist(), corners.max(0).tolist()
    return left, top, right, bottom


def _upright(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Matrix]:
    """The picture with its lines from left to right, and what takes its pixels back to those of the picture given."""
    import cv2

    degrees = _turned(pixels)
    if not degrees:
        return pixels, np.eye(2, 3)
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    wide, high = round(width * cosine + height * sine), round(width * sine + height * cosine)
    matrix[:, 2] += (wide - width) / 2, (high - height) / 2
    turned = cv2.warpAffine(pixels, matrix, (wide, high), flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255))
    return np.asarray(turned, np.uint8), np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def _turned(pixels: NDArray[np.uint8]) -> float:
    """The degrees counter-clockwise that turn the lines of a picture upright."""
    import cv2

    scale = min(1.0, _SMALL / max(pixels.shape[:2]))
    small: NDArray[np.uint8] = pixels
    if scale < 1:
        small = np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    quads = _quads(small)
    sideways = sum(_length(quad) if _is_tall(quad) else -_length(quad) for quad in quads) > 0
    if sideways:
        small = np.ascontiguousarray(np.rot90(small))
        quads = _quads(small)
    lines = sorted((quad for quad in quads if not _is_tall(quad)), key=_length, reverse=True)
    if not lines:
        return 0.0
    degrees = 90.0 * sideways + 180.0 * _is_upside_down(small, lines[:_ASKED])
    slant = _slant(lines)
    return degrees + (math.degrees(slant) if abs(slant) > _STRAIGHT else 0.0)


def _quads(pixels: NDArray[np.uint8]) -> list[NDArray[np.float64]]:
    found = _engine()(pixels[:, :, ::-1], use_det=True, use_cls=False, use_rec=False)
    return [] if found.boxes is None else [np.asarray(quad, np.float64) for quad in found.boxes]


def _sides(quad: NDArray[np.float64]) -> tuple[float, float]:
    return float(np.hypot(*(quad[1] - quad[0]))), float(np.hypot(*(quad[3] - quad[0])))


def _length(quad: NDArray[np.float64]) -> float:
    wide, high = _sides(quad)
    return max(wide, high)


def _is_tall(quad: NDArray[np.float64]) -> bool:
    wide, high = _sides(quad)
    return high > _TALL * wide


def _slant(lines: list[NDArray[np.float64]]) -> float:
    """The angle, in radians, by which the lines fall to the right: the middle one of those long enough to tell."""
    told = [quad for quad in lines if _sides(quad)[0] > 5 * _sides(quad)[1]]
    angles = [math.atan2(quad[1][1] - quad[0][1], quad[1][0] - quad[0][0]) for quad in told]
    return float(np.median(angles)) if angles else 0.0


def _is_upside_down(pixels: NDArray[np.uint8], lines: list[NDArray[np.float64]]) -> bool:
    import cv2

    votes = 0.0
    for quad in lines:
        wide, high = (max(1, round(side)) for side in _sides(quad))
        corners = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], np.float32)
        straight = cv2.getPerspectiveTransform(quad.astype(np.float32), corners)
        crop = cv2.warpPerspective(pixels, straight, (wide, high))
        found = _engine()(crop[:, :, ::-1], use_det=False, use_cls=True, use_rec=False)
        label, score = found.cls_res[0]
        votes += score if label == "180" else -score
    return votes > 0
