from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from local_models import save_tiny

from longdoc.errors import InputError
from longdoc.models.decoder.chat_model import WindowedChatModel
from longdoc.models.decoder.prompt import ChatPrompt
from longdoc.models.decoder.tool_calls import ToolCalls

TEMPLATE = (
    "{% if tools %}Tools: {{ tools | tojson }} Write <tool_call>{}</tool_call>.{% endif %}"
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% for c in m.tool_calls or [] %}"
    "<tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}<|end|>{% endfor %}<|assistant|>"
)
LOOK = {"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": {"type": "object"}}}


def pieces(text: str, cuts: list[int]) -> Iterator[str]:
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    yield from (text[start:end] for start, end in pairwise(edges))


def read(text: str, cuts: list[int]) -> tuple[str, AIMessageChunk]:
    reading = ToolCalls("call")
    shown = "".join(map(reading.read, pieces(text, cuts)))
    rest, calls = reading.end()
    return shown + rest, AIMessageChunk(content="", tool_call_chunks=calls)


@settings(max_examples=40)
@given(
    before=st.text("ab <t{", max_size=9),
    calls=st.lists(st.dictionaries(st.text(max_size=3), st.integers() | st.text("a<>é\n", max_size=5)), max_size=3),
    cuts=st.lists(st.integers(0, 999), max_size=9),
)
def test_the_text_and_the_calls_are_those_written_however_the_reply_is_cut(
    before: str, calls: list[dict[str, Any]], cuts: list[int]
) -> None:
    made = [f"<tool_call>\n{json.dumps({'name': 'look', 'arguments': one})}\n</tool_call>" for one in calls]
    text, message = read(before + "\n".join(made), cuts)
    assert text == before
    assert [(one["name"], one["args"], one["id"]) for one in message.tool_calls] == [
        ("look", one, f"call_{number}") for number, one in enumerate(calls)
    ]


def test_what_is_no_call_is_told_as_one_that_is_not_valid() -> None:
    _, message = read("<tool_call>{broken</tool_call>", [])
    assert message.tool_calls == []
    assert message.invalid_tool_calls[0]["args"] == '"{broken"'


@cache
def model(template: str = TEMPLATE) -> WindowedChatModel:
    return WindowedChatModel.from_pretrained(str(save_tiny(Path(mkdtemp()), template=template)), max_tokens=4)


def test_the_template_is_given_tools_calls_and_results() -> None:
    one = model()
    called = AIMessage("", tool_calls=[{"name": "look", "args": {"at": 3}, "id": "1"}])
    messages = [HumanMessage("Where?"), called, ToolMessage("there", tool_call_id="1", name="look")]
    text = one.tokenizer.decode(ChatPrompt(one.tokenizer, [LOOK]).ids(messages)[0])
    assert text.startswith("Tools: [{")
    assert '"name": "look", "arguments": {"at": 3}' in text or '"arguments": {"at": 3}, "name": "look"' in text
    assert text.rstrip().endswith("there<|end|><|assistant|>")
    assert (
        one.get_num_tokens_from_messages(messages, [LOOK]) == ChatPrompt(one.tokenizer, [LOOK]).ids(messages).shape[1]
    )
    reply = one.bind_tools([LOOK]).invoke(messages)
    assert reply.usage_metadata is not None
    assert reply.usage_metadata["input_tokens"] == one.get_num_tokens_from_messages(messages, [LOOK])


def test_what_a_model_has_no_tools_for_is_one_sentence() -> None:
    with pytest.raises(InputError, match="leave it out"):
        model().bind_tools([LOOK], tool_choice="any")
    with pytest.raises(InputError, match="has no tools"):
        model("<|user|>").bind_tools([LOOK])
    with pytest.raises(InputError, match="has none"):
        model("<|user|>").invoke([ToolMessage("there", tool_call_id="1")])
