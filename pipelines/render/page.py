"""One HTML file to read a summary against its sources: each sentence opens the text that it rests on."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Block, Sentence, Summary
from longdoc.memory.summaries.tree import Run, SummaryTree
from longdoc.pipelines.render.footnotes import Citation, Footnotes, cited, figures, plain, quoted, run_of
from longdoc.pipelines.render.sheets import sheets
from longdoc.surrogates import without_surrogates

_QUOTE = 1000  # characters of a passage in the static list
_OUTLINE = Template(
    '<section aria-labelledby="outline-heading"><h2 id="outline-heading">Section by section</h2>'
    '<div lang="">$outline</div></section>'
)


def render_html(
    tree: SummaryTree,
    heading: str = "Summary",
    facts: Sequence[tuple[str, str]] | None = None,
    *,
    pages: bool = False,
) -> str:
    """A self-contained page: the summary, its tree, the sources; nothing is fetched.

    What else is read against its sources has another `heading` and other `facts` than what a summary took.

    Its policy lets no script and no style run but the two that it was made with. Without scripts the cited passages
    are read below the summary. A lone surrogate of a source is shown as U+FFFD. Raises `ValueError` for a node
    without `run`. With `pages` the cited pages of PDFs and images are there, too, as pictures with the lines marked.
    """
    run = run_of(tree)
    page = _Page(tree, run)
    told = figures(tree, run) if facts is None else facts
    style, script = _part("report.css"), _part("report.js")
    return Template(_part("report.html")).substitute(
        policy=_policy(style, script, pages),
        style=style,
        script=script,
        title=_text(tree.title) or "Summary",
        query=f'<p class="query">{_text(run.query)}</p>' if run.query else "",
        heading=_text(heading),
        facts="".join(f"<div><dt>{label}</dt><dd>{escape(value)}</dd></div>" for label, value in told),
        summary=page.summary,
        passages="".join(_passage(citation) for citation in page.notes.citations),
        outline=page.outline,
        sheets=sheets(run, list(page.notes.citations)) if pages else "",
        data=page.data,
    )


class _Page:
    """The parts of one page; the summary's own citations are numbered, the tree's other sentences are only linked."""

    def __init__(self, tree: SummaryTree, run: Run) -> None:
        self.notes = Footnotes(run.texts, run.pages, run.places)
        self._places = {name: index for index, name in enumerate(run.texts)}
        for sentence in tree.summary.sentences:
            self.notes.cite(sentence)
        self.summary = self._blocks(tree.summary) or '<p lang="en">The summary is empty.</p>'
        self.outline = _OUTLINE.substitute(outline=self._outline(tree)) if tree.children else ""
        self.data = _embedded(run, self._places, self.notes)

    def _sentences(self, summary: Summary) -> str:
        items = "".join(self._sentence(sentence) for sentence in summary.sentences)
        return f'<ol class="sentences" role="list">{items}</ol>' if items else ""

    def _blocks(self, summary: Summary) -> str:
        """A digest's blocks, each under its heading; a plain summary as one list."""
        if not summary.blocks:
            return self._sentences(summary)
        return "".join(self._block(block, sentences) for block, sentences in summary.parts())

    def _block(self, block: Block, sentences: Sequence[Sentence]) -> str:
        if block.form == "note":
            return f'<p class="note" lang="en">{_text(block.heading)}</p>'
        tag = "h3" if block.form == "document" else "h4"
        heading = f'<{tag} dir="auto">{_text(block.heading)}</{tag}>' if block.heading else ""
        items = "".join(self._sentence(sentence) for sentence in sentences)
        return heading + (f'<ol class="sentences {block.form}" role="list">{items}</ol>' if items else "")

    def _sentence(self, sentence: Sentence) -> str:
        spans = cited(sentence)
        number = self._number(spans[0]) if spans else ""
        line = f'<span class="number">{number}</span><span class="line" dir="auto">{_said(sentence)}</span>'
        link = f'<a class="sentence" href="{self._target(spans[0])}">{line}</a>' if spans else f"<span>{line}</span>"
        more = "".join(f' <a href="{self._target(span)}">{self._number(span) or "here"}</a>' for span in spans[1:])
        also = f'<p class="more" lang="en">also{more}</p>' if more else ""
        note = "" if sentence.supported else _note(sentence)
        return f"<li{_warning(sentence)}>{link}{also}{note}</li>"

    def _number(self, span: Span) -> str:
        return str(self.notes.known(span) or "")

    def _target(self, span: Span) -> str:
        """The fragment that opens a span: by number where it has one, else by source and characters."""
        number = self.notes.known(span)
        return f"#s{self._places[span.source]}-{span.start}-{span.end}" if number is None else f"#c{number}"

    def _outline(self, tree: SummaryTree) -> str:
        """The nodes below `tree` as nested disclosures; empty for a leaf."""
        if not tree.children:
            return ""
        items = "".join(f"<li>{self._node(name, child)}</li>" for name, child in tree.named_children())
        return f'<ul class="outline" role="list">{items}</ul>'

    def _node(self, name: str, node: SummaryTree) -> str:
        head = f'<span class="title" dir="auto">{_text(name)}</span>'
        size = f'<span class="size" lang="en">{" · ".join(_sizes(node))}</span>'
        failed = f'<p class="note" lang="en">Failed: {_text(node.error)}</p>' if node.error else ""
        body = f"{failed}{self._reading(node)}{self._sentences(node.summary)}{self._outline(node)}"
        return f"<details><summary>{head} {size}</summary>{body}</details>"

    def _reading(self, node: SummaryTree) -> str:
        """A link to where the node's text begins, without marking all of it."""
        at = next((span for span in node.spans if span.source in self._places), None)
        if at is None:
            return ""
        start = f"#s{self._places[at.source]}-{at.start}-{at.start}"
        return f'<p class="reading" lang="en"><a href="{start}">Go to this part of the source</a></p>'


