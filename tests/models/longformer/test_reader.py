from __future__ import annotations

import copy
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from longformer_tiny import WORDS, led, longformer, tokenizer
from strategies import texts
from transformers import (
    LEDModel,
    LongformerForQuestionAnswering,
    LongformerForSequenceClassification,
    LongformerModel,
)

from longdoc.errors import BudgetError, InputError, UnavailableError
from longdoc.models.checkpoints import fingerprint, load_checkpoint
from longdoc.models.longformer.reader import LongformerReader, windows_over
from longdoc.surrogates import without_surrogates

POSITIONS = 40
TOKENIZER = tokenizer()


def reader(kind: Any, **given_: Any) -> LongformerReader:
    labels = {"num_labels": 3} if kind is LongformerForSequenceClassification else {}
    return LongformerReader(longformer(kind, positions=POSITIONS, **labels), TOKENIZER, **given_)


CLASSIFIER = reader(LongformerForSequenceClassification, batch_size=3)
ENCODER = reader(LongformerModel, batch_size=2)
ANSWERER = reader(LongformerForQuestionAnswering, batch_size=2)


def words(count: int) -> str:
    return " ".join(WORDS[(7 * place) % 10] for place in range(count))


@given(tokens=st.integers(0, 400), room=st.integers(1, 60), data=st.data())
def test_windows_cover_every_token_and_each_is_fresh_once(tokens: int, room: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, room - 1))
    windows = list(windows_over(tokens, room, overlap))
    fresh = [place for one in windows for place in range(one.fresh, one.stop)]
    assert fresh == list(range(tokens))
    assert all(one.start <= one.fresh for one in windows)
    assert all(one.stop - one.start == min(room, tokens) for one in windows)
    assert all(after.start <= before.stop - overlap for before, after in pairwise(windows))
    assert len(windows) == max(1, -(-(tokens - overlap) // (room - overlap)))


@pytest.mark.parametrize("count", [0, 1, 37, 38, 39, 75, 300])
def test_a_class_is_that_of_its_windows_merged(count: int) -> None:
    ids = TOKENIZER(words(count), add_special_tokens=False)["input_ids"]
    logits, weights = [], []
    for window in windows_over(len(ids), POSITIONS - 2, POSITIONS // 8):
        row = torch.tensor([[0, *ids[window.start : window.stop], 2]])
        with torch.no_grad():  # transformers makes the first token global itself
            logits.append(CLASSIFIER.model(row).logits[0])
        weights.append(float(max(1, window.stop - window.fresh)))
    stacked = torch.stack(logits)
    mean = (torch.tensor(weights) @ stacked) / sum(weights)
    found = CLASSIFIER.classify(words(count))
    assert torch.allclose(torch.tensor(found.logits), mean, atol=1e-5)
    assert found.label == f"LABEL_{int(mean.argmax())}"
    assert found.probability == pytest.approx(float(mean.softmax(dim=0).max()), abs=1e-5)
    highest = CLASSIFIER.classify(words(count), merge="max")
    assert torch.allclose(torch.tensor(highest.logits), stacked.amax(dim=0), atol=1e-5)


def test_batches_do_not_matter() -> None:
    for batch_size in (1, 2, 50):
        one = reader(LongformerForSequenceClassification, batch_size=batch_size)
        assert one.classify(words(333)).logits == pytest.approx(CLASSIFIER.classify(words(333)).logits, abs=1e-5)


@settings(max_examples=60)
@given(text=texts, question=st.sampled_from(["alpha ?", "beta gamma", ""]), longest=st.integers(1, 6))
def test_an_answer_is_the_text_at_its_place(text: str, question: str, longest: int) -> None:
    answers = ANSWERER.answers(question, text, 5, max_answer_tokens=longest)
    assert bool(answers) == bool(TOKENIZER(without_surrogates(text), add_special_tokens=False)["input_ids"])
    for answer in answers:
        assert answer.text == text[answer.start_index : answer.end_index] != ""
        assert len(TOKENIZER(without_surrogates(answer.text))["input_ids"]) <= longest
    assert [one.score for one in answers] == sorted((one.score for one in answers), reverse=True)
    assert ANSWERER.answer(question, text, max_answer_tokens=longest) == (answers[0] if answers else None)


def test_the_best_answer_is_the_best_of_every_span_of_every_window() -> None:
    question, text, longest = "alpha beta ?", words(90) + " .", 4
    asked = TOKENIZER(question, add_special_tokens=False)["input_ids"]
    encoded = TOKENIZER(text, add_special_tokens=False, return_offsets_mapping=True)
    ids, offsets = encoded["input_ids"], encoded["offset_mapping"]
    skipped, found = len(asked) + 3, []
    for window in windows_over(len(ids), POSITIONS - skipped - 1, POSITIONS // 8):
        row = torch.tensor([[0, *asked, 2, 2, *ids[window.start : window.stop], 2]])
        with torch.no_grad():  # transformers makes the question global itself, up to the first separator
            output = ANSWERER.model(row)
        starts, ends = output.start_logits[0, skipped:-1], output.end_logits[0, skipped:-1]
        for start in range(len(starts)):
            for end in range(start, min(start + longest, len(ends))):
                score = float(starts[start] + ends[end])
                found.append((score, offsets[window.start + start][0], offsets[window.start + end][1]))
    score, start, end = max(found)
    answer = ANSWERER.answer(question, text, max_answer_tokens=longest)
    assert answer is not None
    assert (answer.start_index, answer.end_index) == (start, end)
    assert answer.score == pytest.approx(score, abs=1e-5)


@pytest.mark.parametrize("count", [1, 38, 39, 120])
def test_states_are_those_of_each_tokens_first_window(count: int) -> None:
    ids = TOKENIZER(words(count), add_special_tokens=False)["input_ids"]
    expected = []
    for window in windows_over(len(ids), POSITIONS - 2, POSITIONS // 8):
        row = torch.tensor([[0, *ids[window.start : window.stop], 2]])
        first = torch.zeros_like(row)
        first[0, 0] = 1
        with torch.no_grad():
            states = ENCODER.model(row, global_attention_mask=first).last_hidden_state[0, 1:-1]
        expected.append(states[window.fresh - window.start :])
    whole = torch.cat(expected)
    assert len(whole) == count
    assert torch.allclose(torch.cat(list(ENCODER.states(words(count)))), whole, atol=1e-5)
    assert torch.allclose(ENCODER.encode(words(count)), whole.mean(dim=0), atol=1e-5)


def test_a_document_without_tokens() -> None:
    assert ENCODER.encode("").tolist() == [0.0] * 32
    assert ANSWERER.answer("alpha", " ") is None
    assert len(CLASSIFIER.classify("").logits) == 3


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"window": POSITIONS + 1}, "3 to 40"),
        ({"window": 2}, "3 to 40"),
        ({"overlap": -1}, "overlap is -1"),
        ({"batch_size": 0}, "batch_size is 0"),
    ],
)
def test_settings_that_cannot_be(given_: dict[str, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        reader(LongformerForSequenceClassification, **given_)


def test_what_a_window_cannot_hold_is_said() -> None:
    with pytest.raises(BudgetError, match="a question of 36 tokens"):
        ANSWERER.answer(words(36), words(100))
    with pytest.raises(InputError, match="gives no start_logits"):
        CLASSIFIER.answer("alpha", words(10))
    with pytest.raises(InputError, match="no Longformer"):
        LongformerReader(led(LEDModel), TOKENIZER)
    bare = copy.deepcopy(TOKENIZER)
    bare.cls_token = bare.bos_token = None
    with pytest.raises(InputError, match="cls_token or bos_token"):
        LongformerReader(longformer(LongformerModel), bare)


def test_saved_weights_are_loaded_and_read_the_same(tmp_path: Path) -> None:
    CLASSIFIER.model.save_pretrained(tmp_path)
    TOKENIZER.save_pretrained(tmp_path)
    loaded = LongformerReader.load(str(tmp_path), "classify")
    assert loaded.classify(words(90)).logits == pytest.approx(CLASSIFIER.classify(words(90)).logits, abs=1e-5)
    assert fingerprint(loaded.model) == fingerprint(CLASSIFIER.model)
    assert len(LongformerReader.load(str(tmp_path), "encode").encode(words(9))) == 32
    half = load_checkpoint(str(tmp_path), LongformerForSequenceClassification, dtype=torch.bfloat16)
    assert half.model.dtype == torch.bfloat16
    assert fingerprint(half.model) != fingerprint(CLASSIFIER.model)


def test_pickled_weights_are_never_read(tmp_path: Path) -> None:
    CLASSIFIER.model.save_pretrained(tmp_path)
    TOKENIZER.save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(CLASSIFIER.model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(UnavailableError, match="safetensors"):
        LongformerReader.load(str(tmp_path))


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=str(tmp_path)):
        LongformerReader.load(str(tmp_path))


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    CLASSIFIER.model.save_pretrained(tmp_path)
    TOKENIZER.save_pretrained(tmp_path)
    with pytest.raises(UnavailableError, match="cannot be loaded as LongformerForSequenceClassification"):
        LongformerReader.load(str(tmp_path), num_labels=5)
