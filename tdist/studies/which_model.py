"""Which model, which layer, with how many labels? The decision of each score against trained
accuracy.

EfficientNet-Lite0, 1 and 2 with their ImageNet weights, and a small network trained on CIFAR-10,
for 20 classes of CIFAR-100, Fashion-MNIST and photographs of clothes. Each candidate is scored on m
labelled images and trained on the same; images held out say what that is worth.
"""

import math
from dataclasses import replace
from functools import cache, partial

import numpy as np
import torch
from scipy.stats import kendalltau
from sklearn.linear_model import LogisticRegression

from tdist import features as layer_features
from tdist import tasks
from tdist.networks import CNN, efficientnet_lite
from tdist.scores import SCORES
from tdist.studies.layers import standardise
from tdist.studies.study import Study, kept, register

PIXELS = {"clothing": 96, "CIFAR-100, 20 classes": 64, "Fashion-MNIST": 64}  # a side
LITE = ("lite0", "lite1", "lite2")  # their accuracy on ImageNet: 74.8, 76.6, 77.5 percent
LAYERS = ("blocks.4", "blocks.5", "blocks.6", "bn2")
LAST = "13"  # of the small network, before the classifier
TARGETS = tuple(PIXELS)
BLIND = ("ImageNet accuracy", "the smallest model", "at random")
SIZES = {"pixels": PIXELS, "models": [*LITE, "small"],
         "layers": list(LAYERS), "images": [250, 700, 2000], "draws": [0, 1, 2],
         "penalties": [0.003, 0.03], "scores": ["h", "adjusted", "shrunk", "loo", "knn",
                                                     "mean", "logme", "transrate"]}


def target(name):
    """The images of a target, mixed."""
    if name == "clothing":
        parts = [tasks.clothing(train, PIXELS[name]) for train in (True, False)]
        found = replace(parts[0], images=torch.cat([part.images for part in parts]),
                        labels=torch.cat([part.labels for part in parts]))
        return found.subset(len(found))
    if name == "Fashion-MNIST":
        return tasks.fashion_mnist().subset(3200)
    data = tasks.cifar100()
    chosen = np.random.default_rng(0).choice(100, 20, replace=False)
    return data.only([data.classes[i] for i in sorted(chosen)]).subset(3200)


def small():
    """The coupled-transfer paper's network at width 16, two epochs on 10,000 images of CIFAR-10."""
    def make():
        data = tasks.cifar10().subset(10_000)
        torch.manual_seed(0)
        network = CNN(10, width=16).to(memory_format=torch.channels_last)
        rows = torch.cat([torch.randperm(len(data)) for _ in range(2)]).split(100)
        optimiser = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.1, total_steps=len(rows))
        for chosen in rows:
            images = tasks.floats(data.images[chosen])
            loss = torch.nn.functional.cross_entropy(network(images), data.labels[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        return network.state_dict()

    network = CNN(10, width=16)
    network.load_state_dict(kept("which_model/small", make))
    return network.eval()


def of_model(data, model):
    """Features of a model's layers for a target, kept: {layer: (n, k)}."""
    def make():
        task = target(data)
        if model == "small":
            found, _ = layer_features.extract(small(), task.resized(32).loader(32), [LAST],
                                              progress=False)
        else:
            found, _ = layer_features.extract(efficientnet_lite(int(model[-1])),
                                              task.loader(PIXELS[data]), LAYERS, progress=False)
        return {layer: torch.from_numpy(x) for layer, x in found.items()}

    return kept(f"which_model/{data}-{model}", make)


@cache
def candidates(data):
    """{(model, layer): features (n, k)} and labels (n,)."""
    found = {(model, layer): x.numpy() for model in SIZES["models"]
             for layer, x in of_model(data, model).items()}
    return found, target(data).labels.numpy()


def unit(data, draw, images):
    """Each candidate's scores on the first `images` of a draw, and its accuracy when it is trained
    on the same: {"model layer": {score: number, "trained": accuracy on held-out images}}."""
    found, labels = candidates(data)
    order = np.random.default_rng(draw).permutation(len(labels))
    most = max(SIZES["images"])
    train, held = order[:images], order[most:]
    return {f"{model} {layer}": {name: _number(SCORES[name](x[train], labels[train]))
                                 for name in SIZES["scores"]}
            | {"trained": trained(x, labels, train, held)}
            for (model, layer), x in found.items()}


def trained(x, y, train, held):
    """Accuracy of softmax regression: the penalty is chosen on a quarter of the images held out,
    and the others judge."""
    choose, judge = held[: len(held) // 4], held[len(held) // 4:]
    z, best = standardise(x, train), (-1.0, None)
    for penalty in SIZES["penalties"]:
        fitted = LogisticRegression(C=penalty, max_iter=200).fit(z[train], y[train])
        best = max(best, (fitted.score(z[choose], y[choose]), fitted), key=lambda pair: pair[0])
    return float(best[1].score(z[judge], y[judge]))


def _number(result):
    """A score as JSON holds it: None where there is none."""
    value = float(result)
    return value if math.isfinite(value) else None


def decisions(units, layer=""):
    """What each score's choice costs: {score: regret (targets, budgets, draws)} in points of
    accuracy, and the same for two choices that look at no image, and for one at random.

    A score chooses among all models and layers, or among those of one layer. The regret is the
    accuracy of the best of them, trained, less that of the one chosen.
    """
    def chosen(found, score):
        if score == "ImageNet accuracy":
            return found["lite2 bn2"]["trained"]
        if score == "the smallest model":
            return found["lite0 bn2"]["trained"]
        if score == "at random":
            return np.mean([one["trained"] for one in found.values()])
        return max(found.values(), key=lambda one: -math.inf if one[score] is None
                   else one[score])["trained"]

    def lost(score, data, images, draw):
        found = {name: one for name, one in units[f"{data}/{draw}/{images}"].items()
                 if name.endswith(layer)}
        best = max(one["trained"] for one in found.values())
        return 100 * (best - chosen(found, score))

    return {score: np.array([[[lost(score, data, images, draw) for draw in SIZES["draws"]]
                              for images in SIZES["images"]] for data in TARGETS])
            for score in (*SIZES["scores"], *BLIND)}


def orders(units):
    """{score: Kendall's tau with trained accuracy over all candidates (targets, budgets, draws)};
    NaN where a candidate has no score."""
    def tau(score, data, images, draw):
        found = list(units[f"{data}/{draw}/{images}"].values())
        values = [math.nan if one[score] is None else one[score] for one in found]
        return kendalltau(values, [one["trained"] for one in found]).statistic

    return {score: np.array([[[tau(score, data, images, draw) for draw in SIZES["draws"]]
                              for images in SIZES["images"]] for data in TARGETS])
            for score in SIZES["scores"]}


def check():
    """The cheap unit: scores of raw pixels of digits."""
    digits = tasks.digits().subset(300)
    x = digits.images.flatten(1).float().numpy()
    return {name: float(SCORES[name](x, digits.labels.numpy())) for name in ("loo", "knn", "mean")}


def jobs():
    """{key: function}."""
    return {"check": check} | {
        f"{data}/{draw}/{images}": partial(unit, data, draw, images)
        for data in TARGETS for draw in SIZES["draws"] for images in SIZES["images"]}


register(Study("which_model", jobs(), SIZES, {"check": 1e-6},
               {"CIFAR-100": partial(tasks.cifar100, train=False),
                "CIFAR-10": partial(tasks.cifar10, train=False),
                "clothing": partial(tasks.clothing, train=False)},
               "half an hour on two cores"))
