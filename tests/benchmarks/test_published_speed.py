"""Images a second through the network of the coupled-transfer paper's program, in training and in
inference, on one core: what a road of the published size would take.

    OMP_NUM_THREADS=1 .venv/bin/python -m pytest tests/benchmarks/test_published_speed.py

Random images stand for CIFAR's. Time of the processor, which other work on the machine does not
lengthen much; the best of several rounds goes to notebooks/results/published_speed.json, one entry
a device. The hours are arithmetic: a road is 20,000 steps of 20 images, and at each of 100 looks
every pair of 100 blocks of 25 goes through the network twice; a distance has four roads and 600
epochs of 2,500 images before them.
"""

import json
import time

import torch

from tdist.networks import PublishedCNN
from tdist.studies.results import describe_device, where
from tdist.transfer.training import predict

WIDTHS, BATCH, LOOK, STEPS, ROUNDS = (32, 16, 8), 20, 625, 10, 3
ROAD = {"images of SGD": 20_000 * 20, "images of looks": 2 * 100 * 100 * 25**2,
        "images before the first road": 600 * 2_500}


def seconds(run):
    """The best of several rounds; the first warms up."""
    times = []
    for _ in range(ROUNDS + 1):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times[1:])


def measure(width):
    torch.manual_seed(0)
    network = PublishedCNN(10, width=width).to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(network.parameters(), 8e-4, 0.9, weight_decay=5e-4)
    generator = torch.Generator().manual_seed(0)
    batch = torch.rand((BATCH, 3, 32, 32), generator=generator) * 2 - 1
    look = torch.randint(0, 256, (LOOK, 3, 32, 32), generator=generator, dtype=torch.uint8)
    labels = torch.arange(BATCH) % 10

    def train():
        network.train()
        for _ in range(STEPS):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(network(batch), labels).backward()
            optimiser.step()

    rate = {"training": STEPS * BATCH / seconds(train),
            "inference": LOOK / seconds(lambda: predict(network, look))}
    hours = {"SGD of a road": ROAD["images of SGD"] / rate["training"] / 3600,
             "looks of a road": ROAD["images of looks"] / rate["inference"] / 3600,
             "training before": ROAD["images before the first road"] / rate["training"] / 3600}
    hours["four roads"] = 4 * (hours["SGD of a road"] + hours["looks of a road"]) + hours[
        "training before"]
    return {"weights": sum(weight.numel() for weight in network.parameters()),
            "images_per_second": {name: round(value) for name, value in rate.items()},
            "hours": {name: round(value, 2) for name, value in hours.items()}}


def test_images_a_second_at_three_widths():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    found = {f"width {width}": measure(width) for width in WIDTHS}
    torch.set_num_threads(threads)
    path = where() / "published_speed.json"
    table = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    table[describe_device("cpu")] = {
        **found, "of a road": ROAD, "batch": BATCH, "rounds": ROUNDS, "threads": 1,
        "command": "OMP_NUM_THREADS=1 python -m pytest tests/benchmarks/test_published_speed.py"}
    path.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(table, indent=1))
    rates = [found[f"width {width}"]["images_per_second"]["training"] for width in WIDTHS]
    assert rates == sorted(rates), "a narrower network is faster"
