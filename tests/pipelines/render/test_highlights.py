"""Highlights in a PDF: where the words stand, with the sentence as the note."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from pdf_random import made
from pypdf import PdfReader
from typer.testing import CliRunner

from longdoc.chunkers.readers.pages import SourcePages
from longdoc.chunkers.readers.registry import read
from longdoc.cli.app import app
from longdoc.errors import InputError
from longdoc.pipelines.render.highlights import Highlight, highlighted, highlights_of
from longdoc.pipelines.render.render import render
from longdoc.pipelines.summarize.stage import Summarization


def notes(data: bytes) -> list[tuple[int, str, list[float]]]:
    found = []
    for number, page in enumerate(PdfReader(io.BytesIO(data)).pages, start=1):
        for one in page.get("/Annots", []):
            mark = one.get_object()
            assert mark["/Subtype"] == "/Highlight"
            found.append((number, str(mark["/Contents"]), [float(edge) for edge in mark["/QuadPoints"]]))
    return found


def test_a_summary_is_marked_where_its_sentences_stand(tmp_path: Path) -> None:
    path, out, cited = tmp_path / "a.pdf", tmp_path / "marked.pdf", tmp_path / "cited.json"
    path.write_bytes(made(4).data)
    tree = Summarization(cache=None, style="sentences").run(path)
    cited.write_text(render(tree, "json"))
    result = CliRunner().invoke(app, ["annotate", str(path), str(cited), "-o", str(out)])
    assert result.exit_code == 0, result.output
    places = SourcePages([read(path)])
    wanted = [
        (box[0], sentence.line, [box[1], box[4], box[3], box[4], box[1], box[2], box[3], box[2]])
        for sentence in tree.summary.sentences
        for span in sentence.spans
        for box in places.boxes(span)
    ]
    found = notes(out.read_bytes())
    quads = [(page, note, quad[n : n + 8]) for page, note, quad in found for n in range(0, len(quad), 8)]
    assert len(quads) == len(wanted)
    for page, note, quad in wanted:
        assert any(one[:2] == (page, note) and one[2] == pytest.approx(quad, abs=0.02) for one in quads)
    assert read(out).page_content == read(path).page_content


def test_notes_hold_any_letters() -> None:
    data = highlighted(made(1).data, "a.pdf", [Highlight(((1, 72.0, 700.0, 90.0, 712.0),), "Größe → 東京 😀")])
    assert [note for _, note, _ in notes(data)] == ["Größe → 東京 😀"]


def test_only_places_in_this_pdf_are_marked() -> None:
    box = [1, 1.0, 2.0, 3.0, 4.0]
    places = [{"source": name, "boxes": [box]} for name in ("x/a.pdf", "b.pdf")]
    sentences = [{"text": "One.", "citations": [0]}, {"text": "Two.", "citations": [1]}]
    cited = json.dumps({"sentences": sentences, "citations": places})
    assert [mark.note for mark in highlights_of(cited, "a.pdf")] == ["One."]


@pytest.mark.parametrize("cited", ["", "[]", "{}", '{"sentences": [{"text": "A.", "citations": [3]}]}'])
def test_what_is_no_answer_is_refused(cited: str) -> None:
    with pytest.raises(InputError, match="no answer or summary in JSON"):
        highlights_of(cited, "a.pdf")


def test_what_has_no_place_in_the_pdf_is_refused() -> None:
    with pytest.raises(InputError, match="nothing cited has a place in"):
        highlights_of('{"sentences": [{"text": "A.", "spans": [{"source": "a.txt"}]}]}', "a.pdf")
    with pytest.raises(InputError, match="page 99 is cited"):
        highlighted(made(1).data, "a.pdf", [Highlight(((99, 1.0, 2.0, 3.0, 4.0),), "A.")])
