"""ChatHistory: what an append and a prompt cost as a conversation grows, and what a bad summarizer does to it.

python benchmarks/chat_history.py cost [--turns 10 100 1000 10000] [--repeats 41] [--budget 2000]
python benchmarks/chat_history.py violations [--seeds 20] [--turns 500]

A turn is a question of 40 words and an answer of 60, words drawn as often as in speech (Zipf).
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, trim_messages
from table import markdown, publish

from longdoc.chunkers.tokenizers.base import load_tokenizer
from longdoc.errors import UnavailableError
from longdoc.memory.history.chat_history import ChatHistory
from longdoc.memory.history.message_counter import MessageCounter
from longdoc.memory.history.summary import SummaryRequest

SYSTEM = "Answer from the conversation, briefly."
BUDGETS = (200, 500, 1_000, 2_000)
KINDS = ("fails", "grows", "returns nothing", "all of these by turns", "sums up")


class Talk:
    """Random turns; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._weights = [1 / rank for rank in range(1, 20_001)]
        self._words = [f"word{rank}" for rank in range(1, 20_001)]

    def text(self, words: int) -> str:
        """So many words."""
        return " ".join(self._rng.choices(self._words, self._weights, k=words))

    def turns(self, number: int) -> list[BaseMessage]:
        """Questions and answers."""
        return [one for _ in range(number) for one in (HumanMessage(self.text(40)), AIMessage(self.text(60)))]


def summarizer(kind: str, good: list[str]) -> Callable[[SummaryRequest], str]:
    """A scripted summarizer; what it says that may be kept goes to `good`."""
    calls = 0

    def answer(request: SummaryRequest) -> str:
        nonlocal calls
        calls += 1
        does = KINDS[calls % 3] if kind == KINDS[3] else kind
        if does == "fails":
            raise ConnectionError("no model there")
        if does == "grows":
            return f"{request['summary']} {request['turns']} " + "more " * request["max_tokens"]
        if does == "sums up":
            good.append(f"They spoke {calls} times. {request['turns'][:300]}".strip())
            return good[-1]
        return " "

    return answer


def milliseconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


def shown(times: Sequence[float]) -> str:
    """Median and slowest in twenty."""
    return f"{statistics.median(times):.2f} ({statistics.quantiles(times, n=20)[-1]:.2f})"


def ours(folder: Path, turns: int, repeats: int, budget: int, count: MessageCounter) -> list[str]:
    """An append of a turn, a prompt, a search, and the bytes on disk a turn."""
    talk = Talk(turns)
    history = ChatHistory(folder / f"{turns}.db", counting=count, summarizer=summarizer("sums up", []))
    for start in range(0, turns, 500):
        history.add_messages(talk.turns(min(500, turns - start)))
    last = None
    while history.summary != last:  # until the summary is up to date
        last = history.summary
        history.prompt(SYSTEM, talk.text(20), budget)
    times: list[list[float]] = [[], [], []]
    for _ in range(repeats):
        turn, question = talk.turns(1), talk.text(20)
        times[0].append(milliseconds(partial(history.add_messages, turn)))
        times[1].append(milliseconds(partial(history.prompt, SYSTEM, question, budget)))
        times[2].append(milliseconds(partial(history.search, question)))
    history.close()
    size = (folder / f"{turns}.db").stat().st_size / (turns + repeats)
    return [*map(shown, times), f"{size:,.0f}"]


def peers(turns: int, repeats: int, budget: int, count: MessageCounter) -> list[str]:
    """LangChain's history in memory: an append; `trim_messages` with our counter, and with its approximate one."""
    talk = Talk(turns)
    with warnings.catch_warnings(action="ignore"):  # deprecated, without a successor in langchain-core
        history = InMemoryChatMessageHistory()
    history.add_messages(talk.turns(turns))
    times: list[list[float]] = [[], [], []]
    for _ in range(repeats):
        turn = talk.turns(1)
        times[0].append(milliseconds(partial(history.add_messages, turn)))
        everything = [SystemMessage(SYSTEM), *history.messages, HumanMessage(talk.text(20))]
        for place, counting in ((1, count), (2, "approximate")):
            trim = partial(trim_messages, token_counter=counting, include_system=True, start_on="human")
            times[place].append(milliseconds(partial(trim, everything, max_tokens=budget)))
    return [shown(one) for one in times]