def _said(sentence: Sentence) -> str:
    """The text, its label in bold."""
    if not sentence.label or not sentence.text.startswith(sentence.label):
        return _text(sentence.text)
    return f"<b>{_text(sentence.label)}</b>{_text(sentence.text[len(sentence.label) :])}"


def _sizes(node: SummaryTree) -> Iterator[str]:
    yield _counted(node.summary.tokens, "token")
    if node.children:
        yield _counted(len(node.children), "part")


def _counted(number: int, noun: str) -> str:
    """`1 call`, `1,024 calls`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _warning(sentence: Sentence) -> str:
    if sentence.supported:
        return ""
    title = f' title="{_text("; ".join(sentence.problems))}"' if sentence.problems else ""
    return f' class="unsupported"{title}'


def _note(sentence: Sentence) -> str:
    why = f": {_text('; '.join(sentence.problems))}" if sentence.problems else ""
    return f'<p class="note" lang="en">Not supported by the source{why}</p>'


def _passage(citation: Citation) -> str:
    span = citation.span
    place = f"{_text(span.source)} [{span.start}, {span.end}), {citation.place}"
    quote = f'<blockquote lang="" dir="auto">{escape(quoted(citation.text, _QUOTE))}</blockquote>'
    return f'<li id="c{citation.number}" value="{citation.number}">{quote}<p><cite>{place}</cite></p></li>'


def _text(text: str | None) -> str:
    return escape(plain(text or ""))


def _embedded(run: Run, places: dict[str, int], notes: Footnotes) -> str:
    """The sources and the numbered spans as JSON that cannot end the element it stands in."""
    data = {
        "sources": [
            {
                "name": plain(name),
                "text": without_surrogates(text),
                "pages": run.pages.get(name, ()),
                "labels": [plain(label) for label in run.places.labels(name)],
            }
            for name, text in run.texts.items()
        ],
        "citations": [[places[c.span.source], c.span.start, c.span.end] for c in notes.citations],
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _policy(style: str, script: str, pictures: bool) -> str:
    """A content security policy that allows this style, this script, pictures inside the page, and nothing else."""
    sources = f"script-src '{_digest(script)}'; style-src '{_digest(style)}'"
    sources += "; img-src data:" if pictures else ""
    return f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"


def _digest(part: str) -> str:
    return f"sha256-{b64encode(sha256(part.encode()).digest()).decode()}"


def _part(name: str) -> str:
    """A file of this package, as text."""
    return files("longdoc.pipelines.render").joinpath(name).read_text(encoding="utf-8")
