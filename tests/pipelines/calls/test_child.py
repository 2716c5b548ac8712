from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from longdoc.errors import CacheError, InputError, LongdocError, StageError
from longdoc.pipelines.calls.child import Answer, Child, refused

TESTS = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}


@pytest.fixture
def child() -> Iterator[Child]:
    made = Child("child_worker", seconds=600, environment=TESTS, first={"first": "hello"})
    yield made
    made.close()


def test_what_goes_wrong_costs_its_own_answer_only(child: Child) -> None:
    value, pid = child.ask("one").value
    assert value == "one"
    assert child.ask("refuse") == Answer(error="'x' is no word; give one", cause="refused")
    assert child.ask("break").cause == "broken"
    assert "KeyError" in child.ask("break").error
    assert child.ask("print").value == ["print", pid]
    assert child.ask("more").value == "had more"
    assert child.ask({"any": ["thing", None, "\udc80"]}).value == [{"any": ["thing", None, "\udc80"]}, pid]
    assert child.ask("first").value == ["hello"]


def test_a_child_that_dies_is_begun_again_and_told_the_first_thing_again(child: Child) -> None:
    _, pid = child.ask("one").value
    assert child.ask("die") == Answer(error="came to an unexpected end", cause="lost")
    assert child.ask("first").value == ["hello"]
    assert child.ask("one").value[1] != pid
    assert child.ask("memory").cause == "memory"
    assert child.ask("first").value == ["hello"]


def test_a_child_that_takes_too_long_is_ended() -> None:
    child = Child("child_worker", seconds=0.01, environment=TESTS)
    assert child.ask("hang") == Answer(error="took longer than 0.01 s", cause="late")
    child.close()


def test_a_closed_child_answers_nothing_more(child: Child) -> None:
    child.interrupt()
    assert child.ask("one").cause == "closed"


def test_a_value_is_skipped_in_the_middle_and_the_next_one_answered(child: Child) -> None:
    _, pid = child.ask("one").value
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(child.ask, "hang")
        while not hanging.done():  # it may not have begun yet
            child.skip()
        assert hanging.result() == Answer(error="came to an unexpected end", cause="lost")
    assert child.ask("one").value[1] != pid


def test_an_error_that_a_store_is_the_cause_of_is_the_stores() -> None:
    failed = StageError("item 0 failed")
    failed.__cause__ = CacheError("the server is gone; start it")
    told: list[LongdocError] = [failed, CacheError("the disk is full"), InputError("no text")]
    assert [(one["error"], one["cause"]) for one in map(refused, told)] == [
        ("the server is gone; start it", "store"),
        ("the disk is full", "store"),
        ("no text", "refused"),
    ]
