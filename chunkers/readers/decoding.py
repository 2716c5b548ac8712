"""Bytes to text: which encoding the text of a file is in."""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence

from longdoc.chunkers.readers.formats import READABLE, refuse_binary
from longdoc.chunkers.readers.guessing import PLAIN, guess
from longdoc.errors import InputError

# UTF-32 stands before UTF-16: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

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
# A whole character of UTF-8 beyond ASCII, and what a cut leaves of one at the start and the end of a file.
_CHARACTER = rb"(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})"
_SEQUENCE = re.compile(_CHARACTER + rb"++")
_LONG_UTF8 = re.compile(rb"(?:" + _CHARACTER + rb"[\x00-\x7f]*+){12}")
_EDGES = re.compile(rb"\A[\x80-\xbf]{1,3}|[\xc2-\xdf]\Z|[\xe0-\xef][\x80-\xbf]?\Z|[\xf0-\xf4][\x80-\xbf]{0,2}\Z")
_HIGH = bytes(range(0x80, 0x100))
_ASCII = set(map(chr, range(0x80)))
_UTF8_SHARE, _MIXED_SHARE = 0.9, 0.45  # of the bytes beyond ASCII that are UTF-8, to be UTF-8 or to be mixed
_BAD_EDGES = 2  # bad bytes that a cut leaves
_BAD_SHARE = 0.04


def decode(data: bytes, source: str, declared: str | None = None) -> str:
    """Return the text of `data` without its byte order mark, every byte accounted for.

    Tried in turn: the byte order mark, UTF-16 without one, the charset that the data `declared` (an HTML
    label), UTF-8, and the encoding in which the rest reads most like a language. Where a few bytes do not
    belong, as where a file was cut inside a character, each is U+FFFD. An `InputError` names `source` where
    the data is binary, is UTF-8 only in part, or its encoding cannot be told. UTF-16 that begins with U+0000
    carries the mark of UTF-32 and is read as such where it can be.
    """
    refuse_binary(data, source)
    marks = [(data[len(mark) :], name) for mark, name in _MARKS if data.startswith(mark)]
    if marks:
        return _marked(marks, source)
    if data.count(0) > len(data) * _NUL_LIMIT:
        return _marked([(data, _unmarked_utf16(data, source))], source)
    text = next(_decoded((data, name) for name in _candidates(data, declared)), None)
    if text is None:
        text = _damaged_utf8(data, source)
    return _legacy(data, source) if text is None else text


def _marked(tries: Sequence[tuple[bytes, str]], source: str) -> str:
    """Return the text in the first encoding that fits, else in the first that all but fits."""
    text = next(_decoded(tries), None)
    if text is None:
        replaced = (data.decode(name, "replace") for data, name in tries)
        text = next((one for one in replaced if _few(one)), None)
    if text is None:
        raise _untold(source)
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


def _candidates(data: bytes, declared: str | None) -> Iterator[str]:
    """Yield the encodings that would have to fit without a fault."""
    label = _codec(declared) if declared else None
    if label is not None:
        if len(_SEQUENCE.findall(data)) > 1:  # nobody means "Ã¼", and no page is that by chance more than once
            yield "utf-8"
        yield label
    if b"\x1b$B" in data or b"\x1b$@" in data:
        yield "iso2022_jp"  # it is all ASCII bytes, and would pass for UTF-8
    yield "utf-8"


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


def _legacy(data: bytes, source: str) -> str:
    """Return the text of bytes that are not UTF-8 and not binary, in the encoding that they are likeliest in."""
    if _controls(data):
        raise _not_text(source)
    guessed = guess(data)
    text = "" if guessed is None else data.decode(guessed.encoding, "replace")
    if guessed is None or not _few(text):
        raise _untold(source)
    return text.translate(dict.fromkeys(map(ord, guessed.doubted), "\ufffd"))


def _damaged_utf8(data: bytes, source: str) -> str | None:
    """Return the text of UTF-8 with some bad bytes, each as U+FFFD; None for what is rather another encoding.

    An `InputError` names `source` where some of it is UTF-8 and some is not.
    """
    body = _EDGES.sub(b"", data)
    good = sum(len(match[0]) for match in _SEQUENCE.finditer(body))
    high = len(body) - len(body.translate(None, _HIGH))
    if good >= _UTF8_SHARE * high and (good or not high):
        return data.decode("utf-8", "replace") if good else None
    if _LONG_UTF8.search(body) or (good >= _MIXED_SHARE * high and guess(data, PLAIN) is None):
        raise InputError(f"{source!r} is UTF-8 in part and another encoding in part; convert all of it to UTF-8")
    return None


def _few(text: str) -> bool:
    """Return whether few of the characters that are not ASCII are U+FFFD."""
    bad = text.count("\ufffd")
    if bad == len(text):
        return False
    return bad <= _BAD_EDGES + _BAD_SHARE * sum(map(text.count, set(text) - _ASCII))


def _controls(data: bytes) -> bool:
    return len(data.translate(None, _NOT_CONTROL)) > len(data) * _CONTROL_LIMIT


def _not_text(source: str) -> InputError:
    return InputError(f"{source!r} is binary data, not text; {READABLE}")


def _untold(source: str) -> InputError:
    return InputError(f"cannot tell the encoding of {source!r}; convert it to UTF-8")
