"""Models at hand: each by its name, with its limits known before its weights are read, and loaded when first used."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from longdoc.chunkers.tokenizers.base import Tokenizer, load_tokenizer
from longdoc.errors import InputError, UnavailableError, UnknownNameError
from longdoc.pipelines.route import ModelAtHand, Task
from longdoc.pipelines.routing.footprint import cached_token_bytes, read_token_bytes, weight_bytes
from longdoc.pipelines.summarizers.models import LOCAL, chat_model, tokenizer_for
from longdoc.pipelines.summarizers.registry import LED

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

EXTRACTIVE = "extractive"
_LONGFORMER = "longformer:"
_TOGETHER = 1024  # tokens of windows that are read at once where windows are short
_UNTOLD = 2**40  # tokens: what a chat model holds is the caller's to say
WindowTask = Literal["encode", "classify", "answer"]
_TASKS: dict[str, WindowTask] = {
    "LongformerForSequenceClassification": "classify",
    "LongformerForQuestionAnswering": "answer",
}


class RoutedModel:
    """A model that a router may choose; `load` gives what reads with it, and is called at most once.

    `facts` are its limits, with the memory that its weights will take. What `opened` gives is a `LongformerReader`, or
    what `summarize` and `DocumentChat` take as a model. Threads may share it.
    """

    def __init__(self, facts: ModelAtHand, load: Callable[[], Any], tokenizer: Callable[[], Tokenizer]) -> None:
        self.facts = facts
        self._load, self._make_tokenizer = load, tokenizer
        self._lock = threading.Lock()
        self._opened: Any = None
        self._tokenizer: Tokenizer | None = None

    @property
    def name(self) -> str:
        """What it was called by."""
        return self.facts.name

    def at_hand(self, context_tokens: int) -> ModelAtHand:
        """Its limits as they are now: weights that are read take no more memory than is taken already.

        A chat model is taken to hold `context_tokens`, and one on this machine no more than it sees at once.
        """
        made = self.facts if self._opened is None else replace(self.facts, bytes=0)
        if made.kind not in ("chat", "windowed"):
            return made
        return replace(made, tokens=min(made.tokens, context_tokens))

    def count(self, text: str) -> int:
        """The tokens of a text, as this model counts."""
        if self._tokenizer is None:
            self._tokenizer = self._make_tokenizer()
        return self._tokenizer.count(text) if text else 0

    def opened(self) -> Any:
        """What reads with it, loaded now if it was not. Raises `UnavailableError`."""
        with self._lock:
            if self._opened is None:
                self._opened = self._load()
            return self._opened


def models_of(given: Sequence[str | BaseChatModel | RoutedModel]) -> tuple[RoutedModel, ...]:
    """The models by these names, in order.

    `longformer:` and `led:` stand before a folder or hub id of such a model, `hf:` before one of a causal model;
    `extractive` chooses sentences; any other name is a chat model's, as `chat_model` takes it. Raises
    `UnknownNameError` and `UnavailableError` for a name that stands for nothing here.
    """
    if not given:
        raise InputError("no model was given; name one or more, such as extractive")
    return tuple(one if isinstance(one, RoutedModel) else _model(one) for one in given)


def _model(name: str | BaseChatModel) -> RoutedModel:
    if not isinstance(name, str):
        given = name
        return _chat(type(given).__name__, lambda: given)
    if name == EXTRACTIVE:
        facts = ModelAtHand("the sentence encoder", "extractive")
        return RoutedModel(facts, lambda: EXTRACTIVE, load_tokenizer)
    if name.startswith(_LONGFORMER):
        return _longformer(name, name.removeprefix(_LONGFORMER))
    if name.startswith(LED):
        return _led(name, name.removeprefix(LED))
    if name.startswith(LOCAL):
        return _decoder(name, name.removeprefix(LOCAL))
    loaded = chat_model(name)  # a client: nothing is read, and a name or key that is wrong is told now
    return _chat(name, lambda: loaded)


def _chat(name: str, load: Callable[[], BaseChatModel]) -> RoutedModel:
    return RoutedModel(ModelAtHand(name, "chat", _UNTOLD), load, lambda: tokenizer_for(load()))


def _longformer(name: str, where: str) -> RoutedModel:
    folder, config = _config(name, where, "longformer")
    made = str((getattr(config, "architectures", None) or ["?"])[0])
    main: WindowTask = _TASKS.get(made, "encode")
    tasks: tuple[Task, ...] = ("encode",) if main == "encode" else (main, "encode")
    trained = config.max_position_embeddings - config.pad_token_id - 1
    facts = ModelAtHand(name, "longformer", trained, None, tasks, weight_bytes(folder), read_token_bytes(config))

    def load() -> Any:
        from longdoc.models.longformer.reader import LongformerReader

        reader = LongformerReader.load(str(folder), main)
        reader.batch_size = max(1, _TOGETHER // reader.window)
        return reader

    return RoutedModel(facts, load, _tokenizer(folder))


def _led(name: str, where: str) -> RoutedModel:
    folder, config = _config(name, where, "led")
    whole = config.max_encoder_position_embeddings
    written = min(config.max_decoder_position_embeddings - 2, whole // 4)
    room = whole - whole // 32  # as `LedSummarizer` has it: blanks between passages
    facts = ModelAtHand(name, "led", room, written, (), weight_bytes(folder), read_token_bytes(config))

    def load() -> Any:
        from longdoc.pipelines.summarizers.led import LedSummarizer

        return LedSummarizer.load(str(folder))

    return RoutedModel(facts, load, _tokenizer(folder))


def _decoder(name: str, where: str) -> RoutedModel:
    folder, config = _config(name, where, "")
    text = config.get_text_config(decoder=True)
    seen = getattr(text, "max_position_embeddings", None) or 0
    facts = ModelAtHand(name, "windowed", seen or 8192, None, (), weight_bytes(folder), cached_token_bytes(config))
    return RoutedModel(facts, lambda: chat_model(name), _tokenizer(folder))


def _config(name: str, where: str, kind: str) -> tuple[Path, Any]:
    """The folder of a model and its config, which is of this kind if one is named."""
    from transformers import AutoConfig

    folder = _folder(name, where)
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise UnavailableError(f"{name!r} has no config that can be read ({line}); give a folder of a model") from error
    if kind and config.model_type != kind:
        raise UnknownNameError(
            f"{name!r} is a model of type {config.model_type}, no {kind}; give {kind}: and one of its own kind"
        )
    return folder, config


def _folder(name: str, where: str) -> Path:
    """The folder named, or that in which the hub's client keeps what it fetched of the id."""
    folder = Path(where.strip()).expanduser()
    if where.strip() and folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(where.strip(), allow_patterns=["*.json", "*.safetensors", "*.txt", "*.model"]))
    except Exception as error:  # the hub's client has changed its HTTP library before, and the errors with it
        raise UnavailableError(
            f"{name!r} names neither a folder here nor a model that the Hugging Face hub can be asked for; give the "
            "folder of a model that save_pretrained wrote"
        ) from error


def _tokenizer(folder: Path) -> Callable[[], Tokenizer]:
    return lambda: load_tokenizer(str(folder))
