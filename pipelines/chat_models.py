"""From a name to a chat model, and from a chat model to the tokenizer that counts for it."""

from __future__ import annotations

from pathlib import Path

from langchain_core.language_models import BaseChatModel

from longdoc.chunkers.tokenizer import Tokenizer, load_tokenizer
from longdoc.errors import MissingExtraError, UnavailableError, UnknownNameError


def chat_model(name: str) -> BaseChatModel:
    """The chat model called `name`, such as `openai:gpt-4o` or `ollama:llama3.1`, as LangChain makes it.

    Raises `MissingExtraError` without the extra [llm], `UnknownNameError` for a provider that LangChain does not
    know, `UnavailableError` where the provider's package or its key is missing.
    """
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


def tokenizer_for(model: BaseChatModel) -> Tokenizer:
    """tiktoken where it knows the model's name and has its file, a local model's own tokenizer, or the bundled one.

    The bundled one counts English about as most models do; give `tokenizer` yourself where that is too rough.
    """
    name = _model_name(model)
    for candidate in (name, name.rpartition("/")[2]):
        try:
            if candidate and (not _is_folder(candidate) or (Path(candidate) / "tokenizer.json").exists()):
                return load_tokenizer(candidate.removeprefix("hf:"))
        except (UnknownNameError, UnavailableError):
            continue
    return load_tokenizer()


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
