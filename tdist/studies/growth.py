"""What a score, a map of scores, a coupling and a road cost as their sizes grow: processor time of
one thread, which other work on the machine lengthens little, and the memory of a process.

Units "time/WHAT/SIZE/value": processor seconds of each call. Units "memory/WHAT/SIZE/value": the
peak of a process of its own, GB, before and after. Units "processes/WHAT": the same work in one
process and in two. Units "torchrun/n": one score from the sums of n processes.
"""

import json
import os
import subprocess
import sys
import time
from functools import partial

import joblib
import numpy as np
import torch

from tdist import couplings
from tdist.hscore import HScore
from tdist.networks import CNN
from tdist.pixelwise import whiten
from tdist.scores import SCORES
from tdist.studies.distances import rounded
from tdist.studies.results import peak_memory
from tdist.studies.study import Study, register
from tdist.tasks import Task
from tdist.transfer import Settings, coupled

ROUNDS, BATCH = 3, 4096
ROAD = Settings(pretrain_steps=0, steps=4, sgd_steps=2, iterations=1, block=8, visits=None)
ENTROPY, PROXIMAL, TOLERANCE = 0.05, 10.0, 1e-4  # of the mean cost


def drawn(m, k, classes, seed=0):
    """Features (m, k) in float32 with a mean of their own in each class, and labels (m,)."""
    means = 0.1 * np.random.default_rng(k).standard_normal((classes, k), dtype=np.float32)
    rng = np.random.default_rng([m, k, seed])
    y = rng.integers(classes, size=m)
    x = rng.standard_normal((m, k), dtype=np.float32)
    x += means[y]
    return x, y


# what is measured: each makes its data, and gives a function that is timed and returns a number


def scored(m=8192, k=256, classes=10, score="h"):
    x, y = drawn(m, k, classes)
    return lambda: float(SCORES[score](x, y))


def streamed(m=8192, k=256, classes=10):
    """The score of batches that are drawn one after another: all the data are never there."""
    def run():
        metric = HScore()
        for seed, rows in enumerate(range(0, m, BATCH)):
            metric.update(*drawn(min(BATCH, m - rows), k, classes, seed))
        return float(metric.compute())
    return run


def mapped(m=2048, k=256, pixels=1024, colours=16):
    """The score at each pixel of maps whose colours are drawn at random."""
    (x, _), rng = drawn(m, k, 2), np.random.default_rng(0)
    codes = rng.integers(colours, size=(m, pixels), dtype=np.uint8)
    return lambda: float(whiten(x).h_score(codes, progress=False))


def all_pairs(tasks=8, m=2048, k=128):
    """The score of each task's features for the labels of every task: a mean of tasks x tasks."""
    x = [drawn(m, k, 10, seed)[0] for seed in range(tasks)]
    codes = np.random.default_rng(0).integers(10, size=(m, tasks))
    return lambda: float(np.mean([whiten(f).h_score(codes, progress=False) for f in x]))


