"""Which layer of an ImageNet network transfers? Section 5.1 and Figure 4 of the H-score paper.

Live: 6,000 images of Fashion-MNIST. Paper: CIFAR-100, 20,000 images for (a), 5,000 to 50,000 for
(b), and target tasks of 3, 5, 10 and 20 of its categories for (c). The source is
EfficientNet-Lite0, or the paper's ResNet-50 where its weights can be downloaded.
"""

from dataclasses import replace
from functools import cache, partial

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from tqdm import tqdm

from tdist import features as layer_features
from tdist import tasks
from tdist.hgr import SoftHGR
from tdist.hscore import h_score
from tdist.networks import SOURCES
from tdist.studies.study import Study, kept, register

PIXELS = 96  # images are enlarged to this size
NEIGHBOURS = 20
SIZES = {"pixels": PIXELS, "target": "CIFAR-100", "images": 20_000, "seeds": [0, 1, 2],
         "sizes": [5_000, 10_000, 20_000, 30_000, 50_000], "categories": [3, 5, 10, 20],
         "targets_each": 5, "check_images": 500}
BLOCK = 5_000  # images whose features are kept in one file


def config(source="efficientnet_lite0"):
    """What the stored units of a source depend on."""
    return {"source": SOURCES[source].name, "transfer_layer": SOURCES[source].transfer_layer,
            **SIZES}


def depth_features(task, source="efficientnet_lite0", progress=True):
    """Features of every depth of the source, averaged over positions: {layer: (n, k) float32}."""
    source = SOURCES[source]
    loader = task.loader(PIXELS, source.mean, source.std)
    return layer_features.extract(source.network(), loader, source.depths, progress=progress)[0]


