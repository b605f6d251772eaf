"""Distances between tasks that ignore the classifier, or the road: Task2Vec and Wasserstein.

Sections 5.2 and 5.5 of the coupled-transfer paper, on the images that the distances by transfer
were computed on. The third of them, the length of a VAE's path, is in ``fitted_vae``.
"""

from dataclasses import replace
from functools import cache, partial

from tdist import tasks
from tdist.baselines import task2vec, task2vec_distance, wasserstein
from tdist.studies.distances import imagenet, rounded, subsets
from tdist.studies.experiments import EXPERIMENTS
from tdist.studies.study import STUDIES, Study, register

# of a stored result: the experiment whose tasks it has, and which distances, if not all
STORED = {"discrepancies": ("superclasses_2500", None),
          "task2vec_cifar_subsets": ("cifar_subsets", ["task2vec"]),
          "task2vec_two_domains": ("two_domains", ["task2vec"])}
TAKES = {"discrepancies": "40 minutes", "task2vec_cifar_subsets": "6 minutes",
         "task2vec_two_domains": "2 minutes"}
DISTANCES = ("task2vec", "task2vec_plain", "wasserstein_pixels", "wasserstein_features")
TASK2VEC = {"size": 32, "images": 1250, "draws": 1}


def halves(task, seed=0):
    """Two disjoint samples of a task, which share out its images (but one, if their number is odd).
    """
    mixed, size = task.subset(len(task), seed), len(task) // 2
    return [replace(mixed, images=mixed.images[rows], labels=mixed.labels[rows])
            for rows in (slice(size), slice(size, 2 * size))]


def measures(parts, seed=0, task2vec_sizes=TASK2VEC, features=imagenet):
    """{name: function of the places of a source and a target in `parts`}.

    What a distance gives from a task to itself is the distance of its :func:`halves`: so
    much shows where there is nothing to see. What belongs to one sample alone, an embedding or
    features, is computed once, when it is first needed.
    """
    first, second = zip(*(halves(part, seed) for part in parts), strict=True)
    samples, n = [*parts, *first, *second], len(parts)
    embedding = cache(lambda i: task2vec(samples[i], seed=seed, progress=False,
                                       **task2vec_sizes))
    pixels = cache(lambda i: samples[i].images.flatten(1) / 255)
    embedded = cache(lambda i: features(samples[i]))

    def symmetric(distance):
        known = cache(distance)
        return lambda i, j: known(min(i, j), max(i, j)) if i != j else known(i + n, i + 2 * n)

    found = (symmetric(lambda i, j: task2vec_distance(embedding(i), embedding(j))),
             symmetric(lambda i, j: task2vec_distance(embedding(i), embedding(j),
                                                      normalised=False)),
             symmetric(lambda i, j: wasserstein(pixels(i), pixels(j))),
             symmetric(lambda i, j: wasserstein(embedded(i), embedded(j))))
    return dict(zip(DISTANCES, found, strict=True))


def row_units(names, seed, find, only=DISTANCES):
    """{"seed/distance/source": function that gives the distances to every task, in order, the
    source itself among them}, where find() gives the :func:`measures`."""
    def row(distance, i):
        measure = find()[distance]
        return rounded([measure(i, j) for j in range(len(names))])

    return {f"{seed}/{distance}/{name}": partial(row, distance, i)
            for distance in only for i, name in enumerate(names)}


def units(name):
    """Of a stored result: the distances between all tasks of an experiment for every seed."""
    experiment, only = EXPERIMENTS[STORED[name][0]], STORED[name][1] or DISTANCES
    jobs = {"check": check}
    for seed in experiment.seeds:
        find = cache(lambda seed=seed: measures(subsets(experiment, seed)[0], seed))
        jobs |= row_units(experiment.names, seed, find, only)
    return jobs


def config(name="discrepancies"):
    """What the units of a stored result depend on."""
    experiment = EXPERIMENTS[STORED[name][0]]
    return {"images": experiment.images, "seeds": list(experiment.seeds), "task2vec": TASK2VEC}


def check():
    """The cheap unit: all distances from one half of the digits to the other."""
    data = tasks.digits().subset(200)
    parts = [data.only(tuple(names), names) for names in ("01234", "56789")]
    found = measures(parts, task2vec_sizes=TASK2VEC | {"images": 30},
                     features=lambda task: task.images.flatten(1).float().sort(1).values)
    return {name: rounded(measure(0, 1)) for name, measure in found.items()}


for _name, (_experiment, _) in STORED.items():
    register(Study(_name, lambda progress, name=_name: units(name), config(_name), {"check": 0.02},
                   STUDIES[_experiment].needs, f"{TAKES[_name]} on two cores"))
