"""Tokenizers of Hugging Face's Rust library, the bundled WordPiece among them."""

from __future__ import annotations

import re
from functools import cache, cached_property, partial
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING, Self

from longdoc.bundled import FINGERPRINT, bundled_file
from longdoc.errors import UnavailableError
from longdoc.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    import tokenizers
    from numpy.typing import NDArray

    from longdoc.chunkers.tokenizers.word_table import WordTable

_JOINT = re.compile(r"[ \u4e00-\u9fa5]")  # BERT parts words at white space and takes each ideograph for a word
_PARTS = re.compile(r"[!-/:-@\[-`{-~]|[ \n\u4e00-\u9fa5]?[^ \n\u4e00-\u9fa5!-/:-@\[-`{-~]*")  # and each sign by itself
LONGEST_WORD = 100  # WordPiece reads a longer word as one [UNK], whatever its length


class HuggingFaceTokenizer:
    """Counts with a `tokenizer.json`, special tokens, padding and truncation left out."""

    def __init__(
        self,
        make: Callable[[], tokenizers.Tokenizer],
        name: str,
        joint: re.Pattern[str] | None = None,
        parts: re.Pattern[str] | None = None,
    ) -> None:
        self._make = make
        self._name = name
        self._joint = joint
        self._parts = parts

    @classmethod
    @cache
    def bundled(cls) -> Self:
        """The WordPiece tokenizer of the bundled encoder; words of over 100 characters are read in pieces.

        Raises `UnavailableError` where the file is missing or is not the one that was tested.
        """
        data = bundled_file("tokenizer.json")
        return cls(partial(_bundled, data), FINGERPRINT, _JOINT, _PARTS)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """The tokenizer in a `tokenizer.json`. Raises `UnavailableError` where it cannot be read."""
        try:
            data = path.read_bytes()
            _backend(data)
        except Exception as error:  # the Rust side raises a bare Exception for a bad file
            raise UnavailableError(f"{str(path)!r} is not a readable tokenizer.json: {_line(error)}") from error
        return cls(partial(_backend, data), f"hf:{blake2b(data, digest_size=8).hexdigest()}")

    @classmethod
    def from_hub(cls, model: str) -> Self:
        """The tokenizer of a Hugging Face model id, downloaded or cached. Raises `UnavailableError`."""
        from pathlib import Path

        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

        try:
            return cls.from_file(Path(hf_hub_download(model, "tokenizer.json")))
        except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
            raise UnavailableError(
                f"the tokenizer of {model!r} is not on this machine and could not be downloaded; give a folder "
                "that holds its tokenizer.json, or use the bundled tokenizer 'minilm'"
            ) from error

    def __reduce__(self) -> tuple[Callable[..., HuggingFaceTokenizer], tuple[object, ...]]:
        """A copy in another process makes its backend and its table of words anew."""
        if self._name == FINGERPRINT:
            return _the_bundled, ()
        return type(self), (self._make, self._name, self._joint, self._parts)

    @cached_property
    def backend(self) -> tokenizers.Tokenizer:
        """The library's own tokenizer; made when first asked, as a name is often enough."""
        backend = self._make()
        backend.no_padding()
        backend.no_truncation()
        return backend

    @property
    def name(self) -> str:
        """`minilm:` or `hf:` and a digest of the tokenizer's file."""
        return self._name

    @property
    def joint(self) -> re.Pattern[str] | None:
        """Before spaces and ideographs for the bundled tokenizer; not known for others."""
        return self._joint

    def count(self, text: str) -> int:
        """How many tokens `text` has, without the special tokens that frame it."""
        return int(self._words.sizes(self._parted(text)).sum())

    def counts(self, texts: Sequence[str]) -> list[int]:
        """`count` of each text."""
        import numpy as np

        parted = [self._parted(text) for text in texts]
        before = np.cumsum([0, *map(len, parted)])
        sizes = np.concatenate(([0], np.cumsum(self._words.sizes(list(chain.from_iterable(parted))))))
        found: list[int] = np.diff(sizes[before]).tolist()
        return found

    def offsets(self, text: str) -> NDArray[np.int64]:  # (tokens, 2)
        """Start and end character of each token; linear in the text."""
        import numpy as np

        pairs = self._words.offsets(self._parted(text))
        pairs[:, 0] = np.maximum.accumulate(pairs[:, 0])
        return pairs

    def begin_offsets(self, text: str) -> Callable[[], NDArray[np.int64]]:
        """Does all of `offsets`: threads take turns at it."""
        rows = self.offsets(text)
        return lambda: rows

    def _parted(self, text: str) -> list[str]:
        """The text in parts whose tokens are those of the text, one after the other; whole where none are known."""
        text = without_surrogates(text)
        return [text] if self._parts is None else self._parts.findall(text)[:-1]

    @cached_property
    def _words(self) -> WordTable:
        from longdoc.chunkers.tokenizers.word_table import WordTable

        return WordTable(self.backend)


def _the_bundled() -> HuggingFaceTokenizer:
    return HuggingFaceTokenizer.bundled()


def _backend(data: bytes) -> tokenizers.Tokenizer:
    from tokenizers import Tokenizer

    return Tokenizer.from_str(data.decode())


def _bundled(data: bytes) -> tokenizers.Tokenizer:
    from tokenizers import Regex, pre_tokenizers

    backend = _backend(data)
    pieces = pre_tokenizers.Split(Regex(rf"[\s\S]{{1,{LONGEST_WORD}}}"), behavior="isolated")
    backend.pre_tokenizer = pre_tokenizers.Sequence([backend.pre_tokenizer, pieces])
    return backend


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
