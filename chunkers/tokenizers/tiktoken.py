"""tiktoken's byte-pair encodings, with their bytes mapped back to characters."""

from __future__ import annotations

import re
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Self
from weakref import WeakKeyDictionary

from longdoc.errors import UnavailableError
from longdoc.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable

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
_here = threading.local()


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

    def __reduce__(self) -> tuple[type[TiktokenTokenizer], tuple[tiktoken.Encoding]]:
        """A copy in another process maps the encoding's bytes anew."""
        return type(self), (self._encoding,)

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
        return self._placed(_encoded(self._encoding, text))

    def begin_offsets(self, text: str) -> Callable[[], NDArray[np.int64]]:
        """Encodes in the calling thread, with an encoding of its own; what it gives places the tokens."""
        tokens = _encoded(_own(self._encoding), text)
        return lambda: self._placed(tokens)

    def _placed(self, tokens: NDArray[np.uint32]) -> NDArray[np.int64]:  # (tokens, 2)
        import numpy as np

        begun, inside = self._characters
        columns = np.empty((2, len(tokens)), np.int64)
        np.cumsum(begun.take(tokens), out=columns[1])
        columns[0, :1], columns[0, 1:] = 0, columns[1, :-1]
        columns[0] -= inside.take(tokens)
        return columns.T

    @property
    def joint(self) -> re.Pattern[str] | None:
        """Before a space, ideographic punctuation and, in the newer encodings, a line; None for an unknown encoding."""
        return _JOINTS.get(self._encoding.name)

    @cached_property
    def _characters(self) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
        """By its number, how many characters begin in a token, and whether it begins inside one."""
        import numpy as np

        ranks = self._encoding._mergeable_ranks
        sizes = np.fromiter(map(len, ranks), np.int64, len(ranks))
        numbers = np.fromiter(ranks.values(), np.int64, len(ranks))
        begins = np.frombuffer(b"".join(ranks), np.int8) >= -64  # what goes on with a character looks like 10xxxxxx
        firsts = np.cumsum(sizes) - sizes
        begun, inside = np.zeros(numbers.max() + 1, np.int16), np.zeros(numbers.max() + 1, np.bool_)
        begun[numbers] = np.add.reduceat(begins, firsts, dtype=np.int64)
        inside[numbers] = ~begins[firsts]
        return begun, inside


def _encoded(encoding: tiktoken.Encoding, text: str) -> NDArray[np.uint32]:
    return encoding.encode_to_numpy(without_surrogates(text), disallowed_special=())


def _own(encoding: tiktoken.Encoding) -> tiktoken.Encoding:
    """The same encoding for the calling thread alone, kept as long as both of them.

    The thread that uses an encoding first finds the caches of its regex without a lock. Each other one takes 1.3 times
    as long, and two together get little further than one. An encoding of its own costs 0.1 s and 50 MB once.
    """
    import tiktoken

    owned: WeakKeyDictionary[tiktoken.Encoding, tiktoken.Encoding]
    owned = vars(_here).setdefault("encodings", WeakKeyDictionary())
    if encoding not in owned:
        owned[encoding] = tiktoken.Encoding(
            encoding.name,
            pat_str=encoding._pat_str,
            mergeable_ranks=encoding._mergeable_ranks,
            special_tokens=encoding._special_tokens,
        )
    return owned[encoding]
