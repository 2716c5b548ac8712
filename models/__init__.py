"""The networks that read and write text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longdoc.lazy import lazily

if TYPE_CHECKING:
    from longdoc.models.decoder.chat_model import WindowedChatModel as WindowedChatModel
    from longdoc.models.decoder.decoder import WindowedDecoder as WindowedDecoder
    from longdoc.models.decoder.decoder import load_decoder as load_decoder
    from longdoc.models.decoder.sessions import KVSessions as KVSessions
    from longdoc.models.encoder.embedder import Embedder as Embedder
    from longdoc.models.longformer.fast import fast_longformer as fast_longformer
    from longdoc.models.longformer.led_writer import LEDWriter as LEDWriter
    from longdoc.models.longformer.reader import LongformerReader as LongformerReader
    from longdoc.models.performer.performer import PerformerConfig as PerformerConfig
    from longdoc.models.performer.performer import PerformerEncoder as PerformerEncoder
    from longdoc.models.performer.recurrent_state import RecurrentState as RecurrentState
    from longdoc.models.performer.recurrent_state import TorchRecurrence as TorchRecurrence
    from longdoc.models.salience.model import SalienceModel as SalienceModel

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

if not TYPE_CHECKING:  # type checkers see the names imported above, and no others
    __all__ = list(_HOMES)
    __getattr__, __dir__ = lazily(__name__, _HOMES)
