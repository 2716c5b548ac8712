"""From a name to a chat model, and from a chat model to the tokenizer that counts for it."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel
from safetensors import SafetensorError

from longdoc.chunkers.tokenizers.base import Tokenizer, load_tokenizer
from longdoc.errors import MissingExtraError, UnavailableError, UnknownNameError

if TYPE_CHECKING:
    from longdoc.models.decoder.chat_model import WindowedChatModel

LOCAL = "hf:"
SMOLLM2 = "smollm2"
_PATIENCE = 10.0  # seconds to ask the hub whether it has a model


def chat_model(name: str) -> BaseChatModel:
    """The chat model called `name`, such as `openai:gpt-4o` or `ollama:llama3.1`, as LangChain makes it.

    `hf:` and a folder or hub id, or `smollm2`, is a causal model on this machine, as `local_chat_model` loads it.
    Raises `MissingExtraError` without the extra [llm], `UnknownNameError` for a provider that LangChain does not know,
    `UnavailableError` where the provider's package or its key is missing.
    """
    if name == SMOLLM2 or name.startswith(LOCAL):
        return local_chat_model(name)
    try:
        from langchain.chat_models import init_chat_model
    except ImportError as error:
        raise MissingExtraError("chat models", "llm") from error
    if not name.strip() or name.endswith(":"):
        raise UnknownNameError(f"unknown chat model {name!r}; give provider:model, such as openai:gpt-4o")
    try:
        return init_chat_model(_with_provider(name))
    except ImportError as error:
        raise UnavailableError(f"the chat model {name!r} cannot be loaded: {_line(error)}") from error
    except Exception as error:  # each provider's package has its own error for a missing key
        if _unknown(error):
            raise UnknownNameError(
                f"unknown chat model {name!r}; give provider:model, such as openai:gpt-4o or ollama:llama3.1"
            ) from error
        raise UnavailableError(
            f"the chat model {name!r} cannot be set up: {_line(error)} (set the provider's API key in the environment)"
        ) from error


def local_chat_model(name: str, **settings: Any) -> WindowedChatModel:
    """The causal model in a folder or of a hub id, with or without `hf:` before it; settings as `WindowedChatModel`'s.

    `smollm2` is the one of the extra [smollm2], in 8 bits, which takes the likeliest token if nothing else is asked.
    Raises `UnavailableError` where it cannot be had, `InputError` for a setting that cannot be.
    """
    if name == SMOLLM2:
        return _smollm2(settings)
    name = name.removeprefix(LOCAL).strip()
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        _check_folder(folder)
        name = str(folder)
    else:
        _check_hub(name)
    from longdoc.models.decoder.chat_model import WindowedChatModel

    try:
        return WindowedChatModel.from_pretrained(name, **settings)
    except (SafetensorError, RuntimeError) as error:
        raise UnavailableError(
            f"the weights of {name!r} cannot be loaded, damaged or not its own: {_line(error)}"
        ) from error


def _smollm2(settings: dict[str, Any]) -> WindowedChatModel:
    from longdoc.models.decoder.chat_model import WindowedChatModel
    from longdoc.models.writer.smollm2 import smollm2_decoder

    given = {name: value for name, value in settings.items() if value is not None}
    usual: dict[str, Any] = {"temperature": 0.0, "max_tokens": 256, "small": True}
    return WindowedChatModel.made(SMOLLM2, smollm2_decoder, **usual | given)


def tokenizer_for(model: BaseChatModel) -> Tokenizer:
    """tiktoken where it knows the model's name and has its file, a local model's own tokenizer, or the bundled one.

    The bundled one counts English about as most models do; give `tokenizer` yourself where that is too rough.
    """
    backend = getattr(getattr(model, "tokenizer", None), "backend_tokenizer", None)
    if backend is not None:
        return _copied(backend)
    name = _model_name(model)
    for candidate in (name, name.rpartition("/")[2]):
        try:
            if candidate and (not _is_folder(candidate) or (Path(candidate) / "tokenizer.json").exists()):
                return load_tokenizer(candidate.removeprefix("hf:"))
        except (UnknownNameError, UnavailableError):
            continue
    return load_tokenizer()


def _copied(backend: Any) -> Tokenizer:
    """A copy of a model's own tokenizer, which counts control tokens in a text as `ChatPrompt` has them read."""
    from tokenizers import Tokenizer as Backend

    from longdoc.chunkers.tokenizers.huggingface import HuggingFaceTokenizer

    data = backend.to_str()
    copy = Backend.from_str(data)
    copy.encode_special_tokens = True
    return HuggingFaceTokenizer(lambda: copy, f"hf:plain:{blake2b(data.encode(), digest_size=8).hexdigest()}")


def _check_folder(folder: Path) -> None:
    if not (folder / "config.json").exists():
        raise UnavailableError(f"the folder {str(folder)!r} has no config.json: give one that save_pretrained wrote")
    if not any(folder.glob("*.safetensors")):
        raise UnavailableError(
            f"the folder {str(folder)!r} has no weights in .safetensors, and no others are read: load the model with "
            "transformers and write it again with save_pretrained"
        )


def _check_hub(name: str) -> None:
    """Refuses a name that is not on the hub either, at once: transformers would try for most of a minute."""
    from huggingface_hub import model_info, try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    try:
        if not isinstance(try_to_load_from_cache(name, "config.json"), str):
            model_info(name, timeout=_PATIENCE)
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise UnavailableError(
            f"{name!r} is neither a folder here nor a model on the Hugging Face hub: give hf: and a folder, or an id "
            "such as hf:Qwen/Qwen3-0.6B"
        ) from error
    except Exception as error:  # the hub's client has changed its HTTP library before, and the errors with it
        raise UnavailableError(
            f"{name!r} is no folder here, and the Hugging Face hub cannot be reached to look for it: give hf: and the "
            "folder of a model"
        ) from error


def _with_provider(name: str) -> str:
    """LangChain warns that its guess for `gemini-...` will change; the guess is made here instead."""
    return f"google_genai:{name}" if name.startswith("gemini") and ":" not in name else name


def _unknown(error: Exception) -> bool:
    text = str(error)
    return isinstance(error, ValueError) and ("infer model provider" in text or "nsupported" in text)


def _model_name(model: BaseChatModel) -> str:
    for attribute in ("model_name", "model", "model_id"):
        value = getattr(model, attribute, None)
        if isinstance(value, str) and value:
            return value.removeprefix("models/")
    return ""


def _is_folder(name: str) -> bool:
    return Path(name).is_dir()


def _line(error: Exception) -> str:
    """The first line of an error's message."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(". ")
