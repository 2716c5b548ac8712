"""The writer of the extra [smollm2]: what it costs, what it loses in 8 bits and by a window, and what it writes.

    python benchmarks/writer.py weights|window|session|summaries|answers|whole [--limit N] [--tokens N]

Times are processor seconds on one thread. `summaries` has it shorten the sentences of digests, `answers` put
what was found for a question into a sentence, and `whole` what it writes of whole chunks, as a large model is asked.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import torch
from datasets import Task, records, tasks
from rouge_score.rouge_scorer import RougeScorer
from table import HERE, markdown, publish

import longdoc
from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.text.span import Span
from longdoc.errors import LongdocError
from longdoc.memory.index.document_index import DocumentIndex
from longdoc.memory.summaries.summary import Sentence, Summary
from longdoc.models.decoder.chat_model import WindowedChatModel
from longdoc.models.decoder.decoder import WindowedDecoder
from longdoc.models.decoder.sessions import KVSessions
from longdoc.models.quantize import weight_bytes
from longdoc.models.writer.smollm2 import smollm2_decoder
from longdoc.pipelines.ask.chat import DocumentChat
from longdoc.pipelines.checks.evidence import Evidence
from longdoc.pipelines.passage import Passage
from longdoc.pipelines.summarizers.chat import ChatSummarizer
from longdoc.pipelines.summarizers.models import chat_model, tokenizer_for
from longdoc.pipelines.summarizers.retold import READ, SHORTEN, Retelling

FORMS = ("float32", "bfloat16", "int8")
MIXED = ("squality", "qmsum", "scisumm", "techspec", "austlii", "leases", "leval")  # stories, meetings, papers, ...
BUDGET = 300  # tokens of a digest
LONGEST = 60_000  # characters of a document here, so that thirty are read in minutes


def timed(call: Callable[..., Any], *given: Any, **named: Any) -> tuple[float, Any]:
    """Processor seconds that the call takes, and what it gives."""
    began = time.process_time()
    made = call(*given, **named)
    return time.process_time() - began, made


class Noting(Retelling):
    """A retelling that notes the first draft of each sentence that has one."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.noted: dict[str, str] = {}

    def drafts(self, sentence: str) -> list[str]:
        """The drafts, the first noted."""
        made = super().drafts(sentence)
        if made:
            self.noted[sentence] = made[0]
        return made

    def holds(self, draft: str, said: str) -> bool:
        """Whether a draft is supported by the sentence that it was made of."""
        return self.checker.check(draft, Evidence([Passage(said, (Span(0, len(said)),))])).supported


def book(tokens: int, decoder: WindowedDecoder) -> torch.Tensor:
    """The first tokens of a dev book, (1, tokens)."""
    assert decoder.tokenizer is not None
    text = next(iter(records("books")))["document"][: 8 * tokens]
    return torch.tensor([decoder.tokenizer(text, verbose=False)["input_ids"][:tokens]])


def perplexity(scores: torch.Tensor) -> float:
    """Of log-probabilities."""
    return math.exp(-scores.mean().item())


def weights(limit: int, tokens: int) -> None:
    """Perplexity, speed and memory by the form of the weights."""
    rows = []
    for form in FORMS:
        loading, decoder = timed(smollm2_decoder.__wrapped__, form)
        ids = book(tokens, decoder)
        reading, score = timed(decoder.score, ids, attention_window=4096)
        model = WindowedChatModel(decoder=decoder, temperature=0)
        writing, written = timed(model.invoke, "Tell me the story of a dragon.", max_tokens=128)
        rows.append(
            [
                form,
                f"{perplexity(score):.3f}",
                f"{ids.shape[1] / reading:.0f}",
                f"{written.usage_metadata['output_tokens'] / writing:.0f}",
                f"{weight_bytes(decoder.model) / 2**20:.0f}",
                f"{loading:.1f}",
            ]
        )
    head = ["weights", "perplexity", "tokens read a second", "written a second", "MiB of weights", "seconds to load"]
    said = f"The first {tokens:,} tokens of a novel, scored with logits, window 4,096; the file itself is in 4 bits."
    publish("writer_weights", "The writer's weights", f"{markdown(head, rows)}\n\n{said}")


