"""Stages composed: calls, summaries, checks, answers, routes, pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longdoc.lazy import lazily

if TYPE_CHECKING:
    from longdoc.pipelines.ask.answer import Answer, Citation
    from longdoc.pipelines.ask.chat import DocumentChat
    from longdoc.pipelines.ask.settings import ChatSettings
    from longdoc.pipelines.calls.executor import Executor, FanOutOptions
    from longdoc.pipelines.calls.local import LocalExecutor, afan_out, fan_out
    from longdoc.pipelines.calls.ray import RayExecutor
    from longdoc.pipelines.checks.checker import Checker
    from longdoc.pipelines.checks.evidence import Evidence
    from longdoc.pipelines.checks.finding import Finding
    from longdoc.pipelines.corpora.corpus import Corpus
    from longdoc.pipelines.corpora.engines.engine import Engine, Limits
    from longdoc.pipelines.corpora.engines.ray import RayWorkers
    from longdoc.pipelines.corpora.engines.rows import RowSummaries
    from longdoc.pipelines.route import ModelAtHand, Request, Route
    from longdoc.pipelines.routing.router import Assignment, Reading, Router
    from longdoc.pipelines.sources import join_chunks
    from longdoc.pipelines.summarize.plan import Plan, Prices
    from longdoc.pipelines.summarize.stage import Summarization
    from longdoc.pipelines.summarize.summarize import Settings
    from longdoc.pipelines.summarizers.chat import ChatSummarizer
    from longdoc.pipelines.summarizers.extractive import ExtractiveSummarizer
    from longdoc.pipelines.summarizers.led import LedSummarizer
    from longdoc.pipelines.summarizers.protocol import Passage, Summarizer, WritingSummarizer
    from longdoc.pipelines.verification import Verification

_HOMES = {
    "Answer": "ask.answer",
    "Assignment": "routing.router",
    "ChatSettings": "ask.settings",
    "ChatSummarizer": "summarizers.chat",
    "Checker": "checks.checker",
    "Citation": "ask.answer",
    "Corpus": "corpora.corpus",
    "DocumentChat": "ask.chat",
    "Engine": "corpora.engines.engine",
    "Evidence": "checks.evidence",
    "Executor": "calls.executor",
    "ExtractiveSummarizer": "summarizers.extractive",
    "FanOutOptions": "calls.executor",
    "Finding": "checks.finding",
    "LedSummarizer": "summarizers.led",
    "Limits": "corpora.engines.engine",
    "LocalExecutor": "calls.local",
    "ModelAtHand": "route",
    "Passage": "summarizers.protocol",
    "Plan": "summarize.plan",
    "Prices": "summarize.plan",
    "RayExecutor": "calls.ray",
    "RayWorkers": "corpora.engines.ray",
    "Reading": "routing.router",
    "Request": "route",
    "Route": "route",
    "Router": "routing.router",
    "RowSummaries": "corpora.engines.rows",
    "Settings": "summarize.summarize",
    "Summarization": "summarize.stage",
    "Summarizer": "summarizers.protocol",
    "Verification": "verification",
    "WritingSummarizer": "summarizers.protocol",
    "afan_out": "calls.local",
    "fan_out": "calls.local",
    "join_chunks": "sources",
}

__all__ = [
    "Answer",
    "Assignment",
    "ChatSettings",
    "ChatSummarizer",
    "Checker",
    "Citation",
    "Corpus",
    "DocumentChat",
    "Engine",
    "Evidence",
    "Executor",
    "ExtractiveSummarizer",
    "FanOutOptions",
    "Finding",
    "LedSummarizer",
    "Limits",
    "LocalExecutor",
    "ModelAtHand",
    "Passage",
    "Plan",
    "Prices",
    "RayExecutor",
    "RayWorkers",
    "Reading",
    "Request",
    "Route",
    "Router",
    "RowSummaries",
    "Settings",
    "Summarization",
    "Summarizer",
    "Verification",
    "WritingSummarizer",
    "afan_out",
    "fan_out",
    "join_chunks",
]

if not TYPE_CHECKING:  # type checkers see the names above, and no others
    __getattr__, __dir__ = lazily(__name__, _HOMES)
