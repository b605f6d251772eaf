"""Which target suits a source? Figure 4c of the H-score paper, with more targets and with what each
target's own network reaches.

The study ``layers`` has five targets of 3, 5, 10 and 20 categories of CIFAR-100. Here are ten of
each size, drawn from the images of the study ``blocks``; and beside what training on the source
layer reaches, the accuracy of the same regression on the target's own features, those whose H-score
the transferability divides by.
"""

from functools import cache, partial

import numpy as np

from tdist import tasks
from tdist.networks import EFFICIENTNET_DEPTHS, SOURCES
from tdist.studies import layers
from tdist.studies.blocks import STAGES, check, features, labels, order
from tdist.studies.study import Study, register

SIZES = {"categories": [3, 5, 10, 20], "targets_each": 10, "images": 40_000, "check_images": 300,
         "source_layer": SOURCES["efficientnet_lite0"].transfer_layer}


def last_block(stage):
    """The name of a stage's last block, whose output is the stage's."""
    return f"{stage}.{STAGES[stage] - 1}" if stage in STAGES else stage


@cache
def every_depth():
    """The features of the eight stages side by side, (n, k), as in the study ``layers``."""
    rows = order("CIFAR-100")[:SIZES["images"]]
    return np.concatenate([features("CIFAR-100", rows, last_block(stage))
                           for stage in EFFICIENTNET_DEPTHS], axis=1)


def unit(categories, seed):
    """One draw of categories: as in ``layers``, with the target's own features trained."""
    rows = order("CIFAR-100")[:SIZES["images"]]
    x, y = every_depth(), labels("CIFAR-100")[rows]
    of_source = features("CIFAR-100", rows, last_block(SIZES["source_layer"]))
    of_target = layers.target_features(x, y, of_source, categories, seed)
    own = layers.trained(*of_target[1:], seed)
    return layers.transfer(*of_target, seed) | {"own": own}


def units():
    """{key: function} of all targets."""
    return {"check": check} | {f"{n}/{seed}": partial(unit, n, seed)
                               for seed in range(SIZES["targets_each"])
                               for n in SIZES["categories"]}


register(Study("targets", units(), SIZES, {"check": 1e-4}, {
    "CIFAR-100": partial(tasks.cifar100, train=False)}, "a quarter of an hour on one core"))
