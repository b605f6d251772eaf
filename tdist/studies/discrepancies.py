"""Distances between tasks that ignore the classifier, or the road: Task2Vec, Wasserstein, the length of a VAE's path.

Sections 5.2 and 5.5 of the coupled-transfer paper, on the images that the distances by transfer were computed on.
"""

from functools import cache

import numpy as np
from tqdm import tqdm

from tdist import tasks
from tdist.baselines import task2vec, task2vec_distance, vae_length, wasserstein
from tdist.studies.distances import EXPERIMENTS, imagenet, rounded, subsets
from tdist.studies.results import Results

EXPERIMENT = EXPERIMENTS["superclasses"]
TASK2VEC = {"size": 64, "images": 200, "draws": 2}
VAE = {"points": 10, "steps": 10, "pretraining": 200, "batch_size": 32, "width": 8, "inputs": 128}


def measures(parts, seed=0, task2vec_sizes=TASK2VEC, vae_sizes=VAE, features=imagenet):
    """{name: function of the places of a source and a target in `parts`}.

    What belongs to one task alone, an embedding or features, is computed once, when it is first needed.
    """
    embedding = cache(lambda i: task2vec(parts[i], seed=seed, **task2vec_sizes))
    pixels = cache(lambda i: parts[i].images.flatten(1) / 255)
    embedded = cache(lambda i: features(parts[i]))

    def symmetric(distance):
        known = cache(distance)
        return lambda i, j: known(min(i, j), max(i, j)) if i != j else 0.0

    def of_vae(mixture):
        return lambda i, j: float(vae_length(parts[i].images, parts[j].images, mixture, seed=seed, **vae_sizes))

    return {"task2vec": symmetric(lambda i, j: task2vec_distance(embedding(i), embedding(j))),
            "task2vec_plain": symmetric(lambda i, j: task2vec_distance(embedding(i), embedding(j), normalised=False)),
            "wasserstein_pixels": symmetric(lambda i, j: wasserstein(pixels(i), pixels(j))),
            "wasserstein_features": symmetric(lambda i, j: wasserstein(embedded(i), embedded(j))),
            "vae_mixture": of_vae(True), "vae_direct": of_vae(False)}


def all_rows(parts, seed=0, keep=lambda key, compute: compute(), **sizes):
    """{"seed/distance/source": distances to every task, in order, the source itself among them}."""
    places = range(len(parts))
    return {key: keep(key, lambda i=i, measure=measure: rounded([measure(i, j) for j in places]))
            for name, measure in measures(parts, seed, **sizes).items() for i in places
            for key in [f"{seed}/{name}/{parts[i].name}"]}


def matrix(units, names, distance, seed=0):
    """One distance as an array (sources, targets). The diagonal of a VAE's length is the noise of SGD."""
    return np.array([units[f"{seed}/{distance}/{name}"] for name in names])


def config():
    """What the stored units depend on."""
    return {"images": EXPERIMENT.images, "seeds": list(EXPERIMENT.seeds), "task2vec": TASK2VEC, "vae": VAE}


def paper():
    """All distances between the five super-classes, for every seed, stored row by row."""
    results = Results("discrepancies", config(), "python -m tdist.studies discrepancies --scale paper")
    results.unit("check", check)
    for seed in tqdm(EXPERIMENT.seeds, desc="seeds"):
        all_rows(subsets(EXPERIMENT, seed)[0], seed, results.unit)


def check():
    """The cheap unit that a test computes again: all distances from one half of the digits to the other."""
    data = tasks.digits().subset(200)
    halves = [data.only(tuple(names), names) for names in ("01234", "56789")]
    found = measures(halves, task2vec_sizes=TASK2VEC | {"size": 32, "images": 30}, vae_sizes=VAE | {"pretraining": 30},
                     features=lambda task: task.images.flatten(1).float().sort(1).values)
    return {name: rounded(measure(0, 1)) for name, measure in found.items()}
