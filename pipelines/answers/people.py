"""The people of a text: who speaks in it, who it tells of, who it is by, each at the place where that shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from langchain_core.documents import Document

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.answers.listing import Listing
from longdoc.pipelines.digest.kinds import Kind
from longdoc.pipelines.digest.opening import author_of
from longdoc.pipelines.digest.reading import Reading
from longdoc.pipelines.digest.story import names
from longdoc.pipelines.summarizers.sentence_table import EMPTY_TABLE
from longdoc.pipelines.units.hygiene import readable
from longdoc.pipelines.units.unit import Unit

_MOST = 16  # characters of a story
_OPENING = 4000  # characters in which a text says who it is by
_CLOSE = 600  # characters in which a letter is signed
_CLOSING = re.compile(
    r"^[^\S\n]*(?:(?:(?:with )?(?:best|kind(?:est)?|warm(?:est)?) )?(?:regards|wishes)|(?:yours|very|most)?\s?(?:"
    r"sincerely|truly|faithfully|respectfully)(?: yours| submitted)?|yours|cordially|cheers|thanks"
    r"|thank you|signed|love)"
    r"[^\S\n]*[,.:!]?[^\S\n]*\n\s*(?P<name>[^\n]{2,60})",
    re.IGNORECASE | re.MULTILINE,
)
_LABEL = re.compile(
    r"^\W*(?:authors?|written by|signed(?: by)?|prepared by|from|submitted by)\W*:\W*(?P<name>\S[^\n]{1,200})",
    re.IGNORECASE | re.MULTILINE,
)
_NAME = r"(?:[A-Z][\w’'.-]*)(?:[ \u00a0](?:(?:de|van|von|der|la|le|di|da|bin|al)\b|[A-Z][\w’'.-]*)){1,4}"
_NOTED = r"(?:[\s\u00a0]?(?:\[\d+\]|[*†‡§¶∗^]|\d|,(?=\d|[*†‡∗^\[])))*"
_NAMES = re.compile(rf"[^\S\n]*{_NAME}{_NOTED}(?:\s*(?:,|;|·|\band\b|&)+\s*(?:and )?{_NAME}{_NOTED})+[^\S\n]*(?=\n|\Z)")
_ONE = re.compile(_NAME)


def speakers_of(units: Sequence[Unit]) -> Listing | None:
    """The speakers of a transcript, each with the place where they first speak; None where nobody does."""
    first: dict[str, Span] = {}
    for unit in units:
        if unit.kind == "turn":
            first.setdefault(unit.label, unit.spans[0])
    items = tuple(Sentence(name, (span,)) for name, span in first.items())
    return Listing(items, "", "those who speak in the transcript") if items else None


def characters_of(document: Document) -> Listing | None:
    """Those who do something in a story, the most named first; None where the text is none."""
    reading = _reading(document)
    if reading.kind is not Kind.NARRATIVE:
        return None
    items = []
    for name, _ in names(reading.text).most_common(_MOST):
        found = re.search(rf"\b{re.escape(name)}\b".replace(r"\ ", r"\s+"), reading.text)
        if found is not None:
            items.append(Sentence(name, (Span(*found.span(), reading.source),)))
    return Listing(tuple(items), "", "the names of those who do something in it") if items else None


def authors_of(document: Document) -> Listing | None:
    """Who a text is by: as a label says, the line of names where it begins, or how a letter is signed; None else."""
    reading = _reading(document)
    spans = list(_named_by(document.page_content))
    by = author_of(reading) if not spans else None
    if by is not None:
        return Listing((Sentence(by.text.removeprefix("By: "), by.spans),), "", "the line that says who it is by")
    text = document.page_content
    items = tuple(Sentence(readable(text[start:end]), (Span(start, end, reading.source),)) for start, end in spans)
    return Listing(items, "", "where it says who it is by") if items else None


def _named_by(text: str) -> Iterator[tuple[int, int]]:
    labelled = _LABEL.search(text, 0, _OPENING)
    if labelled is not None and (_ONE.match(labelled["name"]) or labelled["name"].istitle()):
        yield labelled.span("name")
        return
    signed = list(_CLOSING.finditer(text, max(0, len(text) - _CLOSE)))
    if signed:
        yield signed[-1].span("name")
        return
    line = _NAMES.search(text, 0, _OPENING)
    if line is not None and text.rfind("\n", 0, line.start()) + 1 == line.start():
        yield from (one.span() for one in _ONE.finditer(text, line.start(), line.end()))


def _reading(document: Document) -> Reading:
    return Reading(document, EMPTY_TABLE, np.zeros(0), known=True)
