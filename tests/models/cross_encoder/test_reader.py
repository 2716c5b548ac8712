import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load
from tokenizers import Tokenizer

from longdoc.bundled import bundled_file
from longdoc.errors import UnavailableError
from longdoc.models.cross_encoder.evidence import aligned, terms
from longdoc.models.cross_encoder.heads import Heads
from longdoc.models.cross_encoder.network import CrossEncoder, Group
from longdoc.models.cross_encoder.pairs import Pair, matches
from longdoc.models.cross_encoder.reader import Reader
from longdoc.models.cross_encoder.weights import FILE, packed, read_file, unpacked
from longdoc.models.cross_encoder.windows import FIRST, OVERLAP, TOKENS, windows

WORDS = st.lists(
    st.sampled_from(
        ["the", "fleet", "lost", "11", "of", "40", "ships", "in", "a", "storm", "on", "3", "May", "1588", "🚢", "naïve"]
    ),
    max_size=300,
)
SHIPS = "The fleet of 40 ships sailed in May. Eleven ships were lost in a storm off the coast. The rest came home."


@pytest.fixture(scope="module")
def tokenizer():
    made = Tokenizer.from_str(bundled_file("tokenizer.json").decode())
    made.no_padding()
    made.no_truncation()
    return made


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return CrossEncoder(torch.randn(200, 384)).eval()


@pytest.fixture(scope="module")
def reader():
    return Reader.load("float32")


def ids():
    return st.lists(st.integers(110, 130), max_size=30).map(tuple)


@given(ids(), ids())
def test_a_token_is_matched_as_the_slow_way_says(one, other):
    def level(own, at, against):
        single = own[at] in against
        pairs = list(itertools.pairwise(against))
        return single + (at > 0 and own[at - 1 : at + 1] in pairs) + (own[at : at + 2] in pairs)

    found = matches(Pair((101, *one, 102, *other, 102), len(one)))
    assert found[1 : 1 + len(one)] == [level(one, at, other) for at in range(len(one))]
    assert found[len(one) + 2 : -1] == [4 + level(other, at, one) for at in range(len(other))]


@given(WORDS, WORDS)
@settings(deadline=None)
def test_windows_tile_a_text_with_an_overlap(tokenizer, first, second):
    one, other = tokenizer.encode_batch([" ".join(first), " ".join(second)], add_special_tokens=False)
    found = list(windows(one, other))
    assert all(len(window.pair.ids) <= TOKENS for window in found)
    assert all(window.pair.ids[1 : 1 + window.pair.first] == tuple(one.ids[:FIRST]) for window in found)
    parts = [window.pair.ids[window.pair.second : -1] for window in found]
    assert [token for at, part in enumerate(parts) for token in part[OVERLAP if at else 0 :]] == other.ids
    assert all(len(window.second) == len(part) for window, part in zip(found, parts, strict=True))


@given(st.lists(st.tuples(ids(), ids()), min_size=1, max_size=6))
@settings(deadline=None, max_examples=5)
def test_pairs_together_are_read_as_one_by_one(network, texts):
    pairs = sorted((Pair((101, *a, 102, *b, 102), len(a)) for a, b in texts), key=lambda pair: len(pair.ids))
    with torch.inference_mode():
        together, alone = network(pairs), [network([pair]) for pair in pairs]
    for name in ("answers", "verdicts", "start", "end", "doubts"):
        torch.testing.assert_close(
            getattr(together, name), torch.cat([getattr(one, name) for one in alone]), atol=1e-4, rtol=1e-4
        )


def test_the_reader_is_the_network_that_was_trained(reader):
    data = reader._data
    trained = CrossEncoder(load(bundled_file("model.safetensors"))["embeddings.word_embeddings.weight"]).eval()
    trained.load_state_dict(unpacked(load(data)))
    pairs = [Pair((101, *range(2000, 2000 + n), 102, *range(2003, 2003 + m), 102), n) for n, m in ((5, 9), (3, 40))]
    for pair in (*pairs, Pair((101, 102, 102), 0)):
        said = Heads(data, "float32")([pair])[0]
        with torch.inference_mode():
            read = trained([pair])
        for own, theirs in (
            (said.answer, read.answers[0]),
            (said.verdict, read.verdicts[0]),
            (said.start, read.start),
            (said.end, read.end),
            (said.doubts, read.doubts),
        ):
            torch.testing.assert_close(torch.as_tensor(own), theirs, atol=1e-4, rtol=1e-4, check_dtype=False)


