"""A finished summary as text for a terminal, as Markdown, as JSON, or as a page to read it against its sources."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any, Literal
from unicodedata import combining, east_asian_width

from longdoc.arguments import checked
from longdoc.chunkers.readers.pages import SourcePages, place_json
from longdoc.chunkers.text.span import Span
from longdoc.errors import UnknownNameError
from longdoc.memory.summaries.summary import Block, Sentence, Summary
from longdoc.memory.summaries.tree import SummaryTree, sentence_json
from longdoc.pipelines.render.footnotes import Citation, Footnotes, figures, plain, quoted, run_of
from longdoc.pipelines.render.page import render_html

Format = Literal["text", "markdown", "json", "html"]

_WIDTH = 80  # columns
_QUOTE = 200  # characters of a quoted passage
_HELD = "\u00a0"  # a blank that no line is broken at
_PIECE = re.compile(
    r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60\U00020000-\U0003fffd][、。，．」』）！？：；”’]*"
    r"|[^\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60\U00020000-\U0003fffd]+"
)


@checked
def render(tree: SummaryTree, format: Format, *, pages: bool = False) -> str:
    """The root of a finished run in one of the formats; in HTML with pictures of the pages cited, if `pages` says so.

    Raises `ValueError` for a node without `run`, and `UnknownNameError` for a format that there is not.
    """
    match format:
        case "text":
            return render_text(tree)
        case "markdown":
            return render_markdown(tree)
        case "json":
            return render_json(tree)
        case "html":
            return render_html(tree, pages=pages)
    raise UnknownNameError(f"format {format!r} is not known; give text, markdown, json or html")


def render_text(tree: SummaryTree) -> str:
    """The summary in lines of at most 80 columns, a number behind each sentence, then a line for each citation.

    Control characters of the source are shown as U+FFFD, so that no terminal obeys them.
    """
    notes = Footnotes(run_of(tree).texts, run_of(tree).pages, run_of(tree).places)
    shown = [line for block, said in tree.summary.parts() for line in _block_lines(block, said, notes)]
    lines = [line.replace(_HELD, " ") for line in shown[:-1]]  # the last is a blank one
    if notes.citations:
        digits = len(str(len(notes.citations))) + 2
        lines += ["", "Sources:", *(_source_line(citation, digits) for citation in notes.citations)]
    return "\n".join(lines)


def _block_lines(block: Block, sentences: Sequence[Sentence], notes: Footnotes) -> Iterator[str]:
    """A block's heading, its facts as a list and its other sentences as a paragraph, and a blank line."""
    if block.heading:
        yield from _wrapped(plain(block.heading))
        if block.form == "document":
            yield "=" * min(_WIDTH, max(1, _columns(plain(block.heading))))
    listed = [one for one in sentences if block.form != "points" or one.label]
    for one in listed:
        lines = list(_wrapped(_marked_line(one, notes), _WIDTH - 2))
        mark = "" if block.form == "title" else "  " if block.form == "points" else "- "
        yield from (f"{mark if number == 0 else ' ' * len(mark)}{line}" for number, line in enumerate(lines))
    if block.form == "points":
        yield from _wrapped(" ".join(_marked_line(one, notes) for one in sentences if not one.label))
    yield ""


def _marked_line(sentence: Sentence, notes: Footnotes) -> str:
    marks = "".join(f"[{number}]" for number in notes.cite(sentence))
    return _HELD.join(filter(None, (plain(sentence.text), marks, "" if sentence.supported else "[unsupported]")))


def _source_line(citation: Citation, digits: int) -> str:
    span = citation.span
    mark = f"[{citation.number}]".ljust(digits)
    return f'{mark} {plain(span.source)}:{span.start}-{span.end}  {citation.place}  "{quoted(citation.text, 60)}"'


def _wrapped(text: str, most: int = _WIDTH) -> Iterator[str]:
    """`text` in lines of at most `most` columns, broken at blanks and, in scripts without any, between characters."""
    line, used = "", 0
    for gap, piece in _pieces(text):
        width = _columns(piece)
        if used and used + len(gap) + width > most:
            yield line
            line, used, gap = "", 0, ""
        line += gap + piece if line else piece
        used += width + (len(gap) if used else 0)
    if line:
        yield line


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """What a line may not be broken inside of, with the blank before it; no piece is wider than a line."""
    for word in text.split(" "):
        gap = " "
        for piece in _PIECE.findall(word):
            step = len(piece) if _columns(piece) <= _WIDTH else _WIDTH // 2  # a character takes at most two columns
            for start in range(0, len(piece), step):
                yield gap, piece[start : start + step]
                gap = ""


def _columns(text: str) -> int:
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def render_markdown(tree: SummaryTree, facts: Sequence[tuple[str, str]] | None = None) -> str:
    """The summary with footnotes that quote the source, then two levels of the tree.

    What else is cited like that has other `facts` than what a summary took.

    Text of the source is escaped: it reads as it is and makes no markup, HTML or link.
    """
    run = run_of(tree)
    notes = Footnotes(run.texts, run.pages, run.places)
    said = tree.summary.sentences[0].text if any(block.form == "title" for block in tree.summary.blocks[:1]) else ""
    titled = bool(said) and said.casefold() == tree.title.casefold()  # then the digest begins with it
    parts = [] if titled else [f"# {escape_markdown(tree.title) or 'Summary'}"]
    if run.query:
        parts.append(f"About: {escape_markdown(run.query)}")
    parts += _marked_blocks(tree.summary, notes)
    told = figures(tree, run) if facts is None else facts
    parts.append(escape_markdown(" · ".join(f"{label}: {value}" for label, value in told)))
    if tree.children:
        parts += [
            "## Sections",
            *(block for name, child in tree.named_children() for block in _section(name, child, notes)),
        ]
    parts += [_definition(citation) for citation in notes.citations]
    return "\n\n".join(filter(None, parts)) + "\n"