def window(limit: int, tokens: int) -> None:
    """Perplexity by place in the text: a window against all that was read."""
    decoder = smollm2_decoder()
    ids = book(tokens, decoder)
    sizes = {"window 1,020": 1020, "window 4,092": 4092, "dense": tokens}
    scores, costs = {}, {}
    for name, size in sizes.items():
        costs[name], scores[name] = timed(decoder.score, ids, attention_window=size)
    step = max(1, tokens // 5)
    rows = [
        [f"{at:,} to {at + step:,}", *(f"{perplexity(one[at : at + step]):.2f}" for one in scores.values())]
        for at in range(0, tokens - 1, step)
    ]
    rows.append(["all", *(f"{perplexity(one):.2f}" for one in scores.values())])
    rows.append(["tokens a second", *(f"{tokens / cost:.0f}" for cost in costs.values())])
    said = "A novel, int8 weights, 4 sinks; the model was trained on 8,192 tokens."
    publish("writer_window", "A window against all that was read", f"{markdown(['tokens', *sizes], rows)}\n\n{said}")


def session(limit: int, tokens: int) -> None:
    """The second question about a text from a session against the first."""
    decoder = smollm2_decoder()
    assert decoder.tokenizer is not None
    text = decoder.tokenizer.decode(book(tokens, decoder)[0])
    with tempfile.TemporaryDirectory() as folder:
        model = WindowedChatModel(decoder=decoder, temperature=0, max_tokens=24, sessions=KVSessions(folder))
        asked = [f"{text}\n\n{one}" for one in ("Who is this about?", "Where does it begin?")]
        (first, one), (second, other) = (timed(model.invoke, question) for question in asked)
    said = [" ".join(str(reply.text).split()) for reply in (one, other)]
    rows = [["first", f"{first:.2f}", said[0]], ["second", f"{second:.2f}", said[1]]]
    rows.append(["first over second", f"{first / second:.1f}", ""])
    publish("writer_session", f"Two questions to {tokens:,} tokens", markdown(["question", "seconds", "reply"], rows))


def mixed(limit: int) -> Iterator[tuple[str, Task]]:
    """Documents of all kinds in turn, with references where the set has them."""
    taken: dict[str, list[Task]] = {}
    for name in MIXED:
        each = -(-limit // len(MIXED))
        if name in ("leases", "leval"):
            found = (Task(one["id"], one["document"], None, []) for one in records(name))
        else:
            found = (Task(one.id, one.text, None, [] if one.query else one.references) for one in tasks(name))
        once = {one.text: one for one in islice(found, 20 * each) if len(one.text) <= LONGEST}
        taken[name] = list(once.values())[:each]
    turns = ((name, taken[name][at]) for at in range(limit) for name in MIXED if at < len(taken[name]))
    yield from islice(turns, limit)


def summaries(limit: int, tokens: int) -> None:
    """Digests with their sentences told shorter: what holds before and after, ROUGE, time."""
    model = chat_model("smollm2")
    retelling, tokenizer = Noting(model), tokenizer_for(model)
    names = ("sentences", "drafts", "drafts that hold", "shown", "written freely", "of these hold")
    counts = dict.fromkeys(names, 0)
    words, rouge, texts, costs, digests = [0, 0], [], [], [0.0, 0.0], 0
    for name, task in mixed(limit):
        retelling.noted.clear()
        plain, tree = timed(longdoc.summarize, task.text, max_tokens=BUDGET, tokenizer=tokenizer)
        digest = tree.summary
        more, told = timed(lambda: [retelling.shorter(one) for one in digest.sentences])  # noqa: B023
        costs, digests = [costs[0] + plain, costs[1] + more], digests + 1
        both = [(one.line, other.line) for one, other in zip(digest.sentences, told, strict=True)]
        changed = [(one, other) for one, other in both if one != other]
        free = {said: _freely(model, said) for said in list(retelling.noted)[:2]}
        counts["sentences"] += len(both)
        counts["drafts"] += len(retelling.noted)
        counts["drafts that hold"] += sum(retelling.holds(draft, said) for said, draft in retelling.noted.items())
        counts["shown"] += len(changed)
        counts["written freely"] += len(free)
        counts["of these hold"] += sum(retelling.holds(draft, said) for said, draft in free.items())
        words = [before + sum(len(pair[at].split()) for pair in changed) for at, before in enumerate(words)]
        if task.references:
            rouge.append([_rouge(task, "\n".join(pair[at] for pair in both)) for at in (0, 1)])
        if len(texts) < 10 and changed:
            made = Summary.of(tuple(told), tokenizer, digest.blocks)
            texts.append(_text(name, task, made.text, changed))
        print(name, task.id, counts, costs, free, flush=True)
    rows: list[list[object]] = [[name, count] for name, count in counts.items()]
    rows.append(["words of those shown, before and after", f"{words[0]} and {words[1]}"])
    if rouge:
        means = [sum(one[at] for one in rouge) / len(rouge) for at in (0, 1)]
        rows.append([f"ROUGE of {len(rouge)} digests and of them told shorter", f"{means[0]:.1f} and {means[1]:.1f}"])
    rows.append(["seconds a document, digest and then writer", " and ".join(f"{one / digests:.1f}" for one in costs)])
    body = markdown([f"{digests} documents, digests of {BUDGET} tokens", ""], rows)
    said = "Written freely: two sentences a document, re-written as asked; ROUGE is the mean of 1, 2 and Lsum."
    publish("writer_summaries", "Digests told shorter", f"{body}\n\n{said}")
    (HERE / "results" / "writer_texts.md").write_text("# Digests told shorter\n\n" + "\n".join(texts), encoding="utf-8")


def _freely(model: Any, sentence: str) -> str:
    """The first sentence of what the model makes of one when it is asked to re-write it."""
    reply = str(model.invoke([("system", SHORTEN), ("human", sentence)], max_tokens=80).text)
    return next((" ".join(span.of(reply).split()) for span in split_sentences(reply)), reply)


def _text(name: str, task: Task, text: str, changed: list[tuple[str, str]]) -> str:
    lines = "\n".join(f"- {before}\n  - *{after}*" for before, after in changed)
    return f"## {name} {task.id}\n\n```text\n{text}\n```\n\nTold shorter:\n\n{lines}\n"


def _rouge(task: Task, text: str) -> float:
    scores = RougeScorer(["rouge1", "rouge2", "rougeLsum"], use_stemmer=True).score(task.references[0], text)
    return 100 * sum(one.fmeasure for one in scores.values()) / 3


def answers(limit: int, tokens: int) -> None:
    """Questions to a passage: what the extractive answer quotes, and what the writer makes of it."""
    model = chat_model("smollm2")
    retelling = Retelling(model)
    counts = dict.fromkeys(("answered", "has it, quoted", "drafts held", "written", "has it, shown"), 0)
    words, shown, cost = [0, 0], [], 0.0
    for record in islice((one for one in records("qa_squad2") if one["answerable"]), limit):
        with tempfile.TemporaryDirectory() as folder:
            index = DocumentIndex(folder)
            index.put(longdoc.chunk(record["context"]))
            found = DocumentChat(index).ask(record["question"])
        if not found.citations:
            continue
        began = time.process_time()
        told = retelling.answer(record["question"], found.sentences)
        cost += time.process_time() - began
        read = [one for one in found.sentences if one.spans][:READ]
        draft = retelling.draft_answer(record["question"], [one.line for one in read])
        finding = retelling.checker.check(draft, Evidence([Passage(one.text, one.spans) for one in read]))
        counts["answered"] += 1
        counts["drafts held"] += finding.supported
        counts["has it, quoted"] += _has(record, found.sentences)
        counts["has it, shown"] += _has(record, told)
        counts["written"] += told != found.sentences
        for at, made in enumerate((found.sentences, told)):
            words[at] += sum(len(one.line.split()) for one in made)
        if told != found.sentences:
            shown.append(f"- {record['question']} *{told[0].line}*")
    asked = max(1, counts["answered"])
    rows = [[name, count] for name, count in counts.items()]
    rows.append(["words of an answer, quoted and shown", f"{words[0] / asked:.1f} and {words[1] / asked:.1f}"])
    rows.append(["seconds of the writer an answer", f"{cost / asked:.2f}"])
    body = markdown([f"{limit} questions of SQuAD 2", "answers"], rows)
    publish("writer_answers", "Answers put into a sentence", f"{body}\n\n" + "\n".join(shown[:30]))


def _has(record: dict[str, Any], sentences: tuple[Sentence, ...]) -> bool:
    text = " ".join(one.line for one in sentences).casefold()
    return any(one["text"].casefold() in text for one in record["answers"])


def whole(limit: int, tokens: int) -> None:
    """What it writes when it is asked as a large model is: chunks summarized and merged, or a summary rewritten."""
    model = chat_model("smollm2")
    rows = []
    for strategy in ("map-reduce", "refine"):
        for name, task in mixed(limit):
            for how in ("mark", "quote"):
                summarizer = ChatSummarizer(model, tokenizer=tokenizer_for(model), on_unsupported=how)  # type: ignore[arg-type]
                began = time.process_time()
                given: dict[str, Any] = {"strategy": strategy, "chunk_tokens": 1024, "max_tokens": 150}
                try:
                    summary = longdoc.summarize(task.text[:9000], model=summarizer, **given).summary
                except LongdocError as error:
                    rows.append([strategy, name, how, f"fails: {error}", ""])
                    break
                held = f"{sum(one.supported for one in summary.sentences)} of {len(summary.sentences)}"
                rows.append([strategy, name, how, held, f"{time.process_time() - began:.0f}"])
                print(rows[-1], summary.text, flush=True)
    head = ["strategy", "set", "unsupported", "sentences that hold", "seconds"]
    publish("writer_whole", "Asked as a large model is", markdown(head, rows))


def main() -> None:
    """Runs the part that is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = {one.__name__: one for one in (weights, window, session, summaries, answers, whole)}
    parser.add_argument("part", choices=parts)
    parser.add_argument("--limit", type=int, default=30)
    parser.add_argument("--tokens", type=int, default=4096)
    given = parser.parse_args()
    torch.set_num_threads(1)
    parts[given.part](given.limit, given.tokens)


if __name__ == "__main__":
    main()
