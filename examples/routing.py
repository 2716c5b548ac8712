"""Which model should read this, and how: the choice and its reason, and a text read by it.

Numbers alone make a choice (`Choice`); with models at hand the text is read as well (`Router`).
"""

from longdoc.pipelines.choice import Choice
from longdoc.pipelines.route import ModelAtHand, Request
from longdoc.pipelines.routing.router import Assignment, Router
from longdoc.testing import ScriptedChatModel

choice = Choice(
    [
        ModelAtHand("a chat model", "chat", 8192),
        ModelAtHand("Longformer", "longformer", 4096, tasks=("classify", "answer"), bytes=600_000_000),
        ModelAtHand("GPT-2 by windows", "windowed", 1024, bytes=500_000_000, bytes_per_token=74_000),
        ModelAtHand("the sentence encoder", "extractive"),
    ],
    free_bytes=4_000_000_000,
)
for task in ("classify", "answer", "summarize", "chat"):
    for tokens in (700, 7_000, 70_000):
        print(
            f"{task}, {tokens:,} tokens -> {choice.route(Request(task, tokens, prompt_tokens=60, output_tokens=300))}"
        )

text = "The harbour was built in 1843 by the town council. Ships brought timber and salt to it.\n"
silent = ScriptedChatModel(replies=[""])
reading = Router([silent, "extractive"]).invoke(Assignment("answer", text, "When was the harbour built?"))
print(reading.result.text)
print(reading.why)
