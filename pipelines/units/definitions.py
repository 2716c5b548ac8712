"""Sentences that say what a term means."""

from __future__ import annotations

import re

_QUOTED = r"[\"“‘'«]([^\"”’'»\n]{2,80})[\"”’'»]"
_VERB = (
    r"(?:means?|shall mean|refers? to|is defined (?:as|to be)|shall have the meaning|has the meaning|denotes?"
    r"|stands for)"
)
_MEANS = re.compile(
    rf"(?:^|[.;(]\s*|\b)(?:the (?:term|word|phrase)s?\s+)?{_QUOTED}"
    rf"(?:,? (?:as used|when used)[^,]{{0,60}},)?\s+{_VERB}\b",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    rf"^(?:[Tt]he (?:term|word)\s+)?((?:[^\W\d_][\w’'-]*\s+){{1,6}}?)(?:may be |is |are )?{_VERB}(?:\W|$)"
)
_DEFINED = re.compile(r"^((?:[^\W\d_][\w’'-]*\s+){1,6}?)(?:may be |is |are )defined as\b", re.IGNORECASE)
_IN_BRACKETS = re.compile(
    r"\((?:(?:each|collectively|together|hereinafter|individually|referred to|as|or|and|an?|the|so|called|herein)"
    r"[\s,]+)*"
    r"[\"“]([^\"”\n]{2,80})[\"”][^()]{0,80}\)"
)
_POINTING = frozenset(
    ["this", "that", "it", "he", "she", "they", "which", "what", "who", "there", "these", "those", "i", "you", "we"]
)


def term_of(sentence: str) -> str:
    """The term that the sentence defines; "" where it defines none."""
    match = _MEANS.search(sentence) or _DEFINED.match(sentence)
    if match is not None:
        return match[1].strip()
    match = _PLAIN.match(sentence)
    if match is not None and match[1].split()[-1].casefold() not in _POINTING and len(sentence.split()) > 4:
        words = match[1].split()
        return "" if words[0].casefold() in _POINTING else " ".join(words)
    match = _IN_BRACKETS.search(sentence)
    return match[1].strip() if match is not None else ""
