"""Documents as their readers gave them, kept by the bytes of their files: a PDF is read once, not at each question."""

from __future__ import annotations

import json
import os
import zlib
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from langchain_core.documents import Document

from longdoc.chunkers.readers.base import Ocr
from longdoc.chunkers.readers.formats import IMAGES
from longdoc.chunkers.readers.pages import PagedDocument
from longdoc.chunkers.readers.registry import read
from longdoc.memory.cache.keys import code_digest
from longdoc.memory.disk import write_whole

_SLOW = frozenset({".pdf", ".docx", ".epub", ".html", ".htm", *IMAGES})  # kinds of files whose reading takes a while
_PARSERS = ("pypdfium2", "lxml", "rapidocr", "onnxruntime")
_MOST = 256  # files kept, those that were asked last
_CHECKED = 16  # bytes


def kept_reading(path: Path, folder: Path, ocr: Ocr = "auto") -> Document | Path:
    """The document in a file, out of `folder` if it was read before; the path itself where reading it costs little.

    Raises as `read` does. What is damaged in the folder is read anew, and one that cannot be written is done without.
    """
    if path.suffix.lower() not in _SLOW:
        return path
    try:
        data = path.read_bytes()
    except OSError:
        return path  # `read` says what is the matter
    how = path.suffix.lower().encode() + ocr.encode() + _read_by()
    kept = folder / f"{blake2b(data + how, digest_size=16).hexdigest()}.json.z"
    document = _thawed(kept)
    if document is None:
        document = read(path, ocr)
        with suppress(OSError):
            _keep(kept, document)
    named = Document(page_content=document.page_content, metadata={**document.metadata, "source": os.fspath(path)})
    return PagedDocument.of(named, data, path) if "pages" in named.metadata else named


@lru_cache(maxsize=1)
def _read_by() -> bytes:
    """What a reading rests on beside the file: our code, and which parsers are installed."""
    versions = []
    for name in _PARSERS:
        try:
            versions.append(version(name))
        except PackageNotFoundError:
            versions.append("")
    return json.dumps([code_digest("longdoc.chunkers"), versions]).encode()


def _keep(kept: Path, document: Document) -> None:
    said = json.dumps([document.page_content, document.metadata]).encode("utf-8", "surrogatepass")
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_whole(kept, blake2b(said, digest_size=_CHECKED).digest() + zlib.compress(said, 1))
    others = sorted(kept.parent.glob("*.json.z"), key=lambda one: one.stat().st_mtime)
    for one in others[:-_MOST]:
        one.unlink(missing_ok=True)


def _thawed(kept: Path) -> Document | None:
    try:
        data = kept.read_bytes()
        said = zlib.decompress(data[_CHECKED:])
        if blake2b(said, digest_size=_CHECKED).digest() != data[:_CHECKED]:
            return None
        with suppress(OSError):
            os.utime(kept)
    except (OSError, zlib.error):
        return None
    text, metadata = json.loads(said)
    return Document(page_content=text, metadata=metadata)
