"""What a notebook shows of a tree of summaries: short HTML and Markdown, where text stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Block, Sentence

if TYPE_CHECKING:
    from longdoc.memory.summaries.tree import SummaryTree

_QUOTE = 200  # characters of a quotation
_SIGNS = re.compile(r"[\\`*_{}\[\]#~|$^<>&!:]|^(?:[-+=%]|[0-9]{1,9}(?=[.)]))")


def tree_html(tree: SummaryTree) -> str:
    """The title and the sentences; each place is a number whose tooltip is its source and quotation."""
    texts = tree.run.texts if tree.run else {}
    parts = [f"<h4>{escape(tree.title)}</h4>"]
    for block, said in tree.summary.parts():
        lines = [_sentence_html(one, texts) for one in said]
        parts += _framed(block, lines)
    return f'<div class="longdoc">{"".join(parts)}</div>'


def tree_markdown(tree: SummaryTree) -> str:
    """The title and the sentences as Markdown, and below them the source and characters of each place."""
    parts, places = [f"#### {literal(tree.title)}"], dict[Span, int]()
    for block, said in tree.summary.parts():
        if block.heading:
            parts.append(f"**{literal(block.heading)}**")
        marked = []
        for one in said:
            marks = "".join(f" \\[{places.setdefault(span, len(places) + 1)}\\]" for span in one.spans)
            marked.append(f"{literal(one.line)}{marks}{'' if one.supported else ' *(unsupported)*'}")
        parts.append("\n".join(f"- {line}" for line in marked) if block.form == "facts" else " ".join(marked))
    parts += [f"\\[{at}\\] {literal(span.source)} {span.start}–{span.end}" for span, at in places.items()]
    return "\n\n".join(parts)


def _sentence_html(sentence: Sentence, texts: Mapping[str, str]) -> str:
    """A sentence with its places, a note where nothing bears it out."""
    marks = "".join(_place_html(at, span, texts.get(span.source, "")) for at, span in enumerate(sentence.spans, 1))
    doubt = "" if sentence.supported else f" <em>(unsupported: {escape('; '.join(sentence.problems))})</em>"
    return f"{escape(sentence.line)}{marks}{doubt}"


def _place_html(number: int, span: Span, text: str) -> str:
    """A place as a small number, with its source, characters and quotation to point at."""
    quote = " ".join(span.of(text)[:_QUOTE].split())
    told = f"{span.source} {span.start}-{span.end}" + (f": {quote}" if quote else "")
    return f'<sup title="{escape(told, quote=True)}">[{number}]</sup>'


def _framed(block: Block, lines: Sequence[str]) -> Iterator[str]:
    if block.heading:
        yield f"<h5>{escape(block.heading)}</h5>"
    if block.form == "facts":
        yield f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"
    elif lines:
        yield f"<p>{' '.join(lines)}</p>"


def literal(text: str) -> str:
    """Text on one line as Markdown that shows it as it is."""
    line = " ".join(text.split())
    return _SIGNS.sub(lambda found: f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}", line)
