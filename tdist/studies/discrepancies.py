"""Distances between tasks that ignore the classifier, or the road: Task2Vec, Wasserstein, the length of a VAE's path.

Sections 5.2 and 5.5 of the coupled-transfer paper, on the images that the distances by transfer were computed on.
"""

from dataclasses import replace
from functools import cache

import numpy as np
from tqdm import tqdm

from tdist import tasks
from tdist.baselines import task2vec, task2vec_distance, vae_length, wasserstein
from tdist.studies.distances import EXPERIMENTS, imagenet, rounded, subsets
from tdist.studies.results import Results

# of a stored result: the experiment whose tasks it has, and which distances, if not all
STORED = {"discrepancies": ("superclasses_2500", None), "task2vec_cifar_subsets": ("cifar_subsets", ["task2vec"]),
          "task2vec_two_domains": ("two_domains", ["task2vec"])}
TASK2VEC = {"size": 32, "images": 1250, "draws": 1}
VAE = {"points": 10, "steps": 10, "pretraining": 200, "batch": 32, "width": 8, "inputs": 128}


def halves(task, seed=0):
    """Two disjoint samples of a task, which share out its images (but one, if their number is odd)."""
    mixed, size = task.subset(len(task), seed), len(task) // 2
    return [replace(mixed, images=mixed.images[rows], labels=mixed.labels[rows])
            for rows in (slice(size), slice(size, 2 * size))]


def measures(parts, seed=0, task2vec_sizes=TASK2VEC, vae_sizes=VAE, features=imagenet):
    """{name: function of the places of a source and a target in `parts`}.

    What a symmetric distance gives from a task to itself is the distance of its :func:`halves`: so much shows where
    there is nothing to see. What belongs to one sample alone, an embedding or features, is computed once, when it is
    first needed.
    """
    first, second = zip(*(halves(part, seed) for part in parts), strict=True)
    samples = [*parts, *first, *second]
    embedding = cache(lambda i: task2vec(samples[i], seed=seed, progress=False,
                                       **task2vec_sizes))
    pixels = cache(lambda i: samples[i].images.flatten(1) / 255)
    embedded = cache(lambda i: features(samples[i]))

    def symmetric(distance):
        known = cache(distance)
        return lambda i, j: known(min(i, j), max(i, j)) if i != j else known(i + len(parts), i + 2 * len(parts))

    def of_vae(mixture):
        return lambda i, j: float(vae_length(parts[i].images, parts[j].images, mixture=mixture,
                                             seed=seed, progress=False, **vae_sizes))

    return {"task2vec": symmetric(lambda i, j: task2vec_distance(embedding(i), embedding(j))),
            "task2vec_plain": symmetric(lambda i, j: task2vec_distance(embedding(i), embedding(j), normalised=False)),
            "wasserstein_pixels": symmetric(lambda i, j: wasserstein(pixels(i), pixels(j))),
            "wasserstein_features": symmetric(lambda i, j: wasserstein(embedded(i), embedded(j))),
            "vae_mixture": of_vae(True), "vae_direct": of_vae(False)}


def all_rows(parts, seed=0, keep=lambda key, compute: compute(), only=None, **sizes):
    """{"seed/distance/source": distances to every task, in order, the source itself among them}, of all distances or of
    some."""
    places = range(len(parts))
    found = measures(parts, seed, **sizes)
    return {key: keep(key, lambda i=i, measure=found[name]: rounded([measure(i, j) for j in places]))
            for name in only or found for i in places for key in [f"{seed}/{name}/{parts[i].name}"]}


def matrix(units, names, distance, seed=0):
    """One distance as an array (sources, targets). On the diagonal: between two halves of a task's images; of a VAE's
    length, the noise of SGD."""
    return np.array([units[f"{seed}/{distance}/{name}"] for name in names])


def config(name="discrepancies"):
    """What the units of a stored result depend on."""
    experiment, only = EXPERIMENTS[STORED[name][0]], STORED[name][1]
    return {"images": experiment.images, "seeds": list(experiment.seeds), "task2vec": TASK2VEC} | (
        {} if only else {"vae": VAE})


def paper(name):
    """The distances between all tasks of an experiment, for every seed, stored row by row."""
    experiment, only = EXPERIMENTS[STORED[name][0]], STORED[name][1]
    results = Results(name, config(name), f"python -m tdist.studies {name} --scale paper")
    results.unit("check", check)
    for seed in tqdm(experiment.seeds, desc="seeds"):
        all_rows(subsets(experiment, seed)[0], seed, results.unit, only)


def check():
    """The cheap unit that a test computes again: all distances from one half of the digits to the other."""
    data = tasks.digits().subset(200)
    parts = [data.only(tuple(names), names) for names in ("01234", "56789")]
    found = measures(parts, task2vec_sizes=TASK2VEC | {"images": 30}, vae_sizes=VAE | {"pretraining": 30},
                     features=lambda task: task.images.flatten(1).float().sort(1).values)
    return {name: rounded(measure(0, 1)) for name, measure in found.items()}
