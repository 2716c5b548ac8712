"""The encoders of benchmarks/quantization.py, and what all its parts measure with."""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from datasets import records, tasks
from longformer import inputs, longformer_config
from longformer import make as make_encoder
from table import markdown, publish
from torch import Tensor, nn
from transformers import LEDConfig, LEDForConditionalGeneration, LongformerForSequenceClassification
from transformers.modeling_outputs import BaseModelOutput

from longdoc.bundled import bundled_file
from longdoc.models.encoder.embedder import Embedder
from longdoc.models.encoder.minilm import MiniLM
from longdoc.models.longformer.fast import fast_longformer
from longdoc.models.quantize import quantize, weight_bytes

FORMS = ("float32", "bfloat16", "int8")
WRITTEN = 16  # tokens
LOST = ("relative error", "mean cosine", "least cosine")
RATIOS = "Speeds are medians, the forms called in turns; a ratio compares forms within this run."


def turns(calls: Mapping[Any, Callable[[], object]], repeats: int) -> dict[Any, float]:
    """Median seconds of each call, called in turns, so that a stall of the machine hits all; the first turn warms."""
    times: dict[Any, list[float]] = {name: [] for name in calls}
    for turn in range(repeats + 1):
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            if turn:
                times[name].append(time.perf_counter() - began)
    return {name: statistics.median(found) for name, found in times.items()}


def times_of(value: float, first: float) -> str:
    """A ratio."""
    return f"{value / first:.2f}x"


def loss(exact: Tensor, near: Tensor) -> list[str]:  # (T, vocabulary) each
    """Mean and largest KL of the distributions `near` from `exact`, and how often the same token is likeliest."""
    kl = (exact.exp() * (exact - near)).sum(dim=-1)
    same = (exact.argmax(-1) == near.argmax(-1)).float().mean()
    return [f"{kl.mean():.1e}", f"{kl.max():.1e}", f"{same:.2%}"]


def bundled(given: argparse.Namespace) -> None:
    """The bundled encoder: speed, what it finds and how it summarizes, on the dev sets."""
    made = {form: Embedder(weights=form) for form in FORMS}
    [asked] = records("rag_docs")
    texts = [chunk["text"] for chunk in asked["chunks"]]
    seconds = turns({form: _encoding(one, texts) for form, one in made.items()}, given.repeats)
    exact, rows = made["float32"].encode(texts), []
    for form, one in made.items():
        scores = [*_found(asked, one), *_chroma(one, given.limit), *_rouge("pubmed_memsum", one, given.limit)]
        speed = f"{len(texts) / seconds[form]:.1f}", times_of(seconds["float32"], seconds[form])
        cosine = np.sum(exact * one.encode(texts), axis=1)
        rows.append([form, f"{_minilm_bytes(one) / 2**20:.1f}", *speed, f"{cosine.min():.4f}", *scores])
    headers = (
        "bundled encoder",
        "MiB",
        "chunks a second",
        "ratio",
        "least cosine",
        "rag_docs: recall of 5",
        "reciprocal rank",
        "chroma: recall",
        "IoU",
        "pubmed ROUGE-1",
        "ROUGE-2",
        "ROUGE-Lsum",
    )
    said = (
        f"{RATIOS} rag_docs: {len(texts)} chunks, {len(asked['questions'])} questions, five chunks taken. "
        "chroma_chunking: chunks of 200 tokens, five taken, as in chunking_retrieval. Summaries of pubmed_memsum as in "
        f"summary_quality. Percent; the first {given.limit} questions of each chroma document, the first {given.limit} "
        "papers. In int8 the words' vectors, half of the weights, are in bfloat16."
    )
    publish("quantization_bundled", "The bundled encoder in 16 and 8 bits", f"{said}\n\n{markdown(headers, rows)}")


def _encoding(embedder: Embedder, texts: Sequence[str]) -> Callable[[], object]:
    return lambda: embedder.encode(texts)


