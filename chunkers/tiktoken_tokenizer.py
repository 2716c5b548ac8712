"""tiktoken's byte-pair encodings, with their bytes mapped back to characters."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Self

from longdoc.errors import UnavailableError
from longdoc.surrogates import without_surrogates

if TYPE_CHECKING:
    import numpy as np
    import tiktoken
    from numpy.typing import NDArray


def encoding_name(name: str) -> str | None:
    """The tiktoken encoding that `name` stands for: itself, or that of an OpenAI model; None for neither."""
    import tiktoken

    if name in tiktoken.list_encoding_names():
        return name
    try:
        return tiktoken.encoding_name_for_model(name)
    except KeyError:
        return None


class TiktokenTokenizer:
    """Counts as OpenAI's models do, with a tiktoken encoding."""

    def __init__(self, encoding: tiktoken.Encoding) -> None:
        self._encoding = encoding

    @classmethod
    def named(cls, encoding: str) -> Self:
        """The tokenizer of an encoding such as `o200k_base`.

        Raises `UnavailableError` where the encoding's file is neither cached nor to be downloaded.
        """
        import tiktoken

        try:
            return cls(tiktoken.get_encoding(encoding))
        except (OSError, ValueError) as error:
            raise UnavailableError(
                f"the tiktoken encoding {encoding!r} is not on this machine and could not be downloaded; set "
                "TIKTOKEN_CACHE_DIR to a folder that has it, or use the bundled tokenizer 'minilm'"
            ) from error

    @property
    def name(self) -> str:
        """`tiktoken:` and the encoding."""
        return f"tiktoken:{self._encoding.name}"

    def count(self, text: str) -> int:
        """How many tokens `text` has; special tokens written in the text count as plain text."""
        return len(self._tokens(text))

    def offsets(self, text: str) -> NDArray[np.int64]:  # (tokens, 2)
        """Start and end character of each token; linear in the text."""
        import numpy as np

        pieces = self._encoding.decode_tokens_bytes(self._tokens(text))
        ends = np.fromiter(accumulate(map(len, pieces)), np.int64, len(pieces))
        if text.isascii():
            starts = np.concatenate((np.zeros(min(1, len(ends)), np.int64), ends[:-1]))
            return np.stack((starts, ends), axis=1)
        data = np.frombuffer(without_surrogates(text).encode(), np.uint8)
        begins = (data & 0xC0) != 0x80  # continuation bytes look like 10xxxxxx
        index = np.cumsum(begins) - 1  # the character each byte belongs to
        first = np.concatenate((np.zeros(min(1, len(ends)), np.int64), ends[:-1]))
        return np.stack((index[first], index[ends - 1] + 1), axis=1)

    def _tokens(self, text: str) -> list[int]:
        return self._encoding.encode_ordinary(without_surrogates(text))
