"""What the trained sources of `tdist.studies.distances` know of their own tasks, and how far each
is from itself: a study ``sources_NAME`` beside each experiment NAME.

Units "SEED/SOURCE": accuracy and loss on the source's training and unseen images, and its coupled
road to itself, of the network, the seed and the settings that its pairs have.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from tdist import transfer
from tdist.studies.distances import HERE, NEEDS, imagenet, outputs, rounded, subsets, trained
from tdist.studies.experiments import EXPERIMENTS
from tdist.studies.regime import fitted
from tdist.studies.study import Study, register

TAKES = {"superclasses": "10 minutes", "superclasses_2500": "30 minutes",
         "cifar_subsets": "45 minutes", "two_domains": "45 minutes", "clothes": "15 minutes",
         "digits": "2 minutes", "cnn_4": "5 minutes", "cnn_16": "15 minutes",
         "wide_resnet_10_1": "half an hour", "wide_resnet_16_4": "6 hours"}


def unit(experiment, features, seed, i):
    """The i-th task of an experiment as a source, at home."""
    parts, tests = subsets(experiment, seed)
    source, classes = parts[i], outputs(parts)
    network = trained(source, experiment, classes, seed)
    itself = transfer.coupled(source, source, network, replace(experiment.settings,
                                                               pretrain_steps=0),
                              features=features, classes=classes, seed=seed, progress=False)
    return rounded(fitted(network, source, tests[i], experiment.settings, classes) | {
        "itself": {"length": itself.length, "riemannian": itself.riemannian_length,
                   "lengths": [road.length for road in itself.iterations]}})


def summary(stored, pairs):
    """{source: dict}, of a stored study of sources and the :class:`~tdist.studies.Pairs` of the
    same seeds: what a source knows of its own task, and the length of its coupled road to itself as
    a share of its mean length to the others; means over seeds."""
    found = {}
    for name, others in zip(pairs.names, pairs.matrices("coupled").transpose(1, 0, 2),
                            strict=True):  # (seeds, targets)
        own = [stored["units"][f"{seed}/{name}"] for seed in pairs.seeds]
        to_itself = np.array([each["itself"]["length"] for each in own])
        away = np.delete(others, pairs.names.index(name), 1).mean(1)
        found[name] = {label: float(np.mean([each[key] for each in own])) for label, key in (
            ("training accuracy", "train_accuracy"), ("training loss", "train_loss"),
            ("test accuracy", "test_accuracy"), ("test loss", "test_loss"))} | {
                "to itself / to others": float((to_itself / away).mean())}
    return found


def first_steps(experiment, features):
    """The cheap unit of an experiment's own data, features and network: a few steps on 32 images.
    """
    few = replace(experiment.settings, steps=2, sgd_steps=1, pretrain_steps=2, iterations=1)
    small = replace(experiment, settings=few, images=32, test_images=32)
    return {"itself": unit(small, features, 0, 0)["itself"]["length"]}


def check():
    """The cheap unit that can be computed anywhere: 40 images of the digits 0 to 4."""
    digits = EXPERIMENTS["digits"]
    few = replace(digits.settings, steps=3, sgd_steps=2, pretrain_steps=30, iterations=1)
    return unit(replace(digits, settings=few, images=40, test_images=40), None, 0, 0)["itself"]


def units(experiment, features=imagenet):
    """{key: function}."""
    cheap = {"check": check, "first steps": partial(first_steps, experiment, features)}
    return cheap | {f"{seed}/{name}": partial(unit, experiment, features, seed, i)
                    for seed in experiment.seeds for i, name in enumerate(experiment.names)}


for _name, _experiment in EXPERIMENTS.items():
    register(Study(f"sources_{_name}", units(_experiment), _experiment.config(),
                   {"check": 0.02, "first steps": 0.01},
                   {data: HERE[data] for data in NEEDS.get(_name, ("CIFAR-100",))},
                   f"{TAKES[_name]} on one core"))
