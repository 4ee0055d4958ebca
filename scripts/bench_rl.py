"""Times PPO here beside Stable-Baselines3's and prints the ratio of environment steps per CPU-second. Usage: bench_rl.py [RECLOOP]

    python3 -m venv .venv-rl && .venv-rl/bin/pip install stable-baselines3
    cargo build --release
    .venv-rl/bin/python scripts/bench_rl.py target/release/recloop

Both learn on one thread, 4 epochs a rollout: Stable-Baselines3 CartPole-v1 in 8 environments of 128 steps, its usual 64-64
networks; recloop `interest-evolution-v0` with a 64-64 user tower scored by dot product with ten items, slates of three.
"""

import os
import resource
import subprocess
import sys
import tempfile

os.environ.update(OMP_NUM_THREADS="1", RAYON_NUM_THREADS="1")


def cpu_secs(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def stable_baselines(steps=50_000):
    import torch
    from stable_baselines3 import PPO

    torch.set_num_threads(1)
    learner = PPO("MlpPolicy", _cart_poles(), n_steps=128, batch_size=256, n_epochs=4, device="cpu")
    learner.learn(8 * 128)  # warm
    before = cpu_secs(resource.RUSAGE_SELF)
    learner.learn(steps)
    return steps / (cpu_secs(resource.RUSAGE_SELF) - before)


def _cart_poles():
    from stable_baselines3.common.env_util import make_vec_env

    return make_vec_env("CartPole-v1", n_envs=8)


def recloop(binary, steps=1_000_000):
    with tempfile.TemporaryDirectory() as out:
        before = cpu_secs(resource.RUSAGE_CHILDREN)
        command = [binary, "train", "interest-evolution-ppo", "--steps", str(steps), "--out", f"{out}/ppo"]
        subprocess.run(command, check=True, capture_output=True)
        return steps / (cpu_secs(resource.RUSAGE_CHILDREN) - before)


def main():
    binary = sys.argv[1] if len(sys.argv) > 1 else "target/release/recloop"
    # One after the other and back, so that a machine that slows down slows both.
    theirs = [stable_baselines()]
    ours = [recloop(binary), recloop(binary)]
    theirs.append(stable_baselines())
    print("| environment steps per CPU-second | first | second |")
    print("|---|---:|---:|")
    print(f"| Stable-Baselines3, CartPole-v1 | {theirs[0]:,.0f} | {theirs[1]:,.0f} |")
    print(f"| recloop, interest-evolution-v0 | {ours[0]:,.0f} | {ours[1]:,.0f} |")
    print(f"\nratio {sum(ours) / sum(theirs):.1f}")


if __name__ == "__main__":
    main()