def test_a_layer_is_that_of_bert(network):
    x = torch.randn(7, 384)
    layer = network.layers[0]
    q, k, v = (part.view(7, 12, 32).transpose(0, 1) for part in layer.qkv(x).split(384, dim=1))
    mixed = ((q @ k.transpose(1, 2) / 32**0.5).softmax(dim=-1) @ v).transpose(0, 1).reshape(7, 384)
    y = layer.mix_norm(layer.mix(mixed) + x)
    y = layer.down_norm(layer.down(torch.nn.functional.gelu(layer.up(y))) + y)

    torch.testing.assert_close(layer(x, [Group(0, 1, 7)]), y, atol=1e-5, rtol=1e-4)


def test_weights_in_8_bits_are_within_half_a_step(network):
    state, again = network.state_dict(), unpacked(packed(network))
    assert state.keys() == again.keys()
    for name, one in state.items():
        step = one.abs().amax(dim=-1, keepdim=True) / 127
        assert ((one - again[name]).abs() <= 0.501 * step).all()


@given(st.text("ab 1.", max_size=30), st.lists(st.text("ab 1.", max_size=20), max_size=8), st.integers(0, 80))
def test_aligned_rows_are_in_order_and_within_the_budget(claim, sentences, budget):
    rows = aligned(claim, sentences, budget)
    assert rows == sorted(set(rows))
    assert set(rows) <= set(range(len(sentences)))
    assert bool(rows) == bool(sentences)
    assert len(rows) <= 1 or sum(len(sentences[row]) for row in rows) <= budget


def test_aligned_takes_the_sentences_that_have_a_claims_words():
    sentences = [
        "The sun shone.",
        "Acme sold 40 bicycles.",
        "It rained.",
        "Bolt bought a factory in Leeds.",
        "All slept.",
    ]
    assert aligned("Acme sold bicycles and Bolt bought a factory.", sentences, 55) == [1, 3]
    assert terms("The 1,200 ships declared") == ["1,200", "ships", "declar"]


@given(WORDS, WORDS)
@settings(deadline=None, max_examples=10)
def test_places_are_characters_of_the_window(reader, first, second):
    question, window = " ".join(first), " ".join(second)
    [reading], [verdict] = reader.answers(question, [window]), reader.verdicts(question, [window])
    assert 0 <= reading.score <= 1
    assert 0 <= reading.start <= reading.end <= len(window)
    assert window[reading.start : reading.end] == window[reading.start : reading.end].strip()
    assert verdict.supports + verdict.contradicts + verdict.silent == pytest.approx(1, abs=1e-4)
    assert all(0 <= a < b <= len(question) for a, b in verdict.doubts)


def test_the_same_input_gives_the_same_numbers(reader):
    pairs = [("How many ships were lost?", SHIPS), ("Where did they sail?", SHIPS[:40]), ("Who?", "")]
    assert reader.readings(pairs) == reader.readings(pairs)
    assert reader.judged(pairs) == reader.judged(pairs)


def test_batched_equals_one_by_one(reader):
    pairs = [(f"{number} ships were lost.", SHIPS[: 20 + 5 * number] * (1 + number % 4)) for number in range(18)]
    assert reader.judged(pairs) == [reader.judged([pair])[0] for pair in pairs]
    assert reader.readings(pairs) == [reader.readings([pair])[0] for pair in pairs]
    assert reader.judged([]) == []
    assert reader.readings([]) == []


def test_long_texts_are_read_to_their_end(reader):
    text = "The harbour was quiet and the gulls slept on the wall. " * 60 + SHIPS
    [reading] = reader.answers("How many ships were lost in the storm?", [text])
    assert text[reading.start : reading.end] == "Eleven"
    assert reader.verdicts("Eleven ships were lost in a storm.", [text])[0].supports > 0.5


def test_what_the_text_says_is_told_from_what_it_does_not(reader):
    true, false, other = reader.judged(
        [
            (claim, SHIPS)
            for claim in (
                "Eleven ships were lost in a storm.",
                "Twelve ships were lost in a storm.",
                "The king was ill.",
            )
        ]
    )
    assert true.supports > 0.5 > max(false.supports, other.supports)
    answered, open_one = reader.readings([("How many ships were lost?", SHIPS), ("What did the king eat?", SHIPS)])
    assert answered.score > 0.5 > open_one.score


def test_damaged_weights_are_refused(tmp_path):
    with pytest.raises(UnavailableError, match="cannot be read; reinstall"):
        read_file(tmp_path / FILE)
    (tmp_path / FILE).write_bytes(b"other")
    with pytest.raises(UnavailableError, match="damaged or of another release"):
        read_file(tmp_path / FILE)


def test_the_fingerprint_names_the_precision():
    assert Reader.load("float32").fingerprint != Reader.load("bfloat16").fingerprint
    assert Reader.load("float32") is Reader.load("float32")
