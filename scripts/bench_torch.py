"""Times in PyTorch what nn/benches/networks.rs times, and prints the ratios. Usage: bench_torch.py THREADS [CRITERION_FOLDER]

    python3 -m venv .venv-torch && .venv-torch/bin/pip install torch numpy
    RAYON_NUM_THREADS=1 cargo bench -p recloop-nn --bench networks
    .venv-torch/bin/python scripts/bench_torch.py 1 target/criterion
"""

import json
import pathlib
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

BATCH, LENGTH, WIDTH, ITEMS = 128, 50, 64, 10_000
INPUTS, ACTIONS, ROWS, USERS = 32, 10, 2_048, 16_384


class Layer(nn.Module):
    """Pre-norm attention of one head and a feed-forward part of the same width, as in nn/src/blocks/transformer.rs."""

    def __init__(self):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(2))
        self.qkv, self.output = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.inner, self.outer = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        q, k, v = (part.unsqueeze(1) for part in self.qkv(self.norms[0](x)).chunk(3, dim=-1))
        x = x + self.output(F.scaled_dot_product_attention(q, k, v, is_causal=True).squeeze(1))
        return x + self.outer(F.relu(self.inner(self.norms[1](x))))


class Sequential(nn.Module):
    def __init__(self):
        super().__init__()
        self.items, self.positions = nn.Embedding(ITEMS, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.layers, self.norm = nn.Sequential(Layer(), Layer()), nn.LayerNorm(WIDTH)

    def loss(self, seen, following, other):
        states = self.norm(self.layers(self.items(seen) + self.positions.weight))
        score = lambda ids: (states * self.items(ids)).sum(-1)
        return -(F.logsigmoid(score(following)) + F.logsigmoid(-score(other))).mean()


def mlp(outputs):
    return nn.Sequential(nn.Linear(INPUTS, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, outputs))


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor, self.critic = mlp(ACTIONS), mlp(1)

    def loss(self, x, action, old, advantage, value):
        log_p = F.log_softmax(self.actor(x), dim=1)
        entropy = -(log_p.exp() * log_p).sum(1).mean()
        ratio = (log_p.gather(1, action) - old).exp()
        policy = -torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()
        return policy + 0.5 * (self.critic(x) - value).square().mean() - 0.01 * entropy


def step(module, rate, arguments):
    optimiser = torch.optim.Adam(module.parameters(), lr=rate)

    def run():
        optimiser.zero_grad()
        loss = module.loss(*arguments)
        loss.backward()
        # Ours measures the norm of the gradient in every step.
        nn.utils.clip_grad_norm_(module.parameters(), 1e9)
        optimiser.step()
        return loss.item()

    return run


def median_ms(run, seconds=4.0):
    """The median over a few seconds, after a second to warm up."""
    until = time.perf_counter() + 1.0
    while time.perf_counter() < until:
        run()
    times, until = [], time.perf_counter() + seconds
    while time.perf_counter() < until:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def cases():
    ids = lambda: torch.randint(ITEMS, (BATCH, LENGTH))
    yield "sasrec step", step(Sequential(), 1e-3, (ids(), ids(), ids()))
    column = lambda: torch.randn(ROWS, 1)
    rest = (torch.randn(ROWS, INPUTS), torch.randint(ACTIONS, (ROWS, 1)), column() * 0.1 - 2.3, column(), column())
    yield "actor-critic update", step(ActorCritic(), 3e-4, rest)
    actor, x = ActorCritic().actor, torch.randn(USERS, INPUTS)

    def rollout():
        with torch.inference_mode():
            return actor(x)

    yield "rollout/forward", rollout


def ours_ms(folder, name):
    """Criterion's median."""
    estimates = pathlib.Path(folder, name, "new", "estimates.json")
    return json.loads(estimates.read_text())["median"]["point_estimate"] / 1e6


def main():
    threads, folder = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None
    torch.set_num_threads(threads)
    torch.manual_seed(7)
    print(f"PyTorch {torch.__version__}, threads: {threads}")
    for name, run in cases():
        theirs = median_ms(run)
        line = f"{name}: PyTorch {theirs:.2f} ms"
        if folder:
            ours = ours_ms(folder, name)
            line += f", burn {ours:.2f} ms, burn / PyTorch {ours / theirs:.2f}"
        print(line)


main()
