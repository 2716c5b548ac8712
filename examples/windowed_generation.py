"""GPT-2 past its positions: a prompt of 3,000 tokens, continued with a window of 256.

The model is a small random one of GPT-2's architecture, so that the example needs no network; with the weights at
hand, `load_decoder("openai-community/gpt2")` takes its place. transformers alone cannot: `attention_window` is no
argument of its `generate`, and the prompt runs out of GPT-2's 1,024 positions.
"""

import torch
from transformers import GPT2Config, GPT2LMHeadModel

from longdoc.models.decoder.decoder import WindowedDecoder

config = GPT2Config(vocab_size=1000, n_embd=64, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=None)
model = GPT2LMHeadModel(config)
ids = torch.randint(1, config.vocab_size, (1, 3000))

decoder = WindowedDecoder(model)
output = decoder.generate(input_ids=ids, max_length=3040, attention_window=256, do_sample=False)

print(f"{config.n_positions} positions, {ids.shape[1]} tokens read, {output.shape[1] - ids.shape[1]} written:")
print(output[0, ids.shape[1] :].tolist())
