"""The sentences of a document as arrays: where each lies, how it reads, its vector. Made in two passes, in windows."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from langchain_core.documents import Document
from numpy.typing import NDArray

from longdoc.chunkers.text.sections import split_sections
from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.text.span import Span
from longdoc.chunkers.tokenizers.base import Tokenizer, counts, load_tokenizer

KEPT = 40_000  # vectors held at once; of a longer text each chunk keeps its most central sentences
_LEAST_KEPT = 3  # sentences of each chunk, however long the text
WINDOW = 8192  # sentences held as texts at a time
_FEW = 256  # sentences of a text that are all embedded, whatever is wanted
_SAMPLED, _ONE_IN = 64, 8  # of those that are not wanted at least so many are embedded, and at least one in so many
_PIECE = 16_000  # characters embedded between two words of progress: about a second
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af]|[^\W_]+")
_PLAIN = re.compile(r"[A-Za-z\s]+")
_CUE = re.compile(
    r"\b(?:this (?:paper|document|specification|proposal|article|study|work|report)|in (?:conclusion|summary|short)"
    r"|we (?:propose|present|show|describe|introduce|f(?:ound|ind)|conclude|report|demonstrate|develop|argue"
    r"|investigate|study|examined?|evaluated?)|our (?:results|approach|method|findings|aim|model|system)"
    r"|the (?:aim|purpose|goal|objective|main|results?) |results? (?:show|suggest|indicate)"
    r"|conclu|propos|purpose|suggest|significant|important)",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"(?:it|they|he|she|its|their|his|her|these|those|such|that|here|then|thus|hence|therefore|however|otherwise|and"
    r"|but|so|or|also|yet|still|meanwhile|nevertheless"
    r"|this(?! (?:paper|document|specification|proposal|article|study|work|report|book)))\b"
    r"|\w+ (?:\w+ )?(?:of )?(?:these|those)\b"
    r"|(?:if|when|as|after|before|while|where|though|because|since|until|unless|once) (?:it|they|he|she|this|that)\b"
    r"|(?:[\w-]+ ){0,2}[\w-]+, (?:it|they|he|she)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(r":(?:\[\d+\])*$")  # what is announced comes after it
_CAPTION = re.compile(
    r"(?:table|figure|fig|listing|algorithm|scheme|chart|exhibit)s?\b\.?\s*[\dA-Z][\w.-]*\s*[:.|–—]", re.IGNORECASE
)
_SAID = re.compile(r"[\"“«「‘]|.*[?？][\"'”’»)]*$", re.DOTALL)  # speech, which needs its speaker, and questions
_PERSON = re.compile(r"\b(?:i|you|he|she|him|her|his|hers|me|my|mine|your|yours|they|them)\b", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d_].*?[^.!?]\s(?!I\b)[A-Z\u00c0-\u00de\u0391-\u03a9\u0410-\u042f]")
_ENDED = re.compile(r"[.!?:;…。！？｡।॥؟۔።‼⁇⁈⁉][\"'”’»)\]}」』）】》*_\d,\s\[–-]*$")
_PAIRS = (("“", "”"), ("(", ")"), ("[", "]"), ("«", "»"), ("「", "」"))


class Encoder(Protocol):
    """Gives a unit vector for each text."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the vectors may."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:  # (texts, width)
        """Unit vectors of the texts, in order."""


