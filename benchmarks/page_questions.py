"""Questions whose answer stands in a table, a footnote, over a page's edge or in the second column of a PDF.

    python benchmarks/page_questions.py [--filings]

The 40 questions are `questions/pages.jsonl`: id, document, kind, question, value and the page that the value stands on.
The PDFs are made here out of `questions/pages.json`. They are asked without a chat model, all at once in one index.
`--filings` asks FinanceBench's development questions instead, and counts those whose evidence page is cited.
"""

from __future__ import annotations

import argparse
import bisect
import json
import sys
import tempfile
from collections.abc import Collection, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

from datasets import DATA, records
from langchain_core.documents import Document
from retrieval_sets import unpacked_filings
from table import HERE, markdown, publish

sys.path.append(str(HERE.parent / "tests"))
from pdf_files import Sheet, pdf, width

from longdoc import DocumentChat, DocumentIndex, read
from longdoc.pipelines.ask.answer import Answer
from longdoc.pipelines.ask.library import library
from longdoc.pipelines.ask.settings import ChatSettings

SIZE, STEP, LEFT, RIGHT, TOP, FOOT = 10, 13, 60, 552, 720, 110
GAP = 24  # between columns
_ABOUT = """An answer is found where it has the value; its page is right where a place that it cites has the value in
its quotation and a rectangle on the page that the value stands on. A sentence over a page's edge begins on the page
before."""
_FILINGS = """Cited: a citation of the answer stands on an evidence page. Silent: nothing is said. Six filings are whole
and asked alone; of the other 36 the data has the pages with evidence only. In the last row all 42 are one index and the
question says alone which of them is meant. Most questions ask for a ratio, a change or a judgement that stands nowhere:
a page cited has the figures, not always the answer."""


def main() -> None:
    """Asks what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filings", action="store_true")
    if not parser.parse_args().filings:
        pages()
    elif DATA.exists():
        filings()
    else:
        raise SystemExit(f"no data in {DATA}: put the sets there")


def filings() -> None:
    """Asks FinanceBench's questions, prints those without their page, and writes the table."""
    asked = list(records("financebench"))
    held = _filings(asked)
    index = DocumentIndex()
    index.put([document for document, _ in held.values()])
    chat = DocumentChat(index)
    whole = {name for name, (document, _) in held.items() if "pages" in document.metadata}
    rows = [
        _filed("a whole filing, asked alone", [one for one in asked if one["doc_name"] in whole], held, chat, True),
        _filed("a filing's evidence pages", [one for one in asked if one["doc_name"] not in whole], held, chat, True),
        _filed("42 filings in one index", asked, held, chat, False),
    ]
    headers = ("asked of", "questions", "evidence page cited", "silent", "cited %")
    publish("filing_pages", "Evidence pages of filings cited", f"{markdown(headers, rows)}\n\n{_FILINGS}")


Filing = tuple[Document, dict[int, tuple[int, int]]]  # and where each of its pages stands


def _filings(asked: Collection[dict[str, Any]]) -> dict[str, Filing]:
    held: dict[str, Filing] = {}
    with tempfile.TemporaryDirectory() as folder:
        for path in unpacked_filings(Path(folder)):
            document = read(path)
            document.id = document.metadata["source"] = path.stem
            starts = [*document.metadata["pages"], len(document.page_content)]
            held[path.stem] = document, {at: (starts[at], starts[at + 1]) for at in range(len(starts) - 1)}
    texts: dict[str, dict[int, str]] = {}
    for record in asked:
        for part in record["evidence"]:
            text = part["evidence_text_full_page"] or part["evidence_text"]
            texts.setdefault(record["doc_name"], {})[part["evidence_page_num"]] = text
    for name in texts.keys() - held.keys():
        whole, places = "", dict[int, tuple[int, int]]()
        for number, text in sorted(texts[name].items()):
            places[number] = len(whole), len(whole) + len(text)
            whole += f"{text}\n\f"
        held[name] = Document(whole, id=name, metadata={"source": name}), places
    return held


def _filed(
    told: str, asked: Collection[dict[str, Any]], held: dict[str, Filing], chat: DocumentChat, alone: bool
) -> list[object]:
    cited = silent = 0
    for record in asked:
        name = record["doc_name"]
        answer = chat.ask(record["question"], documents=[name] if alone else None)
        spans = [held[name][1][part["evidence_page_num"]] for part in record["evidence"]]
        found = any(
            one.source == name and one.start < end and start < one.end
            for one in answer.citations
            for start, end in spans
        )
        cited, silent = cited + found, silent + (not answer.citations)
        if not found:
            at = [(one.source, _page_at(held[one.source][1], one.start)) for one in answer.citations]
            pages = [part["evidence_page_num"] for part in record["evidence"]]
            print(told, "|", name, pages, record["question"], "->", answer.text, at, flush=True)
    return [told, len(asked), cited, silent, f"{100 * cited / len(asked):.0f}"]


