from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fakes import CharacterTokenizer, HashEncoder, LeadSummarizer, NastyTokenizer
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from strategies import paragraphs, sectioned

import longdoc
from longdoc.chunkers.section import SectionChunker
from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.errors import BudgetError, LongdocError, StageError
from longdoc.memory.summaries.summary import EMPTY
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.pipelines.calls.executor import FanOutOptions
from longdoc.pipelines.summarize.map_reduce import Event, NodeDone, NodeRetried, StageBegan
from longdoc.pipelines.summarize.plan import Plan, Prices
from longdoc.pipelines.summarize.stage import Summarization
from longdoc.pipelines.summarize.summarize import Settings, memories, plan, summarize
from longdoc.pipelines.summarizers.extractive import ExtractiveSummarizer
from longdoc.pipelines.summarizers.protocol import Summarizer

CHARACTERS = CharacterTokenizer()
AT_ONCE = FanOutOptions(backoff=0, max_backoff=0, max_attempts=60)
BOOK = "\n\n".join(
    f"# Part {number}\n\n" + " ".join(f"Sentence {number}.{at} tells of the {word}." for at, word in enumerate(words))
    for number, words in enumerate(
        (("river", "mill", "town"), ("wolf", "deer", "forest", "snow"), ("bread", "oven"), ("music", "hall", "choir")),
        1,
    )
)

sources = st.lists(sectioned | paragraphs, min_size=1, max_size=3)


def documents(given_texts: list[str]) -> list[Document]:
    return [Document(page_content=text, metadata={"source": f"{n}.md"}) for n, text in enumerate(given_texts)]


def extractive(tokenizer: Tokenizer = CHARACTERS) -> Summarizer:
    return ExtractiveSummarizer(HashEncoder(), tokenizer)


def lead(**options: Any) -> LeadSummarizer:
    return LeadSummarizer(CHARACTERS, **options)


def settings_for(model: Summarizer, **changes: Any) -> Settings:
    return Settings(**{"model": model, "memory_tokens": 0, "options": AT_ONCE, "chunk_tokens": 90, **changes})


def without_run(tree: SummaryTree) -> SummaryTree:
    return replace(tree, run=None)


def within(span: Any, spans: tuple[Any, ...]) -> bool:
    return any(span.source == o.source and o.start <= span.start and span.end <= o.end for o in spans)


def check_laws(tree: SummaryTree, wanted: Settings, given_documents: list[Document], tokenizer: Tokenizer) -> None:
    job = wanted.job(given_documents)
    outline = {(node.title, tuple(leaf.span for leaf in node.leaves)): node for node in job.outline.walk()}
    assert sum(1 for _ in tree.walk()) == len(list(job.outline.walk()))
    for node in tree.walk():
        below = tuple(leaf.spans[0] for leaf in node.walk() if not leaf.children)
        assert tokenizer.count(node.summary.text) == node.summary.tokens <= job.node_budget(outline[node.title, below])
        for sentence in node.summary.sentences:
            assert [span.of(job.texts[span.source]) for span in sentence.spans] == [sentence.text]
            assert all(within(span, node.spans) for span in sentence.spans)
        for child in node.children:
            assert all(within(span, node.spans) for span in child.spans)


@settings(max_examples=40)
@given(given_texts=sources, budget=st.integers(20, 400), query=st.none() | st.just("cat"), nasty=st.booleans())
def test_the_laws_of_an_extractive_tree(given_texts: list[str], budget: int, query: str | None, nasty: bool) -> None:
    tokenizer = NastyTokenizer() if nasty else CHARACTERS
    wanted = settings_for(extractive(tokenizer), max_tokens=budget, query=query, style="sentences")
    given_documents = documents(given_texts)
    try:
        tree = Summarization(wanted).run(given_documents)
    except BudgetError:  # its words are tested with the summarizer
        return
    assert tree.summary.sentences
    check_laws(tree, wanted, given_documents, tokenizer)


