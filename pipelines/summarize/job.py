"""The work that a plan counts and a run does: documents, their outline, a summarizer, budgets."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import Literal

from langchain_core.documents import Document

from longdoc.chunkers.cutter import Cutter
from longdoc.chunkers.readers.pages import SourcePages
from longdoc.chunkers.section_cutter import SectionCutter
from longdoc.errors import BudgetError, InputError, UnknownNameError
from longdoc.pipelines.choice import Choice
from longdoc.pipelines.route import Request, Route
from longdoc.pipelines.summarize.outline import Outline, outline_of
from longdoc.pipelines.summarize.rests_on import summary_code
from longdoc.pipelines.summarizers.protocol import SO_FAR, Passage, Summarizer

_HEADING = 4  # tokens that set off a heading in a prompt
_SHARE = 4  # a summary of a chunk is at most a quarter of it,
_SO_FAR = 32  # tokens of the headings that part a summary so far from the text that follows
_LEAST = 64  # but no chunk is asked for less than this many tokens


Style = Literal["digest", "sentences"]


@dataclass(frozen=True)
class Job:
    """One summary to make. Raises `BudgetError` for budgets that cannot hold; the outline is made when first asked."""

    documents: tuple[Document, ...]
    summarizer: Summarizer
    max_tokens: int = 300
    query: str | None = None
    chunk_tokens: int | None = None
    memory_tokens: int = 200
    fan_in: int = 10
    strategy: Literal["map-reduce", "refine"] = "map-reduce"
    style: Style = "digest"

    def __post_init__(self) -> None:
        if self.strategy not in ("map-reduce", "refine"):
            raise UnknownNameError(f"unknown strategy {self.strategy!r}; give map-reduce or refine")
        if self.refines and not self.summarizer.traits.rewrites:
            raise InputError(
                f"refine rewrites a summary chunk by chunk, and the {self.summarizer.name} summarizer cannot; "
                "give a larger chat model, or leave the strategy out"
            )
        if self.style not in ("digest", "sentences"):
            raise UnknownNameError(f"unknown style {self.style!r}; give digest or sentences")
        if self.max_tokens < 1:
            raise BudgetError(f"max_tokens is {self.max_tokens}; give the summary at least 1 token")
        if self.chunk_tokens is not None and self.chunk_tokens < 1:
            raise BudgetError(f"chunk_tokens is {self.chunk_tokens}; give a chunk at least 1 token")
        if self.max_tokens > self.summarizer.max_output_tokens:
            raise BudgetError(
                f"max_tokens is {self.max_tokens}, and the model's context leaves {self.summarizer.max_output_tokens} "
                "for a summary; lower max_tokens or raise context_tokens"
            )
        if self.query is not None and not self.query.strip():
            raise BudgetError("the query is blank; leave it out, or say what the summary is to be about")

    @property
    def refines(self) -> bool:
        """Whether one summary is rewritten chunk by chunk."""
        return self.strategy == "refine"

    @property
    def steps(self) -> list[Outline]:
        """The nodes that have a call each, in the order in which they may begin."""
        return list(self.outline.leaves if self.refines else self.outline.walk())

    @cached_property
    def key(self) -> str:
        """A digest of all that the tree of summaries rests on."""
        rests_on = {
            "code": summary_code(),
            "summarizer": [self.summarizer.fingerprint, self._vectors],
            "tokenizer": self.summarizer.tokenizer.name,
            "settings": [self.max_tokens, self.query, self.chunk_tokens, self.memory_tokens, self.fan_in],
            "strategy": [self.strategy, self.style],
            "documents": [_digest_of(document) for document in self.documents],
        }
        return blake2b(json.dumps(rests_on, sort_keys=True).encode(), digest_size=16).hexdigest()

    @property
    def _vectors(self) -> str:
        """What makes the bundled encoder's vectors here; a chat model is told of the text before by them, too."""
        from longdoc.models.encoder.encoder import SentenceEncoder

        return SentenceEncoder().fingerprint

    @cached_property
    def texts(self) -> dict[str, str]:
        """The source texts by name."""
        return {str(document.metadata["source"]): document.page_content for document in self.documents}

    @property
    def pages(self) -> dict[str, tuple[int, ...]]:
        """Where the pages of each source begin, for sources that have pages."""
        named = ((str(d.metadata["source"]), tuple(d.metadata.get("pages") or ())) for d in self.documents)
        return {source: pages for source, pages in named if pages}

    @property
    def places(self) -> SourcePages:
        """Where the spans of the sources stand on their pages."""
        return SourcePages(self.documents)

    @cached_property
    def outline(self) -> Outline:
        """The tree of sections and chunks that is to be summarized."""
        cut: type[Cutter] | None = None if self.summarizer.traits.steady_chunks else SectionCutter
        return outline_of(self.documents, self.leaf_tokens, self._fan_in, self.summarizer.tokenizer, self._whole, cut)

    @property
    def route(self) -> Route:
        """How the text is read and why: whole in one call, in pieces, or for sentences chosen from all of it."""
        route = self._routed(self.outline.tokens)
        if not self.refines or route.strategy == "stuff":
            return route
        why = f"each call reads the summary so far and one of {route.pieces} or more pieces, and rewrites it, as asked."
        return replace(route, strategy="refine", why=why)

    def _whole(self, tokens: int) -> bool:
        return self._routed(tokens).strategy == "stuff"

    def _routed(self, tokens: int) -> Route:
        """What the router makes of a text of so many tokens, with this job's summarizer alone at hand."""
        model, beside = self.summarizer.at_hand(self.max_tokens)
        asked = Request(
            "summarize", tokens, self._framing + beside, self.max_tokens, len(self.documents), self._most_tokens
        )
        return Choice([model]).route(asked)

    @property
    def leaf_tokens(self) -> int:
        """The most tokens of a chunk: as asked, else 1,024, or 2,048 for a model; never more than a call can read."""
        room = self.summarizer.max_input_tokens - self._framing
        if room < 1:
            raise BudgetError(
                f"a call can read {self.summarizer.max_input_tokens} tokens, and the query and memory take "
                f"{self._framing}; shorten the query or use a model with a longer context"
            )
        return min(self._most_tokens, room)

    @property
    def _most_tokens(self) -> int:
        return self.chunk_tokens or self.summarizer.traits.chunk_tokens

    def node_budget(self, node: Outline) -> int:
        """The most tokens of a node's summary: `max_tokens` at the top, below it a quarter of what it covers."""
        if node is self.outline or self.refines:
            return self.max_tokens
        return min(self.max_tokens, max(_LEAST, node.tokens // _SHARE))

    def input_tokens(self, node: Outline) -> int:
        """At most the tokens that a node's call reads: passages, instructions, query and memory."""
        if not node.children:
            passages = node.tokens + self._heading_tokens(node.headings)
        else:
            passages = sum(self.node_budget(child) + self._heading_tokens((child.title,)) for child in node.children)
        return passages + self._prompt + (0 if node.children else self._memory)

    def _heading_tokens(self, headings: tuple[str, ...]) -> int:
        return sum(self.summarizer.tokenizer.count(heading) + _HEADING for heading in headings)

    @cached_property
    def _prompt(self) -> int:
        empty = Passage("", (), (SO_FAR,) if self.refines else (), so_far=self.refines)
        return self.summarizer.prompt_tokens([empty], self.max_tokens, self.query, "-" if self._memory else "")

    @property
    def _memory(self) -> int:
        if self.refines:  # what a call reads beside its chunk is the summary so far, a line a sentence
            return self.max_tokens + _SO_FAR
        return self.memory_tokens if self.summarizer.traits.reads_memory else 0

    @cached_property
    def _framing(self) -> int:
        query = self.summarizer.tokenizer.count(self.query) if self.query else 0
        return query + self._memory

    @property
    def _fan_in(self) -> int:
        """As many children as one call can read the summaries of, and at least 2, or no level would be smaller."""
        room = (self.summarizer.max_input_tokens - self._framing) // self.max_tokens
        if room < 2 and not self.refines:
            raise BudgetError(
                f"two summaries of {self.max_tokens} tokens do not fit one call, which can read "
                f"{self.summarizer.max_input_tokens} tokens; lower max_tokens or use a model with a longer context"
            )
        return max(2, min(self.fan_in, room))


def _digest_of(document: Document) -> str:
    said = {name: document.metadata.get(name) for name in ("source", "title", "outline", "pages")}
    data = json.dumps(said, sort_keys=True, default=list).encode() + b"\0"
    return blake2b(data + document.page_content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
