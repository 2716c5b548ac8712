"""The bundled networks, loaded on another core while this one imports the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Future


def networks_ahead(*, reader: bool = False) -> Future[object]:
    """Begins to load the sentence encoder and, if wanted, the reader; they are shared while the result is held."""
    from concurrent.futures import ThreadPoolExecutor

    thread = ThreadPoolExecutor(1)
    loading: Future[object] = thread.submit(_load, reader)
    thread.shutdown(wait=False)
    return loading


def _load(reader: bool) -> object:
    from longdoc.errors import LongdocError

    try:
        from longdoc.models.encoder.encoder import SentenceEncoder

        encoder = SentenceEncoder().loaded()
        if not reader:
            return encoder
        from longdoc.models.cross_encoder.reader import Reader

        return encoder, Reader.load().loaded()
    except LongdocError:
        return None  # whoever needs them is told
