"""Sentences of a document that speak to a language model: they order, and bear out no claim.

This is a list of wordings, not an understanding: an order that is worded as a fact passes for one. What keeps
document text from being obeyed is the fence that it stands in; this keeps what was obeyed all the same from being
shown as supported.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.text.span import Span
from longdoc.pipelines.passage import Passage

_EARLIER = r"(?:previous|prior|above|earlier|preceding|former|original|initial|system|your|all|any|these|those|other)"
_RULES = r"(?:instructions?|prompts?|rules?|guidelines?|directions?|commands?|orders?|constraints?|context|passages?)"
_ORDER = re.compile(
    rf"\b(?:ignore|disregard|forget|override|bypass|discard)\b[^.!?\n]{{0,40}}\b{_EARLIER}\b[^.!?\n]{{0,30}}\b{_RULES}\b"
    r"|\b(?:new|updated|real|actual|hidden|secret) (?:system )?(?:instructions?|prompts?|messages?)\s*:"
    r"|\b(?:reveal|print|repeat|show|output|leak|send)\b[^.!?\n]{0,40}\b(?:system prompt|(?:your|these) instructions)\b"
    r"|^[\W\d]*(?:system|assistant|developer)\s*(?:message|note|override|prompt|instructions?)\b"
    r"|^[\W\d]*(?-i:SYSTEM|ASSISTANT|DEVELOPER)\s*[:\]>]"
    r"|\byou are (?:now|no longer|an? (?:ai|assistant|chatbot|language model)|chatgpt|dan)\b"
    r"|\b(?:from now on,? (?:you|answer|reply|respond|always)|dear (?:ai|assistant|model)"
    r"|attention,? (?:ai|assistants?|models?))\b"
    r"|\b(?:ai|language) (?:assistants?|models?)\b[^.!?\n]{0,40}\b(?:reading|processing|summari[sz]ing) this\b"
    r"|^\W*(?:reply|respond|answer)\b[^.!?\n]{0,20}\b(?:only|exactly|just|with the (?:words?|text|phrase|sentence))\b"
    r"|\bwhen(?:ever)? (?:you are asked|answering|you answer|summari[sz]ing|the user asks)\b"
    r"|\byour? (?:answers?|repl(?:y|ies)) (?:must|should|shall) (?:be|contain|include|begin|start|end)\b",
    re.IGNORECASE | re.MULTILINE,
)
_TAKEOVER = re.compile(
    r"<\|[a-z_]+\|>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|</passages?>|</?(?:passage|question)-[0-9a-f]+",
    re.IGNORECASE,
)
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e01ef]")
_BREAK = re.compile(r"\n[ \t\r]*\n")


def without_orders(passage: Passage) -> Iterator[Passage]:
    """The stretches of a passage that are not orders; the passage itself where there is none.

    An order reaches from the sentence that it is worded in to the end of the paragraph; one that feigns the end of the
    document, by a model's control tokens or by fences, to the end of the passage.
    """
    cuts = list(_orders(passage.text))
    if not cuts or len(passage.spans) != 1:
        if not cuts:
            yield passage
        return
    start, origin = 0, passage.spans[0]
    for first, last in [*cuts, (len(passage.text), len(passage.text))]:
        if passage.text[start:first].strip():
            span = Span(origin.start + start, origin.start + first, origin.source)
            yield Passage(passage.text[start:first], (span,), passage.headings)
        start = max(start, last)


def _orders(text: str) -> Iterator[tuple[int, int]]:
    end = 0
    for span in split_sentences(text):
        said = _plain(span.of(text)) if span.start >= end else ""
        if _TAKEOVER.search(said):
            yield span.start, len(text)
            return
        if _ORDER.search(said):
            gap = _BREAK.search(text, span.end)
            end = gap.start() if gap else len(text)
            yield span.start, end


def _plain(text: str) -> str:
    """The text as a reader takes it: letters of other widths and styles as plain ones, nothing that is not seen."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", text))
