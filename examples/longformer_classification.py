"""A document far past Longformer's 4,096 tokens, put into one of three classes and asked a question.

The models are small random ones of Longformer's architecture, saved and loaded as real ones are, so that the example
needs no network; with the weights at hand, `LongformerReader.load("allenai/longformer-base-4096", num_labels=3)` takes
their place (and a classification that means something needs weights trained for it). transformers alone cannot: past
the model's positions it stops with an IndexError.
"""

from tempfile import TemporaryDirectory

from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LongformerConfig, LongformerForQuestionAnswering, LongformerModel, PreTrainedTokenizerFast

from longdoc.models.longformer.reader import LongformerReader

TEXT = "the river rose all night and by morning the bridge was gone . " * 1000
WORDS = ["<s>", "<pad>", "</s>", "<unk>", *sorted(set(TEXT.split()))]
SIZES = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64, "num_hidden_layers": 2}
IDS = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2, "sep_token_id": 2}

words = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="<unk>"))
words.pre_tokenizer = pre_tokenizers.Whitespace()
special = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, cls_token="<s>", sep_token="</s>", **special)
config = LongformerConfig(vocab_size=len(WORDS), attention_window=512, max_position_embeddings=4098, **IDS, **SIZES)

with TemporaryDirectory() as folder:
    tokenizer.save_pretrained(folder)
    LongformerModel(config).save_pretrained(folder)
    reader = LongformerReader.load(folder, "classify", num_labels=3)

found = reader.classify(TEXT)
print(f"{len(tokenizer(TEXT, verbose=False)['input_ids']):,} tokens, windows of {reader.window:,}:")
print(f"{found.label} with probability {found.probability:.2f}, logits {[round(one, 3) for one in found.logits]}")

answer = LongformerReader(LongformerForQuestionAnswering(config), tokenizer).answer("the bridge was", TEXT)
if answer is not None:
    print(f"Answer at {answer.start_index}: {TEXT[answer.start_index : answer.end_index]!r}")
