"""Trains a config on several seeds and tells what the policies earn in runs that no training has seen, with a 95 % interval.

    over_seeds.py RECLOOP CONFIG WORLD METRIC[,METRIC…] [--seeds N] [--train "ARGS"] [--world "ARGS"] [--beside NAME…]

Each policy is compared with what is named beside it (`random` if nothing is) on seeds of its own; the interval is Student's t over
trainings, so that it speaks of other seeds of both.
"""

import argparse
import json
import math
import pathlib
import shlex
import statistics
import subprocess
import tempfile
import time

# 97.5 % quantiles of Student's t by degrees of freedom.
T = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}


def told(name, values):
    mean = statistics.fmean(values)
    each = ", ".join(f"{value:.4g}" for value in values)
    if len(values) < 2:
        return f"{name}: {each}"
    half = T.get(len(values) - 1, 1.96) * statistics.stdev(values) / math.sqrt(len(values))
    return f"{name}: {mean:.4g} [{mean - half:.4g}, {mean + half:.4g}], n = {len(values)} ({each})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recloop")
    parser.add_argument("config")
    parser.add_argument("world")
    parser.add_argument("metrics")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--train", default="", help="more arguments of `recloop train`")
    parser.add_argument("--play", default="", help="more arguments of `recloop compare`")
    parser.add_argument("--beside", nargs="*", default=["random"])
    args = parser.parse_args()
    recloop = str(pathlib.Path(args.recloop).resolve())
    names = [*args.beside, "trained"]
    found = {(name, metric): [] for name in names for metric in args.metrics.split(",")}
    seconds = []
    with tempfile.TemporaryDirectory() as scratch:
        for seed in range(1, args.seeds + 1):
            out, began = f"{scratch}/{seed}", time.monotonic()
            train = [recloop, "train", args.config, "--seed", str(seed), "--out", out, *shlex.split(args.train)]
            subprocess.run(train, check=True, stdout=subprocess.DEVNULL)
            seconds.append(time.monotonic() - began)
            seen = ["--seeds", "2", "--first-seed", str(100 + 2 * seed), "--metrics", args.metrics, "--format", "json"]
            compare = [recloop, "compare", args.world, *args.beside, out, *seen, *shlex.split(args.play)]
            result = json.loads(subprocess.run(compare, check=True, stdout=subprocess.PIPE).stdout)
            for metric in result["metrics"]:
                for name, values in zip(names, metric["values"]):
                    found[name, metric["name"]].append(statistics.fmean(values))
    for (name, metric), values in found.items():
        print(told(f"{metric}, {name if name != 'trained' else args.config}", values))
    print(f"Seconds a training: {', '.join(f'{secs:.0f}' for secs in seconds)}")


if __name__ == "__main__":
    main()