def stepped(n=30, images=1920):
    """The proximal step of the blocks of n x n that so many images make."""
    rng = torch.Generator().manual_seed(0)
    before, cost = torch.rand((2, images // n, n, n), generator=rng, dtype=torch.float64)
    mean = cost.mean().item()
    previous = couplings.entropic(before, ENTROPY * mean, TOLERANCE).coupling
    return lambda: (couplings.proximal(cost, previous, ENTROPY * mean, PROXIMAL * mean, TOLERANCE)
                    .coupling * cost).sum().item()


def carried(steps=4, images=200, sgd_steps=2):
    """One coupled road of a small network between tasks of random pictures."""
    tasks = []
    for name, seed in (("a", 0), ("b", 1)):
        rng = torch.Generator().manual_seed(seed)
        pictures = torch.randint(0, 256, (images, 3, 32, 32), dtype=torch.uint8, generator=rng)
        tasks.append(Task(name, pictures, torch.arange(images) % 5,
                          tuple(f"{name} {i}" for i in range(5))))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = CNN(10, width=8).to(memory_format=torch.channels_last)
    settings = Settings(**vars(ROAD) | {"steps": steps, "sgd_steps": sgd_steps})
    return lambda: coupled(*tasks, network, settings, progress=False).length


MAKE = {"h_score": scored, "streamed": streamed, "pixelwise": mapped, "all pairs": all_pairs,
        "coupling": stepped, "road": carried,
        **{name: partial(scored, k=128, score=name)
           for name in ("shrunk", "loo", "knn", "logme", "transrate")}}
TIMES = {"h_score": {"m": [4096 * 2**i for i in range(7)], "k": [64 * 2**i for i in range(6)],
                     "classes": [2 * 4**i for i in range(6)]},
         **{name: {"m": [1024 * 2**i for i in range(5)]}
            for name in ("shrunk", "loo", "knn", "logme", "transrate")},
         "pixelwise": {"m": [1024 * 2**i for i in range(6)], "k": [256 * 2**i for i in range(4)],
                       "pixels": [512 * 2**i for i in range(5)], "colours": [2, 4, 16, 64]},
         "all pairs": {"tasks": [4 * 2**i for i in range(6)]},
         "coupling": {"n": [16 * 2**i for i in range(6)], "images": [480 * 2**i for i in range(5)]},
         "road": {"steps": [8 * 2**i for i in range(5)], "images": [100 * 2**i for i in range(5)],
                  "sgd_steps": [4 * 2**i for i in range(5)]}}
MEMORY = {"h_score": {"m": [65_536 * 2**i for i in range(4)]},
          "streamed": {"m": [65_536 * 2**i for i in range(4)]},
          "pixelwise": {"m": [8192 * 2**i for i in range(3)]},
          "road": {"images": [800 * 2**i for i in range(4)]}}
SIDE_BY_SIDE = {"h_score": (dict(m=32_768, k=512), 8), "road": (dict(steps=4), 8)}
SHARDED = {"m": 65_536, "k": 512, "classes": 100}


def timed(what, **size):
    """Processor seconds of each call but the first, which warms up; fewer calls if one is long."""
    torch.set_num_threads(1)
    run, found = MAKE[what](**size), []
    run()
    while len(found) < ROUNDS and sum(found) < 10:
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return rounded({"seconds": found, "load": os.getloadavg()[0]})


def remembered(what, **size):
    """The same once, in a process of its own: its peak of memory in GB before and after."""
    return _child(f"peak({what!r}, **{size!r})")


def peak(what, **size):
    """In that process: print what it found."""
    before = peak_memory()
    start, value = time.process_time(), MAKE[what](**size)()
    print(json.dumps({"before": before, "peak": peak_memory(), "value": value,
                      "seconds": time.process_time() - start}))


def _child(call, *launcher):
    """What a function of this room prints in another process, on one thread."""
    alone = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    done = subprocess.run(
        [*launcher, sys.executable, "-c", f"from tdist.studies import growth; growth.{call}"],
        env=os.environ | alone, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{call} failed in a process of its own:\n{done.stderr[-2000:]}")
    return rounded(json.loads(done.stdout))


def _one(what, size):
    torch.set_num_threads(1)
    start = time.process_time()
    MAKE[what](**size)()
    return time.process_time() - start


def side_by_side(what):
    """Seconds by the clock and of all processors for the same work in one process and in two, turn
    by turn; and by the clock for a unit that does nothing, handed to one of two processes."""
    size, units = SIDE_BY_SIDE[what]
    found = {"units": units, "load": os.getloadavg()[0], "1": [], "2": []}
    with joblib.Parallel(n_jobs=2, batch_size=1) as two:
        two(joblib.delayed(_one)(what, size) for _ in range(2))  # the imports
        for _ in range(3):
            for n, parallel in (("1", joblib.Parallel(n_jobs=1)), ("2", two)):
                start = time.perf_counter()
                work = parallel(joblib.delayed(_one)(what, size) for _ in range(units))
                found[n].append({"clock": time.perf_counter() - start, "processor": sum(work)})
        start = time.perf_counter()
        two(joblib.delayed(abs)(1) for _ in range(1000))
        found["handing over"] = (time.perf_counter() - start) / 1000
    return rounded(found)


def sharded(processes):
    """One score of samples that are split over processes under torchrun."""
    return _child("shard()", sys.executable, "-m", "torch.distributed.run",
                  "--nproc-per-node", str(processes), "--rdzv-backend", "c10d",
                  "--rdzv-endpoint", "localhost:0", "--no-python")


def shard():
    """In each of them: its share of the batches, then the sum; the first one prints."""
    import torch.distributed as dist

    dist.init_process_group("gloo")
    torch.set_num_threads(1)
    rank, world, metric = dist.get_rank(), dist.get_world_size(), HScore()
    m, k, classes = SHARDED.values()
    own = [drawn(BATCH, k, classes, seed) for seed in range(rank, m // BATCH, world)]
    start = time.process_time()
    for batch in own:
        metric.update(*batch)
    work = time.process_time() - start
    dist.barrier()
    clock, start = time.perf_counter(), time.process_time()
    value = float(metric.compute())
    found = [None] * world
    dist.all_gather_object(found, {"batches": work, "compute": time.process_time() - start,
                                   "compute by the clock": time.perf_counter() - clock,
                                   "value": value})
    if rank == 0:
        print(json.dumps(found))
    dist.destroy_process_group()


def check():
    """The cheap unit: what the timed functions return at small sizes."""
    small = {"h_score": {"m": 512, "k": 16}, "streamed": {"m": 512, "k": 16},
             "pixelwise": {"m": 256, "k": 8, "pixels": 16}, "coupling": {"images": 90},
             "all pairs": {"tasks": 2, "m": 256, "k": 8}, "road": {"steps": 2, "images": 40},
             "loo": {"m": 512}, "logme": {"m": 512}}
    return rounded({what: MAKE[what](**size)() for what, size in small.items()})


def units():
    """{key: function}, what is cheap first."""
    jobs = {"check": check}
    for kind, table, run in (("time", TIMES, timed), ("memory", MEMORY, remembered)):
        jobs |= {f"{kind}/{what}/{size}/{value}": partial(run, what, **{size: value})
                 for what, sizes in table.items() for size, values in sizes.items()
                 for value in values}
    jobs |= {f"processes/{what}": partial(side_by_side, what) for what in SIDE_BY_SIDE}
    return jobs | {f"torchrun/{n}": partial(sharded, n) for n in (1, 2)}


CONFIG = {"rounds": ROUNDS, "batch": BATCH, "road": vars(ROAD), "times": TIMES, "memory": MEMORY,
          "side by side": SIDE_BY_SIDE, "sharded": SHARDED,
          "weights": [ENTROPY, PROXIMAL, TOLERANCE]}
register(Study("growth", units(), CONFIG, {"check": 1e-3},
               takes="ten minutes on one core"))
