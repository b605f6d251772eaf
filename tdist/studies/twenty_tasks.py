"""Twenty tasks, the super-classes of CIFAR-100, by the features of a frozen trunk: every distance
from every task to every other, and what each source is really worth to each target.

Measures are taken on one half of the training images, with the networks of one seed; what they are
to foretell on the other half and the test images, with networks of another. The ten super-classes
with an even number are for calibration: every knob below was chosen on their 90 pairs alone. The
other 290 pairs are for evaluation.
"""

import time
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import cache, partial

import numpy as np
import torch
from torch import nn

from tdist import scores, tasks, transfer
from tdist.studies.distances import rounded
from tdist.studies.few_shot import few_shot
from tdist.studies.study import Study, register
from tdist.studies.trunks import TRUNKS, trunk_features
from tdist.tasks.superclasses import SUPERCLASSES
from tdist.transfer import Settings
from tdist.transfer.heads import Head
from tdist.transfer.training import evaluate

NAMES = tuple(SUPERCLASSES)
CLASSES = tuple(name for classes in SUPERCLASSES.values() for name in classes)  # of the outputs
EVEN = NAMES[::2]  # for calibration
PARTS = ("calibration", "evaluation")
HIDDEN = 128
ROAD = Settings(steps=16, sgd_steps=40, batch=32, lr=0.025, anneal=True, block=25, iterations=2,
                pretrain_steps=0, fine_tune_steps=400)
REPLICAS = 2
SOURCE_LOSS = 0.7  # a source is trained until its training loss is no more than this
SCHEDULES = (25, 35, 50, 70, 100, 140, 200, 280, 400, 560, 800, 1100, 1600)  # SGD steps
SHOTS, DRAWS = 10, 5  # labels a class, and how often they are drawn
FEW = {"lr": 0.02, "steps": 100, "batch": 25, "every": 10}
MANY = {"lr": 0.02, "steps": 400, "batch": 32, "every": 25}  # with all labels of the half
SCORES = ("h", "adjusted", "shrunk", "loo", "knn", "mean", "logme", "transrate", "leep", "nce")
SEEDS = {"mid": (0, 1, 2, 3, 4), "deep": (0, 1), "cifar10": (0, 1)}
LATER = 5  # a truth's seed less its measures'


@cache
def halves(trunk):
    """({name: Task}, {name: Task}, {name: Task}): of each super-class the half for measures, the
    half for what they are to foretell, 250 images a class each, and its test images. Features are
    standardised over the training images of all twenty."""
    train, test = trunk_features(trunk)
    centre, spread = train.mean(0), train.std(0) + 1e-6
    found = {}, {}, {}
    for whole, x, parts in ((tasks.cifar100(), train, found[:2]),
                            (tasks.cifar100(train=False), test, found[2:])):
        data = replace(whole, images=(x - centre) / spread)
        for name, classes in SUPERCLASSES.items():
            task = data.only(classes, name)
            for rows, part in zip(_parts(task.labels, len(parts)), parts, strict=True):
                part[name] = replace(task, images=task.images[rows], labels=task.labels[rows])
    return found


def _parts(labels, count):
    """Rows of `count` parts with as many of each class."""
    rng = np.random.default_rng(0)
    rows = [rng.permutation(np.flatnonzero(labels == c)) for c in labels.unique()]
    return [torch.from_numpy(np.sort(np.concatenate([r[part::count] for r in rows])))
            for part in range(count)]


def fresh(trunk, seed):
    """A network from features to one output for each of the 100 classes."""
    width = TRUNKS[trunk].width
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(width, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN),
                             nn.ReLU(), nn.Linear(HIDDEN, len(CLASSES))).eval()


@cache
def trained(trunk, half, name, seed):
    """A network trained on a source by the shortest of SCHEDULES at whose end the training loss is
    at most SOURCE_LOSS, with the number of its steps."""
    task = halves(trunk)[half][name]
    for steps in SCHEDULES:
        network = transfer.pretrained(
            task, fresh(trunk, seed), replace(ROAD, pretrain_steps=steps), classes=CLASSES,
            seed=seed, progress=False)
        if evaluate(network, task, _head(name, name))[1] <= SOURCE_LOSS:
            break
    return network, steps


def _head(source, target):
    return Head(SUPERCLASSES[source], SUPERCLASSES[target], ROAD.head, CLASSES)


def _outputs(name):
    first = CLASSES.index(SUPERCLASSES[name][0])
    return slice(first, first + len(SUPERCLASSES[name]))


def measures(trunk, seed, source, targets):
    """From one source: how well it is trained, and its distance to each target by every measure."""
    network, steps = trained(trunk, 0, source, seed)
    half, _, tests = halves(trunk)
    found = {"steps": steps}
    for where, task in (("train", half[source]), ("test", tests[source])):
        found[f"{where}_accuracy"], found[f"{where}_loss"] = evaluate(network, task,
                                                                      _head(source, source))
    return rounded(found) | {"to": {
        target: rounded(_lengths(half[source], half[target], network, seed)
                        | _scores(half[target], network, _outputs(source)))
        for target in targets}}


