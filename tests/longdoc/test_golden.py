"""What comes out for a page of ours, in full: a change of it is seen, and looked at.

`LONGDOC_GOLDEN=write pytest tests/longdoc/test_golden.py` writes the files anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import longdoc
from longdoc.chunkers.text.sentences import split_sentences

FOLDER = Path(__file__).resolve().parents[1] / "golden"
TEXT = (FOLDER / "handbook.md").read_text(encoding="utf-8")


def chunks(by: str) -> str:
    found = longdoc.chunk(TEXT, by=by, max_tokens=90)  # type: ignore[arg-type]
    lines = []
    for chunk in found:
        told = chunk.metadata
        place = (
            f"{told['start_index']}-{told['end_index']}, {told['token_count']} tokens, {' > '.join(told['headings'])}"
        )
        lines.append(f"--- {place}\n{chunk.page_content}")
    return "\n".join(lines)


def sentences() -> str:
    return "\n".join(json.dumps(span.of(TEXT), ensure_ascii=False) for span in split_sentences(TEXT))


def summary(query: str | None = None) -> str:
    model = longdoc.ExtractiveSummarizer(longdoc.Embedder("float32"))  # the same on any processor
    return longdoc.render(longdoc.summarize(TEXT, max_tokens=80, query=query, model=model, style="sentences"), "text")


def digest() -> str:
    model = longdoc.ExtractiveSummarizer(longdoc.Embedder("float32"))
    return longdoc.render(longdoc.summarize(TEXT, max_tokens=160, model=model), "text")


MADE: dict[str, Callable[[], str]] = {
    "sentences.txt": sentences,
    "sections.txt": lambda: chunks("sections"),
    "by_sentences.txt": lambda: chunks("sentences"),
    "tokens.txt": lambda: chunks("tokens"),
    "content.txt": lambda: chunks("content"),
    "summary.txt": summary,
    "digest.txt": digest,
    "answer.txt": lambda: summary("How much does it cost to cross with a cart?"),
}


@pytest.mark.parametrize("name", MADE)
def test_what_comes_out_is_as_it_was(name: str) -> None:
    path, made = FOLDER / name, MADE[name]()
    if os.environ.get("LONGDOC_GOLDEN") == "write":
        path.write_text(made, encoding="utf-8")
    assert made == path.read_text(encoding="utf-8")
