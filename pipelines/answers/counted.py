"""All items of a kind in whole documents, which a chat model reads piece by piece: each is found where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from longdoc.chunkers.sentence import SentenceChunker
from longdoc.chunkers.text.span import Span
from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.answers.listing import Listing
from longdoc.pipelines.calls.local import fan_out

Prompt = Callable[[str], list[BaseMessage]]  # what asks for the items of a piece
NONE = "NONE"
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,3}[.)])\s+")
_LETTER = r"[^\W\u0e00-\U0010ffff]"  # of a script that parts its words
_QUOTES = "\"“”'‘’`"


def pieces_of(documents: Sequence[Document], tokenizer: Tokenizer, max_tokens: int) -> list[Document]:
    """The documents in pieces of at most so many tokens, which have all of their text, each character once."""
    chunker = SentenceChunker(max_tokens, tokenizer=tokenizer)
    return [piece for one in documents for piece in chunker.split_documents([one])]


def counted(pieces: Sequence[Document], model: BaseChatModel, prompt: Prompt) -> Listing:
    """What the model names in the pieces, in reading order, one call a piece: what it quotes and the piece has.

    Names that are the same are one item, at the first place; a quotation without a name is an item at each place.
    Raises what the model raises once a call has failed for good.
    """
    outcomes = fan_out(lambda piece: model.invoke(prompt(piece.page_content)), pieces)
    items: dict[object, Sentence] = {}
    lost = 0
    for piece, outcome in zip(pieces, outcomes, strict=True):
        at = 0
        for line in _said(str(outcome.unwrap().text)):
            name, quote = "", line.strip(_QUOTES)
            found = _place(piece.page_content, quote, at)
            if found is None and " | " in line:
                name, _, quote = (part.strip() for part in line.partition(" | "))
                found = _place(piece.page_content, quote.strip(_QUOTES), at)
            if found is None:
                lost += 1
                continue
            at = found[1] if not name else at
            start = int(piece.metadata["start_index"])
            span = Span(start + found[0], start + found[1], str(piece.metadata["source"]))
            said = Sentence(" ".join(piece.page_content[slice(*found)].split()), (span,))
            items.setdefault(name.casefold() or span, said)
    read = f"{len(pieces)} calls" if len(pieces) > 1 else "one call"
    return Listing(tuple(items.values()), "", f"read in {read}" + (f", {lost} quotations not found" if lost else ""))


def _said(reply: str) -> Iterator[str]:
    """Each line that says something: a quotation, or a name and a quotation."""
    for line in reply.splitlines():
        bare = _BULLET.sub("", line).strip()
        if bare and bare.strip(f". {_QUOTES}").casefold() != NONE.casefold():
            yield bare


def _place(text: str, quote: str, start: int) -> tuple[int, int] | None:
    """Where the text has the words, each whole, whatever parts them, from `start` on; else from its beginning."""
    words = quote.split()
    if not words:
        return None
    before = rf"(?<!{_LETTER})" if re.match(_LETTER, words[0]) else ""
    behind = rf"(?!{_LETTER})" if re.match(_LETTER, words[-1][-1]) else ""
    pattern = re.compile(before + r"\s+".join(map(re.escape, words)) + behind)
    match = pattern.search(text, start) or (pattern.search(text) if start else None)
    return match.span() if match else None
