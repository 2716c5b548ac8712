"""What a notebook shows of an answer: short HTML and Markdown, where text stays text."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from longdoc.chunkers.readers.pages import page_words
from longdoc.memory.summaries.notebook import literal
from longdoc.pipelines.render.footnotes import plain, quoted

if TYPE_CHECKING:
    from longdoc.pipelines.ask.answer import Answer, Citation

_QUOTE = 200  # characters of a quotation


def shown_html(answer: Answer) -> str:
    """The sentences, each with the numbers of its places, and below them the places with their quotations."""
    said = " ".join(_sentences(answer))
    places = "".join(f'<li value="{at}">{_place(one)}</li>' for at, one in enumerate(answer.citations, start=1))
    return f'<div class="longdoc"><p>{said}</p>{f"<ol>{places}</ol>" if places else ""}</div>'


def shown_markdown(answer: Answer) -> str:
    """The same as Markdown."""
    said = []
    for one in answer.sentences:
        marks = "".join(f" \\[{at + 1}\\]" for at in answer.numbers(one))
        said.append(f"{literal(one.line)}{marks}{' *(unsupported)*' if one.problems and not one.supported else ''}")
    places = [f"\\[{at}\\] {literal(_told(one))}" for at, one in enumerate(answer.citations, start=1)]
    return "\n\n".join([" ".join(said), *places])


def _sentences(answer: Answer) -> Iterator[str]:
    for one in answer.sentences:
        told = [(at + 1, _told(answer.citations[at])) for at in answer.numbers(one)]
        marks = "".join(f'<sup title="{escape(text, quote=True)}">[{number}]</sup>' for number, text in told)
        doubt = f" <em>(unsupported: {escape('; '.join(one.problems))})</em>" if one.problems else ""
        yield f"{escape(plain(one.line))}{marks}{'' if one.supported else doubt}"


def _place(citation: Citation) -> str:
    return escape(_told(citation))


def _told(citation: Citation) -> str:
    page = f" {page_words(citation.page, citation.page_label)}".rstrip()
    where = f"{plain(citation.source)} {citation.start}–{citation.end}{f' {plain(page)}'.rstrip()}"
    return f"{where}: “{quoted(citation.quote, _QUOTE)}”"
