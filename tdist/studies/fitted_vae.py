"""The length of a VAE's path between the five tasks of Figure 3, of VAEs that are fitted for a
hundred epochs, with the losses that tell whether they are, before the path and at its end.

Units "SEED/SOURCE": the loss of the source's VAE on every task's unseen images, after half of its
steps on the source's own, and its paths to every task, the source itself among them.
"""

from functools import partial

import torch

from tdist import tasks
from tdist.studies.distances import HERE, rounded
from tdist.studies.spaces import NAMES, pictures
from tdist.studies.study import Study, register
from tdist.vae import fitted_vae, loss_of
from tdist.vae_paths import vae_length

SEEDS = (0, 1)
FIT = {"steps": 4000, "batch": 64, "latent": 16, "width": 16}
PATH = {"points": 10, "steps": 150, "batch": 64, "inputs": 256}
RATE = 1e-3  # of Adam on a path, as in the fit
WAYS = {"mixture": True, "direct": False}


def unit(find, i, seed, fit=FIT, path=PATH):
    """The fit of the i-th of the tasks that find() gives, training and test ones, and its paths."""
    parts, tests = find()
    unseen, source = [test.images / 255 for test in tests], parts[i].images
    half = fitted_vae(source, seed=seed, progress=False, **fit | {"steps": fit["steps"] // 2})
    vae = fitted_vae(source, seed=seed, progress=False, **fit)
    found = {"losses": [loss_of(vae, images, seed) for images in unseen],
             "half": loss_of(half, unseen[i], seed), "train": loss_of(vae, source / 255, seed)}
    for way, mixture in WAYS.items():
        moved = [vae_length(vae, source, part.images, mixture=mixture, seed=seed, progress=False,
                            optimiser=partial(torch.optim.Adam, lr=RATE), **path)
                 for part in parts]
        found[way] = {"length": [each.length for each in moved],
                      "riemannian": [each.riemannian_length for each in moved],
                      "losses": [loss_of(each.vae, images, seed)
                                 for each, images in zip(moved, unseen, strict=True)]}
    return rounded(found)


def check():
    """The cheap unit: the paths from one half of the digits."""
    data = tasks.digits().subset(200)
    parts = [data.only(tuple(names), names) for names in ("01234", "56789")]
    return unit(lambda: (parts, parts), 0, 0, FIT | {"steps": 30, "width": 4},
                PATH | {"points": 3, "steps": 10})


UNITS = {"check": check} | {f"{seed}/{name}": partial(unit, pictures, i, seed)
                            for seed in SEEDS for i, name in enumerate(NAMES)}
CONFIG = {"tasks": list(NAMES), "seeds": list(SEEDS), "fit": FIT, "path": PATH, "rate": RATE}
register(Study("fitted_vae", UNITS, CONFIG, {"check": 0.02}, {"CIFAR-100": HERE["CIFAR-100"]},
               "an hour on one core"))
