"""A text read in chunks, stopped, and gone on with in another process: what is carried has a fixed size.

The encoder has random weights, so that the example needs no network; what it shows does not depend on them.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from longdoc.models.performer.performer import PerformerConfig, PerformerEncoder
from longdoc.models.performer.recurrent_state import RecurrentState

torch.manual_seed(0)
config = PerformerConfig(vocab_size=1000, width=64, layers=2, heads=4, inner=128, causal=True, positions="sinusoidal")
encoder = PerformerEncoder(config).eval()
ids = torch.randint(1, config.vocab_size, (1, 20_000))

with TemporaryDirectory() as folder, torch.inference_mode():
    encoder.save_pretrained(Path(folder) / "encoder")
    state = None
    for chunk in ids[:, :12_000].split(3_000, dim=1):
        _, state = encoder.encode_chunk(chunk, state)
        print(f"{state.seen:,} tokens read, {state.nbytes:,} bytes carried")
    state.save(Path(folder) / "state.safetensors")

    again = PerformerEncoder.load(Path(folder) / "encoder")
    restored = RecurrentState.load(Path(folder) / "state.safetensors", again)
    rest, state = again.encode_chunk(ids[:, restored.seen :], restored)
    whole = encoder(ids)[:, restored.seen :]

apart = (rest - whole).abs().max()
print(f"{state.seen:,} tokens read; largest difference from reading the whole at once: {apart:.0e}")
