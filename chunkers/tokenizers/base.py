"""What counts tokens: one small interface, and the way from a name to an implementation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from longdoc.arguments import checked
from longdoc.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

BUNDLED = "minilm"


@runtime_checkable
class Tokenizer(Protocol):
    """Counts tokens and says where in the text each one lies."""

    @property
    def name(self) -> str:
        """A name that changes whenever the tokens may change; part of every cache key."""

    def count(self, text: str) -> int:
        """How many tokens a model reads for `text` standing alone, special tokens aside."""

    def offsets(self, text: str) -> NDArray[np.int64]:  # (tokens, 2)
        """Start and end character of each token, in order; starts never run backwards.

        A token that is part of a character spans the whole character. White space may belong to no token.
        """


@runtime_checkable
class JointedTokenizer(Tokenizer, Protocol):
    """A tokenizer that knows where a text may be parted without a change to its tokens, and that threads may share."""

    @property
    def joint(self) -> re.Pattern[str] | None:
        """Matches at joints: positions p with count(text[a:b]) == count(text[a:p]) + count(text[p:b]), a < p < b.

        Not every joint need be matched; None where none is known. It looks at one character before p at most.
        """

    def begin_offsets(self, text: str) -> Callable[[], NDArray[np.int64]]:
        """Does what a thread of its own can do of `offsets`; what it gives does the rest."""


@runtime_checkable
class BatchTokenizer(Tokenizer, Protocol):
    """A tokenizer that counts many texts faster than one after the other."""

    def counts(self, texts: Sequence[str]) -> list[int]:
        """`count` of each text."""


def counts(tokenizer: Tokenizer, texts: Sequence[str]) -> list[int]:
    """How many tokens each text has, standing alone."""
    if isinstance(tokenizer, BatchTokenizer):
        return tokenizer.counts(texts)
    return [tokenizer.count(text) for text in texts]


@checked
def load_tokenizer(name: str | Tokenizer = BUNDLED) -> Tokenizer:
    """The tokenizer called `name`, or `name` itself where it is one already.

    `minilm` is the WordPiece vocabulary bundled with the encoder. A tiktoken encoding (`o200k_base`) or OpenAI
    model name (`gpt-4o`) gives tiktoken. A folder with a `tokenizer.json`, that file, or `hf:ID` gives Hugging
    Face tokenizers. Raises `UnknownNameError` for any other name, `UnavailableError` where its files cannot be had.
    """
    if not isinstance(name, str):
        return name
    if name == BUNDLED:
        from longdoc.chunkers.tokenizers.huggingface import HuggingFaceTokenizer

        return HuggingFaceTokenizer.bundled()
    from longdoc.chunkers.tokenizers.tiktoken import TiktokenTokenizer, encoding_name

    encoding = encoding_name(name)
    if encoding is not None:
        return TiktokenTokenizer.named(encoding)
    return _from_files(name)


def _from_files(name: str) -> Tokenizer:
    from pathlib import Path

    from longdoc.chunkers.tokenizers.huggingface import HuggingFaceTokenizer

    if name.startswith("hf:"):
        return HuggingFaceTokenizer.from_hub(name.removeprefix("hf:"))
    path = Path(name)
    if name and path.exists():
        return HuggingFaceTokenizer.from_file(path / "tokenizer.json" if path.is_dir() else path)
    raise UnknownNameError(
        f"unknown tokenizer {name!r}; give {BUNDLED!r}, a tiktoken encoding such as 'o200k_base', an OpenAI "
        "model name, a folder that holds tokenizer.json, or hf:ID of a Hugging Face model"
    )