def _page_at(places: dict[int, tuple[int, int]], at: int) -> int:
    starts = [start for start, _ in places.values()]
    return list(places)[max(0, bisect.bisect_right(starts, at) - 1)]


def pages() -> None:
    """Asks the questions of pages made here, prints those that fail, and writes the table."""
    documents = json.loads((HERE / "questions" / "pages.json").read_text(encoding="utf-8"))
    lines = (HERE / "questions" / "pages.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line) for line in lines]
    counts: dict[str, list[int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = [_written(one, Path(folder)) for one in documents]
        held = library([str(path) for path in paths], Path(folder) / "index")
        chat = held.chat("extractive", ChatSettings())
        for asked in questions:
            answer = chat.ask(asked["question"], documents=held.ids)
            found, placed = asked["value"] in _plain(str(answer.text)), _is_placed(answer, asked)
            row = counts.setdefault(asked["kind"], [0, 0, 0])
            row[:] = row[0] + 1, row[1] + found, row[2] + placed
            if not (found and placed):
                pages = [(one.page, sorted({box[0] for box in one.boxes})) for one in answer.citations]
                print(asked["id"], asked["question"], "->", answer.text, pages, flush=True)
    rows = [[kind, *row] for kind, row in counts.items()]
    rows.append(["all", *(sum(row[at] for row in counts.values()) for at in range(3))])
    publish(
        "page_questions",
        "Questions to pages",
        f"{markdown(['where it stands', 'questions', 'found', 'right page'], rows)}\n\n{_ABOUT}",
    )


def _is_placed(answer: Answer, asked: dict[str, Any]) -> bool:
    cited = (one for one in answer.citations if asked["value"] in _plain(one.quote))
    return any(asked["page"] in {box[0] for box in one.boxes} for one in cited)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _written(document: dict[str, Any], folder: Path) -> Path:
    path = folder / f"{document['id']}.pdf"
    path.write_bytes(pdf(list(_sheets(document))))
    return path


def _sheets(document: dict[str, Any]) -> Iterator[Sheet]:
    """The pages: a head, a number, a table across the page, columns filled to the foot, notes below them."""
    filler = _filler(document["filler"])
    columns = document["columns"]
    wide = (RIGHT - LEFT - GAP * (columns - 1)) / columns
    over: list[str] = []  # the lines of the sentence that the page before began
    for number, page in enumerate(document["pages"], start=1):
        sheet = Sheet().text(LEFT, 756, document["head"], 8).text(300, 40, str(number), 8)
        top = _table(sheet, page.get("table", []), TOP)
        for column, paragraphs in enumerate(page["content"]):
            is_last = column == len(page["content"]) - 1
            edge = _wrapped(page["edge"], wide) if is_last and "edge" in page else []
            lines = _filled(over, paragraphs, filler, wide, int((top - FOOT) // STEP) - bool(edge))
            over = []
            if edge:
                lines.append(edge[0])
                over = edge[1:]
            sheet.lines(LEFT + column * (wide + GAP), top, lines, SIZE, STEP)
        for place, note in enumerate(page["notes"]):
            sheet.text(LEFT, FOOT - 30 - 11 * place, note, 8)
        yield sheet


def _filler(words: dict[str, list[str]]) -> Iterator[str]:
    """Sentences that say nothing of what is asked, few of them twice."""
    for who, what, when in zip(*(cycle(words[part]) for part in ("who", "what", "when")), strict=False):
        yield f"{who} {what} {when}."


def _filled(over: list[str], paragraphs: list[str], filler: Iterator[str], wide: float, count: int) -> list[str]:
    """The lines of a column: those left over, the paragraphs among filler, up to `count` lines."""
    lines = list(over)
    for paragraph in paragraphs:
        lines += _wrapped(" ".join([*(next(filler) for _ in range(3)), paragraph, next(filler)]), wide)
    while len(lines) < count:
        lines += _wrapped(" ".join(next(filler) for _ in range(4)), wide)
    return lines[:count]


def _table(sheet: Sheet, rows: list[list[str]], top: float) -> float:
    """Sets the rows, the header bold, and gives where the text below goes on."""
    for row in rows:
        for column, cell in enumerate(row):
            x = LEFT if column == 0 else 260 + 80 * column - width(cell, SIZE)
            sheet.text(x, top, cell, SIZE, bold=row is rows[0])
        top -= STEP + 2
    return top - STEP if rows else top


def _wrapped(text: str, wide: float) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if width(longer, SIZE) > wide:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


if __name__ == "__main__":
    main()
