"""From what a caller calls a model to the summarizer that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from longdoc.chunkers.tokenizers.base import BUNDLED, Tokenizer, load_tokenizer
from longdoc.pipelines.summarizers.extractive import ExtractiveSummarizer
from longdoc.pipelines.summarizers.learned_salience import LearnedSalience
from longdoc.pipelines.summarizers.protocol import Summarizer
from longdoc.plugins import brought

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.stores import ByteStore

LED = "led:"
_GROUP = "longdoc.summarizers"


def summarizer_of(
    model: str | BaseChatModel | Summarizer,
    tokenizer: str | Tokenizer | None,
    context_tokens: int,
    cache: ByteStore | None,
    texts: Mapping[str, str],
) -> Summarizer:
    """The summarizer of a model: one by name, one that asks a chat model, or the one that was given.

    Names are "extractive", "extractive:centrality", `led:` and a folder or hub id, the entry points
    `longdoc.summarizers` of other packages (before a colon: `NAME` or `NAME:REST`, called with the rest), and else a
    chat model's. `texts` are the sources by name.
    """
    if isinstance(model, str):
        if model in ("extractive", "extractive:centrality"):
            scorer = LearnedSalience() if model == "extractive" else None
            return ExtractiveSummarizer(tokenizer=tokenizer or BUNDLED, cache=cache, scorer=scorer)
        if model.startswith(LED):
            from longdoc.pipelines.summarizers.led import LedSummarizer

            return LedSummarizer.load(model.removeprefix(LED))
        if (make := _brought(model.partition(":")[0])) is not None:
            return make(model.partition(":")[2])
    elif hasattr(model, "prompt_tokens"):  # a summarizer; LangChain's models are only loaded where one is meant
        return cast("Summarizer", model)
    from longdoc.pipelines.summarizers.chat import ChatSummarizer
    from longdoc.pipelines.summarizers.models import chat_model, tokenizer_for

    chat = chat_model(model) if isinstance(model, str) else model
    counted = tokenizer_for(chat) if tokenizer is None else load_tokenizer(tokenizer)
    if getattr(chat, "small", False):
        from longdoc.pipelines.summarizers.small import SmallSummarizer

        chooser = ExtractiveSummarizer(tokenizer=counted, cache=cache, scorer=LearnedSalience())
        return SmallSummarizer(chat, tokenizer=counted, chooser=chooser)
    return ChatSummarizer(chat, tokenizer=counted, context_tokens=context_tokens).with_originals(texts)


def loaded_model(model: str, tokenizer: str | None, device: str = "cpu") -> str | BaseChatModel | Summarizer:
    """What `summarizer_of` takes in the name's place where many texts are to be summarized: loaded once.

    `device` is where the bundled encoder computes, in torch's words.
    """
    if model in ("extractive", "extractive:centrality") and device != "cpu":
        from longdoc.models.encoder.embedder import Embedder

        scorer = LearnedSalience() if model == "extractive" else None
        return ExtractiveSummarizer(Embedder(device=device), tokenizer or BUNDLED, scorer=scorer)
    if model in ("extractive", "extractive:centrality") or model.startswith(LED):
        return summarizer_of(model, tokenizer, 0, None, {})
    if _brought(model.partition(":")[0]) is not None:
        return cast("Summarizer", model)
    from longdoc.pipelines.summarizers.models import chat_model

    return chat_model(model)


def _brought(name: str) -> Callable[[str], Summarizer] | None:
    """What makes the summarizer of another package: a function of what follows the name and a colon."""
    found = brought(_GROUP, name)
    make: Callable[[str], Summarizer] | None = found[0].load() if found else None
    return make