@settings(max_examples=40)
@given(given_texts=sources, budget=st.integers(20, 400))
def test_the_laws_of_a_map_reduce(given_texts: list[str], budget: int) -> None:
    model = lead()
    wanted = settings_for(model, max_tokens=budget)
    given_documents = documents(given_texts)
    tree = Summarization(wanted).run(given_documents)
    check_laws(tree, wanted, given_documents, CHARACTERS)
    made = longdoc.plan(given_documents, max_tokens=budget, model=model, memory_tokens=0, chunk_tokens=90)
    assert tree.run is not None
    assert tree.run.planned_calls == tree.run.calls == made.calls == sum(1 for _ in tree.walk())
    assert len(model.calls) <= made.calls  # a node with nothing below it needs none
    assert sum(read for read, _, _ in model.calls) <= made.input_tokens
    assert sum(asked for _, asked, _ in model.calls) <= made.output_tokens
    assert all(read <= model.max_input_tokens for read, _, _ in model.calls)


@settings(max_examples=15)
@given(given_texts=sources, seed=st.integers(0, 1000))
def test_a_summarizer_that_fails_at_times_gives_the_tree_of_one_that_never_does(
    given_texts: list[str], seed: int
) -> None:
    sound = Summarization(settings_for(lead())).run(documents(given_texts))
    failing = Summarization(settings_for(lead(failing=0.3, seed=seed))).run(documents(given_texts))
    assert without_run(failing) == without_run(sound)
    assert failing.run is not None
    assert failing.run.calls + failing.run.extra_calls <= failing.run.max_calls


@settings(max_examples=30)
@given(given_texts=sources, kind=st.sampled_from([extractive, lead]))
def test_done_never_goes_back_and_ends_at_planned(given_texts: list[str], kind: Any) -> None:
    events: list[Event] = []
    tree = Summarization(settings_for(kind(), max_tokens=400), on_event=events.append).run(documents(given_texts))
    assert events[0] == StageBegan("reading")
    done = [event.done for event in events if isinstance(event, NodeDone)]
    assert done == sorted(set(done))
    assert done[-1] == sum(1 for _ in tree.walk())
    assert {event.planned for event in events if isinstance(event, NodeDone)} == {done[-1]}


@settings(max_examples=30)
@given(given_texts=sources)
def test_the_same_sources_give_the_same_tree(given_texts: list[str]) -> None:
    one, two = (Summarization(settings_for(extractive(), max_tokens=400)).run(documents(given_texts)) for _ in range(2))
    assert without_run(one) == without_run(two)


def titled(parts: list[str]) -> str:
    return "\n\n".join(f"{'#' * (1 + n % 3)} Heading {n}\n\n{body}" for n, body in enumerate(parts))


@settings(max_examples=30)
@given(
    text=st.lists(paragraphs, min_size=1, max_size=5).map(titled),
    most=st.integers(40, 200),
    kind=st.sampled_from([extractive, lead]),
)
def test_a_chunker_before_it_changes_nothing(text: str, most: int, kind: Any) -> None:
    wanted = settings_for(kind(), chunk_tokens=most, max_tokens=400)
    document = Document(page_content=text, metadata={"source": "a.md"})
    piped = (SectionChunker(most, tokenizer=CHARACTERS) | Summarization(wanted)).invoke(document)
    assert without_run(piped) == without_run(Summarization(wanted).run(document))


def test_a_child_for_each_source() -> None:
    tree = Summarization(settings_for(extractive())).run([*documents(["One is here.", BOOK, "Three is here."])])
    assert [{span.source for span in child.spans} for child in tree.children] == [{"0.md"}, {"1.md"}, {"2.md"}]
    assert tree.title == "All sources"
    assert tree.run is not None
    assert list(tree.run.texts) == ["0.md", "1.md", "2.md"]


def test_a_node_that_fails_for_good_is_left_with_its_error() -> None:
    wanted = settings_for(lead(broken="wolf"), chunk_tokens=150)
    with pytest.raises(StageError, match="the line went dead"):
        Summarization(wanted).run(BOOK)
    partial = replace(wanted, options=replace(AT_ONCE, max_attempts=2, on_error="return"))
    tree = Summarization(partial).run(BOOK)
    sound = Summarization(settings_for(lead(), chunk_tokens=150)).run(BOOK)
    pairs = list(zip(tree.walk(), sound.walk(), strict=True))
    failed = [node for node, _ in pairs if node.error]
    assert [node.title for node in failed] == ["Part 2"]
    assert failed[0].error == "the line went dead"
    assert failed[0].summary == EMPTY
    assert "wolf" not in tree.summary.text
    for node, other in pairs:
        if not node.children and not node.error:
            assert node == other


