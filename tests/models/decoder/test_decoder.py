from __future__ import annotations

import copy
from functools import cache

import pytest
import torch
import transformers as hf
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from windowed_reference import CONFIGS, LEARNED, VOCABULARY, reference_logits, tiny

from longdoc.errors import InputError, StageError
from longdoc.models.decoder.decoder import WindowedDecoder

FAMILIES = pytest.mark.parametrize("family", list(CONFIGS))
CLOSE = 1e-4


@cache
def decoder(family: str) -> WindowedDecoder:
    return WindowedDecoder(tiny(family))


def tokens(length: int, seed: int = 0, rows: int = 1) -> Tensor:
    return torch.randint(1, VOCABULARY, (rows, length), generator=torch.Generator().manual_seed(seed))


def windowed(family: str, ids: Tensor, window: int, sinks: int, chunk: int) -> Tensor:
    one = decoder(family)
    return one.logits(one.cache(window, sinks), ids, chunk)[0]


@FAMILIES
@settings(max_examples=4)
@given(
    window=st.integers(1, 12),
    sinks=st.integers(0, 4),
    length=st.integers(1, 60),
    chunk=st.integers(1, 70),
    seed=st.integers(0, 9),
)
def test_logits_are_those_of_the_masks_and_positions_written_out(
    family: str, window: int, sinks: int, length: int, chunk: int, seed: int
) -> None:
    ids = tokens(length, seed)
    expected = reference_logits(family, ids[0], window, sinks)
    assert (windowed(family, ids, window, sinks, chunk) - expected).abs().max() < CLOSE


@FAMILIES
@pytest.mark.parametrize("length", [7, 8, 11, 12, 100])
def test_below_at_and_far_past_the_window(family: str, length: int) -> None:
    ids = tokens(length)
    expected = reference_logits(family, ids[0], 8, 4)
    for chunk in (1, 5, length):
        assert (windowed(family, ids, 8, 4, chunk) - expected).abs().max() < CLOSE, chunk


@FAMILIES
def test_a_row_of_a_padded_batch_is_the_text_alone(family: str) -> None:
    one, ids, pads = decoder(family), tokens(90, rows=3), (0, 5, 70)
    for row, pad in enumerate(pads):
        ids[row, :pad] = 0
    alone = [one.logits(one.cache(6, 3), ids[row : row + 1, pad:], 4)[0] for row, pad in enumerate(pads)]
    for chunk in (1, 7, 90):
        together = one.logits(one.cache(6, 3, first=pads), ids, chunk)
        for row, pad in enumerate(pads):
            assert (together[row, pad:] - alone[row]).abs().max() < CLOSE, (chunk, pad)


@FAMILIES
@pytest.mark.parametrize("padded", [False, True])
def test_with_the_window_as_long_as_the_text_it_is_generate(family: str, padded: bool) -> None:
    ids, mask = tokens(21, rows=2), torch.ones(2, 21, dtype=torch.long)
    if padded:
        ids[0, :8] = mask[0, :8] = 0
    given_ = {"input_ids": ids, "attention_mask": mask, "max_new_tokens": 20, "do_sample": False}
    expected = tiny(family).generate(**given_)
    assert torch.equal(decoder(family).generate(**given_, attention_window=41), expected)


@FAMILIES
def test_generated_tokens_are_the_likeliest_after_the_reference(family: str) -> None:
    ids = tokens(50)
    out = decoder(family).generate(ids, max_new_tokens=12, do_sample=False, attention_window=7, sinks=2)
    assert isinstance(out, Tensor)
    best = reference_logits(family, out[0], 7, 2).argmax(dim=-1)
    assert torch.equal(out[0, 50:], best[49:-1])


@pytest.mark.parametrize("family", ["llama", "bloom", "gpt2"])
def test_scores_are_the_log_probabilities_of_what_comes(family: str) -> None:
    ids = tokens(100)
    scores = decoder(family).score(ids, attention_window=8, chunk_size=9)
    expected = reference_logits(family, ids[0], 8, 4).log_softmax(dim=-1)[:-1].gather(1, ids[0, 1:, None])[:, 0]
    assert scores.shape == (99,)
    assert (scores - expected).abs().max() < CLOSE
    assert decoder(family).score(ids[:, :1]).shape == (0,)


@pytest.mark.parametrize("family", ["llama", "gpt2", "mpt"])
def test_beams_are_those_of_generate(family: str) -> None:
    ids = tokens(12, rows=2)
    given_ = {"max_new_tokens": 10, "num_beams": 3, "num_return_sequences": 2, "do_sample": False}
    expected = tiny(family).generate(ids, attention_mask=torch.ones_like(ids), **given_)
    assert torch.equal(decoder(family).generate(ids, attention_window=30, **given_), expected)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_samples_are_those_of_generate(family: str) -> None:
    ids = tokens(12)
    given_ = {"max_new_tokens": 15, "do_sample": True, "top_p": 0.9, "temperature": 1.3, "num_return_sequences": 3}
    torch.manual_seed(7)
    expected = tiny(family).generate(ids, attention_mask=torch.ones_like(ids), **given_)
    torch.manual_seed(7)
    assert torch.equal(decoder(family).generate(ids, attention_window=30, **given_), expected)


def test_a_prompt_past_the_learned_positions_is_read_and_continued() -> None:
    ids = tokens(LEARNED * 5)
    out = decoder("gpt2").generate(input_ids=ids, max_length=LEARNED * 5 + 9, attention_window=20)
    assert isinstance(out, Tensor)
    assert out.shape == (1, LEARNED * 5 + 9)
    assert torch.equal(out[:, : LEARNED * 5], ids)