def _minilm_bytes(embedder: Embedder) -> int:
    """Of the same weights in torch, as OpenVINO does not say what it keeps."""
    int8 = embedder._dtype == "int8"
    dtype = torch.bfloat16 if int8 else getattr(torch, embedder._dtype)
    network = MiniLM(bundled_file("model.safetensors"), dtype, int8=int8)
    plain = [network._words, network._positions, *network._norm]
    for layer in network._layers:
        plain += [one for part in layer if not isinstance(part, nn.Module) for one in part]
        plain += [one for part in layer if isinstance(part, nn.Module) for one in part.buffers()]
    return sum(one.numel() * one.element_size() for one in plain)


def _found(asked: Mapping[str, Any], embedder: Embedder) -> list[str]:
    links = np.array([chunk["chunk_link"] for chunk in asked["chunks"]])
    vectors = embedder.encode([f"{chunk['chunk_heading']}\n{chunk['text']}" for chunk in asked["chunks"]])
    near = embedder.encode([one["question"] for one in asked["questions"]]) @ vectors.T  # (questions, chunks)
    recalls, ranks = [], []
    for order, question in zip(np.argsort(-near, axis=1, kind="stable"), asked["questions"], strict=True):
        right = np.isin(links[order], question["correct_chunks"])
        recalls.append(right[:5].sum() / len(question["correct_chunks"]))
        ranks.append(1 / (1 + right.argmax()) if right.any() else 0.0)
    return [f"{100 * np.mean(recalls):.1f}", f"{100 * np.mean(ranks):.1f}"]


def _chroma(embedder: Embedder, most: int) -> list[str]:
    from chunking_peers import RememberedEmbeddings, Setting, available
    from chunking_retrieval import ENCODING, measure

    [system] = available(["longdoc Section"])
    setting = Setting(200, ENCODING, RememberedEmbeddings(embedder))
    scores = [one for record in records("chroma_chunking") for one in measure(system, setting, record, most)[1]]
    return [f"{100 * np.mean([getattr(one, name) for one in scores]):.2f}" for name in ("recall", "iou")]


def _rouge(name: str, embedder: Embedder, most: int) -> list[str]:
    from rouge_score.rouge_scorer import RougeScorer
    from summary_quality import MEASURES, score

    from longdoc import ExtractiveSummarizer, summarize
    from longdoc.testing import CountingTokenizer

    papers = sorted(tasks(name), key=lambda task: task.id)[:most]
    words = round(float(np.mean([len(reference.split()) for task in papers for reference in task.references])))
    model, scorer = ExtractiveSummarizer(embedder, CountingTokenizer()), RougeScorer(list(MEASURES), use_stemmer=True)
    rows = []
    for task in papers:
        summary = summarize(task.text, max_tokens=words, model=model, style="sentences").summary
        rows.append(score(scorer, [sentence.text for sentence in summary.sentences], task.references))
    return [f"{mean:.2f}" for mean in np.mean(rows, axis=0)[:3]]


def _forms_of(model: Any) -> dict[str, Any]:
    return {form: fast_longformer(quantize(copy.deepcopy(model), form)) for form in FORMS}


@torch.inference_mode()
def longformer(given: argparse.Namespace) -> None:
    """Longformer base, 12 random layers."""
    made, read = _forms_of(make_encoder("longformer", given.layers)), inputs("longformer", 1, "global")
    seconds = turns({form: _calling(model, read) for form, model in made.items()}, given.repeats)
    torch.manual_seed(0)
    labelled = _forms_of(LongformerForSequenceClassification(longformer_config(given.layers, num_labels=3)).eval())
    ids = torch.randint(3, 1000, (40, 256), generator=torch.Generator().manual_seed(2))
    logits = {form: torch.cat([model(one[None]).logits for one in ids]).float() for form, model in labelled.items()}
    states = {form: model(**read).last_hidden_state[0].float() for form, model in made.items()}
    rows = []
    for form, model in made.items():
        speed = f"{4096 / seconds[form]:,.0f}", times_of(seconds["float32"], seconds[form])
        same = (logits[form].argmax(-1) == logits["float32"].argmax(-1)).float().mean()
        rows.append(
            [form, f"{weight_bytes(model) / 2**20:.0f}", *speed, *_lost(states["float32"], states[form]), f"{same:.1%}"]
        )
    headers = ("Longformer base", "MiB", "tokens a second", "ratio", *LOST, "same of 3 labels")
    said = (
        f"{RATIOS} Random weights, without the words of the released vocabulary (77 MiB in 16 bits), 4,096 tokens, 16 "
        "of them global. Labels: 40 texts of 256 random tokens; the logits of random heads lie close together."
    )
    publish("quantization_longformer", "Longformer in 16 and 8 bits", f"{said}\n\n{markdown(headers, rows)}")


