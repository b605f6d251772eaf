"""Distances between all pairs of some tasks: section 5 of the coupled-transfer paper.

One unit is a pair and a seed: coupled, uncoupled and fine-tuning from the same trained source, on
the same settings.
"""

import hashlib
import time
from dataclasses import replace
from functools import cache, partial

import torch

from tdist import features as network_features
from tdist import tasks, transfer
from tdist.networks import CNN
from tdist.studies.experiments import EXPERIMENTS, STORED, Experiment
from tdist.studies.study import Study, kept, register
from tdist.transfer.heads import Head
from tdist.transfer.training import evaluate

HERE = {"CIFAR-100": partial(tasks.cifar100, train=False),
        "CIFAR-10": partial(tasks.cifar10, train=False),
        "MNIST": partial(tasks.mnist, train=False),
        "clothing": partial(tasks.clothing, train=False)}
NEEDS = {"cifar_subsets": ("CIFAR-100", "CIFAR-10"), "two_domains": ("MNIST", "CIFAR-10"),
         "clothes": ("clothing",), "digits": ()}  # and the others CIFAR-100
TAKES = {"superclasses": "2 hours", "superclasses_2500": "3 hours", "cifar_subsets": "1.5 hours",
         "two_domains": "40 minutes", "clothes": "20 minutes", "digits": "8 minutes",
         "cnn_4": "25 minutes", "cnn_16": "35 minutes", "wide_resnet_10_1": "1.3 hours",
         "wide_resnet_16_4": "13 hours"}


@cache
def subsets(experiment, seed):
    """Training and test tasks of a seed."""
    found = []
    for train, size in ((True, experiment.images), (False, experiment.test_images)):
        whole = experiment.tasks(train)
        names = tuple(task.name for task in whole)
        if experiment.names not in ((), names):
            raise ValueError(f"{experiment.name} announces the tasks {experiment.names}, and its "
                             f"function of tasks gives {names}")
        found.append([task.subset(min(size, len(task)), seed) for task in whole])
    return tuple(found)


def outputs(parts):
    """The classes of all tasks, in order: one network serves every pair."""
    return tuple(dict.fromkeys(name for task in parts for name in task.classes))


