"""ROUGE of the extractive default beside lead, random, and sumy's LexRank, TextRank, LSA and Luhn.

    python benchmarks/summary_quality.py [SET ...] [--limit N]

All are given the same sentences and the same budget, the references' mean length in words, and fill it alike: the
highest-ranked sentences that fit, in reading order. With several references the best counts.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from datasets import DATA, Task, tasks
from numpy.typing import NDArray
from rouge_score.rouge_scorer import RougeScorer
from sumy.models.dom import ObjectDocumentModel, Paragraph
from sumy.models.dom import Sentence as SumySentence
from sumy.nlp.stemmers import Stemmer
from sumy.summarizers.lex_rank import LexRankSummarizer
from sumy.summarizers.lsa import LsaSummarizer
from sumy.summarizers.luhn import LuhnSummarizer
from sumy.summarizers.text_rank import TextRankSummarizer
from sumy.utils import get_stop_words
from table import markdown, publish

from longdoc import Embedder, ExtractiveSummarizer, summarize
from longdoc.chunkers.sections import split_sections
from longdoc.chunkers.sentences import split_sentences
from longdoc.testing import CountingTokenizer

SETS = ("pubmed_memsum", "scisumm", "techspec", "squality", "qmsum")
MEASURES = ("rouge1", "rouge2", "rougeLsum")
Ranking = list[int]


class Remembering:
    """The encoder with each sentence embedded once, however many queries and budgets ask for it."""

    def __init__(self) -> None:
        self._encoder = Embedder()
        self._known: dict[str, NDArray[np.float16]] = {}
        self.fingerprint = self._encoder.fingerprint

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of the texts, in order."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self._encoder.encode(new).astype(np.float16), strict=True))
        return np.stack([self._known[text] for text in texts]).astype(np.float32)


class Words:
    """What sumy asks of a tokenizer, without the download of its own."""

    def to_words(self, text: str) -> tuple[str, ...]:
        """The words of a sentence, lower-cased."""
        return tuple(re.findall(r"[^\W_]+", text.lower()))


def ranked(kind: type[Any]) -> type[Any]:
    """A sumy summarizer that returns every sentence, the best first, instead of the best few in reading order."""

    class Ranked(kind):  # type: ignore[misc]
        def _get_best_sentences(self, sentences: Any, count: Any, rating: Any, *args: Any, **options: Any) -> Any:
            rate = rating.__getitem__ if isinstance(rating, dict) else rating
            return sorted(sentences, key=lambda sentence: -float(rate(sentence, *args, **options)))

    return Ranked


def sumy(kind: type[Any]) -> Callable[[Sequence[str]], Ranking]:
    """How one of sumy's summarizers, with its own stemmer and stop words, ranks sentences."""
    summarizer = ranked(kind)(Stemmer("english"))
    if hasattr(summarizer, "stop_words"):
        summarizer.stop_words = get_stop_words("english")

    def rank(sentences: Sequence[str]) -> Ranking:
        made = [SumySentence(text, Words()) for text in sentences]
        places = {id(sentence): place for place, sentence in enumerate(made)}
        return [places[id(sentence)] for sentence in summarizer(ObjectDocumentModel([Paragraph(made)]), len(made))]

    return rank


def shuffled(sentences: Sequence[str]) -> Ranking:
    """Any order, the same one each time."""
    return random.Random(len(sentences)).sample(range(len(sentences)), len(sentences))


PEERS: dict[str, Callable[[Sequence[str]], Ranking]] = {
    "lead": lambda sentences: list(range(len(sentences))),
    "random": shuffled,
    "LexRank": sumy(LexRankSummarizer),
    "TextRank": sumy(TextRankSummarizer),
    "LSA": sumy(LsaSummarizer),
    "Luhn": sumy(LuhnSummarizer),
}


def sentences_of(text: str) -> list[str]:
    """Our sentences, headings left out, for everyone."""
    return [
        span.of(text)
        for section in split_sections(text)
        for span in split_sentences(text, section.body, section.span.end)
    ]


def fill(sentences: Sequence[str], ranking: Ranking, words: int) -> list[str]:
    """The best sentences that fit, in reading order."""
    taken = []
    for place in ranking:
        length = len(sentences[place].split())
        if length <= words:
            taken.append(place)
            words -= length
    return [sentences[place] for place in sorted(taken)]


def score(scorer: RougeScorer, summary: Sequence[str], references: Sequence[str]) -> NDArray[np.float64]:
    """ROUGE-1, 2 and Lsum in per cent, against the reference that the summary does best on."""
    text = "\n".join(" ".join(sentence.split()) for sentence in summary)
    lines = ["\n".join(sentences_of(reference)) for reference in references]  # what Lsum takes for sentences
    all_scores = [scorer.score(reference, text) for reference in lines]
    rows = np.array([[100 * one[measure].fmeasure for measure in MEASURES] for one in all_scores])
    best: NDArray[np.float64] = rows[rows.sum(axis=1).argmax()]
    return best


def summaries(given: Sequence[Task], words: int) -> Iterator[tuple[Task, dict[str, list[str]]]]:
    """Each task with each system's summary. A peer knows no queries: one ranking serves a document."""
    model = ExtractiveSummarizer(Remembering(), CountingTokenizer())
    last, rankings, sentences = "", {}, []
    for task in given:
        if task.id != last:
            last, sentences = task.id, sentences_of(task.text)
            rankings = {name: rank(sentences) for name, rank in PEERS.items()}
        made = {name: fill(sentences, ranking, words) for name, ranking in rankings.items()}
        tree = summarize(task.text, max_tokens=words, query=task.query, model=model)
        yield task, {**made, "longdoc": [sentence.text for sentence in tree.summary.sentences]}


def measure(name: str, limit: int | None) -> tuple[str, list[list[object]]]:
    """A set's title and its rows: system, the three scores, their sum and its 95 % bootstrap interval."""
    given = sorted(tasks(name), key=lambda task: task.id)[:limit]
    words = round(float(np.mean([len(ref.split()) for task in given for ref in task.references])))
    scorer = RougeScorer(list(MEASURES), use_stemmer=True)
    scores: dict[str, list[NDArray[np.float64]]] = {}
    for task, made in summaries(given, words):
        for system, summary in made.items():
            scores.setdefault(system, []).append(score(scorer, summary, task.references))
    label = f"{name}, {len(given)} tasks, {words} words"
    return label, [[system, *_row(np.array(values))] for system, values in scores.items()]


def _row(values: NDArray[np.float64]) -> list[str]:
    sums = values.sum(axis=1)
    draws = np.random.default_rng(0).choice(sums, (2000, len(sums))).mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return [*(f"{mean:.1f}" for mean in values.mean(axis=0)), f"{sums.mean():.1f}", f"{low:.1f} to {high:.1f}"]


def main() -> None:
    """Prints the table and writes it to results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=SETS)
    parser.add_argument("--limit", type=int)
    given = parser.parse_args()
    if not DATA.exists():
        raise SystemExit(f"{DATA} is not there: nothing to measure on")
    for name in given.sets:
        title, rows = measure(name, given.limit)
        headers = ("system", "R-1", "R-2", "R-Lsum", "sum", "95 % interval of the sum")
        publish(f"summary_quality_{name}", f"Extractive summaries, ROUGE F1: {title}", markdown(headers, rows))


if __name__ == "__main__":
    main()
