"""Which layer of an ImageNet network transfers? Section 5.1 and Figure 4 of the H-score paper.

Live: 6,000 images of Fashion-MNIST. Paper: CIFAR-100, 20,000 images for (a), 5,000 to 50,000 for (b), and target
tasks of 3, 5, 10 and 20 of its categories for (c). The source is EfficientNet-Lite0, or the paper's ResNet-50 where
its weights can be downloaded.
"""

from dataclasses import replace
from functools import partial

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from tqdm import tqdm

from tdist import features as layer_features
from tdist.hgr import SoftHGR
from tdist.hscore import h_score
from tdist.networks import SOURCES
from tdist.studies.results import Results
from tdist.tasks import cifar100, data_folder

PIXELS = 96  # images are enlarged to this size
SIZES = {"pixels": PIXELS, "target": "CIFAR-100", "images": 20_000, "seeds": [0, 1, 2],
         "sizes": [5_000, 10_000, 20_000, 30_000, 50_000], "categories": [3, 5, 10, 20], "targets_each": 5,
         "check_images": 500}


def config(source="efficientnet_lite0"):
    """What the stored units of a source depend on."""
    return {"source": SOURCES[source].name, "transfer_layer": SOURCES[source].transfer_layer, **SIZES}


def depth_features(task, source="efficientnet_lite0", progress=True):
    """Features of every depth of the source for a task's images: {layer: (n, k) float32}, averaged over positions."""
    source = SOURCES[source]
    loader = task.loader(PIXELS, source.mean, source.std)
    return layer_features.extract(source.network(), loader, source.depths, progress=progress)[0]


