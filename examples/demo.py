"""Summarizes Python's language reference, which every CPython carries: what it says of exceptions, then all of it.

Asks it two questions, and writes a report.

make demo
"""

from __future__ import annotations

from pathlib import Path
from pydoc_data.topics import topics

from langchain_core.documents import Document

import longdoc
from longdoc import DocumentChat, DocumentIndex
from longdoc.pipelines import ExtractiveSummarizer
from longdoc.pipelines.ask.answer import answer_text
from longdoc.pipelines.summarize.map_reduce import Event, NodeDone

ABOUT = "how exceptions are handled"
QUESTIONS = ("What does the pass statement do?", "What is a descriptor?")
REPORT = Path("demo/report.html")


def language_reference() -> str:
    """All topics of `help()`, each under its own heading, as one text."""
    return "\n\n\n".join(topics[name].strip() for name in sorted(topics))


def show(event: Event) -> None:
    """One line when all calls are made."""
    if isinstance(event, NodeDone) and event.done == event.planned:
        print(f"  {event.done} of {event.planned} planned calls made")


def main() -> None:
    """Prints the summaries and answers with their citations."""
    text = language_reference()
    source = Document(page_content=text, metadata={"source": "language reference", "format": "rst"})
    print(f"Python's language reference: {len(text.split()):,} words")
    model = ExtractiveSummarizer()
    tree = longdoc.summarize(source, max_tokens=150, model=model, query=ABOUT, on_event=show)
    print(f"\n=== {ABOUT}, at most 150 tokens ===\n")
    print(longdoc.render(tree, "text"))
    tree = longdoc.summarize(source, max_tokens=300, model=model, on_event=show)
    print("\n=== all of it, at most 300 tokens ===\n")
    print(longdoc.render(tree, "text"))
    index = DocumentIndex()
    index.put([source])
    chat = DocumentChat(index)
    for question in QUESTIONS:
        print(f"=== {question} ===\n")
        print(answer_text(chat.ask(question)), end="\n\n")
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(longdoc.render(tree, "html"), encoding="utf-8")
    print(f"The same with its tree and its source to click through: {REPORT}")


if __name__ == "__main__":
    main()
