"""A note at the foot of a page is a sentence, whatever number it begins with; a title runs into its clause."""

from __future__ import annotations

import pytest

from longdoc.pipelines.units.find import units_of


@pytest.mark.parametrize("mark", ["", "1 ", "12 "])
def test_a_paragraph_of_one_sentence_with_a_number_before_it_is_that_sentence(mark: str) -> None:
    note = f"{mark}The lease of the cold store ends on 30 June 2029."
    found = units_of(f"The quay was closed in May.\n\n{note}\n\nThe board met twice in the year.")
    assert [unit.kind for unit in found if "lease" in unit.text] != ["heading"]


def test_a_title_still_runs_into_its_clause() -> None:
    found = units_of("4. Term of the lease. The lease begins on the first of May and ends after twelve years.")
    assert next((unit.kind, unit.text) for unit in found) == ("heading", "Term of the lease")
