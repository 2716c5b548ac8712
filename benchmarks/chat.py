"""What `DocumentChat` catches of a model that cites and quotes falsely, and how soon it answers.

    python benchmarks/chat.py citations [--seed N] [--each 200] [--only WORDS] [--name chat_citations] [--show]
    python benchmarks/chat.py first

`citations`: a scripted chat model answers with one sentence of the document, honest or altered, and the number of a
passage, right or wrong. The sentences and alterations are those of benchmarks/citations.py; names and numbers
are also swapped for others of the same passages. `first`: a book of 110,000 words, indexed, in a warm process.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from book import book
from citations import FRESH, TUNED, WINDOW, invented_quotation, other_name, other_number, paraphrased, windows
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from table import markdown, publish

from longdoc import Answer, DocumentChat, DocumentIndex
from longdoc.testing import ScriptedChatModel

Make = Callable[[str, str, str, random.Random], str | None]
_NUMBER = re.compile(r"(?<![\w.,-])\d+(?![\w.,-])")
_PASSAGE = re.compile(r"<passage-[0-9a-f]{16} (\d+)>\n(.*?)\n</passage-", re.DOTALL)
QUESTIONS = (
    *("Who is the captain of the ship?", "What did the old man say about the sea?", "Where did they land?"),
    *("Why did he leave?", "How many times is the whale mentioned?"),
)


def names(text: str, part: str) -> list[str]:
    """Words of `part` that the document never writes in lower case and has inside its sentences."""
    found = dict.fromkeys(re.findall(r"(?<=[a-z] )[A-Z][a-z]{2,}(?![\w'’.-])", part))
    return [word for word in found if not re.search(rf"\b{word.lower()}\b", text)]


def another_name(text: str, part: str, one: str, random_: random.Random) -> str | None:
    """The sentence with a name made another that the same passages have."""
    known = names(text, part)
    own = [name for name in known if re.search(rf"\b{name}\b", one)]
    others = [name for name in known if not re.search(rf"\b{name}\b", one)]
    if not own or not others:
        return None
    return re.sub(rf"\b{random_.choice(own)}\b", random_.choice(others), one)


def another_number(text: str, part: str, one: str, random_: random.Random) -> str | None:
    """The sentence with a number made another that the same passages have."""
    own, others = _NUMBER.findall(one), [number for number in _NUMBER.findall(part) if number not in one]
    if not own or not others:
        return None
    return re.sub(rf"(?<![\w.,-]){random_.choice(own)}(?![\w.,-])", random_.choice(others), one)


ROWS: dict[str, tuple[Make, bool]] = {
    "honest, as it stands": (lambda text, part, one, r: one, False),
    "honest, paraphrased": (lambda text, part, one, r: paraphrased(one), False),
    "honest, wrong passage cited": (lambda text, part, one, r: one, True),
    "a number altered": (lambda text, part, one, r: other_number(one, part, r), False),
    "a number of the same passages": (another_number, False),
    "a name altered": (lambda text, part, one, r: other_name(text, one, part, r), False),
    "a name of the same passages": (another_name, False),
    "a quotation made up": (lambda text, part, one, r: invented_quotation(one, r), False),
    "a name altered, wrong passage cited": (lambda text, part, one, r: other_name(text, one, part, r), True),
}


def answered(index: DocumentIndex, part: str, one: str, claim: str, wrong: bool, r: random.Random) -> Answer | None:
    """What becomes of the claim, cited right or wrong; None where no passage shows the whole sentence."""
    index.put([Document(part, metadata={"source": "document"})])
    cited = False

    def reply(messages: list[BaseMessage]) -> str:
        nonlocal cited
        shown = {int(number): " ".join(body.split()) for number, body in _PASSAGE.findall(str(messages[-1].content))}
        right = [number for number, body in shown.items() if one in body]
        others = [number for number in range(1, len(shown) + 3) if number not in right]
        cited = bool(right)
        return f"{claim} [{r.choice(others) if wrong else (right or [1])[0]}]"

    answer = DocumentChat(index, model=ScriptedChatModel(replies=reply)).ask("What does the document say?")
    return answer if cited else None


def row(name: str, given: argparse.Namespace) -> list[object]:
    """Cases, answers doubted, and citations that meet the sentence that the claim was made of."""
    make, wrong = ROWS[name]
    r = random.Random(f"{given.seed} {name}")
    sources = [windows(one, r) for one in TUNED + FRESH]
    index, turn = DocumentIndex(), 0
    tried = doubted = placed = told = 0
    while tried < given.each:
        turn += 1
        text, part, sentences = next(sources[turn % len(sources)])
        one = r.choice(sentences)
        if "](" in one:
            continue
        claim = make(text, part, one, r)
        answer = None if claim is None else answered(index, part, one, claim, wrong, r)
        if answer is None or claim is None:
            continue
        tried += 1
        doubted += not answer.supported
        told += any(sentence.problems for sentence in answer.sentences)
        placed += any(one[:20] in " ".join(citation.quote.split()) for citation in answer.citations)
        if given.show and answer.supported != name.startswith("honest"):
            print(f"{name}: {claim} | {one} | {[s.problems for s in answer.sentences]}", file=sys.stderr)
    return [name, tried, doubted, told, placed]


def citations(given: argparse.Namespace) -> None:
    """How many of the altered sentences are caught, how many of the honest ones are doubted."""
    rows = [row(name, given) for name in ROWS if given.only in name]
    said = (
        f"Stretches of {WINDOW:,} characters of six development sets, as documents of their own, seed {given.seed}. "
        "Doubted: the answer is not shown as supported. With a problem: a problem is named, be it only a wrong number "
        "of a passage. Met: a citation opens the sentence that the claim was made of. Sentences with links are left "
        "out: an answer does not show where a link goes. The last words of some checks were chosen on these sets with "
        "other seeds."
    )
    headers = ("the model's sentence", "cases", "doubted", "with a problem", "met")
    publish(given.name, "False citations in answers", f"{said}\n\n{markdown(headers, rows)}")


def first(given: argparse.Namespace) -> None:
    """Time to the first streamed piece of an answer, and to the whole answer."""
    text = " ".join(book(1).split(" ")[:100_500])
    index = DocumentIndex()
    index.put([Document(text, metadata={"source": "book"})])
    model = ScriptedChatModel(replies=lambda messages: "The captain is Ahab [1].")
    rows = []
    for name, chat in {"extractive": DocumentChat(index), "scripted": DocumentChat(index, model=model)}.items():
        chat.ask("Warm?")
        times = [timed(chat, question) for _ in range(3) for question in QUESTIONS]
        begun, whole = zip(*times, strict=True)
        rows.append([name, len(times), *(f"{value:.3f}" for value in (*spread(begun), *spread(whole)))])
    said = (
        f"{len(text.split()):,} words, {len(index):,} passages, indexed before; the process has loaded its models. The "
        "scripted chat model answers at once, so its row is what retrieval, prompt and checks take. Processor seconds "
        "of all threads together: on a machine that has nothing else to do, the most that a user waits."
    )
    headers = ("model", "questions", "first piece, median s", "most", "checked answer, median s", "most")
    publish("chat_first", "The first piece of an answer", f"{said}\n\n{markdown(headers, rows)}")


def timed(chat: DocumentChat, question: str) -> tuple[float, float]:
    """Processor seconds, of all threads, to the first piece and to the answer."""
    began = time.process_time()
    pieces = chat.stream_answer(question)
    next(pieces)
    begun = time.process_time() - began
    for _ in pieces:
        pass
    return begun, time.process_time() - began


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Median and largest."""
    return statistics.median(values), max(values)


def main() -> None:
    """Prints a table and writes it to results."""
    parts: dict[str, Callable[[argparse.Namespace], Any]] = {"citations": citations, "first": first}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=parts)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--each", type=int, default=200)
    parser.add_argument("--only", default="", help="rows whose name has these words")
    parser.add_argument("--name", default="chat_citations", help="of the table in results")
    parser.add_argument("--show", action="store_true")
    given = parser.parse_args()
    parts[given.part](given)


if __name__ == "__main__":
    main()
