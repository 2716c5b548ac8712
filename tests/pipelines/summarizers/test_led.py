from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from contracts.summarizer_contract import check_summarizer
from hypothesis import given, settings
from hypothesis import strategies as st
from longformer_tiny import WORDS, led, longformer, tokenizer
from numpy.typing import NDArray
from strategies import texts
from transformers import LEDForConditionalGeneration, LEDModel, LongformerModel

import longdoc
from longdoc.chunkers.text.span import Span
from longdoc.errors import BudgetError, InputError, StageError, UnavailableError
from longdoc.memory.summaries.summary import EMPTY
from longdoc.models.longformer.led_writer import LEDWriter
from longdoc.pipelines.checks.checker import Checker
from longdoc.pipelines.summarizers.led import LedSummarizer
from longdoc.pipelines.summarizers.protocol import Passage

TOKENIZER = tokenizer()
POSITIONS = 256


class Alike:
    """Takes all texts for the same, so that words alone decide."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.full((len(texts), 1), 0.3, np.float32)


def writer(beams: int = 1) -> LEDWriter:
    """Of a model that writes words only, and never ends of itself."""
    model = led(LEDForConditionalGeneration, positions=POSITIONS)
    model.final_logits_bias[0, :4] = -1e4
    return LEDWriter(model, TOKENIZER, num_beams=beams)


WRITER = writer()
SUMMARIZER = LedSummarizer(WRITER, checker=Checker(Alike()))


def passages(parts: Sequence[str]) -> list[Passage]:
    return [Passage(text, (Span(1000 * n, 1000 * n + len(text)),)) for n, text in enumerate(parts)]


def words(count: int, full_stop: int = 9) -> str:
    return " ".join(WORDS[(3 * n) % 10] + ("." if n % full_stop == full_stop - 1 else "") for n in range(count))


def test_it_is_a_summarizer_whose_calls_can_be_planned() -> None:
    check_summarizer(SUMMARIZER)
    assert SUMMARIZER.name == LedSummarizer(writer()).name != LedSummarizer(writer(2)).name
    assert SUMMARIZER.name.startswith("led:")


@settings(max_examples=60)
@given(
    parts=st.lists(texts | st.integers(1, 60).map(words), max_size=4),
    budget=st.integers(1, 62),
    query=st.none() | st.sampled_from(["alpha ?", "what of gamma"]),
)
def test_the_laws_hold_for_any_text(parts: list[str], budget: int, query: str | None) -> None:
    given_ = passages(parts)
    try:
        summary = SUMMARIZER.summarize(given_, budget, query, "memory of before")
    except StageError:
        return
    except BudgetError:
        assert WRITER.input_tokens(" ".join(parts), query or "") > POSITIONS or budget < 4
        return
    assert summary.tokens == SUMMARIZER.tokenizer.count(summary.text) <= budget
    assert bool(summary.sentences) == any(part.strip() for part in parts)
    for sentence in summary.sentences:
        assert sentence.spans or not sentence.supported
        assert all(any(0 <= span.start - one.spans[0].start < span.end - one.spans[0].start <= len(one.text)
                       for one in given_) for span in sentence.spans)  # fmt: skip


def test_what_was_said_to_fit_fits_and_what_does_not_is_refused() -> None:
    room = SUMMARIZER.max_input_tokens
    full = SUMMARIZER.prompt_tokens(passages([words(room - 10, 10**9)]), 9, words(10, 10**9))
    assert full <= POSITIONS
    with pytest.raises(BudgetError, match=f"reads {POSITIONS}"):
        SUMMARIZER.summarize(passages([words(POSITIONS, 10**9)]), 9)
    with pytest.raises(BudgetError, match="1 to 62"):
        WRITER.write("alpha", 63)
    with pytest.raises(BudgetError, match="0 tokens"):
        SUMMARIZER.summarize(passages(["alpha"]), 0)


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_the_input_may_fill_the_models_positions_and_no_more(over: int) -> None:
    text = words(POSITIONS - 2 + over, 10**9)
    assert WRITER.input_tokens(text) == POSITIONS + over
    if over > 0:
        with pytest.raises(BudgetError):
            WRITER.write(text, 5)
    else:
        assert isinstance(WRITER.write(text, 5)[0], str)


def test_it_writes_what_the_model_generates() -> None:
    model = WRITER.model
    ids = TOKENIZER("<s> alpha ? </s> beta gamma </s>", return_tensors="pt")["input_ids"]
    seen_by_all = (ids != ids).long()
    seen_by_all[0, :4] = 1
    output = model.generate(ids, global_attention_mask=seen_by_all, max_new_tokens=8, num_beams=1, do_sample=False)
    expected = TOKENIZER.decode(output[0], skip_special_tokens=True)
    assert WRITER.write("beta gamma", 8, "alpha ?")[0] == expected


def test_nothing_to_summarize_and_async() -> None:
    assert SUMMARIZER.summarize(passages(["", " \n"]), 9) == EMPTY
    source = passages([words(40)])
    assert asyncio.run(SUMMARIZER.asummarize(source, 30)) == SUMMARIZER.summarize(source, 30)


def test_summarize_takes_it_for_a_document_of_many_windows() -> None:
    text = words(900)
    tree = longdoc.summarize(text, max_tokens=40, model=SUMMARIZER, memory_tokens=20)
    assert tree.summary.tokens <= 40
    assert tree.run is not None
    assert tree.run.calls == tree.run.planned_calls > 4
    for node in tree.walk():
        assert all(sentence.spans or not sentence.supported for sentence in node.summary.sentences)
    plan = longdoc.plan(text, max_tokens=40, model=SUMMARIZER, memory_tokens=20)
    assert plan.calls == tree.run.calls


def test_other_models_are_refused() -> None:
    for model in (led(LEDModel), longformer(LongformerModel)):
        with pytest.raises(InputError, match="no LED model that can write"):
            LEDWriter(model, TOKENIZER)
    with pytest.raises(InputError, match="num_beams is 0"):
        writer(0)


def test_saved_weights_are_loaded(tmp_path: Path) -> None:
    WRITER.model.save_pretrained(tmp_path)
    TOKENIZER.save_pretrained(tmp_path)
    assert LedSummarizer.load(str(tmp_path), num_beams=1).name == SUMMARIZER.name
    with pytest.raises(UnavailableError, match="nowhere"):
        LedSummarizer.load(str(tmp_path / "nowhere"))
