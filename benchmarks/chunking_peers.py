"""The chunkers that are measured: longdoc's and their peers, each as its own documentation sets it up.

All are asked for chunks of so many tiktoken tokens without overlap, and for offsets where they have them. What a
splitter can do to keep the text whole (`strip_whitespace=False`, `trim=False`) is a system of its own.
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import tiktoken
from langchain_core.embeddings import Embeddings

Piece = tuple[str, int | None, int | None]  # text, and start and end as the splitter reports them
Split = Callable[[str], Any]


@dataclass(frozen=True)
class Setting:
    """What a splitter is asked for."""

    limit: int = 512
    encoding: str = "o200k_base"
    embeddings: Embeddings | None = None

    @property
    def tokenizer(self) -> tiktoken.Encoding:
        """The tokenizer that the limit counts with."""
        return tiktoken.get_encoding(self.encoding)


@dataclass(frozen=True)
class Both:
    """A splitter that also takes many texts at once."""

    one: Split
    many: Callable[[list[str]], Any]

    def __call__(self, text: str) -> Any:
        """What it makes of one text."""
        return self.one(text)


@dataclass(frozen=True)
class System:
    """A splitter: how to make it, and how to read what it gives."""

    name: str
    package: str
    make: Callable[[Setting], Split]
    pieces: Callable[[Any], list[Piece]]
    offsets: bool = True
    embeds: bool = False
    same: bool = False  # cuts as another system does, at another speed

    @property
    def ours(self) -> bool:
        """Whether it is longdoc's."""
        return self.package == "longdoc"


class HashEmbeddings(Embeddings):
    """Vectors that hang on the text alone and cost next to nothing, for checks in which meaning has no part."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A vector of 8 floats for each text."""
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """A vector of 8 floats, of length 1."""
        vector = np.cos(np.arange(8) * (len(text) % 89 + sum(text.encode("utf-8", "surrogatepass")[:32])))
        return list((vector / np.linalg.norm(vector)).tolist())


