"""Serves a tiny language model of random weights by llama.cpp's own HTTP server.

What it says is nonsense; the protocol, the constrained decoding and the counts are real, so clients can be tested
against it. Usage: serve.py [--port N] [--alias NAME] [--key KEY]. Prints `port N` once it answers, and
stops when its input is closed, so that it outlives no test.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np
import xllamacpp
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

# Enough words that common text takes few tokens. Static: the same model on every machine.
WORDS = """
the a of and to in is that it for on with as you was are this be at by not or have from an they which one we all
their has would what will there if can more when who so no my out up about than into them other some could time
watch skip like leave stay more less new calm short music film news game sport food travel science comedy drama art
item items user creator slate title topic mood mindset seconds reason text true false null json action choose answer
""".split()

# Roles in the fewest words: what is measured is the protocol, not the prompt.
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)
WIDTH, LAYERS, HEADS, INNER, CONTEXT, VOCABULARY = 64, 2, 4, 128, 8192, 512
END = "<|end|>"


def train_tokenizer() -> Tokenizer:
    """Byte-level BPE: every text can be written, letters and digits are tokens of their own."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=[END], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([" " + word for word in WORDS], trainer)
    return tokenizer


def merges_of(tokenizer: Tokenizer) -> list[str]:
    pairs = json.loads(tokenizer.to_str())["model"]["merges"]
    return [pair if isinstance(pair, str) else " ".join(pair) for pair in pairs]


def write_model(path: Path) -> None:
    """A Llama of 64 dimensions and two layers, its weights drawn from a fixed seed."""
    tokenizer = train_tokenizer()
    tokens = [tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())]
    kinds = [gguf.TokenType.CONTROL if token == END else gguf.TokenType.NORMAL for token in tokens]
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("random")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges_of(tokenizer))
    writer.add_bos_token_id(tokens.index(END))
    writer.add_eos_token_id(tokens.index(END))
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)

    rng = np.random.default_rng(7)

    def drawn(*shape: int) -> np.ndarray:
        return rng.normal(0.0, 0.1, shape).astype(np.float32)

    writer.add_tensor("token_embd.weight", drawn(len(tokens), WIDTH))
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"{block}{name}.weight", np.ones(WIDTH, dtype=np.float32))
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"{block}{name}.weight", drawn(WIDTH, WIDTH))
        for name, shape in (("ffn_gate", (INNER, WIDTH)), ("ffn_up", (INNER, WIDTH)), ("ffn_down", (WIDTH, INNER))):
            writer.add_tensor(f"{block}{name}.weight", drawn(*shape))
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, dtype=np.float32))
    writer.add_tensor("output.weight", drawn(len(tokens), WIDTH))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def parameters(model: Path, options: argparse.Namespace) -> xllamacpp.CommonParams:
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = {options.alias}
    params.hostnames = ["127.0.0.1"]
    params.port = options.port
    params.n_parallel = 4
    params.n_ctx = CONTEXT
    # A second thread spins while it waits for the first, and takes the processor from whoever asks.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.warmup = False
    params.offline = True
    params.ui = False
    params.fit_params = False
    params.endpoint_metrics = True
    if options.key:
        params.api_keys = [options.key]
    return params


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--alias", default="random", help="what the model is called")
    parser.add_argument("--key", default="", help="the key that is asked for; none if empty")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "random.gguf"
        write_model(model)
        server = xllamacpp.Server(parameters(model, options))
        print("port", server.listening_address.rsplit(":", 1)[-1], flush=True)
        sys.stdin.read()
        del server


if __name__ == "__main__":
    main()
