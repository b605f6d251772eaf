"""What the trained sources of `tdist.studies.distances` know of their own tasks, and how far each
is from itself: a study ``sources_NAME`` beside each experiment NAME.

Units "SEED/SOURCE": accuracy and loss on the source's training and unseen images, and its coupled
road to itself, of the network, the seed and the settings that its pairs have.
"""

from dataclasses import replace
from functools import partial

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


def check():
    """The cheap unit: 40 images of the digits 0 to 4, for a few steps."""
    digits = EXPERIMENTS["digits"]
    few = replace(digits.settings, steps=3, sgd_steps=2, pretrain_steps=30, iterations=1)
    return unit(replace(digits, settings=few, images=40, test_images=40), None, 0, 0)["itself"]


def units(experiment, features=imagenet):
    """{key: function}."""
    return {"check": check} | {f"{seed}/{name}": partial(unit, experiment, features, seed, i)
                               for seed in experiment.seeds
                               for i, name in enumerate(experiment.names)}


for _experiment in EXPERIMENTS.values():
    register(Study(f"sources_{_experiment.name}", units(_experiment), _experiment.config(),
                   {"check": 0.02}, {name: HERE[name] for name in NEEDS.get(
                       _experiment.name, ("CIFAR-100",))}, f"{TAKES[_experiment.name]} on one core"))
