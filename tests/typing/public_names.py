"""Read by mypy only: what the public names are to a type checker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_type

from langchain_core.documents import Document
from langchain_core.runnables import Runnable

import longdoc
from longdoc.chunkers import Tokenizer, load_tokenizer
from longdoc.pipelines import Summarizer


def check(summarizer: Summarizer, tokenizer: Tokenizer) -> None:
    tree = longdoc.summarize("text", max_tokens=300, query="what", model=summarizer)
    assert_type(tree, longdoc.SummaryTree)
    assert_type(tree.summary, longdoc.Summary)
    assert_type(tree.summary.sentences[0].spans, tuple[longdoc.Span, ...])
    assert_type(longdoc.plan("text").cost, float | None)
    assert_type(longdoc.chunk(["a.txt", Document("b")], by="tokens"), Iterator[Document])
    assert_type(longdoc.render(tree, "markdown"), str)
    assert_type(load_tokenizer("minilm").count("text"), int)
    assert_type(longdoc.read("a.txt"), Document)
    chunker = longdoc.SectionChunker(512, tokenizer=tokenizer)
    assert_type(chunker.invoke("text"), list[Document])
    assert_type(longdoc.Summarization(max_tokens=20).invoke("text"), longdoc.SummaryTree)
    stage: Runnable[str, object] = chunker | longdoc.Summarization()
    stage.invoke("text")


def refused() -> None:
    longdoc.chunk("text", by="pages")  # type: ignore[arg-type]
    longdoc.summarize("text", max_tokens="many")  # type: ignore[arg-type]
    _ = longdoc.nothing  # type: ignore[attr-defined]
