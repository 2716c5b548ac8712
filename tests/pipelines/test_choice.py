from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from longformer_tiny import longformer, tokenizer
from transformers import LongformerForQuestionAnswering
from typer.testing import CliRunner

from longdoc import Settings, Summarization, load_tokenizer
from longdoc.cli.app import app
from longdoc.errors import BudgetError, InputError, LongdocError, UnavailableError, UnknownNameError
from longdoc.models.longformer.reader import LongformerReader, windows_over
from longdoc.pipelines.choice import Choice
from longdoc.pipelines.route import WAYS, Kind, ModelAtHand, Request, Route, Task
from longdoc.testing import ScriptedChatModel

CHAT = ModelAtHand("chat", "chat", 8192)
LONGFORMER = ModelAtHand("longformer", "longformer", 4096)
LED = ModelAtHand("led", "led", 16384, output_tokens=1022)
WINDOWED = ModelAtHand("windowed", "windowed", 2052)
EXTRACTIVE = ModelAtHand("extractive", "extractive")
ALL = (CHAT, LONGFORMER, LED, WINDOWED, EXTRACTIVE)
ORDER: dict[str, list[str]] = {task: [strategy for strategy, _ in ways] for task, ways in WAYS.items()}

HERE = {"prompt_tokens": 500, "output_tokens": 300}
# task, tokens of text, models at hand, strategy and model chosen; each limit at -1, 0 and +1
TRUTH: list[tuple[Task, int, tuple[ModelAtHand, ...], str, str]] = [
    ("encode", 0, ALL, "longformer", "longformer"),
    ("encode", 50_000, ALL, "longformer", "longformer"),
    ("classify", 50_000, ALL, "longformer", "longformer"),
    ("answer", 7391, ALL, "stuff", "chat"),
    ("answer", 7392, ALL, "stuff", "chat"),
    ("answer", 7393, ALL, "longformer", "longformer"),
    ("answer", 7393, (CHAT, WINDOWED, EXTRACTIVE), "passages", "chat"),
    ("answer", 1251, (WINDOWED, EXTRACTIVE), "stuff", "windowed"),
    ("answer", 1252, (WINDOWED, EXTRACTIVE), "stuff", "windowed"),
    ("answer", 1253, (WINDOWED, EXTRACTIVE), "passages", "windowed"),
    ("answer", 50_000, (LED, EXTRACTIVE), "extractive", "extractive"),
    ("summarize", 7391, ALL, "stuff", "chat"),
    ("summarize", 7392, ALL, "stuff", "chat"),
    ("summarize", 7393, ALL, "stuff", "led"),
    ("summarize", 15_883, ALL, "stuff", "led"),
    ("summarize", 15_884, ALL, "stuff", "led"),
    ("summarize", 15_885, ALL, "map-reduce", "chat"),
    ("summarize", 15_885, (LED, CHAT), "map-reduce", "led"),
    ("summarize", 1252, (WINDOWED,), "stuff", "windowed"),
    ("summarize", 1253, (WINDOWED,), "map-reduce", "windowed"),
    ("summarize", 10**9, (LONGFORMER, EXTRACTIVE), "extractive", "extractive"),
    ("chat", 7391, ALL, "stuff", "chat"),
    ("chat", 7392, ALL, "stuff", "chat"),
    ("chat", 7393, ALL, "passages", "chat"),
    ("chat", 1252, (WINDOWED, EXTRACTIVE), "stuff", "windowed"),
    ("chat", 1253, (WINDOWED, EXTRACTIVE), "passages", "windowed"),
    ("generate", 10**9, ALL, "windowed", "windowed"),
    ("chat", 10**9, (LED, LONGFORMER, EXTRACTIVE), "extractive", "extractive"),
]


@pytest.mark.parametrize(("task", "tokens", "models", "strategy", "model"), TRUTH)
def test_the_truth_table(task: Task, tokens: int, models: tuple[ModelAtHand, ...], strategy: str, model: str) -> None:
    route = Choice(models).route(Request(task, tokens, **HERE))
    assert (route.strategy, route.model.name) == (strategy, model)


def chosen(model: ModelAtHand, request: Request, free_bytes: int | None = None) -> str:
    try:
        return Choice([model], free_bytes).route(request).strategy
    except LongdocError as error:
        return type(error).__name__


def around(limit: int, **given_: Any) -> list[str]:
    """What is chosen for the values one below, at and one above a limit."""
    name = given_.pop("of")
    model, request, free = given_.pop("model"), given_.pop("request"), given_.pop("free", None)
    found = []
    for value in (limit - 1, limit, limit + 1):
        if name == "free":
            found.append(chosen(model, request, value))
        elif hasattr(model, name) and not hasattr(request, name):
            found.append(chosen(replace(model, **{name: value}), request, free))
        else:
            found.append(chosen(model, replace(request, **{name: value}), free))
    return found