def _calling(model: Any, read: Mapping[str, Tensor]) -> Callable[[], object]:
    def call() -> object:
        with torch.inference_mode():
            return model(**read)

    return call


def _lost(exact: Tensor, near: Tensor) -> list[str]:  # (T, width) each
    """Relative error of the hidden states, and the mean and least cosine of a token's."""
    error, cosine = (near - exact).norm() / exact.norm(), torch.cosine_similarity(exact, near, dim=-1)
    return [f"{error:.1e}", f"{cosine.mean():.5f}", f"{cosine.min():.5f}"]


@torch.inference_mode()
def led(given: argparse.Namespace) -> None:
    """LED base, random: reading, writing by beams, and the next token after random ones."""
    torch.manual_seed(0)
    made = _forms_of(LEDForConditionalGeneration(LEDConfig(vocab_size=1000, d_model=768, **_led_sizes(given))).eval())
    read = {name: one[:, : given.led_tokens] for name, one in inputs("led", 1, "global").items()}
    encoders = {form: model.get_encoder() for form, model in made.items()}
    reading = turns({form: _calling(one, read) for form, one in encoders.items()}, given.repeats)
    states = {form: one(**read).last_hidden_state for form, one in encoders.items()}
    writing = turns({form: _led_writing(model, states[form]) for form, model in made.items()}, given.repeats)
    written = torch.randint(3, 1000, (1, 256), generator=torch.Generator().manual_seed(3))
    logits = {form: _led_logits(model, states[form], written) for form, model in made.items()}
    wide, rows = {form: one[0].float() for form, one in states.items()}, []
    for form, model in made.items():
        speed = f"{given.led_tokens / reading[form]:,.0f}", times_of(reading["float32"], reading[form])
        beams = f"{WRITTEN / writing[form]:.1f}", times_of(writing["float32"], writing[form])
        lost = loss(logits["float32"], logits[form])[::2]
        rows.append(
            [form, f"{weight_bytes(model) / 2**20:.0f}", *speed, *beams, *_lost(wide["float32"], wide[form]), *lost]
        )
    headers = (
        "LED base",
        "MiB",
        "tokens read a second",
        "ratio",
        "written",
        "ratio",
        *LOST,
        "mean KL, nats",
        "same next token",
    )
    said = (
        f"{RATIOS} Random weights, 1,000 words, {given.led_tokens:,} tokens read, 16 of them global; {WRITTEN} written "
        "with 4 beams. The relative error and cosines are of the encoder's hidden states, the KL of 256 next tokens' "
        "distributions. Random weights say nothing of how good a summary stays."
    )
    publish("quantization_led", "LED in 16 and 8 bits", f"{said}\n\n{markdown(headers, rows)}")


def _led_sizes(given: argparse.Namespace) -> dict[str, Any]:
    sizes = dict.fromkeys(("encoder_ffn_dim", "decoder_ffn_dim"), 3072)
    heads = dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 12)
    depth = dict.fromkeys(("encoder_layers", "decoder_layers"), given.layers or 6)
    return {**sizes, **heads, **depth, "attention_window": 1024}


def _led_writing(model: Any, states: Tensor) -> Callable[[], object]:
    fixed = {"max_new_tokens": WRITTEN, "min_new_tokens": WRITTEN, "num_beams": 4, "do_sample": False}
    return lambda: model.generate(encoder_outputs=BaseModelOutput(states.clone()), **fixed)


def _led_logits(model: Any, states: Tensor, written: Tensor) -> Tensor:  # (t, vocabulary)
    output = model(encoder_outputs=BaseModelOutput(states), decoder_input_ids=written)
    return output.logits[0].float().log_softmax(dim=-1)
