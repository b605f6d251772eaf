"""A coupled transfer against its bare SGD steps: what measuring lengths and moving the coupling
cost on top; and the memory of one with 19,200 images a task.

    make bench

Random images stand for data, of the size of CIFAR's; the numbers go to
notebooks/results/transfer_speed.json, one entry a device. On a CPU times are the processor's, of
one thread, which other work on the machine does not lengthen much.
"""

import copy
import json
import time

import pytest
import torch

from tdist import transfer
from tdist.networks import CNN
from tdist.studies.results import describe_device, peak_memory, where
from tdist.tasks import Task
from tdist.transfer import Settings
from tdist.transfer.blocks import Blocks
from tdist.transfer.gauges import beta
from tdist.transfer.heads import Head
from tdist.transfer.randomness import PAIRS, stream
from tdist.transfer.training import sgd

IMAGES, WIDTH, MOST = 1000, 16, 1.5
MANY = 19_200  # the most that the paper computed
SETTINGS = Settings(pretrain_steps=0)
DEVICES = ["cpu"] + ["cuda"] * torch.cuda.is_available()


def images(name, seed, count=IMAGES):
    rng = torch.Generator().manual_seed(seed)
    return Task(name, torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8, generator=rng),
                torch.arange(count) % 5, tuple(f"{name} {i}" for i in range(5)))


def bare(source, target, network, settings, device):
    """The SGD steps of all roads and nothing else: independent pairs, mixed as on a road."""
    head = Head(source.classes, target.classes).to(device)
    blocks = Blocks(source, target, settings.block, device=device)
    network = copy.deepcopy(network)

    def losses():
        for k in [*range(settings.steps)] * settings.iterations:
            rng, tau = stream(0, PAIRS, k), (k + 1) / settings.steps
            for _ in range(settings.sgd_steps):
                mix = torch.from_numpy(beta(rng, tau, settings.batch)).to(device, torch.float32)
                x, y_s, y_t = blocks.mixed(blocks.draw(rng, settings.batch), mix)
                yield head.loss(network(x), y_s, y_t, mix)

    sgd(network, settings.optimiser(network), losses())


@pytest.mark.parametrize("device", DEVICES)
def test_a_coupled_transfer_takes_at_most_one_and_a_half_times_its_sgd(device):
    source, target = images("a", 0), images("b", 1)
    torch.manual_seed(0)
    network = CNN(10, width=WIDTH).to(device, memory_format=torch.channels_last)
    clock = time.process_time if device == "cpu" else time.perf_counter
    seconds, threads = [], torch.get_num_threads()
    torch.set_num_threads(1)
    for run in (lambda: bare(source, target, network, SETTINGS, device),
                lambda: transfer.coupled(source, target, network, SETTINGS, progress=False)):
        start = clock()
        run()
        seconds.append(clock() - start)
    torch.set_num_threads(threads)
    sgd_only, coupled = seconds
    store(device, "CNN of width 16", {
        "images": IMAGES, "steps": SETTINGS.steps, "sgd_steps": SETTINGS.sgd_steps,
        "batch": SETTINGS.batch, "block": SETTINGS.block,
        "roads": SETTINGS.iterations, "coupled_seconds": round(coupled, 2),
        "bare_sgd_seconds": round(sgd_only, 2),
        "ratio": round(coupled / sgd_only, 2)})
    assert coupled <= MOST * sgd_only


def test_nineteen_thousand_images_a_task_need_little_memory():
    """Two roads; the memory is that of the whole process at its peak, less that before."""
    source, target = (images(name, seed, MANY) for seed, name in enumerate("ab"))
    torch.manual_seed(0)
    network = CNN(10, width=8).to(memory_format=torch.channels_last)
    before, start = peak_memory(), time.process_time()
    found = transfer.coupled(source, target, network,
                             Settings(pretrain_steps=0, iterations=2, block=25), progress=False)
    peak = peak_memory()
    store("cpu", "CNN of width 8, many images", {
        "images": MANY, "block": 25, "blocks": len(found.coupling), "roads": 2,
        "processor_seconds": round(time.process_time() - start, 1),
        "peak_gigabytes": round(peak, 2),
        "gigabytes_of_the_run": round(peak - before, 2)})
    assert peak < 4


def store(device, network, numbers):
    path = where() / "transfer_speed.json"
    table = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    table.setdefault(describe_device(device), {})[network] = numbers | {"command": "make bench"}
    path.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(table, indent=1))
