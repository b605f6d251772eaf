"""The published preset of the coupled-transfer paper on the five tasks of Figure 3: of a perceptron
on features, set beside the figure entry by entry (``preset``), and on pictures, of the published
network at a quarter of its width, a study for each source (``bridge_vehicles_1``), and of the
published network itself for one pair (``bridge_published``).

Units "SEED/SOURCE": the trained source and, where it is a target, its road to itself. Units
"SEED/SOURCE/TARGET": coupled, uncoupled and fine-tuning. A killed unit goes on inside its road.
"""

import hashlib
import time
from dataclasses import asdict, dataclass, replace
from functools import cache, partial

import numpy as np
import torch

from tdist import tasks, transfer
from tdist.networks import PublishedCNN
from tdist.studies import regime, spaces
from tdist.studies.distances import imagenet, outputs, rounded
from tdist.studies.experiments import printed
from tdist.studies.regime import between, fitted, fresh, learnt, road
from tdist.studies.spaces import NAMES, perceptron
from tdist.studies.study import Study, kept, register


def unit_length(rows):
    """Rows divided by their lengths, as the program does with its features."""
    return torch.nn.functional.normalize(torch.as_tensor(rows).flatten(1), dim=1)


def quarter(outputs, channels):
    """The published network at a quarter of its width, with the channels of a pixel side by side,
    as a processor goes through them fastest."""
    return PublishedCNN(outputs, channels, width=8).to(memory_format=torch.channels_last)


class Whole(PublishedCNN):
    """The published network. It is trained in bfloat16, in which a processor that has matrix units
    takes a third of the time; its weights are in float32, and so are lengths, costs, accuracies and
    losses, but for the mean loss of the steps themselves."""

    def forward(self, x):
        x = x.contiguous(memory_format=torch.channels_last)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.training):
            return super().forward(x).float()


def whole(outputs, channels):
    return Whole(outputs, channels).to(memory_format=torch.channels_last)


@dataclass(frozen=True)
class Case:
    """A study under the published preset, without replicas. tasks: gives training and test tasks.
    near: from a task to what the first coupling joins images by. sources, targets: of its roads;
    a source that is no target has no road to itself."""

    name: str
    tasks: object
    network: object
    near: object
    settings: transfer.Settings
    seeds: tuple = (0,)
    sources: tuple = NAMES
    targets: tuple = NAMES

    def config(self):
        weights = self.network(25, self.tasks_width)
        found = {"tasks": list(NAMES), "images": spaces.IMAGES, "seeds": list(self.seeds),
                 "replicas": 1, "settings": asdict(self.settings),
                 "weights": sum(weight.numel() for weight in weights.parameters())}
        return found | ({"training": "bfloat16"} if self.network is whole else {})

    @property
    def tasks_width(self):
        """Numbers of a vector, or channels of a picture."""
        return spaces.WIDTH if self.network is perceptron else 3


# one block of pairs in each step: "all" would send 12.5 million pairs through the network on a road
PRESET = Case("preset", spaces.vectors, perceptron, lambda task: unit_length(task.images),
              transfer.Settings.published(augment=False, visits=None, iterations=1))
BRIDGE = Case("bridge", spaces.pictures, quarter, lambda task: unit_length(imagenet(task)),
              transfer.Settings.published(anneal=True, visits=None))
WHOLE = replace(BRIDGE, name="published", network=whole, sources=("vehicles-1",),
                targets=("vehicles-2",))


def start(case, seed, name):
    """A source's network; its weights are kept, as training takes long."""
    parts, _ = case.tasks()
    source, classes = parts[NAMES.index(name)], outputs(parts)
    own = hashlib.sha256(repr((case.settings, name, seed)).encode()).hexdigest()[:16]
    weights = kept(f"trained/{case.name}-{own}", lambda: learnt(
        source, case.network, case.settings, classes, seed).state_dict())
    network = fresh(case.network, source, classes, seed)
    network.load_state_dict(weights)
    return network


