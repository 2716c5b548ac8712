"""Stages composed: calls, summaries, checks, answers, routes, pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longdoc.lazy import lazily

if TYPE_CHECKING:
    from longdoc.pipelines.ask.answer import Answer as Answer
    from longdoc.pipelines.ask.answer import Citation as Citation
    from longdoc.pipelines.ask.chat import DocumentChat as DocumentChat
    from longdoc.pipelines.ask.settings import ChatSettings as ChatSettings
    from longdoc.pipelines.calls.executor import Executor as Executor
    from longdoc.pipelines.calls.executor import FanOutOptions as FanOutOptions
    from longdoc.pipelines.calls.local import LocalExecutor as LocalExecutor
    from longdoc.pipelines.calls.local import afan_out as afan_out
    from longdoc.pipelines.calls.local import fan_out as fan_out
    from longdoc.pipelines.calls.ray import RayExecutor as RayExecutor
    from longdoc.pipelines.checks.checker import Checker as Checker
    from longdoc.pipelines.checks.evidence import Evidence as Evidence
    from longdoc.pipelines.checks.finding import Finding as Finding
    from longdoc.pipelines.corpora.corpus import Corpus as Corpus
    from longdoc.pipelines.corpora.engines.engine import Engine as Engine
    from longdoc.pipelines.corpora.engines.engine import Limits as Limits
    from longdoc.pipelines.corpora.engines.ray import RayWorkers as RayWorkers
    from longdoc.pipelines.corpora.engines.rows import RowSummaries as RowSummaries
    from longdoc.pipelines.route import ModelAtHand as ModelAtHand
    from longdoc.pipelines.route import Request as Request
    from longdoc.pipelines.route import Route as Route
    from longdoc.pipelines.routing.router import Assignment as Assignment
    from longdoc.pipelines.routing.router import Reading as Reading
    from longdoc.pipelines.routing.router import Router as Router
    from longdoc.pipelines.sources import join_chunks as join_chunks
    from longdoc.pipelines.summarize.plan import Plan as Plan
    from longdoc.pipelines.summarize.plan import Prices as Prices
    from longdoc.pipelines.summarize.stage import Summarization as Summarization
    from longdoc.pipelines.summarize.summarize import Settings as Settings
    from longdoc.pipelines.summarizers.chat import ChatSummarizer as ChatSummarizer
    from longdoc.pipelines.summarizers.extractive import ExtractiveSummarizer as ExtractiveSummarizer
    from longdoc.pipelines.summarizers.led import LedSummarizer as LedSummarizer
    from longdoc.pipelines.summarizers.protocol import Passage as Passage
    from longdoc.pipelines.summarizers.protocol import Summarizer as Summarizer
    from longdoc.pipelines.summarizers.protocol import WritingSummarizer as WritingSummarizer
    from longdoc.pipelines.verification import Verification as Verification

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

if not TYPE_CHECKING:  # type checkers see the names imported above, and no others
    __all__ = list(_HOMES)
    __getattr__, __dir__ = lazily(__name__, _HOMES)
