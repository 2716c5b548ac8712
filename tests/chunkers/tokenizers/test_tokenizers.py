from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import tiktoken
import zstandard
from contracts.tokenizer_contract import CoveringContract, JointedContract
from fakes import CharacterTokenizer, NastyTokenizer
from hypothesis import given
from strategies import texts
from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models, pre_tokenizers, processors

from longdoc.chunkers.tokenizers.base import Tokenizer, load_tokenizer
from longdoc.chunkers.tokenizers.huggingface import HuggingFaceTokenizer
from longdoc.chunkers.tokenizers.tiktoken import TiktokenTokenizer, encoding_name
from longdoc.errors import UnavailableError, UnknownNameError

CACHE = Path(__file__).resolve().parents[4] / "shared" / "data" / "common" / "tiktoken_cache.tar.zst"
MERGES = (b"th", b"the", b" t", b" the", b"in", b"ing", b"\xf0\x9f", b"\xe6\x97", b"\xe6\x97\xa5", b"\n\n", b"  ")


def tiny_encoding() -> tiktoken.Encoding:
    ranks = {bytes([value]): value for value in range(256)}
    ranks |= {merged: 256 + place for place, merged in enumerate(MERGES)}
    return tiktoken.Encoding("tiny", pat_str=r"\s?\S+|\s+", mergeable_ranks=ranks, special_tokens={"<|end|>": 999})


