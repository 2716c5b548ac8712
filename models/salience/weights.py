"""Which salience weights come with longdoc; read without torch, so that a name can be told before one is loaded."""

from __future__ import annotations

from typing import Literal

Kind = Literal["none", "recurrent", "performer", "window"]

DIGESTS = {
    "none.safetensors": "5c3c2e8ce1039087d4f543ab8b2105abdad57b7f46349da2f05822c612439b55",
    "recurrent.safetensors": "f22a591dc2d7f8597ece135b45e6f449eb4b66636e03a12a772be918904068e8",
    "performer.safetensors": "d5ba89076c9f00890b2b180b809b65cec055cad60665e8db031a7bc639c57bf8",
    "told.safetensors": "b7414510aeaa7c8a7df26f28bf69b415347b4493dc6b72448496bfde9d49f005",
    "window.safetensors": "c39a7dd6ae384e4478d81bb3298c530da04bf94de4a6a46f25893ae3e377df4d",
}


def file_of(context: str) -> str:
    """The name of the file of a kind of context."""
    return f"{context}.safetensors"


def fingerprint_of(context: str) -> str:
    """Changes whenever the scores of a kind may; of one that is not shipped, the kind alone."""
    return f"salience:{context}:{DIGESTS.get(file_of(context), '')[:16]}"
