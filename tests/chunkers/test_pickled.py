from __future__ import annotations

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
import tiktoken
from fakes import CharacterTokenizer

from longdoc.chunkers.base import Chunker
from longdoc.chunkers.section_content import SectionContentChunker
from longdoc.chunkers.tokenizers.base import Tokenizer, load_tokenizer
from longdoc.chunkers.tokenizers.huggingface import HuggingFaceTokenizer
from longdoc.chunkers.tokenizers.tiktoken import TiktokenTokenizer
from longdoc.models.encoder.embedder import Embedder
from longdoc.pipelines.chunk import CHUNKERS

TEXT = "# One\n\nA cat came in. It sat down on the mat.\n\n# Two\n\nThe dog barked at 3 p.m. and at ünï.\n" * 3
KINDS = [*CHUNKERS.values(), SectionContentChunker]


def split(chunker: Chunker) -> list[tuple[str, dict[str, object]]]:
    return [(chunk.page_content, chunk.metadata) for chunk in chunker.split(TEXT)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("used", [False, True])
def test_a_chunker_is_copied_small_and_splits_alike(kind: type[Chunker], used: bool) -> None:
    chunker = kind(15)
    expected = split(kind(15))
    if used:
        split(chunker)
    pickled = pickle.dumps(chunker)
    assert len(pickled) < 2000
    assert split(pickle.loads(pickled)) == expected


def test_a_spawned_process_splits_alike() -> None:
    chunkers = [kind(15) for kind in KINDS]
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(split, chunkers)) == [split(chunker) for chunker in chunkers]


def test_the_bundled_tokenizer_stays_one() -> None:
    assert pickle.loads(pickle.dumps(load_tokenizer())) is load_tokenizer()


def tokenizer_of_a_file(folder: Path) -> Tokenizer:
    import tokenizers

    path = folder / "tokenizer.json"
    backend = tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0, "cat": 1, "?": 2}, unk_token="?"))
    backend.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    backend.save(str(path))
    return HuggingFaceTokenizer.from_file(path)


def test_other_tokenizers_are_copied(tmp_path: Path) -> None:
    bytes_alone = tiktoken.Encoding(
        "letters", pat_str=r".", mergeable_ranks={bytes([n]): n for n in range(256)}, special_tokens={}
    )
    tokenizers: list[Tokenizer] = [tokenizer_of_a_file(tmp_path), CharacterTokenizer()]
    for tokenizer in tokenizers:
        tokenizer.count(TEXT)
        copied = pickle.loads(pickle.dumps(tokenizer))
        assert copied.name == tokenizer.name
        assert (copied.offsets(TEXT) == tokenizer.offsets(TEXT)).all()
    made = TiktokenTokenizer(bytes_alone)
    assert (pickle.loads(pickle.dumps(made)).offsets(TEXT) == made.offsets(TEXT)).all()


def test_an_embedder_is_copied_without_its_weights() -> None:
    embedder = Embedder("float32").loaded()
    pickled = pickle.dumps(embedder)
    assert len(pickled) < 500
    assert (pickle.loads(pickled).encode([TEXT]) == embedder.encode([TEXT])).all()