@pytest.mark.parametrize("family", ["llama", "phi", "gemma3_text", "bloom"])
def test_nothing_drifts_over_twenty_thousand_tokens(family: str) -> None:
    one, ids = decoder(family), tokens(20_000)
    window, sinks = 8, 4
    cache = one.cache(window, sinks)
    one.prefill(cache, ids[:, :-20])
    at_last = one.logits(cache, ids, 1)
    # Two layers look back two windows, and to the sinks: no more of the text can matter.
    tail = torch.cat((ids[:, :sinks], ids[:, -60:]), dim=1)
    assert (at_last - one.logits(one.cache(window, sinks), tail)[:, -20:]).abs().max() < CLOSE


class _Listener:
    def __init__(self) -> None:
        self.heard: list[list[int]] = []
        self.ended = False

    def put(self, value: Tensor) -> None:
        self.heard.append(value.flatten().tolist())

    def end(self) -> None:
        self.ended = True


def test_streamers_and_stopping_criteria_are_transformers_own() -> None:
    ids, listener = tokens(40), _Listener()
    stop = hf.StoppingCriteriaList([hf.MaxLengthCriteria(46)])
    out = decoder("llama").generate(
        ids,
        attention_window=8,
        stopping_criteria=stop,
        streamer=listener,
        max_new_tokens=20,
        return_dict_in_generate=True,
    )
    assert not isinstance(out, Tensor)
    assert out.sequences.shape == (1, 46)
    assert listener.heard == [ids[0].tolist(), *([token] for token in out.sequences[0, 40:].tolist())]
    assert listener.ended


@FAMILIES
def test_memory_does_not_grow_with_the_text(family: str) -> None:
    one = decoder(family)
    cache = one.cache(8, 4)
    sizes = set()
    for length in range(100, 500, 100):
        one.prefill(cache, tokens(length), 16)
        sizes.add(cache.nbytes)
    assert len(sizes) == 1


@pytest.mark.parametrize("family", ["llama", "phi", "cohere", "gemma3_text", "gpt2", "bloom", "mpt"])
def test_eight_bits_are_near_and_the_same_in_chunks_of_any_size(family: str) -> None:
    one, ids = decoder(family), tokens(80)
    exact = one.logits(one.cache(8, 4), ids, 16)[0].log_softmax(dim=-1)
    stored = [one.logits(one.cache(8, 4, storage="int8"), ids, chunk)[0].log_softmax(dim=-1) for chunk in (1, 13)]
    for mine in stored:
        assert (exact.exp() * (exact - mine)).sum(dim=-1).mean() < 2e-3
    # A code at the edge of two may fall either way in another order of sums: the same up to a step, not to a bit.
    assert (stored[0] - stored[1]).abs().mean() < 1e-3


@pytest.mark.parametrize("family", ["llama", "phi", "cohere", "gemma3_text", "gpt2", "bloom", "mpt"])
def test_half_precision_takes_the_same_path(family: str) -> None:
    half, ids = copy.deepcopy(tiny(family)).to(torch.bfloat16), tokens(120)
    one = WindowedDecoder(half)
    assert one.motion.kind == decoder(family).motion.kind
    exact = reference_logits(family, ids[0], 8, 4).log_softmax(dim=-1)
    mine = one.logits(one.cache(8, 4), ids, 5)[0].float().log_softmax(dim=-1)
    assert (exact.exp() * (exact - mine)).sum(dim=-1).mean() < 2e-2


@pytest.mark.parametrize("family", ["llama", "mistral", "gemma3_text", "gpt2"])
def test_eager_attention_gives_the_same(family: str) -> None:
    model, ids = copy.deepcopy(tiny(family)), tokens(60)
    model.set_attn_implementation("eager")
    one = WindowedDecoder(model)
    for chunk in (1, 7):
        assert (one.logits(one.cache(8, 4), ids, chunk)[0] - reference_logits(family, ids[0], 8, 4)).abs().max() < CLOSE


def test_the_model_itself_is_as_before() -> None:
    torch.manual_seed(0)
    model = hf.LlamaForCausalLM(CONFIGS["llama"]()).eval()  # type: ignore[no-untyped-call]
    ids = tokens(30)
    before = model(ids).logits
    WindowedDecoder(model)
    WindowedDecoder(model).generate(ids, max_new_tokens=3, attention_window=4)
    assert torch.equal(model(ids).logits, before)


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"attention_window": 0}, "attention_window is 0"),
        ({"sinks": -1}, "sinks is -1"),
        ({"attention_mask": torch.tensor([[1, 1, 0]])}, "pad prompts on the left"),
        ({"attention_mask": torch.ones(1, 2)}, r"attention_mask is \(1, 2\)"),
        ({"input_ids": None}, "input_ids is missing"),
    ],
)
def test_wrong_arguments_are_named(given_: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        decoder("llama").generate(**{"input_ids": tokens(3), "max_new_tokens": 2, **given_})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            hf.LlamaConfig(
                vocab_size=9,
                hidden_size=8,
                intermediate_size=8,
                num_hidden_layers=1,
                num_attention_heads=2,
                rope_parameters={"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4},
            ),
            "dynamic",
        ),
        (hf.FalconConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, alibi=True), "ALiBi"),
        (hf.MambaConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, state_size=2), "linear_attention"),
    ],
)
def test_models_that_cannot_be_windowed_are_refused(config: hf.PreTrainedConfig, said: str) -> None:
    with pytest.raises(InputError, match=said):
        WindowedDecoder(hf.AutoModelForCausalLM.from_config(config))


def test_going_back_is_refused() -> None:
    with pytest.raises(StageError, match="cannot go back"):
        decoder("llama").cache().crop(-1)
