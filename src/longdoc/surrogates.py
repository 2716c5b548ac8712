"""Python strings may hold lone surrogates; UTF-8, and so every tokenizer, may not."""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")


def without_surrogates(text: str) -> str:
    """`text` with each surrogate replaced by U+FFFD, character for character, so that offsets hold."""
    try:
        text.encode()  # quicker than a search
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text
