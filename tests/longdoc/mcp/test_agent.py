"""A LangChain agent whose tools come through langchain-mcp-adapters: a script finds, reads, asks and verifies."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools

from longdoc.testing import ScriptedChatModel

pytestmark = pytest.mark.slow

HARBOUR = "# The harbour\n\nThe harbour was built in 1843. It cost 12,000 pounds.\n\n# Light\n\nIt is 30 metres high.\n"


def steps() -> Iterator[tuple[str, Any]]:
    """The tools that the model calls, each with what it makes of the result of the one before."""
    yield "list_documents", lambda _: {}
    yield "search", lambda result: {"query": "How high is the light?", "documents": [result["documents"][0]["id"]]}
    yield "read", lambda result: {key: result["passages"][0][key] for key in ("document", "start", "end")}
    yield "ask", lambda result: {"question": "What did the harbour cost?", "documents": [result["place"]["document"]]}
    yield "verify", lambda result: {"text": result["text"] + " The light is 40 metres high."}


def last(messages: list[BaseMessage]) -> Any:
    """The structured content of the last tool's result, as the adapters hand it on."""
    message = messages[-1]
    if not isinstance(message, ToolMessage):
        return None
    assert message.status == "success", message.content
    return message.artifact["structured_content"]


def test_an_agent_with_a_scripted_model_works_through_the_tools(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "harbour.md").write_text(HARBOUR, encoding="utf-8")
    script = steps()

    def reply(messages: list[BaseMessage]) -> AIMessage:
        result = last(messages)
        step = next(script, None)
        if step is None:
            told = [line["text"] for line in result["lines"] if line["supported"]]
            return AIMessage(" ".join(told))
        name, made = step
        return AIMessage("", tool_calls=[{"name": name, "args": made(result), "id": name, "type": "tool_call"}])

    model = ScriptedChatModel(replies=reply)
    server = {
        "transport": "stdio",
        "command": sys.executable,
        "args": ["-m", "longdoc.cli", "mcp", str(tmp_path / "docs"), "--index", str(tmp_path / "index")],
        "env": {**os.environ},
    }

    async def run() -> list[BaseMessage]:
        client = MultiServerMCPClient({"longdoc": server})  # type: ignore[dict-item]
        async with client.session("longdoc") as session:
            agent: Any = create_agent(model, await load_mcp_tools(session))
            asked = ("user", "What did the harbour cost, and how high is its light?")
            ended = await agent.ainvoke({"messages": [asked]})
        return list(ended["messages"])

    messages = anyio.run(run)
    results = [message for message in messages if isinstance(message, ToolMessage)]
    assert [message.name for message in results] == [name for name, _ in steps()]
    assert all(set(offered) >= {name for name, _ in steps()} for offered in model.tools)
    read = results[2].artifact["structured_content"]["place"]
    assert "30 metres" in read["quote"] == HARBOUR[read["start"] : read["end"]]
    assert "12,000 pounds" in messages[-1].text
    assert "40 metres" not in messages[-1].text