@dataclass(frozen=True, slots=True)
class SentenceTable:
    """A row a sentence of one source, in reading order; every array has as many rows."""

    source: str
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    positions: NDArray[np.int64]  # among all sentences of the source, those that were let go included
    leads: NDArray[np.int64]  # sentences before it under its heading
    words: NDArray[np.float32]
    letters: NDArray[np.float32]  # the share of characters that are letters or white space
    cues: NDArray[np.float32]  # 1 where the wording announces an aim or a result
    loose: NDArray[np.float32]  # 1 where the sentence cannot stand alone
    ended: NDArray[np.float32]  # 1 where it ends as sentences do, unlike captions and lines of a list
    topicality: NDArray[np.float32]  # TF-IDF cosine to the whole source
    tokens: NDArray[np.int32]  # of the sentence as it is rendered
    vectors: NDArray[np.float16]  # (rows, width)
    embedded: NDArray[np.bool_]  # False where the vector is that of a neighbour
    total: int  # sentences of the source

    def __len__(self) -> int:
        return len(self.starts)

    def rows(self, span: Span) -> slice:
        """The rows of the sentences that begin in `span`."""
        return slice(*np.searchsorted(self.starts, [span.start, span.end]).tolist())

    def cut(self, rows: slice | NDArray[np.int64]) -> SentenceTable:
        """The table of some rows only, in order."""
        arrays = {name: getattr(self, name)[rows] for name in _ARRAYS}
        return SentenceTable(source=self.source, total=self.total, **arrays)


_ARRAYS = (
    "starts",
    "ends",
    "positions",
    "leads",
    "words",
    "letters",
    "cues",
    "loose",
    "ended",
    "topicality",
    "tokens",
    "vectors",
    "embedded",
)
_NOTHING: dict[str, NDArray[Any]] = {name: np.zeros((0, 0) if name == "vectors" else 0) for name in _ARRAYS}
EMPTY_TABLE = SentenceTable(source="", total=0, **_NOTHING)


