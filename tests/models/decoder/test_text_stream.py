from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest
import tokenizers as tk
import transformers as hf
from hypothesis import example, given
from hypothesis import strategies as st
from local_models import END, TEXT, byte_tokenizer
from tokenizers import decoders, models, pre_tokenizers, trainers

from longdoc.errors import InputError
from longdoc.models.decoder.text_stream import Stops, TextStream

KINDS = ["bytes", "fallback", "pieces", "words"]


@cache
def tokenizer(kind: str) -> hf.PreTrainedTokenizerFast:
    """As GPT-2's, as Llama 2's with bytes for what it does not know, as T5's, as BERT's."""
    if kind == "bytes":
        return byte_tokenizer()
    if kind == "words":
        backend = tk.Tokenizer(models.WordPiece(unk_token="[UNK]"))
        backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        backend.decoder = decoders.WordPiece(cleanup=False)
        trainer = trainers.WordPieceTrainer(vocab_size=150, special_tokens=["[UNK]"], show_progress=False)
    elif kind == "pieces":
        backend = tk.Tokenizer(models.Unigram())
        backend.pre_tokenizer = pre_tokenizers.Metaspace()
        backend.decoder = decoders.Metaspace()
        trainer = trainers.UnigramTrainer(
            vocab_size=150, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False
        )
    else:
        backend = tk.Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
        backend.pre_tokenizer = pre_tokenizers.Metaspace()
        parts = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
        backend.decoder = decoders.Sequence(parts)
        known = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
        trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=known, show_progress=False)
        backend.train_from_iterator(["the ice and the ship came to the town in winter"], trainer)
        return hf.PreTrainedTokenizerFast(tokenizer_object=_without_special(backend))
    backend.train_from_iterator([TEXT], trainer)
    return hf.PreTrainedTokenizerFast(tokenizer_object=backend)


def _without_special(backend: tk.Tokenizer) -> tk.Tokenizer:
    """Bytes are not special where sentencepiece has made the vocabulary."""
    import json

    data = json.loads(backend.to_str())
    data["added_tokens"] = []
    return tk.Tokenizer.from_str(json.dumps(data))


def streamed(kind: str, ids: list[int]) -> list[str]:
    stream = TextStream(tokenizer(kind))
    return [*map(stream.push, ids), stream.end()]


def whole(kind: str, ids: list[int]) -> str:
    return str(tokenizer(kind).decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))


@given(st.lists(st.integers(0, len(byte_tokenizer()) - 1), max_size=40))
def test_any_tokens_of_bytes_give_the_text_decoded_whole(ids: list[int]) -> None:
    assert "".join(streamed("bytes", ids)) == whole("bytes", ids)


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.text() | st.text(st.sampled_from("the ice shp,.'ñé港🚢 \n")))
def test_written_text_is_given_back_in_whole_characters(kind: str, text: str) -> None:
    ids = tokenizer(kind)(text, add_special_tokens=False)["input_ids"]
    pieces = streamed(kind, ids)
    assert "".join(pieces) == whole(kind, ids)
    assert text.count("�") or not any("�" in piece for piece in pieces)


@pytest.mark.parametrize("kind", ["pieces", "words"])
@given(st.data())
def test_any_tokens_of_words_give_the_text_decoded_whole(kind: str, data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.integers(1, len(tokenizer(kind)) - 1), max_size=40))
    assert "".join(streamed(kind, ids)) == whole(kind, ids)


def test_a_character_comes_with_its_last_token_and_special_tokens_never() -> None:
    ids = tokenizer("bytes")("a🏰b", add_special_tokens=False)["input_ids"]
    assert len(ids) > 3
    assert [piece for piece in streamed("bytes", ids) if piece] == ["a", "🏰", "b"]
    end = tokenizer("bytes").convert_tokens_to_ids(END)
    assert "".join(streamed("bytes", [*ids, end])) == "a🏰b"
    assert streamed("bytes", ids[:-2])[-1] == "�"


def slowly_cut(text: str, stops: list[str]) -> str:
    for end in range(len(text) + 1):
        found = [stop for stop in stops if text[:end].endswith(stop)]
        if found:
            return text[: end - max(map(len, found))]
    return text


ALPHABET = st.text("abc", max_size=30)
STOPS = st.lists(st.text("abc", min_size=1, max_size=5), max_size=4)


@given(ALPHABET, STOPS, st.lists(st.integers(0, 30)))
@example("cabcbac", ["abcba", "bc"], [])
@example("cabc", ["bc", "abc"], [])
def test_the_cut_is_at_the_first_stop_that_ends_wherever_the_text_is_parted(
    text: str, stops: list[str], cuts: list[int]
) -> None:
    edges = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    pieces = [text[a:b] for a, b in pairwise(edges)]
    passing = Stops(stops)
    given_on = list(passing.pass_on(pieces))
    assert "".join(given_on) == slowly_cut(text, stops)
    assert all(given_on)
    assert (passing.found is not None) == any(stop in text for stop in stops)


@given(ALPHABET, STOPS)
def test_no_more_is_held_back_than_may_become_a_stop(text: str, stops: list[str]) -> None:
    told = ""
    passing = Stops(stops)
    characters = iter(text)
    read = 0

    def read_on() -> object:
        nonlocal read
        for character in characters:
            read += 1
            yield character

    for piece in passing.pass_on(read_on()):  # type: ignore[arg-type]
        told += piece
        if passing.found is None and read < len(text):
            held = text[len(told) : read]
            assert not held or any(stop.startswith(held) for stop in stops)


def test_nothing_is_read_after_the_stop() -> None:
    pieces = iter(["one ST", "OP two", " three"])
    assert list(Stops(["STOP"]).pass_on(pieces)) == ["one "]
    assert next(pieces) == " three"


def test_an_empty_stop_is_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        Stops(["x", ""])
