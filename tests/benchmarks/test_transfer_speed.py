"""A coupled transfer against its bare SGD steps: what measuring lengths and moving the coupling
cost on top.

    make bench

Random images stand for data, of the size of CIFAR's; the medians go to
notebooks/results/transfer_speed.json, one entry a device.
"""

import copy
import json
import time

import pytest
import torch

from tdist import transfer
from tdist.networks import CNN
from tdist.studies.results import describe_device, where
from tdist.tasks import Task
from tdist.transfer import Settings
from tdist.transfer.blocks import Blocks
from tdist.transfer.gauges import beta
from tdist.transfer.heads import Head
from tdist.transfer.randomness import PAIRS, stream
from tdist.transfer.training import sgd

IMAGES, WIDTH, ROUNDS, MOST = 1000, 16, 3, 2.5
SETTINGS = Settings(pretrain_steps=0, iterations=1)
DEVICES = ["cpu"] + ["cuda"] * torch.cuda.is_available()


def images(name, seed):
    rng = torch.Generator().manual_seed(seed)
    return Task(name, torch.randint(0, 256, (IMAGES, 3, 32, 32), dtype=torch.uint8, generator=rng),
                torch.arange(IMAGES) % 5, tuple(f"{name} {i}" for i in range(5)))


def bare(source, target, network, settings, device):
    """The SGD steps of one road and nothing else: independent pairs, mixed as on the road."""
    head = Head(source.classes, target.classes).to(device)
    blocks = Blocks(source, target, settings.block, device=device)
    network = copy.deepcopy(network)

    def losses():
        for k in range(settings.steps):
            rng, tau = stream(0, PAIRS, k), (k + 1) / settings.steps
            for _ in range(settings.sgd_steps):
                mix = torch.from_numpy(beta(rng, tau, settings.batch)).to(device, torch.float32)
                x, y_s, y_t = blocks.mixed(blocks.draw(rng, settings.batch), mix)
                yield head.loss(network(x), y_s, y_t, mix)

    sgd(network, settings.optimiser(network), losses())


@pytest.mark.parametrize("device", DEVICES)
def test_a_coupled_transfer_takes_at_most_two_and_a_half_times_its_sgd(device):
    source, target = images("a", 0), images("b", 1)
    torch.manual_seed(0)
    network = CNN(10, width=WIDTH).to(device, memory_format=torch.channels_last)
    times = {"coupled": [], "bare": []}
    for _ in range(ROUNDS):
        for name, run in (
                ("bare", lambda: bare(source, target, network, SETTINGS, device)),
                ("coupled", lambda: transfer.coupled(source, target, network, SETTINGS,
                                                     progress=False))):
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    coupled, sgd_only = (sorted(times[name])[ROUNDS // 2] for name in ("coupled", "bare"))
    store(device, coupled, sgd_only)
    assert coupled <= MOST * sgd_only


def store(device, coupled, sgd_only):
    path = where() / "transfer_speed.json"
    table = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    table[describe_device(device)] = {
        "images": IMAGES, "network": f"CNN of width {WIDTH}", "steps": SETTINGS.steps,
        "sgd_steps": SETTINGS.sgd_steps, "batch": SETTINGS.batch, "block": SETTINGS.block,
        "coupled_seconds_an_iteration": round(coupled, 2), "bare_sgd_seconds": round(sgd_only, 2),
        "ratio": round(coupled / sgd_only, 2), "command": "make bench"}
    path.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(table, indent=1))
