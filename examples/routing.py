"""Which model should read this, and how: the router's choice and its reason, for texts of four lengths.

Nothing is loaded here: the router needs only what each model can hold. What it chooses is then read with
`LongformerReader`, `summarize` or a chat model.
"""

from longdoc.errors import UnavailableError
from longdoc.pipelines.route import ModelAtHand, Request
from longdoc.pipelines.router import Router

models = [
    ModelAtHand("a chat model", "chat", 8192),
    ModelAtHand("Longformer", "longformer", 4096, tasks=("classify", "answer"), bytes=600_000_000),
    ModelAtHand("GPT-2 by windows", "windowed", 1024, bytes=500_000_000, bytes_per_token=74_000),
    ModelAtHand("the sentence encoder", "extractive"),
]
router = Router(models, free_bytes=4_000_000_000)

for task in ("classify", "answer", "summarize", "chat"):
    for tokens in (700, 7_000, 70_000):
        route = router.route(Request(task, tokens, prompt_tokens=60, output_tokens=300))
        print(f"{task}, {tokens:,} tokens -> {route}")

try:
    router.route(Request("encode", 700))
except UnavailableError as error:
    print(f"encode, 700 tokens -> {error}")
