"""The networks that read and write text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longdoc.lazy import lazily

if TYPE_CHECKING:
    from longdoc.models.decoder.chat_model import WindowedChatModel
    from longdoc.models.decoder.decoder import WindowedDecoder, load_decoder
    from longdoc.models.decoder.sessions import KVSessions
    from longdoc.models.encoder.embedder import Embedder
    from longdoc.models.longformer.fast import fast_longformer
    from longdoc.models.longformer.led_writer import LEDWriter
    from longdoc.models.longformer.reader import LongformerReader
    from longdoc.models.performer.performer import PerformerConfig, PerformerEncoder
    from longdoc.models.performer.recurrent_state import RecurrentState, TorchRecurrence
    from longdoc.models.salience.model import SalienceModel

_HOMES = {
    "Embedder": "encoder.embedder",
    "KVSessions": "decoder.sessions",
    "LEDWriter": "longformer.led_writer",
    "LongformerReader": "longformer.reader",
    "PerformerConfig": "performer.performer",
    "PerformerEncoder": "performer.performer",
    "RecurrentState": "performer.recurrent_state",
    "SalienceModel": "salience.model",
    "TorchRecurrence": "performer.recurrent_state",
    "WindowedChatModel": "decoder.chat_model",
    "WindowedDecoder": "decoder.decoder",
    "fast_longformer": "longformer.fast",
    "load_decoder": "decoder.decoder",
}

__all__ = [
    "Embedder",
    "KVSessions",
    "LEDWriter",
    "LongformerReader",
    "PerformerConfig",
    "PerformerEncoder",
    "RecurrentState",
    "SalienceModel",
    "TorchRecurrence",
    "WindowedChatModel",
    "WindowedDecoder",
    "fast_longformer",
    "load_decoder",
]

if not TYPE_CHECKING:  # type checkers see the names above, and no others
    __getattr__, __dir__ = lazily(__name__, _HOMES)