class TableMaker:
    """Makes the table of a document whose chunks begin at `edges`, the first at 0.

    `tokenizer` counts the sentences, the bundled one by default. `on_chunks` is told how many chunks'
    worth of characters have been embedded, and never goes back. Time is that of embedding each sentence once, `window`
    at a time, and little more; memory is bounded by `kept` vectors, or by three for each chunk.
    """

    def __init__(
        self,
        document: Document,
        edges: Sequence[int],
        encoder: Encoder,
        on_chunks: Callable[[int], object] = lambda count: None,
        kept: int = KEPT,
        window: int = WINDOW,
        tokenizer: Tokenizer | None = None,
    ) -> None:
        self._text = document.page_content
        self._source = str(document.metadata.get("source", ""))
        self._edges = np.asarray(edges, np.int64)
        self._encoder = encoder
        self._on_chunks = on_chunks
        self._size = window
        self._tokenizer = tokenizer or load_tokenizer()
        rows = list(self._find(document)) or list(self._find(document, headings=True))
        found = np.array(rows, np.int64).reshape(-1, 3)
        self._starts, self._ends, self._leads = found[:, 0], found[:, 1], found[:, 2]
        self._chunks = np.searchsorted(self._edges, self._starts, side="right") - 1
        whole = len(self._starts) <= kept
        self._kept_each = None if whole else max(_LEAST_KEPT, kept // max(1, len(edges)))

    def make(self, wanted: Callable[[SentenceTable], NDArray[np.bool_]] | None = None) -> SentenceTable:
        """The table. A text without sentences gives one without rows.

        `wanted` tells by a table without vectors which rows may ever be chosen. Only those of a long text are embedded,
        and a sample of the others, whose vectors stand for their neighbours': means over all rows stay what they were.
        """
        if self._kept_each is not None or len(self._starts) < _FEW:
            wanted = None
        windows = list(self._windows())
        bags = _Bags(list(self._texts(range(first, last))) for first, last in windows)
        parts = [
            self._window(first, last, *words, embed=wanted is None)
            for (first, last), words in zip(windows, bags, strict=True)
        ]
        arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS}
        table = SentenceTable(source=self._source, total=len(self._starts), **arrays)
        return table if wanted is None else self._embedded(table, wanted(table))

    def _embedded(self, table: SentenceTable, wanted: NDArray[np.bool_]) -> SentenceTable:
        """The table with the vectors of the rows that are wanted; any other row has that of one of its kind near it."""
        rest = np.flatnonzero(~wanted)
        step = max(1, min(len(rest) // _SAMPLED, _ONE_IN))
        lent = rest[step // 2 :: step]
        own = np.sort(np.concatenate([np.flatnonzero(wanted), lent]))
        made = [self._vectors(own[at : at + self._size]) for at in range(0, len(own), self._size)]
        self._on_chunks(len(self._edges))
        lender = np.arange(len(wanted))
        lender[rest] = lent[np.minimum(np.arange(len(rest)) // step, len(lent) - 1)]
        embedded = lender == np.arange(len(wanted))
        return replace(table, vectors=np.concatenate(made)[np.searchsorted(own, lender)], embedded=embedded)

    def _find(self, document: Document, headings: bool = False) -> Iterator[tuple[int, int, int]]:
        """Start, end and place under its heading of each sentence; none reaches across a chunk's edge.

        `headings` are sentences only where a text has no others.
        """
        for section in split_sections(self._text, document.metadata.get("outline")):
            body = section.span.start if headings else section.body
            first, last = np.searchsorted(self._edges, [body, section.span.end], side="right")
            cuts = [body, *self._edges[first:last].tolist(), section.span.end]
            lead = 0
            for start, end in itertools.pairwise(cuts):
                for span in split_sentences(self._text, start, max(start, end)):
                    yield span.start, span.end, lead
                    lead += 1

    def _texts(self, rows: Iterable[int]) -> Iterator[str]:
        for row in rows:
            yield self._text[int(self._starts[row]) : int(self._ends[row])]

    def _windows(self) -> Iterator[tuple[int, int]]:
        """Runs of rows, at least one run; a chunk is in one of them whole, unless it is longer than a window."""
        first = 0
        while first + self._size < len(self._starts):
            last = first + self._size
            whole = int(np.searchsorted(self._chunks, self._chunks[last]))
            last = whole if whole > first else last
            yield first, last
            first = last
        yield first, len(self._starts)

    def _chunks_before(self, row: int) -> int:
        return len(self._edges) if row == len(self._starts) else int(self._chunks[row])

    def _vectors(self, of: NDArray[np.int64]) -> NDArray[np.float16]:
        """The vectors of rows, rising, made in pieces; what is done is told after each but the last."""
        texts = list(self._texts(of.tolist()))
        lengths = self._ends[of] - self._starts[of]
        first, last = (int(of[0]), int(of[-1]) + 1) if len(of) else (0, 0)
        before, after = self._chunks_before(first) if first else 0, self._chunks_before(last)
        rows: list[NDArray[np.float16]] = []
        places: list[NDArray[np.int64]] = []
        told, done = before, 0
        for piece in _pieces(lengths):
            rows.append(self._encoder.encode([texts[row] for row in piece.tolist()]).astype(np.float16))
            places.append(piece)
            done += int(lengths[piece].sum())
            share = before + (after - before) * done // max(1, int(lengths.sum()))
            if told < share < after:
                self._on_chunks(share)
                told = share
        made = np.concatenate(rows)
        vectors = np.empty_like(made)
        if len(texts):
            vectors[np.concatenate(places)] = made
        return vectors

    def _window(
        self, first: int, last: int, words: NDArray[np.int64], topicality: NDArray[np.float64], *, embed: bool
    ) -> SentenceTable:
        texts = list(self._texts(range(first, last)))
        surface = np.array([_surface(text) for text in texts], np.float32).reshape(-1, 4)
        vectors = self._vectors(np.arange(first, last)) if embed else np.zeros((last - first, 0), np.float16)
        table = SentenceTable(
            source=self._source,
            starts=self._starts[first:last],
            ends=self._ends[first:last],
            positions=np.arange(first, last),
            leads=self._leads[first:last],
            words=words.astype(np.float32),
            letters=surface[:, 0],
            cues=surface[:, 1],
            loose=surface[:, 2],
            ended=surface[:, 3],
            topicality=topicality.astype(np.float32),
            tokens=np.array(counts(self._tokenizer, [" ".join(text.split()) for text in texts]), np.int32),
            vectors=vectors,
            embedded=np.ones(last - first, np.bool_),
            total=len(self._starts),
        )
        chunks = self._chunks[first:last]
        if embed:
            self._on_chunks(self._chunks_before(last))
        if self._kept_each is None:
            return table
        return table.cut(_central(vectors.astype(np.float32), chunks, self._kept_each))


def _pieces(lengths: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The rows in runs of some `_PIECE` characters, those of like lengths together, as batches are padded least."""
    order = np.argsort(-lengths, kind="stable")
    piece = np.cumsum(lengths[order]) // _PIECE
    yield from np.split(order, np.flatnonzero(np.diff(piece)) + 1)


def _central(vectors: NDArray[np.float32], chunks: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """The rows of the `most` sentences of each chunk that are nearest to the chunk's mean, in order."""
    kept = []
    for chunk in np.unique(chunks):
        rows = np.flatnonzero(chunks == chunk)
        nearness = vectors[rows] @ vectors[rows].mean(axis=0)
        kept.append(np.sort(rows[np.argsort(-nearness, kind="stable")[:most]]))
    return np.concatenate(kept) if kept else np.zeros(0, np.int64)


class _Bags:
    """The words of a source's sentences, window by window, and their TF-IDF, the sentences taken as the documents
    (Salton and Buckley, 1988).
    """

    def __init__(self, windows: Iterator[list[str]]) -> None:
        known: dict[str, int] = {}
        self._bags = [_bag(texts, known) for texts in windows]
        terms, holders = np.zeros(len(known)), np.zeros(len(known))
        for lengths, words in self._bags:
            _, places, counts = _pairs(lengths, words, len(known))
            terms += np.bincount(places, counts, len(known))
            holders += np.bincount(places, minlength=len(known))
        total = sum(len(lengths) for lengths, _ in self._bags)
        self._rarity = np.log((1 + total) / (1 + holders))
        self._pull = terms * self._rarity**2
        self._norm = float(np.sqrt(np.square(terms * self._rarity).sum())) or 1.0

    def __iter__(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """For each window, each sentence's number of words and its cosine to the whole source, from 0 to 1."""
        for lengths, words in self._bags:
            rows, places, counts = _pairs(lengths, words, len(self._rarity))
            own = np.sqrt(np.bincount(rows, np.square(counts * self._rarity[places]), len(lengths)))
            shared = np.bincount(rows, counts * self._pull[places], len(lengths))
            yield lengths, np.divide(shared, own * self._norm, out=np.zeros(len(lengths)), where=own > 0)


def _bag(texts: Sequence[str], known: dict[str, int]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """How many words each sentence has, and the number of each word, a new one for one that is not yet `known`."""
    found = [_WORD.findall(text.lower()) for text in texts]
    words = [known.setdefault(word, len(known)) for own in found for word in own]
    return np.fromiter(map(len, found), np.int64, len(found)), np.array(words, np.int32)


def _pairs(
    lengths: NDArray[np.int64], words: NDArray[np.int32], many: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Each sentence's different words: the sentence's row, the word, and how often it stands there."""
    rows = np.repeat(np.arange(len(lengths)), lengths)
    found, counts = np.unique(rows * max(1, many) + words, return_counts=True)
    return found // max(1, many), found % max(1, many), counts


def _surface(text: str) -> tuple[float, float, float, float]:
    """The share of letters and blanks, and whether there is a cue, whether it leans on others, whether it ends."""
    rest = _PLAIN.sub("", text)
    letters = len(text) - len(rest) + sum(map(str.isalpha, rest))
    return letters / len(text), _CUE.search(text) is not None, _is_loose(text), _ENDED.search(text) is not None


def _is_loose(text: str) -> bool:
    """Whether a sentence leans on what is beside it: a pronoun for a subject, a colon at the end, speech, a caption."""
    torn = text.count('"') % 2 == 1 or any(text.count(left) != text.count(right) for left, right in _PAIRS)
    if torn or _OPEN.search(text) is not None or any(kind.match(text) for kind in (_POINTING, _SAID, _CAPTION)):
        return True
    return len(_PERSON.findall(text)) > 1 and _NAME.match(text) is None  # persons that nothing names
