from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from longdoc.errors import InputError, StageError
from longdoc.pipelines.calls.child import Answer
from longdoc.pipelines.corpora.corpus import Corpus
from longdoc.pipelines.corpora.engines.ray import RayWorkers, _Flow
from longdoc.pipelines.corpora.recipe import Task
from longdoc.pipelines.corpora.remaining import Progress

DONE = ({"value": {}, "error": "", "cause": ""}, 0.5)


class RayError(Exception):
    pass


class RayTaskError(RayError):
    pass


@dataclass
class FakeRay:
    """What `_Flow` asks of Ray: calls land in the order in which they were made, or fail as `losses` says."""

    losses: list[str] = field(default_factory=list)  # names of tasks, or of workers that do not come back
    most: int = 0
    flying: list[Any] = field(default_factory=list)
    bytes: list[int] = field(default_factory=list)

    class exceptions:  # noqa: N801  Ray's name
        RayError = RayError
        RayTaskError = RayTaskError

    def wait(self, refs: list[Any], num_returns: int, timeout: float) -> tuple[list[Any], list[Any]]:
        sizes = [ref.size for ref in refs if ref.size]
        self.most, self.bytes = max(self.most, len(sizes)), [*self.bytes, sum(sizes)]
        return [min(refs, key=lambda ref: ref.number)], []

    def get(self, ref: Any) -> Any:
        if ref.name in self.losses:
            self.losses.remove(ref.name)
            raise RayError(f"{ref.name} is lost")
        return DONE


class Ref:
    made = 0

    def __init__(self, name: str, size: int = 0) -> None:
        Ref.made += 1
        self.name, self.size, self.number = name, size, Ref.made


class Worker:
    """A worker's handle: `worker.do.options(...).remote(task)` and `worker.ready.remote()`."""

    def __init__(self, name: str) -> None:
        self.ready = Method(lambda: Ref(name))
        self.do = Method(lambda task: Ref(task["name"], task["size"]))


class Method:
    def __init__(self, call: Any) -> None:
        self.remote = call

    def options(self, max_task_retries: int) -> Method:
        assert max_task_retries == 0
        return self


def flow(ray: FakeRay, sizes: list[int], workers: int = 2, tries: int = 1, most: int = 100) -> tuple[_Flow, list[Task]]:
    tasks = [Task("make", f"t{at}", size=size) for at, size in enumerate(sizes)]
    return _Flow(ray, [Worker(f"w{at}") for at in range(workers)], iter(tasks), tries, most), tasks


def test_each_task_is_done_once_with_as_many_in_flight_as_there_are_workers() -> None:
    ray = FakeRay()
    stream, tasks = flow(ray, [1] * 9, workers=3)
    assert sorted(done.task.name for done in stream.run()) == sorted(task.name for task in tasks)
    assert ray.most == 3


def test_documents_in_flight_are_not_too_large_together_and_one_that_is_goes_alone() -> None:
    ray = FakeRay()
    stream, _ = flow(ray, [40, 70, 30, 500, 20], most=100)
    assert len(list(stream.run())) == 5
    assert max(one for one in ray.bytes if one != 500) <= 100


def test_a_task_whose_worker_is_lost_goes_to_another_until_it_has_cost_too_many() -> None:
    stream, _ = flow(FakeRay(["t1", "t1", "t2"]), [1, 1, 1], tries=1)
    answers = {done.task.name: done.answer for done in stream.run()}
    assert answers["t1"] == Answer(error="came to an unexpected end", cause="lost")
    assert answers["t0"].cause == answers["t2"].cause == ""


def test_a_worker_that_does_not_come_back_is_done_without_and_the_last_one_is_told() -> None:
    stream, _ = flow(FakeRay(["w0"]), [1, 1])
    assert len(list(stream.run())) == 2
    assert len(stream.staff) == 1
    stream, _ = flow(FakeRay(["w0", "w1"]), [1, 1])
    with pytest.raises(StageError, match="no worker of the Ray cluster is left"):
        list(stream.run())


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InputError, match="max_task_retries -1"):
        RayWorkers(max_task_retries=-1)


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Two nodes on this machine, of one processor each, beside the one that this process joins."""
    ray = pytest.importorskip("ray", reason="ray is not installed")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    made.add_node(num_cpus=1)
    ray.init(made.address, log_to_driver=False)
    yield made
    ray.shutdown()
    made.shutdown()


def text_of(number: int) -> str:
    about = ["harbour", "school", "library"][number % 3]
    said = " ".join(f"It will spend {number + place} thousand pounds on item {place}." for place in range(number + 2))
    return f"# The {about}\n\nThe council met on {number + 1} May 2023 to speak about the {about}. {said}"


def results(out: Path) -> dict[str, bytes]:
    made = {path.name: path.read_bytes() for path in (out / "results").iterdir()}
    return {**made, "corpus.json": (out / "corpus.json").read_bytes()}


@pytest.mark.slow
@pytest.mark.enable_socket
@pytest.mark.filterwarnings("ignore")
def test_with_a_node_killed_and_another_added_in_the_middle_all_is_as_on_one_machine(
    tmp_path: Path, cluster: Any
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(16):
        (docs / f"n{number:02}.txt").write_text(text_of(number), encoding="utf-8")
    (docs / "broken.pdf").write_bytes(b"no")
    node = cluster.add_node(num_cpus=1)
    steps: list[int] = []

    def on_progress(now: Progress) -> None:
        steps.append(now.done)
        if now.done == 4:
            cluster.remove_node(node, allow_graceful=False)
        if now.done == 7:
            cluster.add_node(num_cpus=1)

    workers = RayWorkers(cluster.address)
    assert workers.size() == 2
    with Corpus(tmp_path / "ray", engine=workers, jobs=3, max_tokens=60) as corpus:
        told = corpus.run(docs, on_progress=on_progress)
        assert (told.done, told.failed) == (16, 1)
    assert 7 in steps
    with Corpus(tmp_path / "here", jobs=1, max_tokens=60) as corpus:
        corpus.run(docs)
    assert results(tmp_path / "ray") == results(tmp_path / "here")