def test_retries_are_told() -> None:
    events: list[Event] = []
    tree = Summarization(settings_for(lead(failing=0.5, seed=3)), on_event=events.append).run(BOOK)
    retried = [event for event in events if isinstance(event, NodeRetried)]
    assert retried
    assert tree.run is not None
    assert tree.run.extra_calls == len(retried)
    assert {type(event.error) for event in retried} == {ConnectionError}


def test_keys_change_with_what_a_summary_rests_on() -> None:
    def keys(text: str = BOOK, **changes: Any) -> list[str]:
        return [node.key for node in Summarization(settings_for(lead(), **changes)).run(text).walk()]

    before = keys(chunk_tokens=150)
    assert before == keys(chunk_tokens=150)
    assert len(set(before)) == len(before)
    edited = keys(BOOK.replace("choir", "tenor"), chunk_tokens=150)
    assert [a == b for a, b in zip(before, edited, strict=True)] == [False, True, True, True, False]
    for other in (keys(chunk_tokens=150, query="cat"), keys(chunk_tokens=150, max_tokens=299)):
        assert before[0] not in other


def test_a_chunk_is_read_with_what_came_before_it() -> None:
    model = lead()
    wanted = Settings(model=model, chunk_tokens=150, memory_tokens=90, options=replace(AT_ONCE, max_concurrency=1))
    told = memories(wanted.job(BOOK))
    assert told[0] == ""
    assert all(told[1:])
    assert all(CHARACTERS.count(text) <= 90 for text in told)
    assert "Sentence 1." in told[1]
    assert "Sentence 3." in told[3]
    Summarization(wanted).run(BOOK)
    assert [memory for _, _, memory in model.calls] == [*told, ""]
    assert memories(replace(wanted, memory_tokens=0).job(BOOK)) == [""] * 4


def test_memory_is_no_reason_to_refuse_a_small_budget() -> None:
    wanted = Settings(model=lead(), max_tokens=5, chunk_tokens=150, memory_tokens=60)
    assert len(memories(wanted.job(BOOK))) == 4


def test_the_plan_of_a_book() -> None:
    made = plan(BOOK, model=lead(), chunk_tokens=150, memory_tokens=0, prices=Prices(1.0, 2.0))
    job = settings_for(lead(), chunk_tokens=150).job(BOOK)
    budgets = [job.node_budget(node) for node in job.outline.walk()]
    cost = (made.input_tokens + 2 * sum(budgets)) / 1e6
    assert made == Plan("lead", 1, 4, 2, 5, 20, made.input_tokens, sum(budgets), len(BOOK), cost)


def test_the_extractive_plan_costs_nothing() -> None:
    assert plan(BOOK, model=extractive(), prices=Prices(1.0, 2.0)).cost == 0.0
    assert plan(BOOK, model=extractive()).cost is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_tokens": 0}, "max_tokens is 0"),
        ({"chunk_tokens": 0}, "chunk_tokens is 0"),
        ({"query": " "}, "the query is blank"),
        ({"max_tokens": 2100}, "two summaries of 2100 tokens do not fit one call"),
        ({"query": "x" * 5000}, "shorten the query"),
    ],
)
def test_settings_that_cannot_hold_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(LongdocError, match=message):
        Summarization(settings_for(lead(), **changes)).run(BOOK)


@pytest.mark.parametrize("prices", [(-1, 1), (1, -1)])
def test_prices_below_zero_are_refused(prices: tuple[float, float]) -> None:
    with pytest.raises(BudgetError, match="give 0 or more"):
        Prices(*prices)


def test_summarize_equals_the_stage() -> None:
    options = {"memory_tokens": 0, "options": AT_ONCE, "chunk_tokens": 150}
    one = summarize(BOOK, model=lead(), max_tokens=200, **options)
    two = Summarization(model=lead(), max_tokens=200, **options).invoke(BOOK)
    assert without_run(one) == without_run(two)


def test_the_bundled_default() -> None:
    one, two = (longdoc.summarize(BOOK, max_tokens=40, chunk_tokens=60) for _ in range(2))
    assert without_run(one) == without_run(two)
    assert 0 < one.summary.tokens <= 40
    assert one.run is not None
    assert one.run.model == "extractive"
    assert all(BOOK[s.spans[0].start : s.spans[0].end] == s.text for s in one.summary.sentences)