def tiny_backend() -> Backend:
    """A byte-level byte-pair tokenizer that pads, truncates and frames, which must make no difference."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: place for place, letter in enumerate(alphabet)}
    for merged in ("th", "the", "in", "ing", "Ġt", "Ġthe"):
        vocabulary[merged] = len(vocabulary)
    merges = [("t", "h"), ("th", "e"), ("i", "n"), ("in", "g"), ("Ġ", "t")]
    backend = Backend(models.BPE(vocabulary, merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(["<s>", "<pad>"])
    start = backend.token_to_id("<s>")
    backend.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", start)])
    backend.enable_truncation(5)
    backend.enable_padding(length=9, pad_token="<pad>", pad_id=backend.token_to_id("<pad>"))
    return backend


class TestBundled(JointedContract):
    @pytest.fixture(scope="class")
    @classmethod
    def tokenizer(cls) -> Tokenizer:
        return load_tokenizer()

    def test_tokens_by_hand(self, tokenizer: Tokenizer) -> None:
        assert tokenizer.count("The cats sat.") == 4
        assert tokenizer.offsets("unbelievably so").tolist()[-1] == [13, 15]
        assert tokenizer.offsets(" The\n\ncats ").tolist() == [[1, 4], [6, 10]]

    def test_a_long_word_is_not_one_token(self, tokenizer: Tokenizer) -> None:
        assert tokenizer.count("a" * 1000) >= 10
        assert tokenizer.count("日" * 500) == 500

    def test_it_is_loaded_once(self) -> None:
        assert load_tokenizer("minilm") is load_tokenizer()


class TestHuggingFaceFile(CoveringContract):
    @pytest.fixture(scope="class")
    @classmethod
    def tokenizer(cls, tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
        folder = tmp_path_factory.mktemp("tokenizer")
        tiny_backend().save(str(folder / "tokenizer.json"))
        return load_tokenizer(str(folder))

    def test_framing_padding_and_truncation_are_left_out(self, tokenizer: Tokenizer) -> None:
        assert tokenizer.count("a" * 50) == 50
        assert tokenizer.count("the thing") == 4  # the, a blank, th, ing
        assert tokenizer.offsets("the thing").tolist() == [[0, 3], [3, 4], [4, 6], [6, 9]]

    def test_the_name_tells_the_bytes(self, tokenizer: Tokenizer, tmp_path: Path) -> None:
        path = tmp_path / "other.json"
        tiny_backend().save(str(path))
        assert load_tokenizer(str(path)).name == tokenizer.name
        path.write_text(path.read_text() + " ")
        assert load_tokenizer(str(path)).name != tokenizer.name

    @pytest.mark.parametrize("data", [b"", b"{}", b"not json", b"\xff\xfe", b'{"model": 3}'])
    def test_a_bad_file_is_refused(self, data: bytes, tmp_path: Path) -> None:
        path = tmp_path / "tokenizer.json"
        path.write_bytes(data)
        with pytest.raises(UnavailableError, match=r"is not a readable tokenizer\.json"):
            load_tokenizer(str(path))
        with pytest.raises(UnavailableError, match=r"is not a readable tokenizer\.json"):
            load_tokenizer(str(tmp_path))

    def test_a_folder_without_one_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UnavailableError, match=r"tokenizer\.json"):
            load_tokenizer(str(tmp_path))


class TestTiktoken(CoveringContract):
    @pytest.fixture(scope="class")
    @classmethod
    def tokenizer(cls) -> Tokenizer:
        return TiktokenTokenizer(tiny_encoding())

    def test_tokens_by_hand(self, tokenizer: Tokenizer) -> None:
        assert tokenizer.name == "tiktoken:tiny"
        assert tokenizer.offsets("the thing").tolist() == [[0, 3], [3, 4], [4, 6], [6, 9]]
        assert tokenizer.offsets("日x\U0001f600").tolist() == [[0, 1], [1, 2], [2, 3], [2, 3], [2, 3]]

    def test_special_tokens_in_the_text_are_plain_text(self, tokenizer: Tokenizer) -> None:
        assert tokenizer.count("<|end|>") == len("<|end|>")

    def test_a_lone_surrogate_is_the_replacement_character(self, tokenizer: Tokenizer) -> None:
        assert tokenizer.offsets("a\ud800b").tolist() == tokenizer.offsets("a\ufffdb").tolist()


@pytest.fixture(scope="session")
def cached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("cache")
    with CACHE.open("rb") as packed:
        data = zstandard.ZstdDecompressor().stream_reader(packed).read()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(folder, filter="data")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TIKTOKEN_CACHE_DIR", str(folder / "tiktoken_cache"))
        yield


class CachedContract(CoveringContract, JointedContract):
    encoding: str

    @pytest.fixture(scope="class")
    @classmethod
    def tokenizer(cls, cached: None) -> Tokenizer:
        return load_tokenizer(cls.encoding)


@pytest.mark.skipif(not CACHE.exists(), reason="the tiktoken cache of the shared data is not here")
class TestR50k(CachedContract):
    encoding = "r50k_base"


@pytest.mark.skipif(not CACHE.exists(), reason="the tiktoken cache of the shared data is not here")
class TestCl100k(CachedContract):
    encoding = "cl100k_base"


@pytest.mark.skipif(not CACHE.exists(), reason="the tiktoken cache of the shared data is not here")
class TestO200k(CachedContract):
    encoding = "o200k_base"

    def test_tokens_by_hand(self, tokenizer: Tokenizer) -> None:
        assert tokenizer.name == "tiktoken:o200k_base"
        assert tokenizer.offsets("The cats sat.").tolist() == [[0, 3], [3, 8], [8, 12], [12, 13]]


class TestCharacters(CoveringContract):
    @pytest.fixture(scope="class")
    @classmethod
    def tokenizer(cls) -> Tokenizer:
        return CharacterTokenizer()


class TestNasty(CoveringContract):
    @pytest.fixture(scope="class")
    @classmethod
    def tokenizer(cls) -> Tokenizer:
        return NastyTokenizer()

    def test_a_shorter_text_may_have_more_tokens(self, tokenizer: Tokenizer) -> None:
        assert [tokenizer.count("a" * length) for length in (8, 7)] == [3, 9]


@given(text=texts)
def test_the_tiny_encoding_covers_the_text_in_order(text: str) -> None:
    rows = TiktokenTokenizer(tiny_encoding()).offsets(text.replace("\0", ""))
    assert all(before[1] >= after[0] for before, after in pairwise(rows))


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("o200k_base", "o200k_base"), ("gpt-4o", "o200k_base"), ("minilm", None), ("gpt-nothing", None)],
)
def test_names_of_encodings_and_models(name: str, encoding: str | None) -> None:
    assert encoding_name(name) == encoding


def test_a_tokenizer_is_taken_as_it_is() -> None:
    tokenizer = CharacterTokenizer()
    assert load_tokenizer(tokenizer) is tokenizer


@pytest.mark.parametrize("name", ["", "nothing", "no/such/folder", "MiniLM"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown tokenizer .* give 'minilm'"):
        load_tokenizer(name)


def test_the_backend_is_taken_as_it_is() -> None:
    assert HuggingFaceTokenizer(tiny_backend, "tiny").name == "tiny"
