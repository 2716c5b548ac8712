"""Each route with its right result, from tiny models that are trained on the spot.

python benchmarks/routes.py [--tokens 20000]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from table import HERE, markdown, publish

from longdoc.pipelines.routing.router import Assignment, Router
from longdoc.testing import ScriptedChatModel

sys.path.insert(0, str(HERE.parent / "tests"))
import routed_models as tiny

Case = tuple[str, Assignment, str, Callable[[object], str]]
HARBOUR = "The harbour was built in 1843 by the town council. Ships brought timber and salt to it.\n"
BUILT = "The harbour was built in 1843 by the town council."


def cases(tokens: int) -> Iterator[Case]:
    """A name, an assignment, the right result, and how the result is told."""
    chance = random.Random(26)
    for label in tiny.LABELS:
        text = tiny.topical(label, tokens, chance, 0.1) + "\n"
        yield f"a text of class {label}", Assignment("classify", text), label, lambda made: made[0].label
    for name, at in (("Anna", 0), ("Boris", tokens // 2), ("Clara", tokens - 3)):
        text = tiny.marked(name, tokens, chance, at) + "\n"
        yield f"a name at token {at:,}", Assignment("answer", text, tiny.QUESTION), name, lambda made: str(made.text)
    text = " ".join(tiny.filler(tokens, chance)) + "\n"
    none = "The documents do not say."
    yield "no name anywhere", Assignment("answer", text, tiny.QUESTION), none, lambda made: str(made.text)
    asked = Assignment("answer", HARBOUR, "When was the harbour built?")
    yield "a text that a chat model holds", asked, BUILT, lambda made: str(made.text)
    for count in (60, 400):
        text = " ".join(tiny.filler(count, chance)) + "\n"
        first = " ".join(text.split()[:4])
        yield f"{count} words", Assignment("summarize", text, max_tokens=8), first, lambda made: made.summary.text
    text = f"{' '.join(tiny.filler(tokens, chance))} {tiny.counted(3, 5)}"
    yield "a count", Assignment("generate", text, max_tokens=6), tiny.counted(0, 6), lambda made: str(made).strip()


def main() -> None:
    """Trains the models, reads each case with all at hand, and prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tokens", type=int, default=20_000)
    tokens = parser.parse_args().tokens
    rows = []
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        windows = [f"longformer:{make(folder / make.__name__)}" for make in (tiny.save_classifier, tiny.save_finder)]
        led = f"led:{tiny.save_copier(folder / 'copier')}"
        decoder = f"hf:{tiny.save_counter(folder / 'counter')}"
        chat = ScriptedChatModel(replies=[f"{BUILT} [1]"])
        for name, asked, right, told in cases(tokens):
            models = [*windows, led, "extractive"] if asked.task == "summarize" else [chat, *windows, led, decoder]
            began = time.perf_counter()
            reading = Router(models).read(asked)
            seconds = time.perf_counter() - began
            said = told(reading.result)
            verdict = "yes" if said == right else f"no: {right}"
            route = reading.route
            rows.append([asked.task, name, route.strategy, route.model.kind, said, verdict, f"{seconds:.1f}"])
    headers = ["task", "what is read", "route", "model", "result", "right", "seconds"]
    note = (
        "Longformer was trained on windows of 38 tokens, LED on 24 words at most, the decoder on 24. The seconds are "
        "those of a row with its models loaded anew."
    )
    publish("routes", f"Routes and their results, texts of {tokens:,} tokens", f"{markdown(headers, rows)}\n\n{note}")


if __name__ == "__main__":
    main()
