"""What an agent is told of places on pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from pdf_files import Sheet, pdf, width

from longdoc.mcp.shelf import Shelf

KEEPER = "The keeper of the lamp was called Ann Carter."
LABELS = "/PageLabels << /Nums [0 << /S /r >> 1 << /S /D >>] >>"


@pytest.mark.slow
def test_places_of_a_pdf_have_their_page_label_and_boxes(tmp_path: Path) -> None:
    path = tmp_path / "log.pdf"
    path.write_bytes(
        pdf([Sheet().text(72, 700, "The harbour log of the north gate."), Sheet().text(72, 700, KEEPER)], LABELS)
    )
    (tmp_path / "plain.txt").write_text("The ferry sails at dawn.", encoding="utf-8")
    shelf = Shelf.of([path, tmp_path / "plain.txt"], tmp_path, tmp_path / "index")
    told = shelf.ask("Who was the keeper of the lamp?", None, 100)
    place = next(one for line in told.lines for one in line.places if one.quote == KEEPER)
    assert (place.document, place.page, place.page_label) == ("log.pdf", 2, "1")
    (box,) = place.boxes
    assert box[0] == 2
    assert (box[1], box[3]) == pytest.approx((72, 72 + width(KEEPER, 11)), abs=0.5)
    assert box == pytest.approx([round(edge, 2) for edge in box], abs=0)
    page = shelf.read("log.pdf", 0, None, 1).place
    assert (page.page, page.page_label, page.boxes) == (1, "i", [])
    plain = shelf.read("plain.txt", 0, None, None).place
    assert (plain.page, plain.page_label, plain.boxes) == (None, None, [])
