from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from contracts.executor_contract import Doubled, check_executor

from longdoc.errors import InputError, MissingExtraError
from longdoc.pipelines.calls.executor import FanOutOptions
from longdoc.pipelines.calls.ray import RayExecutor


def test_without_the_extra_one_sentence_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with RayExecutor() as executor, pytest.raises(MissingExtraError, match=r"pip install 'longdoc\[ray\]'"):
        executor.map(Doubled(), [1])


def test_a_task_is_made_again_no_times_or_more() -> None:
    with pytest.raises(InputError, match="max_retries is -1"):
        RayExecutor(max_retries=-1)


@pytest.fixture(scope="module")
def ray() -> Iterator[None]:
    ray = pytest.importorskip("ray", reason="ray is not installed")
    tests = {"PYTHONPATH": str(Path(__file__).parents[2])}
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, runtime_env={"env_vars": tests})
    yield
    ray.shutdown()


class Kept:
    """Counts the items that one copy of it is given."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, item: int) -> int:
        self.count += 1
        return self.count


@pytest.mark.slow
@pytest.mark.enable_socket
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("ray")
class TestOnRay:
    def test_it_keeps_to_the_contract(self) -> None:
        check_executor(RayExecutor)

    def test_what_a_function_loads_is_kept_from_one_item_to_the_next(self) -> None:
        with RayExecutor() as executor:
            counted = executor.map(Kept(), range(40), FanOutOptions(max_concurrency=2))
        assert max(outcome.unwrap() for outcome in counted) >= 10

    def test_a_call_that_takes_too_long_is_ended(self) -> None:
        with RayExecutor() as executor:
            [made] = executor.map(endless, [0], FanOutOptions(max_attempts=1, timeout=1.0, on_error="return"))
            assert isinstance(made.error, TimeoutError)
            assert [one.unwrap() for one in executor.map(Doubled(), [1, 2])] == [2, 4]

    def test_waiting_for_room_is_no_part_of_the_time_that_a_call_has(self) -> None:
        with RayExecutor(num_cpus=2) as executor:
            made = executor.map(a_second, range(5), FanOutOptions(max_attempts=1, timeout=3.5, on_error="return"))
        assert [outcome.value for outcome in made] == [0, 1, 2, 3, 4]


def a_second(item: int) -> int:
    end = time.monotonic() + 1
    while time.monotonic() < end:
        pass
    return item


def endless(item: int) -> None:
    while True:
        item += 1
