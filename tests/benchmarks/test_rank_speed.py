"""Memory and time of ``tdist.rank`` on a folder of 100,000 small pictures.

    OMP_NUM_THREADS=1 .venv/bin/python -m pytest --override-ini addopts= \\
        tests/benchmarks/test_rank_speed.py

EfficientNet-Lite0 sees the pictures as they are, 32 x 32; all its stages are scored. What the
progress bar said after one batch in a hundred is compared with what came. The numbers go to
notebooks/results/rank_speed.json, one entry a device.
"""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

N, CLASSES, PIXELS, BATCH = 100_000, 10, 32, 64


def pictures(folder):
    """N pictures of noise with a patch whose place is the class."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for y in range(CLASSES):
        (folder / f"class {y}").mkdir(parents=True)
    for i in range(N):
        x = rng.integers(0, 256, (PIXELS, PIXELS, 3), np.uint8)
        x[3 * (i % CLASSES):][:5, 8:24] = 255
        Image.fromarray(x).save(folder / f"class {i % CLASSES}" / f"{i}.png", compress_level=0)


def transform(image):
    """A picture as the network takes it."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 127.5 - 1


def ranked(folder, cache):
    """Rank once; print seconds and memory as JSON."""
    from tdist import rank
    from tdist.sources import efficientnet_lite
    from tdist.studies.results import peak_memory

    ready, start = peak_memory(), time.perf_counter()
    found = rank({"lite0": (efficientnet_lite(0).eval(), transform)}, folder, batch=BATCH,
                 cache=cache)
    seconds = time.perf_counter() - start
    assert not found.failed and (found.table["n"] == N).all()
    print(json.dumps({
        "seconds": round(seconds), "seconds of the pass": round(found.passes["lite0"]),
        "seconds of the scores": round(float(found.table["seconds"].sum())),
        "processor seconds": round(time.process_time()), "layers": len(found.table),
        "columns": int(found.table["width"].sum()), "widest layer": int(found.table["width"].max()),
        "best": found.best.layer, "peak GB": round(peak_memory(), 2),
        "GB of imports": round(ready, 2),
        "GB on disk": round(sum(f.stat().st_size for f in Path(cache).rglob("*.npy")) / 1e9, 2)}))


def said(stderr):
    """Minutes that the pass would take in all, as the bar said when 1% was through."""
    for now, done, left in re.findall(r"lite0:.*?(\d+)/\d+ \[([\d:]+)<([\d:]+)", stderr):
        if int(now) >= N / 100:
            return round((clock(done) + clock(left)) / 60, 1)
    raise AssertionError("the bar said nothing of the time that is left")


def clock(text):
    """Seconds of h:mm:ss or mm:ss."""
    seconds = 0
    for part in text.split(":"):
        seconds = 60 * seconds + int(part)
    return seconds


def test_a_folder_of_100_000_pictures(tmp_path):
    from tdist.studies.results import describe_device, where

    pictures(tmp_path / "folder")
    run = subprocess.run([sys.executable, __file__, str(tmp_path / "folder"),
                          str(tmp_path / "cache")], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    found = json.loads(run.stdout.splitlines()[-1])
    found |= {"minutes said after 1% of the pass": said(run.stderr),
              "minutes of the pass": round(found["seconds of the pass"] / 60, 1),
              "images": N, "pixels": PIXELS, "batch": BATCH, "threads": torch.get_num_threads(),
              "command": "OMP_NUM_THREADS=1 pytest tests/benchmarks/test_rank_speed.py"}
    path = where() / "rank_speed.json"
    table = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps(table | {describe_device("cpu"): found}, indent=1) + "\n",
                    encoding="utf-8")
    # a few copies of the widest layer in float64, beside what the imports take
    assert found["peak GB"] - found["GB of imports"] < 6 * 8 * N * found["widest layer"] / 1e9


if __name__ == "__main__":
    ranked(*sys.argv[1:])
