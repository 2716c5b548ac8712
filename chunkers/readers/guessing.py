"""Which encoding bytes are in that are not UTF-8: the one in which they read most like a language.

Each encoding is taken for a model that gives the bytes beyond ASCII a probability, by the letters of its languages and
by what letters never do: stand beside those of another script, change to capitals inside a word. The likeliest wins
where the next one that reads differently is far enough behind.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from longdoc.chunkers.readers.alphabets import ENCODINGS, bits, other_bits

_SAMPLE = 1 << 14  # bytes looked at, out of lines that are not ASCII
_LINE = 400  # bytes of a line that are looked at
_MARGIN = 6.0  # bits that the best must be ahead
_DOUBTED = 0.02  # share of the bytes beyond ASCII that two encodings may read differently and both be taken for right
_SPARSE = 0.001  # of all bytes beyond ASCII, up to which a text is read with what is doubted left open
_COMMONEST = 3.0  # bits that any encoding but the most common one costs
_BEYOND = bytes(range(0x80, 0x100))
_WORST = -9.5  # bits for each byte beyond ASCII, under which no encoding is plausible
PLAIN = -6.5  # bits over which there is no doubt
_HIGH = re.compile(rb"[^\n\x80-\xff]{0,60}[\x80-\xff][^\n]{0,400}")
_MIXED = re.compile(r"[A-Za-z][\u0370-\u1fff\u3040-\ud7a3]|[\u0370-\u1fff][A-Za-z]")
_CASE = re.compile(r"(?![a-z][A-Z])[^\W\d_](?<=[a-zß-ÿĀ-ɏα-ώа-џ])[^\W\d_](?<=[A-ZÀ-ÞĀ-ɏΆ-ΫЀ-Я])")
_SIGN_INSIDE = re.compile(r"(?<=[^\W\d_])[^\w\s\x00-\x7f’‘·\u00ad\u3000-\u303f\uff00-\uffef](?=[^\W\d_])")
_ALL_ACCENTS = re.compile(r"(?<![^\W\d_])[À-ɏ]{3,}(?![^\W\d_])")
_MARK_ALONE = re.compile(
    r"(?<![\u0e01-\u0e4e])[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]|[\u0e34-\u0e37]{2}|[\u0e48-\u0e4b]{2}"
)
_LAST_INSIDE = re.compile(r"[ςםןךףץ](?=[α-ώא-ת])|(?<![א-ת])[םןךףץ]|(?<![α-ώ])ς")
_CEDED = ((_MIXED, 7.0), (_SIGN_INSIDE, 7.0), (_ALL_ACCENTS, 18.0), (_MARK_ALONE, 7.0), (_LAST_INSIDE, 6.0))


@dataclass(frozen=True)
class Guess:
    """An encoding, and the characters that another one, as likely, reads differently: few, for they decide nothing."""

    encoding: str
    doubted: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Reading:
    encoding: str
    text: str
    bits: float


def guess(data: bytes, worst: float = _WORST) -> Guess | None:
    """The encoding that `data`, which is not UTF-8, is most likely in; None where two are as likely, or none is.

    Of a long text with a foreign word here and there, which two encodings may read as well, what they read alike is
    told, and the rest doubted.

    `worst` is the least plausible that it may be, in bits for each byte beyond ASCII.
    """
    sample = _sampled(data)
    high = len(sample) - len(sample.translate(None, _BEYOND))
    if not high:
        return None
    readings = sorted((_read(sample, encoding) for encoding in ENCODINGS), key=lambda one: -one.bits)
    best = readings[0]
    if best.bits < worst * high:
        return None
    near = [one for one in readings[1:] if one.text != best.text and one.bits > best.bits - _MARGIN]
    doubted: set[str] = set()
    for other in near:
        unlike = [ours for ours, theirs in zip(best.text, other.text, strict=False) if ours != theirs]
        sure = len(unlike) <= _DOUBTED * high or _is_sparse(data)
        if len(best.text) != len(other.text) or not sure:
            return None
        doubted.update(unlike)
    return Guess(best.encoding, frozenset(doubted))


def _is_sparse(data: bytes) -> bool:
    return len(data) - len(data.translate(None, _BEYOND)) <= _SPARSE * len(data)


def _sampled(data: bytes) -> bytes:
    """Lines that are not ASCII, from the beginning, the middle and the end."""
    if len(data) <= _SAMPLE:
        return data
    lines = [match[0] for match in _HIGH.finditer(data)]
    total = sum(map(len, lines))
    step = max(1, total // _SAMPLE)
    return b"\n".join(lines[::step])[: 2 * _SAMPLE]


def _read(sample: bytes, encoding: str) -> _Reading:
    text = sample.decode(encoding, "replace")
    counted = Counter(text)
    beyond = {character: count for character, count in counted.items() if character > "\x7f"}
    likeliest = max(_bits(beyond, language) for language in ENCODINGS[encoding])
    ceded = sum(weight * len(pattern.findall(text)) for pattern, weight in _CEDED)
    ceded += 7.0 * sum(_turns(match[0]) for match in _CASE.finditer(text))
    ceded += _COMMONEST * (encoding != next(iter(ENCODINGS)))
    return _Reading(encoding, text, likeliest - ceded)


def _turns(pair: str) -> bool:
    return pair[0].islower() and pair[1].isupper()


def _bits(beyond: dict[str, int], language: str) -> float:
    known = bits(language)
    total = 0.0
    for character, count in beyond.items():
        share = known.get(character)
        total += count * (other_bits(language, character) if share is None else share)
    return total
