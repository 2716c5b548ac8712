from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from langchain_core.documents import Document
from numpy.typing import NDArray

from longdoc.errors import InputError
from longdoc.pipelines.checks.checker import Checker
from longdoc.pipelines.verification import (
    Verification,
    verification_html,
    verification_json,
    verification_text,
    verify,
)

REPORT = Document(
    "The harbour was built in 1843 by the town council.\fIn winter the ice closed the harbour for two months.",
    metadata={"source": "report.pdf", "pages": [0, 51]},
)
NOTES = Document("The ferry made 12 trips a day in June.", metadata={"source": "notes.md"})
DRAFT = "The harbour was built in 1843. The ferry made 14 trips a day in June. Das Eis war im Winter nicht sehr dick."


class Alike:
    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.full((len(texts), 4), 0.5, np.float32)


@pytest.fixture(scope="module")
def found() -> Verification:
    return verify(DRAFT, against=[REPORT, NOTES], checker=Checker(Alike()))


def test_each_sentence_has_its_verdict_places_and_problems(found: Verification) -> None:
    built, trips, ice = found.sentences
    assert (built.verdict, built.problems, built.support >= 0.5) == ("supported", (), True)
    assert [span.of(found.texts[span.source]) for span in built.spans] == ["The harbour was built in 1843"] or (
        built.spans[0].of(found.texts["report.pdf"]).startswith("The harbour was built in 1843")
    )
    assert trips.verdict in ("unsupported", "contradicted")
    assert trips.spans[0].source == "notes.md"
    assert trips.support < 0.5
    assert ice.verdict == "unjudged"
    assert ice.problems == ("another language than English is not judged",)
    assert not found.holds


def test_a_text_of_the_documents_own_sentences_holds() -> None:
    text = "In winter the ice closed the harbour for two months. The ferry made 12 trips a day in June."
    assert verify(text, against=[REPORT, NOTES], checker=Checker(Alike())).holds
    assert verify("", against=REPORT, checker=Checker(Alike())).sentences == ()


def test_the_renderings_say_the_same(found: Verification) -> None:
    text, shown, page = verification_text(found), json.loads(verification_json(found)), verification_html(found, "d.md")
    assert text.endswith("1 of 3 sentences hold.")
    assert "report.pdf page 1 0-" in text
    assert [one["verdict"] for one in shown["sentences"]] == [one.verdict for one in found.sentences]
    assert shown["holds"] is False
    assert "The ferry made 14 trips a day in June." in page
    assert 'class="unsupported"' in page


def test_documents_without_text_are_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        verify("Any text.", against=[Document("  ", metadata={"source": "a"})])