class RememberedEmbeddings(Embeddings):
    """What other embeddings give, each text embedded once."""

    def __init__(self, inner: Embeddings) -> None:
        self._inner = inner
        self._known: dict[str, list[float]] = {}

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vectors, in order."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self._inner.embed_documents(new), strict=True))
        return [self._known[text] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """The vector of one text."""
        return self.embed_documents([text])[0]


def longdoc_chunker(kind: str) -> Any:
    """The class: `Token` gives `TokenChunker`."""
    return getattr(import_module(f"longdoc.chunkers.{kind.lower()}"), f"{kind}Chunker")


def _longdoc(kind: str) -> Callable[[Setting], Split]:
    def make(setting: Setting) -> Split:
        more = {"embeddings": setting.embeddings} if kind == "Meaning" else {}
        chunker = longdoc_chunker(kind)(setting.limit, tokenizer=setting.encoding, **more)
        return Both(lambda text: list(chunker.split(text)), chunker.transform_documents)

    return make


def _langchain(kind: str, **more: Any) -> Callable[[Setting], Split]:
    def make(setting: Setting) -> Split:
        splitter = getattr(import_module("langchain_text_splitters"), kind).from_tiktoken_encoder(
            encoding_name=setting.encoding,
            chunk_size=setting.limit,
            chunk_overlap=0,
            disallowed_special=(),
            add_start_index=True,
            **more,
        )
        return Both(lambda text: splitter.create_documents([text]), splitter.create_documents)

    return make


def _langchain_headers(setting: Setting) -> Split:
    """Sections by the Markdown splitter, then the recursive one inside them, as LangChain's guide has it."""
    from langchain_text_splitters import ExperimentalMarkdownSyntaxTextSplitter, RecursiveCharacterTextSplitter

    sections = ExperimentalMarkdownSyntaxTextSplitter(strip_headers=False)
    inside = RecursiveCharacterTextSplitter.from_tiktoken_encoder(
        encoding_name=setting.encoding, chunk_size=setting.limit, chunk_overlap=0, disallowed_special=()
    )
    return lambda text: inside.split_documents(sections.split_text(text))


def _chonkie(kind: str, quick: bool = False) -> Callable[[Setting], Split]:
    def make(setting: Setting) -> Split:
        chunker = getattr(import_module("chonkie"), f"{kind}Chunker")
        tokenizer = _tokie(setting.encoding) if quick else setting.tokenizer
        made = chunker(tokenizer=tokenizer, chunk_size=setting.limit)
        return Both(made.chunk, lambda texts: made.chunk_batch(texts, show_progress=False))

    return make


@lru_cache
def _tokie(encoding: str) -> Any:
    """chonkie's own tokenizer, which it would fetch from a hub, made of tiktoken's vocabulary here."""
    import tokie
    from transformers.convert_slow_tokenizer import TikTokenConverter

    given = tiktoken.get_encoding(encoding)
    with tempfile.TemporaryDirectory() as folder:
        ranks, whole = Path(folder) / "ranks", Path(folder) / "tokenizer.json"
        lines = (f"{base64.b64encode(token).decode()} {rank}" for token, rank in given._mergeable_ranks.items())
        ranks.write_text("\n".join(lines), encoding="ascii")
        whole.write_text(TikTokenConverter(str(ranks), given._pat_str).converted().to_str(), encoding="utf-8")
        return tokie.Tokenizer.from_json(str(whole))


def _chonkie_fast(setting: Setting) -> Split:
    """It knows bytes only; four to a token, as in English prose."""
    from chonkie import FastChunker

    return FastChunker(chunk_size=4 * setting.limit).chunk


def _chonkie_semantic(setting: Setting) -> Split:
    """With the encoder that longdoc has, as its own model is not to be had here."""
    from chonkie import SemanticChunker
    from chonkie.embeddings import BaseEmbeddings

    from longdoc.models.encoder.embedder import Embedder

    inner = setting.embeddings or Embedder()

    class Bundled(BaseEmbeddings):
        def embed(self, text: str) -> Any:
            return np.array(inner.embed_query(text))

        def embed_batch(self, texts: list[str]) -> list[Any]:
            return list(np.array(inner.embed_documents(texts)))

        @property
        def dimension(self) -> int:
            return len(inner.embed_query("a"))

        def get_tokenizer(self) -> Any:
            return setting.tokenizer

    return SemanticChunker(embedding_model=Bundled(), chunk_size=setting.limit).chunk


def _semchunk(setting: Setting) -> Split:
    import semchunk

    chunker = semchunk.chunkerify(setting.encoding, setting.limit)
    cores = len(os.sched_getaffinity(0))
    return Both(lambda text: chunker(text, offsets=True), lambda texts: chunker(texts, processes=cores, offsets=True))


def _rust(kind: str, trim: bool) -> Callable[[Setting], Split]:
    def make(setting: Setting) -> Split:
        model = {"o200k_base": "gpt-4o", "cl100k_base": "gpt-4"}[setting.encoding]
        splitter = getattr(import_module("semantic_text_splitter"), kind)
        made = splitter.from_tiktoken_model(model, setting.limit, trim=trim)
        return Both(made.chunk_indices, made.chunk_all_indices)

    return make


def _llamaindex(setting: Setting) -> Split:
    from llama_index.core import Document
    from llama_index.core.node_parser import SentenceSplitter

    encode = setting.tokenizer.encode_ordinary
    splitter = SentenceSplitter(chunk_size=setting.limit, chunk_overlap=0, tokenizer=encode)

    def many(texts: list[str]) -> Any:
        return splitter.get_nodes_from_documents([Document(text=text) for text in texts])

    return Both(lambda text: many([text]), many)


def _of_documents(documents: Iterable[Any]) -> list[Piece]:
    return [(one.page_content, one.metadata.get("start_index"), one.metadata.get("end_index")) for one in documents]


def _of_chunks(chunks: Iterable[Any]) -> list[Piece]:
    return [(chunk.text, chunk.start_index, chunk.end_index) for chunk in chunks]


def _of_nodes(nodes: Iterable[Any]) -> list[Piece]:
    return [(node.text, node.start_char_idx, node.end_char_idx) for node in nodes]


def _of_pairs(pairs: Iterable[tuple[int, str]]) -> list[Piece]:
    return [(text, start, None) for start, text in pairs]


def _of_lists(both: tuple[list[str], list[tuple[int, int]]]) -> list[Piece]:
    return [(text, start, end) for text, (start, end) in zip(*both, strict=True)]


_LANGCHAIN, _RUST = "langchain-text-splitters", "semantic-text-splitter"
SYSTEMS = [
    *(
        System(f"longdoc {kind}", "longdoc", _longdoc(kind), _of_documents, embeds=kind == "Meaning")
        for kind in ("Token", "Sentence", "Section", "Content", "Meaning")
    ),
    System("LangChain Token", _LANGCHAIN, _langchain("TokenTextSplitter"), _of_documents),
    System("LangChain Recursive", _LANGCHAIN, _langchain("RecursiveCharacterTextSplitter"), _of_documents),
    System(
        "LangChain Recursive, unstripped",
        _LANGCHAIN,
        _langchain("RecursiveCharacterTextSplitter", strip_whitespace=False),
        _of_documents,
    ),
    System("LangChain Markdown", _LANGCHAIN, _langchain("MarkdownTextSplitter"), _of_documents),
    System("LangChain headers + Recursive", _LANGCHAIN, _langchain_headers, _of_documents, offsets=False),
    *(
        System(f"chonkie {kind}{', tokie' * quick}", "chonkie", _chonkie(kind, quick), _of_chunks, same=quick)
        for kind in ("Token", "Sentence", "Recursive")
        for quick in (False, True)
    ),
    System("chonkie Fast (bytes)", "chonkie", _chonkie_fast, _of_chunks),
    System("chonkie Semantic", "chonkie", _chonkie_semantic, _of_chunks, embeds=True),
    System("semchunk", "semchunk", _semchunk, _of_lists),
    System("text-splitter Text", _RUST, _rust("TextSplitter", True), _of_pairs),
    System("text-splitter Text, untrimmed", _RUST, _rust("TextSplitter", False), _of_pairs),
    System("text-splitter Markdown, untrimmed", _RUST, _rust("MarkdownSplitter", False), _of_pairs),
    System("LlamaIndex Sentence", "llama-index-core", _llamaindex, _of_nodes),
]


def available(wanted: Sequence[str] = ()) -> list[System]:
    """The systems that are installed and whose name holds one of `wanted`; says which are not installed."""
    found = []
    for system in SYSTEMS:
        if wanted and not any(word.lower() in system.name.lower() for word in wanted):
            continue
        try:
            system.make(Setting(embeddings=HashEmbeddings()))("One. Two.")
        except ImportError as error:
            print(f"{system.name} is left out: {error}", file=sys.stderr)
        else:
            found.append(system)
    return found


def versions(systems: Iterable[System]) -> str:
    """The packages of the systems and tiktoken, with their versions."""
    packages = dict.fromkeys([*(system.package for system in systems), "tiktoken"])
    return ", ".join(f"{package} {version(package)}" for package in packages)


def attempt(split: Split, text: str) -> Any:
    """What the splitter gives, or None where it raises; a panic in Rust counts as raising."""
    try:
        return split(text)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - how peers fail is what is counted
        return None