def split(n, seed):
    """A random 9:1 split: indices for training and for testing."""
    order = np.random.default_rng(seed).permutation(n)
    return order[: n * 9 // 10], order[n * 9 // 10 :]


def compare(x, y, seed=0):
    """One layer as a source: its H-score, softmax regressions on it, and two cheap rivals.

    x (n, k) features, y (n,) labels. Returns a dict of plain numbers; losses are in nats. The H-score sees the
    training images only, as the regressions do.
    """
    train, test = split(len(x), seed)
    score = h_score(x[train], y[train])
    z = standardise(x, train)
    neighbours = KNeighborsClassifier(n_neighbors=20, algorithm="brute").fit(z[train], y[train])
    converged = LogisticRegression(C=1.0, max_iter=2000).fit(z[train], y[train])
    return {
        "h": score.statistic, "adjusted": score.adjusted, "chance": score.chance, "rank": score.rank,
        "dimension": x.shape[1], "knn": float(neighbours.score(z[test], y[test])),
        "paper": evaluate(softmax_regression(z[train], y[train]), z, y, train, test),
        "converged": evaluate(lambda v: converged.predict_proba(v), z, y, train, test)
        | {"iterations": int(converged.n_iter_[0])},
    }


def standardise(x, train):
    """Columns with mean 0 and standard deviation 1 on the training rows; constant columns become 0."""
    mean, std = x[train].mean(0), x[train].std(0)
    return ((x - mean) / np.where(std > 1e-6 * std.max(), std, np.inf)).astype(np.float32)


def softmax_regression(x, y, epochs=100, batch_size=None, seed=0):
    """Softmax regression by gradient descent; a function from features to class probabilities.

    Without batch_size every step sees all rows (the paper's "batch size 20,000"), with Nesterov momentum 0.9. The
    paper gives no step size; it is 1 / L, where L, half the largest eigenvalue of E[(x, 1)(x, 1)^T], bounds the
    curvature of the loss.
    """
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    x1 = torch.cat([x, torch.ones(len(x), 1)], dim=1)
    curvature = torch.linalg.eigvalsh(x1.T.double() @ x1.double() / len(x1))[-1].item() / 2
    theta = torch.zeros(x1.shape[1], int(y.max()) + 1, requires_grad=True)
    optimiser = torch.optim.SGD([theta], lr=1 / curvature, momentum=0.9, nesterov=True)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        order = torch.arange(len(x1)) if batch_size is None else torch.randperm(len(x1), generator=generator)
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
        result[f"{name}_loss"] = float(-np.log(np.maximum(p[np.arange(len(rows)), y[rows]], 1e-30)).mean())
        result[f"{name}_accuracy"] = float((p.argmax(1) == y[rows]).mean())
    return result


def target_task(x, y, x_source, categories, seed):
    """(c): transferability from a source layer to a task of a few categories, against what training reaches.

    x (n, k) holds every depth, x_source (n, j) the source layer. The target's own best features come from soft HGR
    on every depth, and are scored on images that it did not train on.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.choice(int(y.max()) + 1, categories, replace=False)
    rows = np.flatnonzero(np.isin(y, chosen))
    y = np.searchsorted(np.sort(chosen), y[rows])
    train, test = split(len(rows), seed)
    source, best = h_score(x_source[rows], y), optimal_features(x[rows], y, train, categories, seed)
    optimal = h_score(best[test], y[test])
    z = standardise(x_source[rows], train)
    classifier = softmax_regression(z[train], y[train], epochs=50, batch_size=64, seed=seed)
    return {"h": source.statistic, "adjusted": source.adjusted, "h_opt": optimal.statistic,
            "adjusted_opt": optimal.adjusted, "transferability": source.statistic / optimal.statistic,
            "adjusted_transferability": source.adjusted / optimal.adjusted,
            "trained": evaluate(classifier, z, y, train, test)}


def optimal_features(x, y, train, categories, seed):
    """Minimum-error-probability features of a task by soft HGR, trained on `train`, for all rows."""
    z = torch.from_numpy(standardise(x, train))
    network = SoftHGR(z.shape[1], categories, categories - 1, hidden=(256,), seed=seed)
    network.fit(z[train], torch.from_numpy(y[train]), epochs=30, batch_size=256, lr=1e-3, weight_decay=1e-2,
                progress=False)
    return network.features(z)


def check(task, source="efficientnet_lite0"):
    """The cheap unit that a test computes again: adjusted H-scores of all depths for a few images."""
    few = task.subset(SIZES["check_images"])
    return {layer: h_score(x, few.labels, shrinkage="ledoit-wolf").adjusted
            for layer, x in depth_features(few, source, progress=False).items()}


def cached_features(task, source):
    """Features of all images in blocks of 5,000, each saved when it is done, in the data folder."""
    folder = data_folder() / "features" / f"cifar100-{source}-{PIXELS}"
    folder.mkdir(parents=True, exist_ok=True)
    for start in tqdm(range(0, len(task), 5_000), desc="blocks of 5,000 images"):
        path = folder / f"{start:05d}.npz"
        if not path.exists():
            rows = slice(start, start + 5_000)
            fresh = folder / "unfinished.npz"
            np.savez(fresh, **depth_features(replace(task, images=task.images[rows], labels=task.labels[rows]), source))
            fresh.replace(path)
    blocks = [np.load(path) for path in sorted(folder.glob("[0-9]*.npz"))]
    return {layer: np.concatenate([block[layer] for block in blocks]) for layer in SOURCES[source].depths}


def paper(source="efficientnet_lite0"):
    """Figure 4 at the paper's size, stored unit by unit."""
    name = "layers" if source == "efficientnet_lite0" else f"layers_{source}"
    results = Results(name, config(source), f"python -m tdist.studies layers --scale paper --source {source}")
    task = cifar100()
    results.unit("check", lambda: check(task, source))
    x, y = cached_features(task, source), task.labels.numpy()
    for key, compute in tqdm(units(x, y, SOURCES[source].transfer_layer), desc="units"):
        results.unit(key, compute)


def units(x, y, transfer_layer):
    """The jobs (key, function) of (a), (b) and (c), for features x {layer: (n, k)} and labels y (n,)."""
    order = np.random.default_rng(0).permutation(len(y))
    jobs = []
    for seed in SIZES["seeds"]:
        draw = np.random.default_rng(seed).permutation(len(y))[: SIZES["images"]]
        jobs += [(f"a/{seed}/{layer}", partial(compare, x[layer][draw], y[draw], seed)) for layer in x]
    for size in SIZES["sizes"]:
        rows = order[:size]
        jobs += [(f"b/{size}/{layer}", partial(sample_size, x[layer][rows], y[rows])) for layer in x]
    every = np.concatenate(list(x.values()), axis=1)
    jobs += [(f"c/{n}/{seed}", partial(target_task, every, y, x[transfer_layer], n, seed))
             for n in SIZES["categories"] for seed in range(SIZES["targets_each"])]
    return jobs


def sample_size(x, y):
    """(b): the H-score and the paper's softmax regression on one number of images."""
    train, test = split(len(x), 0)
    score, z = h_score(x[train], y[train]), standardise(x, train)
    return {"h": score.statistic, "adjusted": score.adjusted, "chance": score.chance,
            "paper": evaluate(softmax_regression(z[train], y[train]), z, y, train, test)}