def _marked_blocks(summary: Summary, notes: Footnotes) -> Iterator[str]:
    """A digest's headings, lists of facts and paragraphs; a plain summary as one paragraph."""
    level = "###" if any(block.form == "document" for block in summary.blocks) else "##"
    for block, sentences in summary.parts():
        if block.form == "note":
            yield f"*{escape_markdown(block.heading)}*"
        elif block.heading:
            yield f"{'##' if block.form == 'document' else level} {escape_markdown(block.heading)}"
        if block.form == "title":
            yield "  \n".join(
                f"**{_marked_sentence(one, notes)}**" if n == 0 else _labelled(one, notes)
                for n, one in enumerate(sentences)
            )
        elif block.form == "facts":
            yield "\n".join(f"- {_labelled(one, notes)}" for one in sentences)
        else:
            yield "  \n".join(_labelled(one, notes) for one in sentences if one.label)
            yield " ".join(_marked_sentence(one, notes) for one in sentences if not one.label)


def _labelled(sentence: Sentence, notes: Footnotes) -> str:
    """A sentence with its label in bold."""
    if not sentence.label or not sentence.text.startswith(sentence.label):
        return _marked_sentence(sentence, notes)
    value = replace(sentence, text=sentence.text[len(sentence.label) :].lstrip(": "))
    return f"**{escape_markdown(sentence.label)}:** {_marked_sentence(value, notes)}"


def _section(name: str, node: SummaryTree, notes: Footnotes) -> Iterator[str]:
    yield f"### {escape_markdown(name)}"
    yield _node_prose(node, notes)
    yield "\n".join(
        f"- **{escape_markdown(one)}** {_node_prose(child, notes)}".rstrip() for one, child in node.named_children()
    )


def _node_prose(node: SummaryTree, notes: Footnotes) -> str:
    failed = f"*(failed: {escape_markdown(node.error)})*" if node.error else ""
    return " ".join(filter(None, (failed, _marked_prose(node.summary, notes))))


def _marked_prose(summary: Summary, notes: Footnotes) -> str:
    return " ".join(_marked_sentence(sentence, notes) for sentence in summary.sentences)


def _marked_sentence(sentence: Sentence, notes: Footnotes) -> str:
    marks = "".join(f"[^{number}]" for number in notes.cite(sentence))
    if sentence.supported:
        return escape_markdown(sentence.text) + marks
    why = escape_markdown("; ".join(sentence.problems))
    return f"{escape_markdown(sentence.text)}{marks} *({'unsupported: ' + why if why else 'unsupported'})*"


def _definition(citation: Citation) -> str:
    span = citation.span
    quote = escape_markdown(quoted(citation.text, _QUOTE))
    # The name first: with the quotation last, nothing in a name can make this a link's definition.
    page = f", {escape_markdown(citation.page_words)}" if citation.page_words else ""
    return f"[^{citation.number}]: {escape_markdown(span.source)}{page} \\[{span.start}, {span.end}): “{quote}”"


_MARKUP = re.compile(r"[\\`*_{}\[\]#~|$^]|(?<=[A-Za-z0-9]):(?=//)|(?<=www)\.|!\Z", re.IGNORECASE)
_LEADING = re.compile(r"^(?:[-+=:%!]|[0-9]{1,9}(?=[.)]))")


def escape_markdown(text: str) -> str:
    """`text` on one line, such that every Markdown shows it as it is: no markup, no HTML, no link, no math."""
    line = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = _MARKUP.sub(r"\\\g<0>", line)
    return _LEADING.sub(lambda m: f"{m[0]}\\" if m[0].isdigit() else f"\\{m[0]}", line)


def render_json(tree: SummaryTree) -> str:
    """The summary, its tree and what the run took, as one JSON object in ASCII."""
    run = run_of(tree)
    shown = {
        "summary": tree.summary.text,
        "tokens": tree.summary.tokens,
        "max_tokens": run.max_tokens,
        "model": run.model,
        "sentences": [_sentence_json(sentence, run.places, boxes=True) for sentence in tree.summary.sentences],
        "blocks": [asdict(block) for block in tree.summary.blocks],
        "tree": _node_json(tree, run.places),
        "plan": {"calls": run.planned_calls, "max_calls": run.max_calls},
        "calls": run.calls,
        "extra_calls": run.extra_calls,
        "reused": run.reused,
        "seconds": run.seconds,
    }
    return json.dumps(shown, ensure_ascii=True)


def _node_json(node: SummaryTree, places: SourcePages) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "title": node.title,
        "spans": _spans_json(node.spans),
        "summary": node.summary.text,
        "tokens": node.summary.tokens,
        "sentences": [_sentence_json(sentence, places, boxes=False) for sentence in node.summary.sentences],
        "key": node.key,
    }
    if node.error is not None:
        shown["error"] = node.error
    shown["children"] = [_node_json(child, places) for child in node.children]
    return shown


def _sentence_json(sentence: Sentence, places: SourcePages, *, boxes: bool) -> dict[str, Any]:
    """A sentence, each of its spans with its page where there are pages."""
    shown = sentence_json(sentence)
    for said, span in zip(shown["spans"], sentence.spans, strict=True):
        said |= place_json(span, places, boxes=boxes)
    return shown


def _spans_json(spans: Sequence[Span]) -> list[dict[str, Any]]:
    return [{"source": span.source, "start": span.start, "end": span.end} for span in spans]
