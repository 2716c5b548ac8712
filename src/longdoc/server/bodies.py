"""What clients send and what they are answered, as the OpenAPI schema has it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

DOCUMENT = r"^[0-9a-f]{32}$"
CONVERSATION = r"^c-[A-Za-z0-9_-]{1,64}$"
DocumentId = Annotated[str, Field(pattern=DOCUMENT)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class SummaryOrder(_Body):
    """A summary that is wanted: at most `max_tokens` long, about `query` if that is given."""

    max_tokens: Annotated[int, Field(ge=1, le=4000)] = 300
    query: Annotated[str, Field(min_length=1, max_length=1000)] | None = None


class Question(_Body):
    """A question to the documents with these ids, or to all; in a conversation what was said before belongs to it."""

    question: Annotated[str, Field(min_length=1, max_length=4000)]
    documents: Annotated[list[DocumentId], Field(min_length=1, max_length=1000)] | None = None
    conversation: Annotated[str, Field(pattern=CONVERSATION)] | None = None


class Problem(BaseModel):
    """What went wrong and what to do about it, in one sentence."""

    error: str


class DocumentFacts(BaseModel):
    """A document: its text can be asked for once it is ready, and its pages seen if it has `pictures`."""

    id: str
    name: str
    bytes: int
    words: int
    pages: int | None
    status: Literal["reading", "ready", "failed"]
    error: str | None
    pictures: bool
    summarized: bool


class Stretch(BaseModel):
    """Some of a document's text; `pages` are the offsets at which all its pages begin."""

    text: str
    start: int
    end: int
    total: int
    pages: list[int] | None


class PageShapes(BaseModel):
    """The pages of a document as they are shown: width and height in points, and the labels printed, if there are."""

    sizes: list[tuple[float, float]]
    labels: list[str]


class Seen(BaseModel):
    """Where a stretch of text stands: the page that it starts on, and a rectangle for each line and page.

    `boxes` are page from 1, left, bottom, right, top in points from the lower left of the page as the file has it.
    `marks` are the same as parts of the page as it is shown: page, left, top, right, bottom, from 0 to 1.
    """

    page: int
    boxes: list[tuple[int, float, float, float, float]]
    marks: list[tuple[int, float, float, float, float]]


class Said(BaseModel):
    """A message of a conversation; an answer's citations are beside its text."""

    role: Literal["user", "assistant"]
    text: str
    answer: dict[str, Any] | None
