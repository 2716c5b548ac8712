from __future__ import annotations

import pickle
import threading

from contracts.executor_contract import check_executor

from longdoc.chunkers.text.span import Span
from longdoc.pipelines.calls.local import LocalExecutor
from longdoc.pipelines.summarize.map_reduce import AskNode, NodeCall
from longdoc.pipelines.summarizers.protocol import Passage


def test_the_local_executor_keeps_to_the_contract() -> None:
    check_executor(LocalExecutor)


def test_one_loop_serves_all_maps_of_an_executor() -> None:
    async def thread_of(_: int) -> int:
        return threading.get_ident()

    with LocalExecutor() as executor:
        seen = {outcome.unwrap() for _ in range(3) for outcome in executor.map(thread_of, range(4))}
    assert len(seen) == 1
    assert seen != {threading.get_ident()}


def test_an_executor_is_usable_again_after_an_interrupt() -> None:
    async def interrupted(_: int) -> int:
        raise KeyboardInterrupt

    with LocalExecutor() as executor:
        try:
            executor.map(interrupted, [1])
        except KeyboardInterrupt:
            assert [outcome.unwrap() for outcome in executor.map(str, [1, 2])] == ["1", "2"]
        else:
            raise AssertionError("the interrupt was swallowed")


def test_what_is_mapped_over_nodes_can_be_pickled() -> None:
    call = NodeCall("key", (Span(0, 4, "s"),), (Passage("Text", (Span(0, 4, "s"),), ("One",)),), 10, None, "memory")
    assert pickle.loads(pickle.dumps(call)) == call
    assert AskNode.__module__ == "longdoc.pipelines.summarize.map_reduce"
