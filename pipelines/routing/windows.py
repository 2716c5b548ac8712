"""What Longformer's windows say of documents: their class with the windows that decided it, and answers as spans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.documents import Document

from longdoc.chunkers.readers.pages import SourcePages
from longdoc.chunkers.text.span import Span
from longdoc.errors import StageError
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.ask.answer import Answer, Citation

if TYPE_CHECKING:
    from longdoc.models.longformer.reader import LongformerReader, Vote

Merge = Literal["mean", "max"]
_SHOWN = 3  # windows that decided, at most


@dataclass(frozen=True, slots=True)
class Deciding:
    """A window that spoke for the class: its place, and its share, from 0 to 1, of all that was said for it."""

    citation: Citation
    share: float


@dataclass(frozen=True, slots=True)
class Classified:
    """The class of a document, every class's probability, and the windows that decided, the one that did most first."""

    source: str
    label: str
    probabilities: dict[str, float]
    windows: tuple[Deciding, ...]

    @property
    def probability(self) -> float:
        """The probability of the class."""
        return self.probabilities[self.label]


def classified(reader: LongformerReader, document: Document, merge: Merge) -> Classified:
    """The class of a document of any length.

    A window's word for the class is by how much its logit is above that of the next class, times the tokens that no
    earlier window has where windows are averaged.
    """
    import torch

    found = reader.classify(document.page_content, merge)
    names = [str(reader.model.config.id2label[place]) for place in range(len(found.logits))]
    odds = torch.tensor(found.logits).softmax(dim=0).tolist()
    top = names.index(found.label)
    others = [place for place in range(len(names)) if place != top]
    second = max(others, key=lambda place: found.logits[place], default=top)
    said = [
        max(0.0, (one.logits[top] - one.logits[second]) * (one.fresh if merge == "mean" else 1)) for one in found.votes
    ]
    whole = sum(said) or 1.0
    ranked = sorted(zip(said, found.votes, strict=True), key=lambda pair: (-pair[0], pair[1].start_index))
    windows = tuple(Deciding(_cited(document, vote), word / whole) for word, vote in ranked[:_SHOWN] if word > 0)
    return Classified(str(document.metadata["source"]), found.label, dict(zip(names, odds, strict=True)), windows)


def answered(reader: LongformerReader, question: str, documents: Sequence[Document], seconds: float = 0.0) -> Answer:
    """The best span of all documents as a checked answer: it is the source's own characters.

    Where the model points at none in any window, the documents do not say. Raises `StageError` where what it gave is
    not what stands there.
    """
    best: tuple[float, Document, Any] | None = None
    for document in documents:
        found = reader.answer(question, document.page_content)
        if found is not None and found.margin > 0 and (best is None or found.score > best[0]):
            best = (found.score, document, found)
    if best is None:
        return Answer.of((), _no_citation, seconds)
    _, document, said = best
    span = Span(said.start_index, said.end_index, str(document.metadata["source"]))
    if span.of(document.page_content) != said.text or not said.text.strip():
        raise StageError(f"the answer {said.text[:80]!r} is not what stands at its place; try another model")
    return Answer.of((Sentence(said.text, (span,)),), lambda one: _citation(document, one), seconds)


def classified_json(found: Classified) -> Mapping[str, Any]:
    """The class of a document as a JSON object."""
    windows = [
        {"source": one.citation.source, "start": one.citation.start, "end": one.citation.end}
        | {
            "page": one.citation.page,
            "page_label": one.citation.page_label,
            "share": round(one.share, 3),
            "quote": one.citation.quote,
        }
        for one in found.windows
    ]
    rounded = {label: round(odds, 4) for label, odds in found.probabilities.items()}
    return {"source": found.source, "label": found.label, "probabilities": rounded, "windows": windows}


def _cited(document: Document, vote: Vote) -> Citation:
    return _citation(document, Span(vote.start_index, vote.end_index, str(document.metadata["source"])))


def _citation(document: Document, span: Span) -> Citation:
    places = SourcePages([document])
    locate, quote = partial(places.boxes, span), span.of(document.page_content)
    return Citation(span.source, span.start, span.end, places.page(span), quote, places.label(span), locate)


def _no_citation(span: Span) -> Citation:
    raise StageError(f"an answer that rests on nothing cites {span}; report this")