def split(n, seed):
    """A random 9:1 split: indices for training and for testing."""
    order = np.random.default_rng(seed).permutation(n)
    return order[: n * 9 // 10], order[n * 9 // 10 :]


def compare(x, y, seed=0):
    """One layer as a source: its H-score, softmax regressions on it, and two cheap rivals.

    x (n, k) features, y (n,) labels. Returns a dict of plain numbers; losses are in nats. The
    H-score sees the training images only, as the regressions do.
    """
    train, test = split(len(x), seed)
    score = h_score(x[train], y[train])
    z = standardise(x, train)
    neighbours = KNeighborsClassifier(NEIGHBOURS, algorithm="brute").fit(z[train], y[train])
    converged = LogisticRegression(C=1.0, max_iter=2000).fit(z[train], y[train])
    return {
        "h": score.statistic, "adjusted": score.adjusted, "chance": score.chance,
        "rank": score.rank,
        "dimension": x.shape[1], "knn": float(neighbours.score(z[test], y[test])),
        "paper": evaluate(softmax_regression(z[train], y[train]), z, y, train, test),
        "converged": evaluate(lambda v: converged.predict_proba(v), z, y, train, test)
        | {"iterations": int(converged.n_iter_[0])},
    }


def standardise(x, train):
    """Columns with mean 0 and standard deviation 1 on the training rows; a constant one is 0."""
    mean, std = x[train].mean(0), x[train].std(0)
    return ((x - mean) / np.where(std > 1e-6 * std.max(), std, np.inf)).astype(np.float32)


def softmax_regression(x, y, epochs=100, batch_size=None, seed=0):
    """Softmax regression by gradient descent; a function from features to class probabilities.

    Without batch_size every step sees all rows (the paper's "batch size 20,000"), with Nesterov
    momentum 0.9. The paper gives no step size; it is 1 / L, where L, half the largest eigenvalue of
    E[(x, 1)(x, 1)^T], bounds the curvature of the loss. So it cannot diverge on finite features.
    """
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    x1 = torch.cat([x, torch.ones(len(x), 1)], dim=1)  # (n, k + 1)
    curvature = torch.linalg.eigvalsh(x1.T.double() @ x1.double() / len(x1))[-1].item() / 2
    theta = torch.zeros(x1.shape[1], int(y.max()) + 1, requires_grad=True)
    optimiser = torch.optim.SGD([theta], lr=1 / curvature, momentum=0.9, nesterov=True)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        order = (torch.arange(len(x1)) if batch_size is None
                 else torch.randperm(len(x1), generator=generator))
        for rows in order.split(batch_size or len(x1)):
            optimiser.zero_grad()
            inputs = x1 if batch_size is None else x1[rows]
            torch.nn.functional.cross_entropy(inputs @ theta, y[rows]).backward()
            optimiser.step()
    theta = theta.detach()
    return lambda v: torch.softmax(torch.from_numpy(v) @ theta[:-1] + theta[-1], dim=1).numpy()


def evaluate(probabilities, z, y, train, test):
    """Log-loss and accuracy of a classifier on both parts of a split."""
    result = {}
    for name, rows in (("train", train), ("test", test)):
        p = probabilities(z[rows])
        of_label = p[np.arange(len(rows)), y[rows]]
        result[f"{name}_loss"] = float(-np.log(np.maximum(of_label, 1e-30)).mean())
        result[f"{name}_accuracy"] = float((p.argmax(1) == y[rows]).mean())
    return result


def target_task(x, y, x_source, categories, seed):
    """(c): transferability from a source layer to a task of a few categories, against what training
    reaches.

    x (n, k) holds every depth, x_source (n, j) the source layer. The target's own best features
    come from soft HGR on every depth, and are scored on images that it did not train on.
    """
    rows, y = of_categories(y, categories, seed)
    train, test = split(len(rows), seed)
    source = h_score(x_source[rows], y)
    best = optimal_features(x[rows], y, train, categories, seed)
    optimal = h_score(best[test], y[test])
    z = standardise(x_source[rows], train)
    classifier = softmax_regression(z[train], y[train], epochs=50, batch_size=64, seed=seed)
    return {"h": source.statistic, "adjusted": source.adjusted, "h_opt": optimal.statistic,
            "adjusted_opt": optimal.adjusted,
            "transferability": source.statistic / optimal.statistic,
            "adjusted_transferability": source.adjusted / optimal.adjusted,
            "trained": evaluate(classifier, z, y, train, test)}


def own_network(x, y, categories, seed):
    """(c), what a source is compared with: the target's own best features, as in
    :func:`target_task`, and what the classifier of the source's features reaches on them."""
    rows, y = of_categories(y, categories, seed)
    train, test = split(len(rows), seed)
    best = optimal_features(x[rows], y, train, categories, seed)
    optimal, z = h_score(best[test], y[test]), standardise(best, train)
    classifier = softmax_regression(z[train], y[train], epochs=50, batch_size=64, seed=seed)
    return {"h_opt": optimal.statistic, "adjusted_opt": optimal.adjusted,
            "trained": evaluate(classifier, z, y, train, test)}


def of_categories(y, categories, seed):
    """A draw of categories: the rows that have one of them, and their labels, from 0."""
    chosen = np.random.default_rng(seed).choice(int(y.max()) + 1, categories, replace=False)
    rows = np.flatnonzero(np.isin(y, chosen))
    return rows, np.searchsorted(np.sort(chosen), y[rows])


def optimal_features(x, y, train, categories, seed):
    """Minimum-error-probability features of a task by soft HGR, trained on `train`, of all rows."""
    z = torch.from_numpy(standardise(x, train))
    network = SoftHGR(z.shape[1], categories, categories - 1, hidden=(256,), seed=seed)
    network.fit(z[train], torch.from_numpy(y[train]), epochs=30, batch_size=256, lr=1e-3,
                weight_decay=1e-2, progress=False)
    return network.features(z)


def check(source="efficientnet_lite0"):
    """The cheap unit: adjusted H-scores of all depths for a few images."""
    few = tasks.cifar100().subset(SIZES["check_images"])
    return {layer: h_score(x, few.labels, shrinkage="ledoit-wolf").adjusted
            for layer, x in depth_features(few, source, progress=False).items()}


def kept_features(task, source, progress=False):
    """Features of all images of CIFAR-100, kept in the data folder block by block."""
    def make(rows):
        part = replace(task, images=task.images[rows], labels=task.labels[rows])
        found = depth_features(part, source, progress)
        return {layer: torch.from_numpy(x) for layer, x in found.items()}

    folder = f"features/cifar100-{source}-{PIXELS}"
    blocks = [kept(f"{folder}/{start:05d}", partial(make, slice(start, start + BLOCK)))
              for start in tqdm(range(0, len(task), BLOCK), desc=f"blocks of {BLOCK:,} images",
                                disable=not progress)]
    return {layer: torch.cat([block[layer] for block in blocks]).numpy()
            for layer in SOURCES[source].depths}


@cache
def data(source, progress=False):
    """What all units share: features {layer: (n, k)} and labels (n,)."""
    task = tasks.cifar100()
    return kept_features(task, source, progress), task.labels.numpy()


@cache
def every_depth(source, progress=False):
    """The features of all depths side by side, (n, k)."""
    return np.concatenate(list(data(source, progress)[0].values()), axis=1)


def units(source, progress=False):
    """Figure 4 at the paper's size, {key: function}: (a), (b), and (c) with its other half."""
    jobs, layers = {"check": partial(check, source)}, SOURCES[source].depths
    jobs |= {f"a/{seed}/{layer}": partial(layer_unit, source, seed, layer, progress)
             for seed in SIZES["seeds"] for layer in layers}
    jobs |= {f"b/{size}/{layer}": partial(size_unit, source, size, layer, progress)
             for size in SIZES["sizes"] for layer in layers}
    draws = [(n, seed) for n in SIZES["categories"] for seed in range(SIZES["targets_each"])]
    jobs |= {f"c/{n}/{seed}": partial(target_unit, source, n, seed, progress) for n, seed in draws}
    return jobs | {f"own/{n}/{seed}": partial(own_unit, source, n, seed, progress)
                   for n, seed in draws}


def layer_unit(source, seed, layer, progress=False):
    """(a): one layer on one draw of the images."""
    x, y = data(source, progress)
    rows = np.random.default_rng(seed).permutation(len(y))[: SIZES["images"]]
    return compare(x[layer][rows], y[rows], seed)


def size_unit(source, size, layer, progress=False):
    """(b): one layer on one number of images."""
    x, y = data(source, progress)
    rows = np.random.default_rng(0).permutation(len(y))[:size]
    return sample_size(x[layer][rows], y[rows])


def target_unit(source, categories, seed, progress=False):
    """(c): one draw of categories."""
    x, y = data(source, progress)
    of_source = x[SOURCES[source].transfer_layer]
    return target_task(every_depth(source, progress), y, of_source, categories, seed)


def own_unit(source, categories, seed, progress=False):
    """(c): the target's own network for one draw of categories."""
    return own_network(every_depth(source, progress), data(source, progress)[1], categories, seed)


def sample_size(x, y):
    """(b): the H-score and the paper's softmax regression on one number of images."""
    train, test = split(len(x), 0)
    score, z = h_score(x[train], y[train]), standardise(x, train)
    return {"h": score.statistic, "adjusted": score.adjusted, "chance": score.chance,
            "paper": evaluate(softmax_regression(z[train], y[train]), z, y, train, test)}


for _source in SOURCES:
    register(Study(
        "layers" if _source == "efficientnet_lite0" else f"layers_{_source}",
        partial(units, _source), config(_source), {"check": 1e-4},
        {"CIFAR-100": partial(tasks.cifar100, train=False)},
        "half an hour on two cores"))
