"""Seconds and memory of the H-score of every pixel against their floor, the additions.

    make bench

20,000 x 2,048 features in float32, 64 x 64 pixels of 16 colours. Two kinds of maps: colours drawn
at random, where neighbours have nothing in common, and smooth ones. Each runs in a process of its
own, for its peak memory. Results go to notebooks/results/pixelwise_speed.json, one entry a device.
"""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from tdist.pixelwise import palette, quantise, whiten
from tdist.studies.results import describe_device, peak_memory, where

M, K, SIDE, COLOURS = 20_000, 2_048, 64, 16
LIMIT_SECONDS, LIMIT_GB = 120, 4
KINDS = "random", "smooth"
DEVICES = ["cpu"] + ["cuda"] * torch.cuda.is_available()


def maps(kind, rng):
    """Codes (M, SIDE, SIDE)."""
    if kind == "random":
        return rng.integers(0, COLOURS, (M, SIDE, SIDE), dtype=np.uint8)
    grid = torch.from_numpy(rng.standard_normal((M, 1, 6, 6), dtype=np.float32))
    smooth = torch.nn.functional.interpolate(grid, (SIDE, SIDE), mode="bilinear")[:, 0].numpy()
    return quantise(smooth, palette(smooth, COLOURS))


def additions_a_second(device):
    """The floor's unit, in float64: on a GPU a product with ones; on a CPU rows of a block of 1 MB,
    which stays in the cache, added up by one thread, times the threads. The best of short runs,
    which others on the machine rarely hit."""
    if device == "cuda":
        ones, block = (torch.ones(shape, dtype=torch.float64, device=device)
                       for shape in ((256, M), (M, K)))
        seconds = min(clock(lambda: ones @ block, device)[0] for _ in range(10))
        return len(ones) * block.numel() / seconds
    block = np.random.default_rng(0).standard_normal((256, 512))
    seconds = min(clock(lambda: block.sum(0), device)[0] for _ in range(2000))
    return torch.get_num_threads() * block.size / seconds


def bytes_a_second(device):
    """Reading a matrix of 512 MB, by the sum of its numbers."""
    x = torch.ones(2**26, dtype=torch.float64, device=device)
    return x.numel() * 8 / min(clock(x.sum, device)[0] for _ in range(5))


def clock(run, device):
    """Seconds, and what came out."""
    if device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    value = run()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start, value


def measure(kind, device):
    """One run in full: seconds, peak memory, floor, and the mean score beside chance."""
    rng = np.random.default_rng(0)
    codes = maps(kind, rng)
    x = torch.from_numpy(rng.standard_normal((M, K), dtype=np.float32)).to(device)
    load = os.getloadavg()[0]
    before, white = clock(lambda: whiten(x), device)
    sums, scores = clock(lambda: white.h_score(codes, progress=False), device)
    peak = peak_memory()
    adds, reads = M * K * SIDE**2, M * K * 8
    on_device = torch.cuda.max_memory_allocated() / 2**30 if device == "cuda" else None
    return {"seconds": {"whitening": round(before, 2), "sums": round(sums, 2),
                        "total": round(before + sums, 2)},
            "peak_memory_gb": round(peak, 2),
            "peak_device_memory_gb": None if on_device is None else round(on_device, 2),
            "floor": {"additions if each pixel is summed alone": adds,
                      "seconds of these additions": round(adds / additions_a_second(device), 2),
                      "bytes of the whitened features": reads,
                      "seconds to read them once": round(reads / bytes_a_second(device), 3)},
            "load_before": round(load, 2), "mean_score": round(float(scores), 4),
            "mean_chance": round(float(scores.chance.mean()), 4)}


@pytest.fixture(scope="module", params=DEVICES)
def table(request):
    found = {}
    for kind in KINDS:
        command = [sys.executable, __file__, kind, request.param]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        found[kind] = json.loads(done.stdout)
    store(request.param, found)
    return found


def store(device, found):
    path = where() / "pixelwise_speed.json"
    stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    stored[describe_device(device)] = {
        "m": M, "k": K, "pixels": SIDE**2, "colours": COLOURS, "threads": torch.get_num_threads(),
        "maps": found,
        "floor measured by": "rows of a float64 block of 1 MB added by one thread, times the "
                             "threads (on a GPU a product with ones); the sum of 512 MB; best of "
                             "several",
        "limits": {"seconds": LIMIT_SECONDS, "memory_gb": LIMIT_GB}, "command": "make bench"}
    path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(stored, indent=1))


def test_seconds(table):
    for kind in KINDS:
        assert table[kind]["seconds"]["total"] <= LIMIT_SECONDS, kind


def test_memory(table):
    for kind in KINDS:
        assert table[kind]["peak_memory_gb"] <= LIMIT_GB, kind


def test_noise_scores_chance(table):
    for kind in KINDS:
        assert abs(table[kind]["mean_score"] - table[kind]["mean_chance"]) < 0.01, kind
    assert table["random"]["mean_chance"] == pytest.approx(15 * 2048 / 19_999, abs=1e-3)


if __name__ == "__main__":
    print(json.dumps(measure(*sys.argv[1:])))