def cost(options: argparse.Namespace) -> None:
    """The table of times, by length of the conversation."""
    try:
        count = MessageCounter(load_tokenizer("o200k_base"))
    except UnavailableError:
        raise SystemExit("o200k_base is not here: set TIKTOKEN_CACHE_DIR to a folder that has it") from None
    rows = []
    for turns in options.turns:
        with TemporaryDirectory() as folder:
            mine = ours(Path(folder), turns, options.repeats, options.budget, count)
        rows.append(
            [f"{turns:,}", *mine, *peers(turns, options.repeats if turns < 5_000 else 5, options.budget, count)]
        )
    headers = ["turns", "append", "prompt", "search", "bytes a turn"]
    theirs = ["in memory: append", "trim_messages", "trim_messages, approximate"]
    body = (
        f"Milliseconds, median and the slowest in twenty in brackets; {options.repeats} repeats (5 of the peer's at "
        f"5,000 turns or more), a budget of {options.budget:,} tokens of o200k_base, one file and one process. "
        "ChatHistory's append is on disk when it returns, and its prompt has the summary, the messages that were "
        "retrieved and the recent turns; one in four calls the summarizer, which takes no time here. LangChain's is "
        "`InMemoryChatMessageHistory` and `trim_messages`, which keeps recent turns alone: with the same counter and "
        "with its approximate one.\n\n" + markdown([*headers, *theirs], rows)
    )
    publish("chat_history_cost", "Chat history: the cost of a turn", body)


def one_conversation(kind: str, seed: int, turns: int, count: MessageCounter) -> list[int]:
    """Prompts; over budget; question or system changed; summaries that should not be; history changed; tokens kept."""
    talk, rng, good = Talk(seed), random.Random(seed), [""]
    said: list[BaseMessage] = []
    found = [0] * 5
    with TemporaryDirectory() as folder:
        history = ChatHistory(Path(folder) / "chat.db", counting=count, summarizer=summarizer(kind, good))
        while len(said) < 2 * turns:
            fresh = talk.turns(rng.randint(1, 4))
            history.add_messages(fresh)
            said += fresh
            question, budget = talk.text(rng.randint(1, 40)), rng.choice(BUDGETS)
            prompt = history.prompt(SYSTEM, question, budget)
            found[0] += 1
            found[1] += count(prompt) > budget
            found[2] += prompt[0] != SystemMessage(SYSTEM) or prompt[-1] != HumanMessage(question)
            found[3] += history.summary not in good
        found[4] += history.messages != said
        history.close()
    return found


def violations(options: argparse.Namespace) -> None:
    """The table of broken promises, by kind of summarizer."""
    count = MessageCounter(load_tokenizer())
    rows = []
    for kind in KINDS:
        found = [one_conversation(kind, seed, options.turns, count) for seed in range(options.seeds)]
        rows.append([kind, options.seeds, *(f"{sum(column):,}" for column in zip(*found, strict=True))])
    headers = ["summarizer", "conversations", "prompts", "over budget", "system or question changed"]
    body = (
        f"Conversations of {options.turns} turns, a prompt after every 1 to 4 of them, at a budget of "
        f"{', '.join(map(str, BUDGETS))} tokens by chance, counted on the assembled messages with the bundled "
        "tokenizer. A bad summary is one that the summarizer did not give, or that it gave over its budget.\n\n"
        + markdown([*headers, "bad summaries kept", "histories not recovered whole"], rows)
    )
    publish("chat_history_violations", "Chat history: bad summarizers", body)


def main() -> None:
    """Runs one of the two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=("cost", "violations"))
    parser.add_argument("--turns", type=int, nargs="+")
    parser.add_argument("--repeats", type=int, default=41)
    parser.add_argument("--budget", type=int, default=2_000)
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args(sys.argv[1:])
    if options.which == "cost":
        options.turns = options.turns or [10, 100, 1_000, 10_000]
        cost(options)
    else:
        options.turns = options.turns[0] if options.turns else 500
        violations(options)


if __name__ == "__main__":
    main()