SUMMARY = Request("summarize", 5000, 500, 300)
LOCAL = replace(CHAT, bytes=1000, bytes_per_token=10)


@pytest.mark.parametrize(
    ("of", "limit", "model", "request_", "free", "expected"),
    [
        ("prompt_tokens", 2892, CHAT, SUMMARY, None, ["stuff", "stuff", "map-reduce"]),
        ("prompt_tokens", 7292, CHAT, SUMMARY, None, ["map-reduce", "map-reduce", "BudgetError"]),
        ("output_tokens", 2692, CHAT, SUMMARY, None, ["stuff", "stuff", "BudgetError"]),
        ("output_tokens", 64, replace(CHAT, tokens=692), SUMMARY, None, ["map-reduce", "map-reduce", "BudgetError"]),
        ("output_tokens", 1022, LED, SUMMARY, None, ["stuff", "stuff", "BudgetError"]),
        ("call_tokens", 5000, CHAT, SUMMARY, None, ["map-reduce", "stuff", "stuff"]),
        ("documents", 2, CHAT, SUMMARY, None, ["stuff", "map-reduce", "map-reduce"]),
        ("prompt_tokens", 1751, WINDOWED, Request("chat", 5000, 0, 300), None, ["passages", "passages", "BudgetError"]),
        ("prompt_tokens", 3579, LONGFORMER, Request("answer", 5000), None, ["longformer", "longformer", "BudgetError"]),
        ("free", 59_000, LOCAL, SUMMARY, None, ["map-reduce", "stuff", "stuff"]),
        ("free", 15_000, LOCAL, SUMMARY, None, ["BudgetError", "map-reduce", "map-reduce"]),
        ("free", 1000, replace(EXTRACTIVE, bytes=1000), SUMMARY, None, ["BudgetError", "extractive", "extractive"]),
        ("bytes", 2000, LOCAL, SUMMARY, 60_000, ["stuff", "stuff", "map-reduce"]),
    ],
)
def test_the_other_limits_at_their_edge(
    of: str, limit: int, model: ModelAtHand, request_: Request, free: int | None, expected: list[str]
) -> None:
    assert around(limit, of=of, model=model, request=request_, free=free) == expected


counts = st.one_of(st.integers(0, 40), st.integers(0, 20_000))
tasks = st.sampled_from(get_args(Task))


@st.composite
def models_at_hand(draw: st.DrawFn) -> list[ModelAtHand]:
    made = []
    for number in range(draw(st.integers(0, 4))):
        kind: Kind = draw(st.sampled_from(get_args(Kind)))
        limits = {} if kind == "extractive" else {"tokens": draw(st.one_of(st.integers(1, 60), st.integers(1, 20_000)))}
        if kind == "led":
            limits["output_tokens"] = draw(st.integers(1, 2000))
        memory = {"bytes": draw(st.integers(0, 500)), "bytes_per_token": draw(st.integers(0, 3))}
        made.append(ModelAtHand(f"{kind}-{number}", kind, **limits, **memory))
    return made


requests = st.builds(
    Request, tasks, counts, counts, counts, st.integers(1, 3), st.one_of(st.none(), st.integers(1, 5000))
)
memories = st.one_of(st.none(), st.integers(0, 30_000))


def rank(models: list[ModelAtHand], request: Request, free: int | None) -> int:
    """The place of the chosen strategy in the task's order; one past the last where nothing can be chosen."""
    try:
        return ORDER[request.task].index(Choice(models, free).route(request).strategy)
    except (BudgetError, UnavailableError):
        return len(ORDER[request.task])


@settings(max_examples=200)
@given(models=models_at_hand(), request=requests, free=memories)
def test_a_route_within_every_limit_or_a_clear_error(
    models: list[ModelAtHand], request: Request, free: int | None
) -> None:
    if rank(models, request, free) == len(ORDER[request.task]):
        able = [model for model in models if any(model.kind in kinds for _, kinds in WAYS[request.task])]
        with pytest.raises(BudgetError if able else UnavailableError, match=f"can {request.task}") as caught:
            Choice(models, free).route(request)
        assert all(model.name in str(caught.value) for model in able)
        assert "\n" not in str(caught.value)
        return
    route = Choice(models, free).route(request)
    model = route.model
    assert model in models
    assert 0 <= route.held <= model.tokens
    assert free is None or model.bytes + route.held * model.bytes_per_token <= free
    assert model.output_tokens is None or request.output_tokens <= model.output_tokens
    written = 0 if model.kind == "led" else request.output_tokens
    if route.strategy == "stuff":
        assert route.held == request.tokens + request.prompt_tokens + written
        assert (request.documents, route.pieces) == (1, 1)
        assert request.call_tokens is None or request.tokens <= request.call_tokens
    elif route.strategy == "map-reduce":
        assert request.prompt_tokens + written + 2 * request.output_tokens <= model.tokens
        assert route.pieces * (model.tokens - request.prompt_tokens - written) >= request.tokens
    check_sentence(route, request)