def _lengths(source, target, network, seed):
    shared = {"settings": ROAD, "classes": CLASSES, "seed": seed, "progress": False}
    found = {}
    for name, way in (("coupled", transfer.coupled), ("uncoupled", transfer.uncoupled)):
        with clock(found, name):
            road = way(source, target, network, replicas=REPLICAS, **shared)
        found |= {name: road.length, f"{name}_riemannian": road.riemannian_length,
                  f"{name}_drift": road.drift, f"{name}_V": road.readings["V"],
                  f"{name}_accuracy": road.accuracy, f"{name}_falling": road.falling,
                  f"{name}_lengths": [one.length for one in road.iterations]}
    with clock(found, "fine_tuning"):
        tuned = transfer.fine_tuning(source, target, network, **shared)
    return found | {"fine_tuning": tuned.length, "fine_tuning_full": tuned.full_length}


def _scores(target, network, outputs):
    """Of the source's last hidden layer, and of its class probabilities, for the target."""
    with torch.inference_mode():
        hidden = network[:-1](target.images)
        probabilities = network[-1](hidden)[:, outputs].softmax(1)
    found = {}
    for name in SCORES:
        with clock(found, name):
            score = scores.compare(hidden, target.labels, name, probabilities)[name]
        found[name] = float(score)
    return found


@contextmanager
def clock(found, name):
    """Put the processor seconds of what runs inside into `found`."""
    start = time.process_time()
    yield
    found[f"{name}_seconds"] = time.process_time() - start


def worth(trunk, seed, target, sources, half=1):
    """What sources are worth to a target, and no source: networks in the order [none, *sources].

    "few": with SHOTS labels a class, for each draw of them: mean loss over the looks, and loss and
    accuracy at the end. "many": with all labels of the half, at every look.
    """
    task, test = halves(trunk)[half][target], halves(trunk)[2][target]
    networks = [fresh(trunk, seed), *(trained(trunk, half, name, seed)[0] for name in sources)]
    few = {"early": [], "loss": [], "accuracy": []}
    for draw in range(DRAWS):
        rng = np.random.default_rng([seed, NAMES.index(target), draw])
        rows, others = _draw(task.labels, rng)
        shown = task.images[rows], task.labels[rows]
        judged = (torch.cat([task.images[others], test.images]),
                  torch.cat([task.labels[others], test.labels]))
        found = few_shot(networks, _outputs(target), shown, judged, rng=rng, **FEW)
        few["early"].append(found["loss"].mean(0).tolist())
        few["loss"].append(found["loss"][-1].tolist())
        few["accuracy"].append(found["accuracy"][-1].tolist())
    rng = np.random.default_rng([seed, NAMES.index(target)])
    many = few_shot(networks, _outputs(target), (task.images, task.labels),
                    (test.images, test.labels), rng=rng, **MANY)
    return rounded({"few": few, "many": {name: one.tolist() for name, one in many.items()}})


def _draw(labels, rng):
    """Rows of SHOTS images of each class, and the others."""
    rows = np.concatenate([rng.permutation(np.flatnonzero(labels == c))[:SHOTS]
                           for c in labels.unique()])
    others = np.setdiff1d(np.arange(len(labels)), rows)
    return torch.from_numpy(rows), torch.from_numpy(others)


def baseline(trunk, seed, target):
    """The error from scratch that needs no source, on the half for measures: mean over draws."""
    return {"early": float(np.mean(worth(trunk, seed, target, (), half=0)["few"]["early"]))}


def partners(part, name):
    """The tasks that a task is paired with, itself among them where it is new."""
    if part == "calibration":
        return EVEN
    return tuple(other for other in NAMES if name not in EVEN or other not in EVEN)


def units(trunk, part, seed):
    """{key: function}: from each source, to each target, and to each target from scratch."""
    jobs = {"check": partial(check, trunk, seed)}
    for name in EVEN if part == "calibration" else NAMES:
        others = partners(part, name)
        jobs[f"from/{name}"] = partial(measures, trunk, seed, name, others)
        jobs[f"to/{name}"] = partial(worth, trunk, seed + LATER, name, others)
        jobs[f"scratch/{name}"] = partial(baseline, trunk, seed, name)
    return jobs


def check(trunk, seed):
    """The cheap unit: a source after 25 steps, and its scores for one target."""
    source, target = EVEN[-1], EVEN[0]
    network = transfer.pretrained(
        halves(trunk)[0][source], fresh(trunk, seed), replace(ROAD, pretrain_steps=25),
        classes=CLASSES, seed=seed, progress=False)
    found = _scores(halves(trunk)[0][target], network, _outputs(source))
    return rounded({name: found[name] for name in SCORES})


def config(trunk, part, seed):
    """What the units of a trunk, a part and a seed depend on."""
    return {"trunk": trunk, "part": part, "width": TRUNKS[trunk].width, "hidden": HIDDEN,
            "seed": seed, "seed_of_truth": seed + LATER, "road": asdict(ROAD),
            "replicas": REPLICAS, "source_loss": SOURCE_LOSS, "shots": SHOTS, "draws": DRAWS,
            "few": FEW, "many": MANY, "schedules": list(SCHEDULES)}


TAKES = {"calibration": "20 minutes on one core", "evaluation": "an hour on one core"}
for _part in PARTS:
    for _trunk, _seed in [(trunk, seed) for trunk, seeds in SEEDS.items() for seed in seeds]:
        register(Study(f"{_part}_{_trunk}_{_seed}", units(_trunk, _part, _seed),
                       config(_trunk, _part, _seed), {"check": 0.02},
                       {"CIFAR-100": partial(tasks.cifar100, train=False)}, takes=TAKES[_part]))
