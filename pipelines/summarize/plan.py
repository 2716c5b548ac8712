"""What a run will take, before it runs: calls, tokens, money, bytes."""

from __future__ import annotations

from dataclasses import dataclass

from longdoc.arguments import checked
from longdoc.errors import BudgetError
from longdoc.pipelines.summarize.job import Job


@checked
@dataclass(frozen=True, slots=True)
class Prices:
    """Money per million tokens, read and written, in any one currency."""

    input: float
    output: float

    def __post_init__(self) -> None:
        if self.input < 0 or self.output < 0:
            raise BudgetError(f"prices are {self.input} and {self.output}; give 0 or more per million tokens")


@dataclass(frozen=True, slots=True)
class Plan:
    """The calls, tokens, money and bytes that a run takes.

    `calls` is exact where every call succeeds and keeps its budget; retries and second askings are beyond it, and
    `max_calls` bounds all together. `input_tokens` and `output_tokens` are upper bounds for `calls` calls, and `cost`
    is what they cost, None without prices. `bytes` is the UTF-8 size of the text read. The extractive summarizer's
    calls are made on this machine and cost nothing.
    """

    model: str
    sources: int
    chunks: int
    levels: int
    calls: int
    max_calls: int
    input_tokens: int
    output_tokens: int
    bytes: int
    cost: float | None = None


def plan_of(job: Job, attempts: int, prices: Prices | None = None) -> Plan:
    """The plan of a job whose calls are made up to `attempts` times each: a pure function of its outline."""
    nodes = job.steps
    read = sum(job.input_tokens(node) for node in nodes)
    written = sum(job.node_budget(node) for node in nodes)
    cost = None
    if prices is not None:
        cost = (read * prices.input + written * prices.output) / 1e6 if job.summarizer.traits.paid else 0.0
    return Plan(
        model=job.summarizer.name,
        sources=len(job.documents),
        chunks=sum(1 for _ in job.outline.leaves),
        levels=min(job.outline.height, 1) + 1 if job.refines else job.outline.height + 1,
        calls=len(nodes),
        max_calls=len(nodes) * job.summarizer.max_calls(attempts),
        input_tokens=read,
        output_tokens=written,
        bytes=sum(len(text.encode("utf-8", "surrogatepass")) for text in job.texts.values()),
        cost=cost,
    )
