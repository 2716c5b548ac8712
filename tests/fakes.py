"""Small implementations of the interfaces, for tests in which the real ones are not what is tested."""

from __future__ import annotations

import asyncio
import random
import re
import threading
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.memory.summaries.summary import Sentence, Summary, join_lines
from longdoc.pipelines.summarizers.protocol import Passage, WritingSummarizer


class HashEncoder:
    """Unit vectors that depend on the words of a text: texts that share words are alike."""

    fingerprint = "hash"

    def __init__(self, width: int = 16) -> None:
        self.width = width
        self.encoded: list[int] = []  # texts a call
        self._of_word: dict[str, NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded.append(len(texts))
        vectors = np.array([self._vector(text) for text in texts], np.float32).reshape(len(texts), self.width)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)

    def _vector(self, text: str) -> NDArray[np.float32]:
        words = re.findall(r"\w+", text.lower()) or [""]
        return np.sum([self._word(word) for word in words], axis=0)

    def _word(self, word: str) -> NDArray[np.float32]:
        if word not in self._of_word:
            digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            generator = np.random.default_rng(int.from_bytes(digest))
            self._of_word[word] = generator.standard_normal(self.width).astype(np.float32)
        return self._of_word[word]


class HashEmbeddings(Embeddings):
    """LangChain's interface to `HashEncoder`."""

    def __init__(self) -> None:
        self._encoder = HashEncoder()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self._encoder.encode(texts).tolist()  # type: ignore[no-any-return]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


class CharacterTokenizer:
    """One token a character, white space included."""

    name = "characters"

    def count(self, text: str) -> int:
        return len(text)

    def offsets(self, text: str) -> NDArray[np.int64]:
        starts = np.arange(len(text), dtype=np.int64)
        return np.stack((starts, starts + 1), axis=1)


class NastyTokenizer:
    """Tokens that a cut multiplies, as byte-pair merges do, only worse.

    A run of one letter is a token where its length is even and a token a letter where it is odd, so a shorter text
    may have far more tokens; a text that begins inside a word begins with two more tokens; other characters have
    a token for each byte of UTF-8.
    """

    name = "nasty"

    def count(self, text: str) -> int:
        return len(self.offsets(text))

    def offsets(self, text: str) -> NDArray[np.int64]:
        rows: list[tuple[int, int]] = []
        if text[:1].isalpha():
            rows += [(0, 1)] * 2
        for match in re.finditer(r"([A-Za-z])\1*|.", text, re.DOTALL):
            start, end = match.span()
            if match[1] and (end - start) % 2 == 0:
                rows.append((start, end))
            elif match[1]:
                rows += [(at, at + 1) for at in range(start, end)]
            else:
                rows += [(start, end)] * len(match[0].encode("utf-8", "surrogatepass"))
        return np.array(rows, np.int64).reshape(-1, 2)


class LeadSummarizer(WritingSummarizer):
    """Takes the first sentences that fit; each call fails at the chance `failing`, drawn from `seed`.

    A call that names a passage with `broken` in it fails each time.
    """

    name = "lead"
    max_input_tokens = 4000

    def __init__(self, tokenizer: Tokenizer, failing: float = 0.0, seed: int = 0, broken: str | None = None) -> None:
        self._tokenizer = tokenizer
        self.calls: list[tuple[int, int, str]] = []  # tokens of the passages, budget, memory
        self._failing, self._random, self._lock = failing, random.Random(seed), threading.Lock()
        self._broken = broken

    @property
    def tokenizer(self) -> Tokenizer:
        return self._tokenizer

    def summarize(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> Summary:
        with self._lock:
            self.calls.append((sum(self.tokenizer.count(p.text) for p in passages), budget, memory))
            fails = self._random.random() < self._failing
        if fails or (self._broken and any(self._broken in passage.text for passage in passages)):
            raise ConnectionError("the line went dead")
        kept: list[Sentence] = []
        for passage in passages:
            for sentence in self._sentences(passage):
                if self.tokenizer.count(join_lines([*kept, sentence])) <= budget:
                    kept.append(sentence)
        return Summary.of(tuple(kept), self.tokenizer)

    async def asummarize(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> Summary:
        await asyncio.sleep(0)
        return self.summarize(passages, budget, query, memory)

    def _sentences(self, passage: Passage) -> list[Sentence]:
        origin = passage.spans[0]
        if origin.end - origin.start != len(passage.text):
            return [Sentence(passage.text, passage.spans)]
        return [
            Sentence(
                span.of(passage.text),
                (type(origin)(origin.start + span.start, origin.start + span.end, origin.source),),
            )
            for span in split_sentences(passage.text)
        ]


class CountingEmbeddings(HashEmbeddings):
    """Keeps the texts that were embedded."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.texts += texts
        return super().embed_documents(texts)
