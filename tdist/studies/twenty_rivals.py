"""Twenty tasks by the distances of others that need no road: transport of features and of pixels,
Task2Vec, the Fisher task distance.

On the half of the images that the measures of `tdist.studies.twenty_tasks` are taken on, with its
networks, in its two parts.
"""

import time
from functools import cache, partial

import numpy as np
import torch
from torch import nn

from tdist import tasks, transfer
from tdist.baselines import task2vec, task2vec_asymmetric, task2vec_distance
from tdist.rivals import (
    fisher_diagonal,
    fisher_distance,
    matched,
    otdd,
    wasserstein,
    wasserstein_embeddings,
)
from tdist.studies import twenty_tasks
from tdist.studies.distances import rounded
from tdist.studies.study import Study, register
from tdist.studies.twenty_tasks import EVEN, NAMES, PARTS, SEEDS
from tdist.tasks import Task
from tdist.tasks.superclasses import SUPERCLASSES

PIXELS = "pixels"  # in [0, 1], beside the trunks
EMBEDDING = {"dimensions": 10, "references": 500}
PROBE_STEPS = 2_000  # of SGD, on all 100 classes, of the network that Task2Vec looks into
CARRIED = ("wasserstein", "earth_mover", "otdd")
SEEDED = ("fisher", "size", "task2vec", "task2vec_asymmetric")  # of the networks of a seed
SEED = 0  # of those networks


@cache
def clouds(space):
    """{name: (points, labels)} of each task's half for measures."""
    if space != PIXELS:
        return {name: (task.images, task.labels)
                for name, task in twenty_tasks.halves(space)[0].items()}
    found, data = {}, tasks.cifar100()
    for name, classes in SUPERCLASSES.items():
        task = data.only(classes, name)
        rows = twenty_tasks._parts(task.labels, 2)[0]
        found[name] = task.images[rows].flatten(1).float() / 255, task.labels[rows]
    return found


def members(part):
    return EVEN if part == "calibration" else NAMES


def partners(part, name, once=False):
    """The other tasks of a task's pairs; `once`: of the two orders of a pair the first one."""
    return [other for other in twenty_tasks.partners(part, name) if other != name
            and not (once and NAMES.index(other) < NAMES.index(name))]


def carried(space, name, others):
    """Distances by transport to each of the others, and processor seconds a pair."""
    x, y = clouds(space)[name]
    found, seconds = {other: {} for other in others}, dict.fromkeys(CARRIED, 0.0)
    for other in others:
        z, w = clouds(space)[other]
        for key, distance in zip(CARRIED, (lambda z=z: wasserstein(x, z),
                                           lambda z=z: wasserstein(x, z, p=1),
                                           lambda z=z, w=w: otdd(x, y, z, w)), strict=True):
            start = time.process_time()
            found[other][key] = distance()
            seconds[key] += (time.process_time() - start) / len(others)
    return rounded({"to": found, "seconds": seconds})


def embedded(space, part):
    """Distances (tasks, tasks) of the Wasserstein task embeddings of all tasks of a part."""
    start = time.process_time()
    found = wasserstein_embeddings([clouds(space)[name] for name in members(part)], **EMBEDDING)
    return rounded({"distances": found.distances.tolist(), "stress": found.stress,
                    "seconds": time.process_time() - start})


def fisher(space, seed, name, others):
    """From a source's own network, with the softmax over the source's classes, whose names the
    target's classes take; and the mean squared length of its hidden features of the target, by
    which the same steps of SGD go further."""
    start = time.process_time()
    network, _ = twenty_tasks.trained(space, 0, name, seed)
    network = own_classes(network, name)
    x, y = clouds(space)[name]
    at_home, found = fisher_diagonal(network, x, y), {}
    for other in others:
        z, w = clouds(space)[other]
        away = fisher_diagonal(network, z, matched(x, y, z, w))
        with torch.inference_mode():
            hidden = network[:-1](z)
        found[other] = {"fisher": fisher_distance(at_home, away),
                        "size": hidden.square().sum(1).mean().item()}
    return rounded({"to": found, "seconds": (time.process_time() - start) / len(others)})


def own_classes(network, name):
    """A network with the outputs of one task alone."""
    outputs = twenty_tasks._outputs(name)
    head = nn.Linear(network[-1].in_features, outputs.stop - outputs.start)
    head.weight.data, head.bias.data = (p.detach()[outputs].clone()
                                        for p in (network[-1].weight, network[-1].bias))
    return nn.Sequential(*network[:-1], head)


