"""What a reader is: the suffixes that it reads, and bytes to a document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal, Protocol

from langchain_core.documents import Document

Ocr = Literal["auto", "always", "never"]
"""Whether pages are read by recognising characters: those without a usable text layer, all, or none."""

Box = tuple[int, float, float, float, float]
"""The page from 1, and left, bottom, right and top in points from the lower left of the page as the file has it."""


class Reader(Protocol):
    """Reads files of some formats; another package brings one by an entry point of the group `longdoc.readers`."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The suffixes of its files, in lower case and with their dot."""

    def read(self, stream: BinaryIO, name: str) -> Document:
        """The document in a stream: its text, and in the metadata `source` (`name`) and what the format knows.

        Raises `InputError` that names `name` and the remedy where the stream holds no such document.
        """


@dataclass(frozen=True)
class BytesReader:
    """A reader made of a function that takes a file's bytes and its name."""

    suffixes: tuple[str, ...]
    function: Callable[[bytes, str], Document]

    def read(self, stream: BinaryIO, name: str) -> Document:
        """The document in a stream, read whole."""
        return self.function(stream.read(), name)


def made(text: str, source: str, format: str, **known: Any) -> Document:
    """The document, its metadata `source`, `format` and what else its reader knows; what is empty is left out."""
    told = {name: value for name, value in known.items() if value}
    return Document(page_content=text, metadata={"source": source, "format": format, **told})
