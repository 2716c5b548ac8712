"""Bytes to text: which encoding the text of a file is in."""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Iterable, Iterator

from charset_normalizer import from_bytes

from longdoc.chunkers.readers.formats import READABLE, refuse_binary
from longdoc.errors import InputError

# UTF-32 stands before UTF-16: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# In the order in which a near tie is settled: what is met most often stands first.
_ENCODINGS = (
    *("cp1252", "cp932", "euc_jp", "gb18030", "big5", "big5hkscs", "cp949", "cp1251", "koi8_r", "koi8_u"),
    *("cp1250", "iso8859_2", "cp1253", "iso8859_7", "cp1254", "cp1255", "cp1256", "cp1257", "iso8859_5"),
    *("cp866", "tis_620", "iso8859_15"),
)
_NEAR = 0.1

# Labels as browsers take them (WHATWG Encoding): an old name stands for the larger set that grew out of it.
_LABELS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "euc_kr": "cp949",
    "mac-roman": "mac_roman",
    "utf-16": "utf-8",
    "utf-16-le": "utf-8",
    "utf-16-be": "utf-8",
}
_SAME = {
    *(
        "utf-8",
        "gb18030",
        "big5hkscs",
        "cp932",
        "cp949",
        "euc_jp",
        "iso2022_jp",
        "koi8-r",
        "koi8-u",
        "cp866",
        "cp874",
    ),
    *(f"cp125{n}" for n in range(9)),
    *(f"iso8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
}

_NUL_LIMIT = 1 / 20
_CONTROL_LIMIT = 1 / 50
_NOT_CONTROL = bytes(b for b in range(256) if b >= 32 or b in b"\t\n\v\f\r\x1b")
_SAMPLE = 64 * 1024
_GAP = re.compile(rb"[ \n]")


def decode(data: bytes, source: str, declared: str | None = None) -> str:
    """Return the text of `data` without its byte order mark, every byte accounted for.

    Tried in turn: the byte order mark, UTF-16 without one, the charset that the data `declared` (an HTML
    label), UTF-8, and what charset-normalizer makes of 128 KiB. What wins decodes the whole strictly. An
    `InputError` names `source` where the data is binary or its encoding cannot be told. UTF-16 that begins
    with U+0000 carries the mark of UTF-32 and is read as such where it can be.
    """
    refuse_binary(data, source)
    marks = [(data[len(mark) :], name) for mark, name in _MARKS if data.startswith(mark)]
    if marks:
        text = next(_decoded(marks), None)
    else:
        text = next(_decoded((data, name) for name in _candidates(data, source, declared)), None)
    if text is None:
        raise InputError(f"cannot tell the encoding of {source!r}; convert it to UTF-8")
    return text


def begins_as_text(data: bytes, source: str) -> bool:
    """Return whether a file that begins with `data` may be text, to judge by its marks and control characters."""
    try:
        refuse_binary(data, source)
        if any(data.startswith(mark) for mark, _ in _MARKS):
            return True
        if data.count(0) > len(data) * _NUL_LIMIT:
            _unmarked_utf16(data, source)
    except InputError:
        return False
    return not _controls(data.replace(b"\0", b""))


def _decoded(tries: Iterable[tuple[bytes, str]]) -> Iterator[str]:
    for data, name in tries:
        with contextlib.suppress(UnicodeDecodeError):
            yield data.decode(name)


def _candidates(data: bytes, source: str, declared: str | None) -> Iterator[str]:
    """Yield the encodings to try; lazily, for guessing is dear and binary data is refused on the way."""
    if data.count(0) > len(data) * _NUL_LIMIT:
        yield _unmarked_utf16(data, source)
        return
    label = _codec(declared) if declared else None
    if label is not None:
        yield label
    if b"\x1b$B" in data or b"\x1b$@" in data:
        yield "iso2022_jp"  # it is all ASCII bytes, and would pass for UTF-8
    yield "utf-8"
    yield from _guesses(data, source)


def _codec(label: str) -> str | None:
    """Return the codec that a browser would take for `label`; None where there is none."""
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):  # ValueError: a NUL in the label
        return None
    return _LABELS.get(name) or (name if name in _SAME else None)


def _unmarked_utf16(data: bytes, source: str) -> str:
    """Return the byte order that the NUL bytes of `data` give away: Latin text has them on one side only."""
    if _controls(data.replace(b"\0", b"")):
        raise _not_text(source)
    first, second = data[0::2].count(0), data[1::2].count(0)
    least = 0.3 * len(data) / 2
    if second >= least and first <= second / 10:
        return "utf-16-le"
    if first >= least and second <= first / 10:
        return "utf-16-be"
    raise _not_text(source)


def _guesses(data: bytes, source: str) -> list[str]:
    """Return the encodings that charset-normalizer finds plausible, the likeliest first.

    Its first choice among the Western code pages is often an odd one, so those nearly as good as the best
    are ordered by how often they are met.
    """
    if _controls(data):
        raise _not_text(source)
    matches = list(from_bytes(_sample(data), cp_isolation=list(_ENCODINGS)))
    if not matches:
        return []
    best = matches[0]
    near = [m for m in matches if m.chaos <= best.chaos + _NEAR and m.coherence >= best.coherence - _NEAR]
    names = {name for match in near for name in (match.encoding, *match.could_be_from_charset)}
    return [name for name in _ENCODINGS if name in names]


def _controls(data: bytes) -> bool:
    return len(data.translate(None, _NOT_CONTROL)) > len(data) * _CONTROL_LIMIT


def _sample(data: bytes) -> bytes:
    """Return all of a short text, else its first and middle 64 KiB, cut where no character is cut."""
    if len(data) <= 2 * _SAMPLE:
        return data
    middle = len(data) // 2
    return _whole_words(data[:_SAMPLE], at_start=True) + _whole_words(data[middle : middle + _SAMPLE], at_start=False)


def _whole_words(piece: bytes, *, at_start: bool) -> bytes:
    # Space and newline are never the second byte of a character in the encodings that are tried.
    first = None if at_start else _GAP.search(piece)
    last = max(piece.rfind(b" "), piece.rfind(b"\n"))
    return piece[first.start() if first else 0 : last if last > 0 else len(piece)]


def _not_text(source: str) -> InputError:
    return InputError(f"{source!r} is binary data, not text; {READABLE}")
