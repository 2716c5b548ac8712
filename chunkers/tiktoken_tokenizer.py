"""tiktoken's byte-pair encodings, with their bytes mapped back to characters."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Self

from longdoc.errors import UnavailableError
from longdoc.surrogates import without_surrogates

if TYPE_CHECKING:
    import numpy as np
    import tiktoken
    from numpy.typing import NDArray

# What a piece of these encodings' patterns can reach across: a space only if the piece began as white space, so one
# that follows anything else is a joint; likewise ideographic punctuation after an ideograph or a kana. In the newer
# ones a piece also ends at the last of its line breaks, slashes aside.
_SPACE = r"[ 。，、！？；：](?:(?<=\S )|(?<=[\u4e00-\u9fa5\u3041-\u3096\u30a1-\u30fa][。，、！？；：]))"
_OLD, _NEW = re.compile(_SPACE), re.compile(rf"{_SPACE}|(?<=\n)[^\s/]")
_JOINTS = {
    **dict.fromkeys(("gpt2", "r50k_base", "p50k_base", "p50k_edit"), _OLD),
    **dict.fromkeys(("cl100k_base", "o200k_base", "o200k_harmony"), _NEW),
}


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
        return len(self._encoding.encode_ordinary(without_surrogates(text)))

    def offsets(self, text: str) -> NDArray[np.int64]:  # (tokens, 2)
        """Start and end character of each token; linear in the text."""
        import numpy as np

        text = without_surrogates(text)
        ends = np.cumsum(self._lengths[self._encoding.encode_to_numpy(text, disallowed_special=())], dtype=np.int64)
        firsts = np.concatenate((np.zeros(min(1, len(ends)), np.int64), ends[:-1]))
        if text.isascii():
            return np.stack((firsts, ends), axis=1)
        data = np.frombuffer(text.encode(), np.uint8)
        begins = (data & 0xC0) != 0x80  # continuation bytes look like 10xxxxxx
        index = np.cumsum(begins) - 1  # the character each byte belongs to
        return np.stack((index[firsts], index[ends - 1] + 1), axis=1)

    @property
    def joint(self) -> re.Pattern[str] | None:
        """Before a space, ideographic punctuation and, in the newer encodings, a line; None for an unknown encoding."""
        return _JOINTS.get(self._encoding.name)

    @cached_property
    def _lengths(self) -> NDArray[np.int32]:
        """The bytes of each token, by its number."""
        import numpy as np

        tokens = self._encoding.token_byte_values()
        lengths = np.zeros(self._encoding.max_token_value + 1, np.int32)
        lengths[[self._encoding.encode_single_token(token) for token in tokens]] = [len(token) for token in tokens]
        return lengths
