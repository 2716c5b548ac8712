"""Thirty calls that a newcomer gets wrong, each with the one sentence that it is told.

python benchmarks/wrong_calls.py
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

from langchain_core.documents import Document
from table import markdown, publish

import longdoc
from longdoc.chunkers import MeaningChunker, SectionChunker, load_tokenizer, read_bytes, split_sentences
from longdoc.errors import LongdocError
from longdoc.memory import CachedEmbeddings, KeySpace
from longdoc.models import KVSessions, PerformerConfig
from longdoc.pipelines import ChatSettings, Checker, fan_out

TEXT = "The mill was built in 1843. It burnt down in 1901."
FOLDER = Path(mkdtemp())
index = longdoc.DocumentIndex(FOLDER / "index")
index.put([Document(TEXT, metadata={"source": "mill.txt"})])
chat = longdoc.DocumentChat(index)
# fmt: off
CALLS: list[Callable[[], object]] = [
    lambda: longdoc.summarize(None),
    lambda: longdoc.summarize(7),
    lambda: longdoc.summarize({"text": TEXT}),
    lambda: longdoc.summarize(),
    lambda: longdoc.summarize(TEXT, max_tokens="20"),
    lambda: longdoc.summarize(TEXT, max_tokens=-5),
    lambda: longdoc.summarize(TEXT, max_tokns=20),
    lambda: longdoc.summarize(TEXT, 20),
    lambda: longdoc.summarize(TEXT, tokenizer=3),
    lambda: longdoc.summarize(Path("no such file.txt")),
    lambda: longdoc.summarize(TEXT, strategy="fast"),
    lambda: longdoc.plan(TEXT, max_tokens=None),
    lambda: longdoc.chunk(TEXT, by="pages"),
    lambda: longdoc.chunk(TEXT, max_tokens=2.5),
    lambda: longdoc.read(None),
    lambda: longdoc.read("no such file.txt"),
    lambda: longdoc.verify(["The mill was built in 1843."], TEXT),
    lambda: longdoc.render("a tree", "html"),
    lambda: longdoc.DocumentIndex(7),
    lambda: index.put("a text"),
    lambda: index.matches(None),
    lambda: index.matches("mill", k="4"),
    lambda: index.add_documents(TEXT),
    lambda: chat.ask(""),
    lambda: chat.ask("When?", documents="mill.txt"),
    lambda: longdoc.DocumentChat("folder"),
    lambda: longdoc.ChatHistory(None),
    lambda: longdoc.Settings(max_tokens=True),
    lambda: SectionChunker(max_tokens="512"),
    lambda: SectionChunker(100, 200),
    lambda: MeaningChunker(embedding="minilm"),
    lambda: load_tokenizer("no such tokenizer"),
    lambda: split_sentences(b"bytes"),
    lambda: read_bytes("text", "a.txt", ".txt"),
    lambda: KeySpace(None, "model"),
    lambda: CachedEmbeddings("minilm", None),
    lambda: longdoc.EncodingCache(max_bytes="4 GB"),
    lambda: KVSessions(3.5),
    lambda: PerformerConfig(layers="two"),
    lambda: ChatSettings(passages="many"),
    lambda: Checker.load(3),
    lambda: fan_out(TEXT, [1, 2]),
]
# fmt: on


def main() -> None:
    """Prints and keeps the table; fails where a call is told nothing, or not in one sentence of ours."""
    rows, poor = [], []
    for call in CALLS:
        code = re.search(r"lambda: (.*),", inspect.getsource(call))
        shown = code[1] if code else "?"
        try:
            call()
            said, kind = "(nothing)", "none"
        except Exception as error:  # noqa: BLE001 - any is what the caller would see
            said, kind = str(error), type(error).__name__
            if not isinstance(error, LongdocError):
                poor.append(shown)
        if said == "(nothing)" or "\n" in said:
            poor.append(shown)
        rows.append([f"`{shown}`", kind, " ".join(said.split()).replace("|", "\\|")])
    told = f"{len(CALLS)} calls, {len(CALLS) - len(set(poor))} of them told in one sentence of ours."
    publish(
        "wrong_calls",
        "Wrong calls and what they are told",
        f"{told}\n\n{markdown(['call', 'error', 'sentence'], rows)}",
    )
    if poor:
        raise SystemExit(f"not told in one sentence: {poor}")


if __name__ == "__main__":
    main()