def source_unit(case, seed, name):
    """A trained source, and its road to itself, where it is a target."""
    begin, (parts, tests) = time.process_time(), case.tasks()
    source, test = (each[NAMES.index(name)] for each in (parts, tests))
    network, classes = start(case, seed, name), outputs(parts)
    found = fitted(network, source, test, case.settings, classes)
    found["training_seconds"] = time.process_time() - begin
    if name in case.targets:
        key = f"{case.name}/{seed}/{name}"
        found["itself"] = road(transfer.coupled, source, source, network, case.settings, key=key,
                               features=case.near, replicas=1, seed=seed, classes=classes)
        regime.place(key).unlink()
    return rounded(found)


def pair_unit(case, seed, source, target):
    """A pair."""
    parts, tests = case.tasks()
    i, j = NAMES.index(source), NAMES.index(target)
    return between(f"{case.name}/{seed}/{source}/{target}", parts[i], parts[j],
                   start(case, seed, source), case.settings, tests[j], seed, outputs(parts),
                   features=case.near, replicas=1)


def units(case):
    """{key: function}."""
    jobs = {"check": partial(check, whole if case.network is whole else quarter)}
    for seed in case.seeds:
        for source in case.sources:
            jobs[f"{seed}/{source}"] = partial(source_unit, case, seed, source)
            jobs |= {f"{seed}/{source}/{target}": partial(pair_unit, case, seed, source, target)
                     for target in case.targets if target != source}
    return jobs


@cache
def check(network):
    """The cheap unit: a short road of the preset between halves of the digits, as pictures."""
    data = tasks.digits().subset(120).resized(32, channels=3)
    low, high = (data.only(tuple(names), names) for names in ("01234", "56789"))
    few = transfer.Settings.published(steps=3, sgd_steps=2, pretrain_steps=10, fine_tune_steps=6,
                                      iterations=1, visits=None, anneal=True, lr=0.01,
                                      block=8, tolerance=1e-2)
    source = learnt(low, network, few, data.classes, 0)
    found = between(None, low, high, source, few, high, 0, data.classes,
                    features=lambda task: unit_length(task.images.float()))
    return {kind: found[kind]["length"] for kind in ("coupled", "uncoupled")} | {
        "V": found["coupled"]["V"], "drift": found["coupled"]["drift"]}


def beside_the_print(stored):
    """Our numbers of a stored study and those of Figure 3, entry by entry, in the figure's order:
    a list of dicts with source, target, kind, V (the program's number), printed, and both as
    lengths, sqrt(2) K times as much. Of the pairs that the study has."""
    paper, K = printed()["fig3"], stored["config"]["settings"]["steps"]
    seeds, names = stored["config"]["seeds"], paper["tasks"]
    rows = []
    for kind in ("coupled", "uncoupled"):
        for i, source in enumerate(names):
            for j, target in enumerate(names):
                if i == j or f"{seeds[0]}/{source}/{target}" not in stored["units"]:
                    continue
                found = [stored["units"][f"{seed}/{source}/{target}"][kind] for seed in seeds]
                mean, here = (float(np.mean([each[name] for each in found]))
                              for name in ("V", "length"))
                rows.append({"source": source, "target": target, "kind": kind, "V": mean,
                             "printed V": paper[kind][i][j], "length": here,
                             "printed as length": 2**0.5 * K * paper[kind][i][j]})
    return rows


NEEDS = {"CIFAR-100": partial(tasks.cifar100, train=False)}
register(Study("preset", units(PRESET), PRESET.config(), {"check": 0.05}, NEEDS,
               "half an hour on one core"))
for _source in NAMES:
    register(Study(f"bridge_{_source.replace('-', '_')}",
                   units(replace(BRIDGE, sources=(_source,))), BRIDGE.config(), {"check": 0.05},
                   NEEDS, "two hours on two cores"))
register(Study("bridge_published", units(WHOLE), WHOLE.config(),
               {"check": 0.05}, NEEDS,
               "four hours on one core with matrix units for bfloat16, ten without"))
