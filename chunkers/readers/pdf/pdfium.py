"""pdfium, opened safely and called in bulk: one small foreign call for each character, none of them through Python."""

from __future__ import annotations

import ctypes
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longdoc.errors import InputError, MissingExtraError

LOCK = threading.RLock()
"""pdfium may run in one thread at a time."""

_PASSWORD, _SECURITY = 4, 5  # FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY
_NOTHING = 10  # a line feed, which stands for no glyph
_HANDLE, _INT, _PLACE = ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p
_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "FPDFText_GetUnicode": (ctypes.c_uint, _HANDLE, _INT),
    "FPDFText_GetText": (_INT, _HANDLE, _INT, _INT, _PLACE),
    "FPDFText_GetLooseCharBox": (_INT, _HANDLE, _INT, _PLACE),
    "FPDFText_GetCharOrigin": (_INT, _HANDLE, _INT, _PLACE, _PLACE),
    "FPDFText_GetCharAngle": (ctypes.c_float, _HANDLE, _INT),
    "FPDFText_GetFontSize": (ctypes.c_double, _HANDLE, _INT),
    "FPDFText_GetMatrix": (_INT, _HANDLE, _INT, _PLACE),
    "FPDFText_GetTextObject": (_HANDLE, _HANDLE, _INT),
    "FPDFText_HasUnicodeMapError": (_INT, _HANDLE, _INT),
    "FPDFTextObj_GetTextRenderMode": (_INT, _HANDLE),
    "FPDFTextObj_GetFont": (_HANDLE, _HANDLE),
    "FPDFFont_GetWeight": (_INT, _HANDLE),
    "FPDFFont_GetIsEmbedded": (_INT, _HANDLE),
    "FPDFFont_GetDescent": (_INT, _HANDLE, ctypes.c_float, _PLACE),
    "FPDFFont_GetBaseFontName": (ctypes.c_size_t, _HANDLE, _PLACE, ctypes.c_size_t),
    "FPDFPageObj_GetFillColor": (_INT, _HANDLE, _PLACE, _PLACE, _PLACE, _PLACE),
}


@dataclass(frozen=True, slots=True)
class Calls:
    """The functions of pdfium that are called often, taking plain integers for handles and addresses."""

    functions: Mapping[str, Callable[..., Any]]

    def __getitem__(self, name: str) -> Callable[..., Any]:
        return self.functions[name]

    def codes(self, page: int, count: int) -> NDArray[np.uint32]:
        """The characters of a text page as code points; 0 where the font's table gives none."""
        buffer = np.zeros(count + 1, np.uint16)
        written = self["FPDFText_GetText"](page, 0, count, buffer.ctypes.data) - 1
        codes: NDArray[np.uint32] = buffer[:count].astype(np.uint32)
        for index in np.flatnonzero(codes >= 0xFFFE).tolist():  # a hyphen that a line's end made, or nothing known
            codes[index] = self["FPDFText_GetUnicode"](page, index) or 1
        if written == count and codes.all() and not ((codes >> 11) == 0x1B).any():
            return codes
        codes = np.fromiter(map(self["FPDFText_GetUnicode"], repeat(page), range(count)), np.uint32, count)
        high = np.flatnonzero((codes[:-1] >> 10 == 0x36) & (codes[1:] >> 10 == 0x37))
        codes[high] = 0x10000 + ((codes[high] & 0x3FF) << 10) + (codes[high + 1] & 0x3FF)
        codes[high + 1] = _NOTHING
        return codes

    def boxes(self, page: int, count: int) -> NDArray[np.float32]:
        """The (left, top, right, bottom) of each character, in points from the lower left of the page's own space."""
        boxes = np.zeros((count, 4), np.float32)
        first = boxes.ctypes.data
        places = range(first, first + 16 * count, 16)
        deque(map(self["FPDFText_GetLooseCharBox"], repeat(page), range(count), places), maxlen=0)
        return boxes


@cache
def calls() -> Calls:
    """The functions, bound once. `MissingExtraError`: pypdfium2 is not installed."""
    try:
        import pypdfium2.raw as raw
    except ImportError as error:
        raise MissingExtraError("reading PDF", "pdf") from error
    bound = {}
    for name, types in _SIGNATURES.items():
        address = ctypes.cast(getattr(raw, name), ctypes.c_void_p).value
        assert address is not None  # noqa: S101
        bound[name] = ctypes.PYFUNCTYPE(*types)(address)
    return Calls(bound)


def handle(thing: Any) -> int:
    """The address behind one of pypdfium2's objects."""
    return ctypes.cast(thing.raw, ctypes.c_void_p).value or 0


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