@cache
def probe(space, seed):
    """The layers below the outputs of a network that was trained on all 100 classes."""
    halves = twenty_tasks.halves(space)[0]
    labels = [task.labels + twenty_tasks._outputs(name).start for name, task in halves.items()]
    every = Task("all", torch.cat([task.images for task in halves.values()]), torch.cat(labels),
                 twenty_tasks.CLASSES)
    settings = transfer.Settings(batch=128, lr=0.1, anneal=True, pretrain_steps=PROBE_STEPS)
    network = transfer.pretrained(every, twenty_tasks.fresh(space, seed), settings,
                                  classes=twenty_tasks.CLASSES, seed=seed, progress=False)
    return network[:-1]


@cache
def vector(space, seed, name, shuffled=False):
    """Task2Vec of a task; shuffled: of its images under labels at random, the trivial one."""
    x, y = clouds(space)[name]
    if shuffled:
        y = y[torch.from_numpy(np.random.default_rng(seed).permutation(len(y)))]
    return task2vec(Task(name, x, y, SUPERCLASSES[name]), probe(space, seed), size=None,
                    images=None, seed=seed, progress=False)


def vectors(space, part, seed):
    """Task2Vec of all tasks of a part: both distances, (sources, targets)."""
    probe(space, seed)
    start, names = time.process_time(), members(part)
    v = {name: vector(space, seed, name) for name in names}
    seconds = (time.process_time() - start) / len(names)
    trivial = {name: vector(space, seed, name, shuffled=True) for name in names}
    return rounded({"task2vec": [[task2vec_distance(v[s], v[t]) for t in names] for s in names],
                    "task2vec_asymmetric": [[task2vec_asymmetric(v[s], v[t], trivial[s])
                                             for t in names] for s in names], "seconds": seconds})


def matrices(units, part, seed=None):
    """{distance: matrix (sources, targets)} of stored units, by the names of all twenty tasks; NaN
    where a unit is missing and on the diagonal. seed: of the networks; None leaves those out."""
    found = {key: np.full((len(NAMES), len(NAMES)), np.nan)
             for key in (*CARRIED, "embedding", *(SEEDED if seed is not None else ()))}
    for name in members(part):
        for key in (f"carried/{name}", f"fisher/{seed}/{name}"):
            for other, numbers in units.get(key, {"to": {}})["to"].items():
                for distance, number in numbers.items():
                    found[distance][NAMES.index(name), NAMES.index(other)] = number
    for key in CARRIED:
        found[key] = np.where(np.isnan(found[key]), found[key].T, found[key])
    places = [NAMES.index(name) for name in members(part)]
    whole = {"embedding": units.get("embedded", {}).get("distances")}
    if seed is not None:
        whole |= {key: units.get(f"task2vec/{seed}", {}).get(key) for key in SEEDED[2:]}
    for key, values in whole.items():
        if values is not None:
            found[key][np.ix_(places, places)] = values
    pairs = np.array([[t in partners(part, s) for t in NAMES] for s in NAMES])
    return {key: np.where(pairs, matrix, np.nan) for key, matrix in found.items()}


def units(space, part):
    """{key: function}: by transport each pair once, by networks each source of each seed."""
    jobs = {"check": partial(check, space), "embedded": partial(embedded, space, part)}
    for name in members(part):
        if others := partners(part, name, once=True):
            jobs[f"carried/{name}"] = partial(carried, space, name, others)
    if space != PIXELS:
        jobs[f"task2vec/{SEED}"] = partial(vectors, space, part, SEED)
        jobs |= {f"fisher/{SEED}/{name}": partial(fisher, space, SEED, name, partners(part, name))
                 for name in members(part)}
    return jobs


def check(space):
    """The cheap unit: two tasks, 100 images each."""
    (x, y), (z, w) = (tuple(each[:100] for each in clouds(space)[name]) for name in EVEN[:2])
    return rounded({"wasserstein": wasserstein(x, z), "otdd": otdd(x, y, z, w)})


def config(space, part):
    """What the units of a space and a part depend on."""
    found = {"space": space, "part": part, "embedding": EMBEDDING}
    if space == PIXELS:
        return found
    shared = twenty_tasks.config(space, part, SEED)
    return found | {"seed": SEED, "probe_steps": PROBE_STEPS} | {
        key: shared[key] for key in ("width", "hidden", "road", "source_loss", "schedules")}


for _part in PARTS:
    for _space in (PIXELS, *SEEDS):
        register(Study(f"rivals_{_part}_{_space}", units(_space, _part), config(_space, _part),
                       {"check": 0.02}, {"CIFAR-100": partial(tasks.cifar100, train=False)},
                       takes="20 minutes on one core"))
