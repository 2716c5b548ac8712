"""Citations of summaries and answers say the page, its printed label and the rectangles, for a PDF read from a file."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from langchain_core.documents import Document
from pdf_random import Made, made

from longdoc.chunkers.readers.pages import PagedDocument, SourcePages, page_words
from longdoc.chunkers.readers.registry import read
from longdoc.chunkers.section import SectionChunker
from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.ask.answer import Answer, Citation, answer_json, answer_text
from longdoc.pipelines.ask.material import Citing, item_of
from longdoc.pipelines.render.footnotes import Footnotes
from longdoc.pipelines.render.render import render
from longdoc.pipelines.summarize.stage import Summarization


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Made, Document]]:
    folder = tmp_path_factory.mktemp("pdf")
    found = []
    for seed in range(60):
        one = made(seed)
        path = folder / f"{seed}.pdf"
        path.write_bytes(one.data)
        document = read(path)
        if " ".join(document.page_content.split()) == one.text:
            found.append((one, document))
    return found


def word_spans(text: str, source: str) -> list[Span]:
    spans, place = [], 0
    for word in text.split():
        place = text.index(word, place)
        spans.append(Span(place, place + len(word), source))
        place += len(word)
    return spans


def test_10_000_citations_have_the_page_and_label_of_their_words(held: list[tuple[Made, Document]]) -> None:
    chance = random.Random(1)
    ready = []
    for one, document in held:
        source = str(document.metadata["source"])
        known = Citing([], {source: document.page_content}, {}, SourcePages([document]))
        items = [item_of(chunk) for chunk in SectionChunker(60).split(document)]
        alone = Citing(items, {}, {})  # of an index without the source
        ready.append((one, known, alone, word_spans(document.page_content, source), document))
    for number in range(10_000):
        one, known, alone, words, document = ready[number % len(ready)]
        at = chance.randrange(len(words))
        page = one.words[at][1][0][0]
        if number % 2:
            footnotes = Footnotes({words[at].source: document.page_content}, {}, SourcePages([document]))
            footnotes.cite(Sentence("x", (words[at],)))
            assert footnotes.citations[0].page_label == one.labels[page - 1]
        for citation in (known(words[at]), alone(words[at])):
            assert (citation.page, citation.page_label) == (page, one.labels[page - 1])


def test_rectangles_of_citations_cover_their_words(held: list[tuple[Made, Document]]) -> None:
    chance = random.Random(2)
    scores = []
    for one, document in held:
        source = str(document.metadata["source"])
        citing = Citing([], {source: document.page_content}, {}, SourcePages([document]))
        words = word_spans(document.page_content, source)
        for at in (chance.randrange(len(words)) for _ in range(10)):
            boxes, wanted = citing(words[at]).boxes, one.words[at][1]
            scores += [max(overlap(box, place) for box in boxes) for place in wanted]
    assert sum(one >= 0.95 for one in scores) >= 0.99 * len(scores)


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """The intersection over the union; 0 on different pages."""
    wide = min(one[3], other[3]) - max(one[1], other[1])
    high = min(one[4], other[4]) - max(one[2], other[2])
    common = max(wide, 0) * max(high, 0) if one[0] == other[0] else 0
    area = sum((box[3] - box[1]) * (box[4] - box[2]) for box in (one, other))
    return common / (area - common)


def test_a_summary_says_where_on_the_page_in_every_format(held: list[tuple[Made, Document]]) -> None:
    one, document = next(pair for pair in held if pair[0].labels[0] != "1")
    tree = Summarization(cache=None, style="sentences").run(Path(str(document.metadata["source"])))
    sentences = json.loads(render(tree, "json"))["sentences"]
    said = [span for sentence in sentences for span in sentence["spans"]]
    places = SourcePages([document])
    for span in said:
        where = Span(span["start"], span["end"], span["source"])
        assert (span["page"], span["page_label"]) == (places.page(where), places.label(where))
        assert span["boxes"] == [[box[0], *(round(edge, 2) for edge in box[1:])] for box in places.boxes(where)] != []
    words = page_words(said[0]["page"], said[0]["page_label"])
    assert words == f"p. {one.labels[said[0]['page'] - 1]}"
    assert all(words in render(tree, shown) for shown in ("text", "markdown", "html"))


def test_an_answer_says_its_page_and_makes_boxes_only_when_asked() -> None:
    calls: list[int] = []

    def locate() -> tuple[tuple[int, float, float, float, float], ...]:
        calls.append(1)
        return ((4, 1.0, 2.0, 3.0, 4.123456),)

    citation = Citation("a.pdf", 0, 4, 4, "said", "iv", locate)
    answer = Answer.of([Sentence("Said.", (citation.span,))], lambda _: citation, 0.0)
    assert "a.pdf:0-4 p. iv" in answer_text(answer)
    assert "locate" not in answer.model_dump_json()
    assert not calls
    shown = answer_json(answer)["citations"][0]
    assert (shown["page_label"], shown["boxes"]) == ("iv", [[4, 1.0, 2.0, 3.0, 4.12]])
    assert len(calls) == 1


def test_a_file_that_was_changed_has_no_rectangles(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(made(1).data)
    document = read(path)
    path.write_bytes(made(2).data)
    assert isinstance(document, PagedDocument)
    assert SourcePages([document]).boxes(Span(0, 5, str(path))) == ()


def test_no_name_in_the_metadata_opens_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(made(1).data)
    forged = Document(read(path).page_content, metadata={"source": str(path), "format": "pdf", "pages": [0]})
    assert SourcePages([forged]).boxes(Span(0, 5, str(path))) == ()
    assert SourcePages([forged]).page(Span(0, 5, str(path))) == 1
