"""The class of documents of any length, in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longdoc.arguments import checked
from longdoc.pipelines.routing.models import RoutedModel
from longdoc.pipelines.routing.router import Assignment, Router
from longdoc.pipelines.routing.windows import Classified, Merge
from longdoc.pipelines.sources import Sources

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


@checked
def classify(
    source: Sources, *, model: str | BaseChatModel | RoutedModel, merge: Merge = "mean"
) -> tuple[Classified, ...]:
    """The class of each source, with every class's probability and the windows that decided as cited places.

    `model` is `longformer:` and a folder or hub id of one that was trained to classify; a source may have any length.
    `merge` averages what the windows say, or takes the largest. Raises `InputError` and `UnavailableError`.
    """
    found: tuple[Classified, ...] = Router([model]).read(Assignment("classify", source, merge=merge)).result
    return found
