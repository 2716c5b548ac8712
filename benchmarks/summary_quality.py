"""ROUGE of the extractive summarizers beside lead, random, sumy's four, and clustered sentence vectors.

    python benchmarks/summary_quality.py [SET ...] [--limit N] [--words N]

All are given the same sentences and the same budget, `--words` or the references' mean length, and fill it alike: the
highest-ranked sentences that fit, in reading order. With several references the best counts. Clustered vectors are the
method of bert-extractive-summarizer (pip install --no-deps bert-extractive-summarizer==0.10.1), by its own code, with
the bundled encoder: its package as a whole does not import with transformers 5.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Task, grams, tasks
from numpy.typing import NDArray
from rouge_score.rouge_scorer import RougeScorer
from salience_data import oracle
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
from longdoc.chunkers.text.sections import split_sections
from longdoc.chunkers.text.sentences import split_sentences
from longdoc.pipelines.summarizers.learned_salience import LearnedSalience
from longdoc.testing import CountingTokenizer

SETS = ("pubmed_memsum", "scisumm", "techspec", "sumpubmed", "austlii", "scotus_args", "squality", "qmsum")
MEASURES = ("rouge1", "rouge2", "rougeLsum", "rougeL")  # the last beside the sum, as published for squality
OWN = {
    "longdoc, fixed weights": None,
    "longdoc, none": "none",
    "longdoc": "recurrent",
    "longdoc, performer": "performer",
    "longdoc, window": "window",
}
_SHORT, _LONG = 40, 600  # characters of a sentence that bert-extractive-summarizer considers
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


def cluster_features() -> Any:
    """bert-extractive-summarizer's class that clusters vectors, from its file alone."""
    found = find_spec("summarizer")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("pip install --no-deps bert-extractive-summarizer==0.10.1")
    path = Path(found.submodule_search_locations[0]) / "cluster_features.py"
    spec = spec_from_file_location("cluster_features", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ClusterFeatures


def clustered(sentences: Sequence[str], vectors: NDArray[np.float32], words: int) -> Ranking:
    """The first sentence and those nearest the centres of as many clusters as the budget holds."""
    pool = [place for place, text in enumerate(sentences) if _SHORT < len(text) < _LONG]
    if len(pool) < 2:
        return pool
    lengths = [len(sentences[place].split()) for place in pool]
    features = cluster_features()(vectors[pool][1:], random_state=12345)
    for count in range(
        min(len(pool) - 1, words // max(1, min(lengths)), 2 * words // (sum(lengths) // len(pool))), 0, -1
    ):
        chosen = [0, *(1 + place for place in features.cluster(num_sentences=count))]
        if sum(lengths[one] for one in chosen) <= words:
            return [pool[one] for one in chosen]
    return pool[:1]


Peer = Callable[[Sequence[str], NDArray[np.float32], int], Ranking]


def by_words(rank: Callable[[Sequence[str]], Ranking]) -> Peer:
    """A peer that reads words alone."""
    return lambda sentences, vectors, words: rank(sentences)


PEERS: dict[str, Peer] = {
    "lead": by_words(lambda sentences: list(range(len(sentences)))),
    "random": by_words(shuffled),
    "LexRank": by_words(sumy(LexRankSummarizer)),
    "TextRank": by_words(sumy(TextRankSummarizer)),
    "LSA": by_words(sumy(LsaSummarizer)),
    "Luhn": by_words(sumy(LuhnSummarizer)),
    "clustered vectors": clustered,
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
    """ROUGE-1, 2, Lsum and L in per cent, against the reference that the summary does best on."""
    text = "\n".join(" ".join(sentence.split()) for sentence in summary)
    lines = ["\n".join(sentences_of(reference)) for reference in references]  # what Lsum takes for sentences
    all_scores = [scorer.score(reference, text) for reference in lines]
    rows = np.array([[100 * one[measure].fmeasure for measure in MEASURES] for one in all_scores])
    best: NDArray[np.float64] = rows[rows[:, :3].sum(axis=1).argmax()]
    return best


def best_possible(sentences: Sequence[str], references: Sequence[str], words: int) -> list[list[str]]:
    """What a greedy search takes that has seen the reference, for each reference."""
    bags = [grams(one) for one in sentences]
    lengths = np.array([len(one.split()) for one in sentences])
    chosen = [oracle(bags, np.ones(len(bags), np.bool_), lengths, grams(one), words) for one in references]
    return [[sentences[place] for place in np.flatnonzero(one)] for one in chosen]


def summaries(given: Sequence[Task], words: int) -> Iterator[tuple[Task, dict[str, list[str]], dict[str, float]]]:
    """Each task with each system's summary and seconds. A peer knows no queries: one ranking serves a document."""
    encoder = Remembering()
    models = {
        name: ExtractiveSummarizer(encoder, CountingTokenizer(), scorer=kind and LearnedSalience(context=kind))
        for name, kind in OWN.items()
    }
    last, rankings, sentences, seconds = "", {}, [], {}
    for task in given:
        if task.id != last:
            last, sentences = task.id, sentences_of(task.text)
            vectors = encoder.encode(sentences)
            # The sentences' vectors are known from here on.
            summarize(task.text, max_tokens=words, model=models["longdoc"], style="sentences")
            for name, rank in PEERS.items():
                began = time.perf_counter()
                rankings[name] = rank(sentences, vectors, words)
                seconds[name] = time.perf_counter() - began
        made = {name: fill(sentences, ranking, words) for name, ranking in rankings.items()}
        encoder.encode([task.query or ""])
        for name, model in models.items():
            if name == "longdoc, fixed weights" or task.query is None:  # with a query they score alone
                began = time.perf_counter()
                tree = summarize(task.text, max_tokens=words, query=task.query, model=model, style="sentences")
                seconds[name] = time.perf_counter() - began
                made[name] = [sentence.text for sentence in tree.summary.sentences]
        yield task, made, seconds


def measure(name: str, limit: int | None, words: int | None) -> tuple[str, list[list[object]]]:
    """A set's title and its rows: system, the scores, their sum, its bootstrap intervals, the time."""
    given = list(islice(tasks(name), limit))
    words = words or round(float(np.mean([len(ref.split()) for task in given for ref in task.references])))
    scorer = RougeScorer(list(MEASURES), use_stemmer=True)
    scores: dict[str, list[NDArray[np.float64]]] = {}
    times: dict[str, list[float]] = {}
    for task, made, seconds in summaries(given, words):
        for system, summary in made.items():
            scores.setdefault(system, []).append(score(scorer, summary, task.references))
            times.setdefault(system, []).append(seconds[system])
        tried = best_possible(sentences_of(task.text), task.references, words)
        pairs = zip(tried, task.references, strict=True)
        each = [score(scorer, summary, [reference]) for summary, reference in pairs]
        scores.setdefault("oracle, greedy", []).append(max(each, key=lambda one: float(one[:3].sum())))
    label = f"{name}, {len(given)} tasks, {words} words"
    base = np.array(scores["longdoc, fixed weights"])[:, :3].sum(axis=1)
    rows = [
        [system, *_row(np.array(values), base), f"{1000 * np.median(times[system]):.0f}" if system in times else ""]
        for system, values in scores.items()
    ]
    return label, rows


def _row(values: NDArray[np.float64], base: NDArray[np.float64]) -> list[str]:
    sums = values[:, :3].sum(axis=1)
    apart = sums - base
    intervals = [_interval(sums), f"{apart.mean():+.1f} ({_interval(apart)})"]
    means = [f"{mean:.1f}" for mean in values.mean(axis=0)]
    return [*means, f"{sums.mean():.1f}", *intervals]


def _interval(values: NDArray[np.float64]) -> str:
    draws = np.random.default_rng(0).choice(values, (2000, len(values))).mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return f"{low:.1f} to {high:.1f}"


def main() -> None:
    """Prints the table and writes it to results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=SETS)
    parser.add_argument("--limit", type=int, help="the first tasks only")
    parser.add_argument("--words", type=int, help="the budget")
    given = parser.parse_args()
    for name in given.sets:
        title, rows = measure(name, given.limit, given.words)
        said = (
            "Sum: of R-1, R-2 and R-Lsum, with its 95 % bootstrap interval, and its difference from the fixed weights, "
            "task by task. Time: the median of a document, reading of chunks and headings included for longdoc, and "
            "sentence vectors left out for all. `longdoc` is the default, with a recurrent context; with a query the "
            "fixed weights score alone, and the peers know none."
        )
        headers = (
            *("system", "R-1", "R-2", "R-Lsum", "R-L", "sum", "interval"),
            *("over fixed weights", "ms a document"),
        )
        body = f"{said}\n\n{markdown(headers, rows)}"
        part = f"_first_{given.limit}" if given.limit else ""
        publish(f"summary_quality_{name}{part}", f"Extractive summaries, ROUGE F1: {title}", body)


if __name__ == "__main__":
    main()
