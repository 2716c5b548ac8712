"""What kind of character each glyph is, told from its code point by one table: pages have thousands of them."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]

END, BLANK, SPECIAL, WIDE, CURRENCY, FIGURE, CLOSES = (1 << bit for bit in range(7))
"""A line's end; white space; what needs more than to be copied (see `longdoc.chunkers.readers.pdf.layout.marks`);
Chinese and Japanese, which no spaces part; signs of currency; what stands in an amount; and what may end one."""

_KINDS: tuple[tuple[int, tuple[tuple[int, int], ...]], ...] = (
    (END, ((13, 13), (10, 10))),
    (BLANK, ((0x20, 0x20), (0xA0, 0xA0), (9, 9), (0x3000, 0x3000), (0x2000, 0x200B))),
    (SPECIAL, ((0, 0x1F), (0x7F, 0x9F), (0xA8, 0xA8), (0xAD, 0xAD), (0xAF, 0xAF), (0xB4, 0xB4), (0xB8, 0xB8))),
    (SPECIAL, ((0x02C6, 0x02DD), (0x0300, 0x036F), (0x0590, 0x08FF), (0x200C, 0x200F), (0x2028, 0x202F))),
    (SPECIAL, ((0xD800, 0xF8FF), (0xFB00, 0xFEFF), (0xFFE0, 0xFFFF))),
    (WIDE, ((0x2E80, 0xA4CF), (0xF900, 0xFAFF), (0xFF00, 0xFFDF))),
    (CURRENCY, ((0x24, 0x24), (0xA3, 0xA3), (0xA5, 0xA5), (0x20AC, 0x20AC))),
    (FIGURE, ((0x30, 0x39), (0x2C, 0x2C), (0x2E, 0x2E), (0x25, 0x25))),
    (CLOSES, ((0x30, 0x39), (0x29, 0x29), (0x25, 0x25), (0x2014, 0x2014))),
)


@cache
def _table() -> NDArray[np.uint8]:
    table = np.zeros(0x10000, np.uint8)
    for kind, ranges in _KINDS:
        for first, last in ranges:
            table[first : last + 1] |= kind
    return table


def kinds(codes: Codes) -> NDArray[np.uint8]:
    """The kinds of each character, as bits."""
    found: NDArray[np.uint8] = _table().take(codes, mode="clip")
    if len(codes) and codes.max() > 0xFFFF:
        found[(codes >= 0x20000) & (codes < 0x32000)] |= WIDE
    return found
