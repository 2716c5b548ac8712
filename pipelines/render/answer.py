"""An answer as Markdown and as a page to read it against its sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from longdoc.chunkers.readers.pages import page_words
from longdoc.chunkers.tokenizers.base import load_tokenizer
from longdoc.memory.summaries.summary import Sentence, Summary
from longdoc.memory.summaries.tree import Run, SummaryTree
from longdoc.pipelines.ask.answer import Answer
from longdoc.pipelines.render.footnotes import quoted
from longdoc.pipelines.render.page import render_html
from longdoc.pipelines.render.render import escape_markdown

_QUOTE = 200  # characters of a quoted passage


def answer_markdown(answer: Answer, question: str = "", first: int = 1) -> str:
    """The answer with footnotes that quote the source, numbered from `first`, under its question where one is given.

    Text of the source is escaped: it reads as it is and makes no markup, HTML or link.
    """
    said = " ".join(_marked(one, [at + first for at in answer.numbers(one)]) for one in answer.sentences)
    notes = [
        f"[^{number}]: {escape_markdown(one.source)} \\[{one.start}, {one.end})"
        f"{f' {page_words(one.page, one.page_label)}'.rstrip()}: “{escape_markdown(quoted(one.quote, _QUOTE))}”"
        for number, one in enumerate(answer.citations, start=first)
    ]
    heading = [f"## {escape_markdown(question)}"] if question else []
    return "\n\n".join([*heading, said, *notes]) + "\n"


def answer_html(
    answer: Answer, question: str, texts: Mapping[str, str], pages: Mapping[str, Sequence[int]] | None = None
) -> str:
    """The page of `render_html` for an answer: the question is its title, and the answer is headed as such."""
    summary = Summary.of(answer.sentences, load_tokenizer())
    cited = {one.source for one in answer.citations}
    run = Run(
        "answer",
        summary.tokens,
        seconds=answer.seconds,
        texts={name: text for name, text in texts.items() if name in cited} or dict(texts),
        pages={name: tuple(starts) for name, starts in (pages or {}).items()},
        writes=False,
    )
    sure = [] if answer.confidence is None else [("Confidence", f"{answer.confidence:.0%}")]
    facts = [("Time", f"{answer.seconds:.1f} s"), *sure, ("Sources", f"{len(run.texts):,}")]
    return render_html(SummaryTree(question, summary.spans, summary, "", run=run), "Answer", facts)


def _marked(sentence: Sentence, numbers: Sequence[int]) -> str:
    marks = "".join(f"[^{number}]" for number in numbers)
    if sentence.supported or not sentence.problems:
        return escape_markdown(sentence.text) + marks
    return f"{escape_markdown(sentence.text)}{marks} *(unsupported: {escape_markdown('; '.join(sentence.problems))})*"
