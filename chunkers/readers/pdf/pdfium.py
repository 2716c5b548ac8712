"""pdfium, opened safely and called in bulk: one small foreign call for each character, none of them through Python."""

from __future__ import annotations

import ctypes
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longdoc.errors import InputError, MissingExtraError

LOCK = threading.RLock()
"""pdfium may run in one thread at a time."""

_PASSWORD, _SECURITY = 4, 5  # FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY
_SURROGATES = 0xD800
_NOTHING = 10  # a line feed, which stands for no glyph
_AT_ONCE = 4096  # times 16 bytes, an even number: what is written in one go
_HANDLE, _INT = ctypes.c_void_p, ctypes.c_int


class Thing(ctypes.c_void_p):
    """The address of what pdfium gave: ctypes makes an `int` of a mere `c_void_p` that a function returns."""


_RESULTS: dict[str, Any] = {
    "FPDFText_GetUnicode": ctypes.c_uint,
    "FPDFText_GetText": _INT,
    "FPDFText_GetLooseCharBox": None,
    "FPDFText_GetCharOrigin": None,
    "FPDFText_GetFontSize": ctypes.c_double,
    "FPDFText_GetMatrix": None,
    "FPDFText_GetTextObject": Thing,
    "FPDFTextObj_GetTextRenderMode": _INT,
    "FPDFTextObj_GetFont": _HANDLE,
    "FPDFFont_GetWeight": _INT,
    "FPDFFont_GetIsEmbedded": _INT,
    "FPDFFont_GetDescent": _INT,
    "FPDFFont_GetBaseFontName": ctypes.c_size_t,
    "FPDFPageObj_GetFillColor": _INT,
    "FPDFPageObj_GetBounds": None,
    "FPDFPageObj_GetType": _INT,
    "FPDFPath_CountSegments": _INT,
    "FPDFPage_CountObjects": _INT,
    "FPDFPage_GetObject": _HANDLE,
    "FPDFFormObj_CountObjects": _INT,
    "FPDFFormObj_GetObject": _HANDLE,
}
_HANDLES = {"FPDFPageObj_GetType": (_HANDLE,)}
"""What is asked of each object of a page once, so that to convert the handle takes less than to make one."""


@dataclass(frozen=True, slots=True)
class Calls:
    """The functions of pdfium that are called often, bound without the types of their arguments, whose conversion
    takes longer than most of them: a handle is a `Thing` or what `handle` gives, an address what `byref` gives, all
    else an `int`.

    `room` is what is written into, `places` are the addresses of every fourth byte of each of its rows.
    """

    functions: Mapping[str, Callable[..., Any]]
    room: NDArray[np.float64]
    places: tuple[Sequence[Any], ...]

    def __getitem__(self, name: str) -> Callable[..., Any]:
        return self.functions[name]

    def codes(self, page: Any, count: int) -> NDArray[np.uint32]:
        """The characters of a text page as code points; 0 where the font's table gives none."""
        buffer = np.zeros(count + 1, np.uint16)
        written = self["FPDFText_GetText"](page, 0, count, ctypes.c_void_p(buffer.ctypes.data)) - 1
        codes: NDArray[np.uint32] = buffer[:count].astype(np.uint32)
        unicode = self["FPDFText_GetUnicode"]
        if count and codes.max() >= _SURROGATES:
            for index in np.flatnonzero(codes >= 0xFFFE).tolist():  # a hyphen that a line's end made, or nothing known
                codes[index] = unicode(page, index) or 1
        if written == count and (not count or codes.min()) and not (codes >> 11 == _SURROGATES >> 11).any():
            return codes
        codes = np.fromiter(map(unicode, repeat(page), range(count)), np.uint32, count)
        high = np.flatnonzero((codes[:-1] >> 10 == 0x36) & (codes[1:] >> 10 == 0x37))
        codes[high] = 0x10000 + ((codes[high] & 0x3FF) << 10) + (codes[high + 1] & 0x3FF)
        codes[high + 1] = _NOTHING
        return codes

    def boxes(self, page: Any, count: int) -> NDArray[np.float32]:
        """The (left, top, right, bottom) of each character, in points from the lower left of the page's own space."""
        return self.written("FPDFText_GetLooseCharBox", count, repeat(page), range(count)).view(np.float32)

    def written(
        self, name: str, count: int, *given: Iterable[Any], parts: Sequence[int] = (0,), wide: int = 1, unset: int = 0
    ) -> NDArray[np.float64]:
        """What a function writes when it is called `count` times, each time with the next of each of `given`.

        `parts` are the quarters of 16 bytes at which it is told to write, `wide` how many times 16 bytes that needs;
        where it writes nothing, each of them is `unset`.
        """
        out = np.empty((count, 2 * wide))
        flat = out.reshape(-1, 2)
        called, given = self[name], tuple(map(iter, given))
        for first in range(0, count * wide, _AT_ONCE):
            rows = min(_AT_ONCE, count * wide - first)
            self.room[:rows].view(np.uint32).fill(unset)
            some = (islice(one, rows // wide) for one in given)
            deque(map(called, *some, *(islice(self.places[part], 0, None, wide) for part in parts)), maxlen=0)
            flat[first : first + rows] = self.room[:rows]
        return out


@cache
def calls() -> Calls:
    """The functions, bound once. `MissingExtraError`: pypdfium2 is not installed."""
    try:
        import pypdfium2.raw as raw
    except ImportError as error:
        raise MissingExtraError("reading PDF", "pdf") from error
    bound: dict[str, Callable[..., Any]] = {}
    for name, result in _RESULTS.items():
        address = ctypes.cast(getattr(raw, name), ctypes.c_void_p).value
        assert address is not None  # noqa: S101
        bound[name] = ctypes.PYFUNCTYPE(result, *_HANDLES.get(name, ()))(address)
    room = (ctypes.c_double * (2 * _AT_ONCE))()
    places = tuple([ctypes.byref(room, 16 * n + part) for n in range(_AT_ONCE)] for part in (0, 4, 8, 12))
    return Calls(bound, np.ctypeslib.as_array(room).reshape(-1, 2), places)


def handle(thing: Any) -> Any:
    """One of pypdfium2's objects, in the form that ctypes hands on the fastest."""
    return ctypes.byref(thing.raw.contents)


@contextmanager
def opened(data: bytes, source: str) -> Iterator[Any]:
    """The PDF in `data` as a `pypdfium2.PdfDocument`, while pdfium is this thread's alone.

    An `InputError` names `source` and the remedy where it needs a password, or is broken.
    """
    calls()
    import pypdfium2

    with LOCK:
        try:
            document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            if getattr(error, "err_code", None) in (_PASSWORD, _SECURITY):
                raise InputError(f"{source!r} is encrypted; remove the password and try again") from error
            raise broken(source) from error
        try:
            yield document
        finally:
            document.close()


def broken(source: str) -> InputError:
    """What is raised for a file that is no sound PDF."""
    return InputError(f"{source!r} is a broken PDF; repair it or print it to a new PDF")
