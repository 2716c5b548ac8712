"""The pages that a report embeds: as they look, with the cited lines marked, and nothing of them unless asked."""

from __future__ import annotations

import re
import struct
from base64 import b64decode
from pathlib import Path

import pytest
from pdf_files import Sheet, pdf, width

from longdoc.pipelines.render.render import render
from longdoc.pipelines.summarize.summarize import summarize

KEEPER = "The keeper of the lamp was called Ann Carter."
CLOSED = ["The gate was closed in 1960 after the great storm.", "Nobody has kept the lamp since that year."]
LABELS = "/PageLabels << /Nums [0 << /S /r >>] >>"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "log & book.pdf"
    path.write_bytes(pdf([Sheet().text(72, 700, KEEPER), Sheet(90).lines(72, 600, CLOSED)], LABELS))
    return path


def test_cited_pages_are_embedded_with_their_lines_marked(path: Path) -> None:
    tree = summarize(path, max_tokens=100, style="sentences")
    page = render(tree, "html", pages=True)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert "img-src data:;" in policy[1]
    figures = re.findall(r"<figure>.*?</figure>", page)
    assert [re.findall(r'aria-label="([^"]*)"', one)[0].rpartition("/")[2] for one in figures] == [
        "log &amp; book.pdf, p. i",
        "log &amp; book.pdf, p. ii",
    ]
    assert re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', page) == [("612.00", "792.00"), ("792.00", "612.00")]
    sizes = [struct.unpack(">2I", b64decode(one)[16:24]) for one in re.findall(r"base64,([^\"]+)", page)]
    assert sizes == [(1000, 1295), (1000, 773)]
    (first,) = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/>', figures[0])
    assert [float(edge) for edge in first] == pytest.approx([72, 792 - 711, width(KEEPER, 11), 13], abs=3)
    assert re.findall(r'<a href="#c(\d+)">', figures[0]) == ["1"]


def test_none_are_embedded_unless_asked_or_where_the_file_is_gone(path: Path) -> None:
    tree = summarize(path, max_tokens=100)
    plain = render(tree, "html")
    assert "<figure" not in plain
    assert "img-src" not in plain
    path.unlink()
    assert "<figure" not in render(tree, "html", pages=True)
    assert "<figure" not in render(summarize("A text has no pages. It is short.", max_tokens=50), "html", pages=True)