def trained(source, experiment, classes, seed, progress=False):
    """The experiment's network, trained on a source, with one output for every class of the
    experiment."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = experiment.network(len(classes), source.images.shape[1])
    return transfer.pretrained(source, network, experiment.settings, classes=classes, seed=seed,
                               progress=progress)


def pair(source, target, network, experiment, classes, test, seed, features=None, progress=False):
    """Distances from one task to another with a network trained on the source: a dict of numbers.
    """
    settings = replace(experiment.settings, pretrain_steps=0)
    shared = {"classes": classes, "seed": seed, "progress": progress}
    judged = {"test": test} | shared
    start = time.perf_counter()
    coupled = transfer.coupled(source, target, network, settings, features=features, **shared)
    seconds = time.perf_counter() - start
    uncoupled = transfer.uncoupled(source, target, network, settings, **judged)
    fine = transfer.fine_tuning(source, target, network, settings, **judged)
    accuracy, loss = evaluate(coupled.network, (test or (source, target))[1],
                              Head(source.classes, target.classes, settings.head, classes))
    last = coupled.iterations[-1]
    return {"coupled": coupled.length, "coupled_riemannian": coupled.riemannian_length,
            "lengths": [road.length for road in coupled.iterations],
            "coupled_cost": last.coupled_cost, "independent_cost": last.independent_cost,
            "gap": max(road.gap for road in coupled.iterations),
            "moved": [road.moved for road in coupled.iterations],
            "uncoupled": uncoupled.length, "uncoupled_riemannian": uncoupled.riemannian_length,
            "fine_tuning": fine.length, "fine_tuning_full": fine.full_length,
            "fine_tuning_stop": fine.stop, "fine_tuning_accuracies": fine.accuracies,
            "fine_tuning_losses": fine.losses, "accuracy": accuracy, "loss": loss,
            "uncoupled_accuracy": uncoupled.accuracy, "uncoupled_loss": uncoupled.loss,
            "seconds": round(seconds, 1)}


def one_road(experiment, seed=0, iterations=6, features=None, progress=False):
    """The losses along the last road of one pair, and its length after each of many iterations:
    Figure 4."""
    parts, tests = subsets(experiment, seed)
    classes, names = outputs(parts), [task.name for task in parts]
    source, target = (names.index(name) for name in experiment.road)
    network = trained(parts[source], experiment, classes, seed, progress)
    settings = replace(experiment.settings, pretrain_steps=0, iterations=iterations)
    found = transfer.coupled(parts[source], parts[target], network, settings, classes=classes,
                             features=features, test=(tests[source], tests[target]), seed=seed,
                             progress=progress)
    last = found.iterations[-1]
    return {"lengths": [road.length for road in found.iterations],
            "moved": [road.moved for road in found.iterations],
            "train_loss": last.train_loss, "test_loss": last.test_loss, "accuracy": found.accuracy}


def pair_units(experiment, seed=0, features=None, progress=False):
    """{"seed/source/target": function that gives :func:`pair`}. The pairs of one source share its
    trained network in a process; it is trained when the first of them needs it."""
    names = experiment.names or tuple(task.name for task in subsets(experiment, seed)[0])
    jobs = {}
    for i, source in enumerate(names):
        network = cache(partial(_source, experiment, seed, i, progress))
        for j, target in enumerate(names):
            if i != j:
                jobs[f"{seed}/{source}/{target}"] = partial(
                    _pair_unit, experiment, seed, i, j, network, features, progress)
    return jobs


def _source(experiment, seed, i, progress):
    parts, _ = subsets(experiment, seed)
    return trained(parts[i], experiment, outputs(parts), seed, progress)


def _pair_unit(experiment, seed, i, j, network, features, progress):
    parts, tests = subsets(experiment, seed)
    return rounded(pair(parts[i], parts[j], network(), experiment, outputs(parts),
                        (tests[i], tests[j]), seed, features, progress))


def all_pairs(experiment, seed=0, features=None, progress=False):
    """Every pair of one seed, at once and not stored.

    Parameters
    ----------
    experiment : Experiment
    seed : int
    features : callable, optional
        As of :func:`study`.
    progress : bool
        Show bars.

    Returns
    -------
    dict
        {"seed/source/target": numbers of :func:`pair`}, for :class:`tdist.studies.Pairs`.

    Examples
    --------
    >>> from tdist.networks import SmallCNN
    >>> from tdist.transfer import Settings
    >>> def tasks_of_digits(train):
    ...     digits = tasks.digits(train)
    ...     return [digits.only(("0", "1"), "low"), digits.only(("8", "9"), "high")]
    >>> short = Settings(steps=2, sgd_steps=2, batch=16, pretrain_steps=25, fine_tune_steps=25,
    ...                  iterations=1, block=4)
    >>> found = all_pairs(Experiment("two", tasks_of_digits, SmallCNN, short, 40, 40))
    >>> list(found)
    ['0/low/high', '0/high/low']
    >>> found["0/low/high"]["coupled"] <= found["0/low/high"]["coupled_riemannian"]
    True
    """
    return {key: unit() for key, unit in
            pair_units(experiment, seed, features, progress).items()}


def rounded(values):
    """Six significant digits: more would be noise."""
    if isinstance(values, dict):
        return {key: rounded(value) for key, value in values.items()}
    if isinstance(values, list):
        return [rounded(value) for value in values]
    return float(f"{values:.6g}")


def imagenet(task):
    """:func:`tdist.features.imagenet`, kept in the data folder."""
    digest = hashlib.sha256(task.images.numpy()).hexdigest()[:16]
    return kept(f"features/imagenet-{digest}",
                lambda: torch.from_numpy(network_features.imagenet(task)))


def units(experiment, features=None, progress=False):
    """Every pair of an experiment for every seed, and the road of Figure 4 if it has one."""
    jobs = {"first steps": partial(first_steps, experiment, features)}
    for seed in experiment.seeds:
        jobs |= pair_units(experiment, seed, features, progress)
    if experiment.road:
        jobs["road/" + "/".join(experiment.road)] = lambda: rounded(
            one_road(experiment, features=features, progress=progress))
    return jobs


def first_steps(experiment, features=None):
    """The cheap unit of an experiment's own data, features and network: a few steps between 32
    images of its first two tasks."""
    parts, _ = subsets(experiment, 0)
    source, target = (part.subset(min(32, len(part)), 0) for part in parts[:2])
    few = replace(experiment, settings=replace(
        experiment.settings, steps=2, sgd_steps=1, pretrain_steps=2, fine_tune_steps=2,
        iterations=1))
    classes = outputs(parts)
    found = pair(source, target, trained(source, few, classes, 0), few, classes, None, 0, features)
    return rounded({key: found[key] for key in ("coupled", "uncoupled", "fine_tuning_full")})


def check():
    """The cheap unit that can be computed anywhere: a short road between halves of the digits."""
    data = tasks.digits().subset(200)
    halves = [data.only(tuple(names), names).resized(16) for names in ("01234", "56789")]
    settings = replace(STORED, steps=4, sgd_steps=3, iterations=2, pretrain_steps=60,
                       fine_tune_steps=50, momentum=0.0)
    small = Experiment("check", None,
                       lambda outputs, channels: CNN(outputs, channels, 4, dropout=0.0), settings)
    classes = outputs(halves)
    found = pair(*halves, trained(halves[0], small, classes, 0), small, classes, None, 0)
    return {key: found[key] for key in ("coupled", "uncoupled", "fine_tuning_full")}


def study(experiment, features=None, needs=None, takes=""):
    """An experiment as a study: one unit a pair and seed.

    Parameters
    ----------
    experiment : Experiment
    features : callable, optional
        From a task to an array (images, k): the first coupling joins images that are near in it.
        Pixels by default, as in :func:`tdist.transfer.coupled`.
    needs : dict, optional
    takes : str
        As of :class:`tdist.studies.Study`.

    Returns
    -------
    Study
        To be registered.

    Examples
    --------
    >>> found = study(replace(EXPERIMENTS["digits"], name="mine", seeds=(0,)))
    >>> list(found.jobs())[:3]
    ['first steps', '0/0-4/5-9', '0/0-4/even']
    """
    return Study(experiment.name, partial(units, experiment, features), experiment.config(),
                 {"first steps": 0.01}, needs or {}, takes)


def _of_the_paper(experiment):
    plain = study(experiment, imagenet, {
        name: HERE[name] for name in NEEDS.get(experiment.name, ("CIFAR-100",))},
        f"{TAKES[experiment.name]} on two cores")
    return replace(plain, units=lambda progress: {"check": check} | plain.jobs(progress),
                   check={"check": 0.02} | plain.check)


for _experiment in EXPERIMENTS.values():
    register(_of_the_paper(_experiment))