def check_sentence(route: Route, request: Request) -> None:
    assert route.why.endswith(".")
    assert not re.search(r"\.\s", route.why)
    numbers = {int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*\d|\d", route.why)}
    assert request.tokens in numbers
    assert route.model.name in route.why or route.model.kind == "extractive"
    assert str(route) == f"{route.strategy} with {route.model.name}: {route.why}"


@settings(max_examples=150)
@given(models=models_at_hand(), request=requests, free=memories, more=st.integers(1, 20_000), data=st.data())
def test_more_to_do_is_never_done_better_and_more_room_never_worse(
    models: list[ModelAtHand], request: Request, free: int | None, more: int, data: st.DataObject
) -> None:
    before = rank(models, request, free)
    for name in ("tokens", "prompt_tokens", "output_tokens", "documents"):
        assert rank(models, replace(request, **{name: getattr(request, name) + more}), free) >= before
    if request.call_tokens is not None:
        assert rank(models, replace(request, call_tokens=request.call_tokens + more), free) <= before
    if free is not None:
        assert rank(models, request, free + more) <= before
    assert rank([*models, *data.draw(models_at_hand())], request, free) <= before
    if models:
        place = data.draw(st.integers(0, len(models) - 1))
        larger = replace(models[place], tokens=models[place].tokens + more)
        assert rank([*models[:place], larger, *models[place + 1 :]], request, free) <= before


@given(request=requests)
def test_with_the_extractive_default_at_hand_what_it_can_do_is_always_done(request: Request) -> None:
    if request.task in ("answer", "summarize", "chat"):
        assert Choice([EXTRACTIVE]).route(request).strategy == "extractive"


@given(models=models_at_hand(), request=requests)
def test_a_model_is_not_chosen_for_a_task_it_was_not_made_for(models: list[ModelAtHand], request: Request) -> None:
    only: dict[Kind, tuple[Task, ...]] = {"longformer": ("classify",), "windowed": ("chat",)}
    narrow = [replace(model, tasks=only.get(model.kind, ())) for model in models]
    if rank(narrow, request, None) < len(ORDER[request.task]):
        assert request.task in (*(Choice(narrow).route(request).model.tasks or (request.task,)),)


@settings(max_examples=30)
@given(trained=st.integers(8, 254), question=st.integers(0, 260), words=st.integers(0, 900))
def test_a_longformer_reads_as_the_route_says(trained: int, question: int, words: int) -> None:
    model = ModelAtHand("tiny", "longformer", trained)
    request = Request("answer", words, question)
    overlap, room = trained // 8, trained - question - (4 if question else 2)
    if room > overlap:
        route = Choice([model]).route(request)
        assert route.pieces == len(list(windows_over(words, room, overlap)))
        assert route.held == min(words, room) + trained - room
    else:
        with pytest.raises(BudgetError):
            Choice([model]).route(request)


@pytest.mark.parametrize("window", [16, 64])
def test_the_longest_question_routed_is_the_longest_that_the_reader_takes(window: int) -> None:
    reader = LongformerReader(longformer(LongformerForQuestionAnswering), tokenizer(), window=window)
    text, most = "alpha beta gamma " * 40, window - window // 8 - 5
    model = ModelAtHand("tiny", "longformer", reader.window)
    assert Choice([model]).route(Request("answer", 120, most)).strategy == "longformer"
    assert reader.answer("delta " * most, text) is not None
    with pytest.raises(BudgetError, match="nothing"):
        Choice([model]).route(Request("answer", 120, most + 1))
    with pytest.raises(BudgetError, match="nothing"):
        reader.answer("delta " * (most + 1), text)


def test_why_names_the_numbers() -> None:
    request = Request("summarize", 50_000, 500, 300)
    assert Choice(ALL).route(request).why == (
        "50,000 tokens of text, 500 kept for the prompt and 300 for the output are more than the 8,192 that chat "
        "holds, so chat reads the 50,000 tokens in 7 or more pieces of at most 7,392 and merges the replies."
    )
    free = Choice([replace(LED, bytes=600, bytes_per_token=1)], free_bytes=10_600)
    assert "the 10,000 that led holds in 10,600 bytes of free memory" in free.route(request).why


def test_each_model_may_count_in_its_own_way() -> None:
    requests = [Request("answer", 9000), Request("answer", 7000), *[Request("answer", 10**6)] * 3]
    route = Choice(ALL).route_for("answer", requests)
    assert (route.strategy, route.model) == ("longformer", LONGFORMER)
    assert "the 7,000 tokens" in route.why


def test_nothing_at_hand_is_said() -> None:
    with pytest.raises(UnavailableError, match="can classify; give one of kind longformer"):
        Choice([CHAT, EXTRACTIVE]).route(Request("classify", 10))
    with pytest.raises(UnavailableError, match="can summarize; give one of kind chat or led or windowed or extr"):
        Choice([]).route(Request("summarize", 10))
    with pytest.raises(BudgetError, match=r"takes 900 bytes and 100 are free; shorten prompt"):
        Choice([replace(LONGFORMER, bytes=900)], 100).route(Request("encode", 10))


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: ModelAtHand("x", "gpt", 5), UnknownNameError, "unknown kind of model 'gpt'"),
        (lambda: ModelAtHand("x", "chat"), BudgetError, "x holds 0 tokens; give 1 or more"),
        (lambda: ModelAtHand("x", "led", 5, output_tokens=0), BudgetError, "writes 0 tokens"),
        (lambda: ModelAtHand("x", "chat", 5, bytes=-1), BudgetError, "-1 bytes"),
        (lambda: ModelAtHand("x", "led", 5, tasks=("chat",)), InputError, "kind led cannot chat"),
        (lambda: ModelAtHand("x", "led", 5, tasks=("sing",)), InputError, "cannot sing"),
        (lambda: Request("sing", 5), UnknownNameError, "unknown task 'sing'; give one of encode"),
        (lambda: Request("chat", -1), BudgetError, "tokens is -1"),
        (lambda: Request("chat", 1, output_tokens=-2), BudgetError, "output_tokens is -2"),
        (lambda: Request("chat", 1, documents=0), BudgetError, "documents is 0"),
        (lambda: Request("chat", 1, call_tokens=0), BudgetError, "call_tokens is 0"),
        (lambda: Choice([], -1), BudgetError, "free_bytes is -1"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        make()


TEXT = "The harbour was built in that year by the council. " * 30


def wanted(model: ScriptedChatModel, **limits: int) -> Settings:
    return Settings(model=model, tokenizer="minilm", max_tokens=40, memory_tokens=50, **limits)


@pytest.mark.parametrize("bound", ["chunk_tokens", "context_tokens"])
def test_summarize_reads_as_the_router_chose(bound: str) -> None:
    model = ScriptedChatModel(replies=lambda messages: "The harbour was built in that year by the council.")

    def made(size: int) -> Settings:
        return wanted(model, **{"chunk_tokens": 10**6} | {bound: size})

    tokens = load_tokenizer().count(TEXT)
    start = tokens - 1 if bound == "chunk_tokens" else 1000
    near = next(size for size in range(start, 3000, 16) if made(size).job(TEXT).route.strategy == "stuff")
    edge = next(size for size in range(near - 15, near + 1) if made(size).job(TEXT).route.strategy == "stuff")
    for size in (edge - 1, edge, edge + 1):
        job = made(size).job(TEXT)
        counted = int(job.route.why.split(" ")[0])
        assert counted >= tokens
        assert (job.route.strategy == "stuff") == (counted <= job.leaf_tokens) == (not job.outline.children)
    for size, strategy in ((edge - 1, "map-reduce"), (edge, "stuff")):
        before, routes = len(model.calls), list[Route]()
        tree = Summarization(made(size), on_route=routes.append).run(TEXT)
        assert [route.strategy for route in routes] == [strategy]
        assert (len(model.calls) - before == 1) == (not tree.children) == (strategy == "stuff")


@pytest.mark.parametrize(("text", "documents"), [(TEXT, 1), (TEXT * 8, 1), ([TEXT, TEXT], 2)])
def test_what_summarizes_without_a_model_is_said_too(text: Any, documents: int) -> None:
    routes: list[Route] = []
    Summarization(on_route=routes.append).run(text)
    assert [route.strategy for route in routes] == ["extractive"]
    model = ScriptedChatModel(replies=lambda messages: "The harbour was built in that year by the council.")
    Summarization(wanted(model), on_route=routes.append).run(text)
    assert [route.strategy for route in routes[1:]] == ["stuff" if text is TEXT else "map-reduce"]
    assert routes[1].model.tokens == 8192
    assert routes[1].pieces >= documents


def test_the_command_says_the_route_on_stderr(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(TEXT, encoding="utf-8")
    result = CliRunner().invoke(app, ["summarize", str(path), "--route", "--max-tokens", "40"])
    assert result.exit_code == 0
    said = r"route: extractive with the sentence encoder: sentences are chosen from all 33[01] tokens of text, .*\.\n"
    assert re.fullmatch(said, result.stderr)
    assert "route" not in result.stdout
    assert CliRunner().invoke(app, ["summarize", str(path), "--max-tokens", "40"]).stdout == result.stdout
