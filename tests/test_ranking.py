"""Models and layers ranked: scores are those of features computed by hand, ties are those of
independent programs, a pass is never done twice, and one model's failure is not another's."""

import csv
import json
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pandas")
pytest.importorskip("torchvision")

import torch
from torch import nn
from torchvision import models as torchvision_models

from tdist import kept_features as keeping
from tdist import rank
from tdist.auto_layers import auto_layers, first_token
from tdist.candidates import candidates
from tdist.features import extract
from tdist.hscore import difference, jackknife
from tdist.images import images_of, sample
from tdist.networks import CNN, SmallCNN, WideResNet, efficientnet_lite, efficientnet_lite0
from tdist.ranking import mcnemar
from tdist.scores import leave_one_out
from tdist.tasks import Task, digits

ROOT = Path(__file__).resolve().parents[1]


class Columns(nn.Module):
    """Some columns of vectors; it counts the rows that it has seen, outside of its weights."""

    def __init__(self, *columns, stop=None):
        super().__init__()
        self.columns, self.scale = list(columns), nn.Parameter(torch.ones(1))
        self.seen, self.stop = 0, stop

    def forward(self, x):
        if self.stop is not None and self.seen >= self.stop:
            raise KeyboardInterrupt
        self.seen += len(x)
        return self.scale * x[:, self.columns]

    def __repr__(self):
        return f"Columns({self.columns})"


@pytest.fixture
def vectors():
    """Two classes; column 0 tells them, 1 nearly, 2 and 3 are noise."""
    rng = np.random.default_rng(0)
    labels = np.arange(240) % 2
    x = rng.normal(size=(240, 4))
    x[:, 0] += 6 * (labels == 1)
    x[:, 1] += 2 * (labels == 1)
    return Task("vectors", x, labels, ("a", "b"))


def ranked(models, data, folder, **options):
    return rank(models, data, cache=folder, progress=False, **options)


def test_the_table_is_what_the_features_by_hand_give(tmp_path):
    task = digits().subset(300)
    torch.manual_seed(0)
    network = SmallCNN(10)
    found = ranked({"mine": network}, task, tmp_path, layers=["1", "6"])
    loader = [((task.images / 127.5 - 1), task.labels)]
    by_hand, labels = extract(network, loader, ["1", "6"], progress=False)
    for row in found.table.itertuples():
        result = leave_one_out(by_hand[row.layer], labels)
        assert row.score == pytest.approx(float(result), abs=1e-9)
        assert row.chance == result.chance and row.low < row.score < row.high
        assert (row.n, row.classes, row.width) == (300, 10, by_hand[row.layer].shape[1])
        assert row.weights == sum(weight.numel() for weight in network.parameters())
    assert list(found.table["score"]) == sorted(found.table["score"], reverse=True)
    assert float(found) == found.best.score == found.table["score"].max()
    assert float(pickle.loads(pickle.dumps(found))) == float(found)
    assert network.training  # as it was


def test_intervals_and_ties_are_those_of_statsmodels():
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    rng = np.random.default_rng(1)
    for _ in range(5):
        a, b = rng.random(60) < 0.8, rng.random(60) < 0.6
        table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
        assert mcnemar(a, b) == pytest.approx(tables.mcnemar(table, exact=True).pvalue)
        assert mcnemar(a, a) == 1
    from scipy.stats import binomtest
    theirs = proportion.proportion_confint(40, 60, method="wilson")
    assert tuple(binomtest(40, 60).proportion_ci(method="wilson")) == pytest.approx(theirs)


def test_what_cannot_be_told_apart_is_marked_and_noise_is_not(vectors, tmp_path):
    found = ranked({"noise": Columns(2, 3), "good": Columns(0), "twin": Columns(0, 2)}, vectors,
                   tmp_path)
    assert found.best.model in ("good", "twin")
    tied = dict(zip(found.table["model"], found.table["tied"], strict=True))
    assert tied == {"good": True, "twin": True, "noise": False}
    said = str(found)
    assert "cannot be told apart" in said and "240 images, 2 classes" in said


def test_h_scores_have_the_jackknifes_intervals_and_ties_and_raw_ones_a_warning(vectors, tmp_path):
    models = {"one": Columns(0), "two": Columns(0, 1), "noise": Columns(2, 3)}
    for score in ("h", "adjusted"):
        found = ranked(models, vectors, tmp_path, score=score)
        table = found.table.set_index("model")
        x, y = vectors.images.numpy(), vectors.labels.numpy()
        by_hand = jackknife(x[:, :2], y, adjusted=score == "adjusted")
        assert table.loc["two", "score"] == pytest.approx(by_hand.statistic, rel=1e-6)
        assert table.loc["two", ["low", "high"]].tolist() == pytest.approx(
            [by_hand.low, by_hand.high], rel=1e-5)
        assert found.best.model == "two" and table["tied"].to_dict() == {
            "two": True, "one": difference(x[:, :2], x[:, :1], y, adjusted=score == "adjusted"
                                           ).pvalue >= 0.025, "noise": False}
        assert ("raw H grows with the width" in str(found)) == (score == "h")
    assert table["chance"].tolist() == [0] * 3
    chance = ranked(models, vectors, tmp_path, score="h").table.set_index("model")["chance"]
    assert chance[["one", "two"]].tolist() == pytest.approx([1 / 239, 2 / 239])


def test_scores_without_a_test_have_no_ties(vectors, tmp_path):
    found = ranked({"one": Columns(0), "two": Columns(0, 1)}, vectors, tmp_path, score="logme")
    assert found.table["tied"].isna().all() and found.table["low"].isna().all()
    assert "cannot be told apart" not in str(found)


def test_one_that_fails_is_left_out_with_its_reason_and_the_others_go_on(vectors, tmp_path):
    out = tmp_path / "table.csv"
    found = ranked({"broken": nn.Linear(7, 2), "good": Columns(0), "no such": Columns(1)}, vectors,
                   tmp_path, layers={"no such": ["layer9"]}, out=out)
    assert list(found.table["model"]) == ["good"]
    assert set(found.failed) == {"broken", "no such"}
    assert "shapes cannot be multiplied" in found.failed["broken"]
    assert "no layer 'layer9'" in found.failed["no such"]
    assert [row["model"] for row in csv.DictReader(out.open())] == ["good"]
    none = ranked({"broken": nn.Linear(7, 2)}, vectors, tmp_path)
    assert not len(none.table) and "nothing was ranked" in str(none)
    with pytest.raises(ValueError, match="nothing was ranked: broken"):
        none.best  # noqa: B018


def test_another_score_costs_no_pass_and_other_content_does(vectors, tmp_path):
    model = Columns(0, 1)
    first = ranked({"m": model}, vectors, tmp_path)
    assert model.seen == 240 + 2 * 2 and first.passes["m"] > 0  # two images to find layers
    ranked({"renamed": model}, vectors, tmp_path, score="knn")
    assert model.seen == 244
    with torch.no_grad():
        model.scale.mul_(2)
    ranked({"m": model}, vectors, tmp_path, layers=[""])
    assert model.seen == 244 + 240
    moved = Task("vectors", vectors.images + 1, vectors.labels, vectors.classes)
    ranked({"m": model}, moved, tmp_path, layers=[""])
    assert model.seen == 244 + 2 * 240
    double = lambda x: 2 * x  # noqa: E731
    triple = lambda x: 3 * x  # noqa: E731
    for transform in (double, triple, double):
        found = ranked({"m": (model, transform)}, vectors, tmp_path, layers=[""])
    assert model.seen == 244 + 4 * 240 and found.passes["m"] == 0


def test_a_pass_that_was_stopped_goes_on_where_it_was(vectors, tmp_path, monkeypatch):
    monkeypatch.setattr(keeping, "SAVED", -1)
    model = Columns(0, 1, stop=120)
    options = {"layers": [""], "batch": 40}
    with pytest.raises(KeyboardInterrupt):
        ranked({"m": model}, vectors, tmp_path, **options)
    assert model.seen == 120
    model.stop = None
    found = ranked({"m": model}, vectors, tmp_path, **options)
    assert model.seen == 240
    whole = ranked({"m": Columns(0, 1)}, vectors, tmp_path / "other", **options)
    assert found.table["score"].equals(whole.table["score"])


SLOW = """
import os, sys, time
import torch
from torch import nn
from tdist import kept_features, rank
from tdist.tasks import digits

kept_features.SAVED = -1
seen = 0


class Slow(nn.Module):
    def forward(self, x):
        global seen
        seen += len(x)
        time.sleep(float(os.environ["PAUSE"]))
        return x.flatten(1)


found = rank({"slow": Slow()}, digits().subset(600), layers=[""], cache=sys.argv[1], batch=20,
             progress=False)
print(seen, float(found))
"""


@pytest.mark.slow
def test_a_killed_process_goes_on_where_it_was(tmp_path):
    script, cache = tmp_path / "slow.py", tmp_path / "cache"
    script.write_text(SLOW)

    def start(cache, pause):
        return subprocess.Popen([sys.executable, script, cache], stdout=subprocess.PIPE, text=True,
                                env=os.environ | {"PAUSE": str(pause), "PYTHONPATH": str(ROOT)})

    process = start(cache, 0.3)
    while not any(json.loads(file.read_text())["rows"] >= 60 for file in cache.glob("*/*.json")):
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.communicate()
    [(_, score), (seen, again)] = [start(folder, 0).communicate()[0].split()
                                   for folder in (tmp_path / "other", cache)]
    assert 20 <= int(seen) <= 540 and score == again


def test_rows_are_written_as_they_come(vectors, tmp_path):
    out = tmp_path / "table.csv"
    with pytest.raises(KeyboardInterrupt):
        ranked({"first": Columns(0), "second": Columns(1, stop=0)}, vectors, tmp_path, out=out)
    assert [row["model"] for row in csv.DictReader(out.open())] == ["first"]
    with pytest.raises(FileNotFoundError, match="does not exist"):
        ranked({"first": Columns(0)}, vectors, tmp_path, out=tmp_path / "none" / "t.csv")


# layers


@pytest.mark.parametrize("network, size, expected", [
    (CNN(10, width=2), (3, 32, 32), ["1", "3", "5", "7", "9", "11", "13"]),
    (SmallCNN(10), (1, 8, 8), ["1", "3", "6"]),
    (WideResNet(10, depth=10, factor=1), (3, 32, 32), ["body.1", "body.2", "body.3", "body.5"]),
    (torchvision_models.resnet18(), (3, 64, 64), ["layer1", "layer2", "layer3", "layer4"]),
    (nn.Linear(4, 3), (4,), [""]),
], ids=["cnn", "small", "wide", "resnet", "linear"])
def test_the_ends_of_the_stages_are_found(network, size, expected):
    torch.manual_seed(0)
    assert list(auto_layers(network.eval(), torch.rand(2, *size))) == expected


def test_a_transformers_class_token_and_its_blocks_are_found():
    torch.manual_seed(0)
    network = torchvision_models.VisionTransformer(32, 16, 3, 2, 8, 16, num_classes=5).eval()
    nn.init.normal_(network.heads.head.weight)
    pools = auto_layers(network, torch.rand(2, 3, 32, 32))
    assert list(pools) == [f"encoder.layers.encoder_layer_{i}" for i in range(3)] + ["encoder"]
    assert pools["encoder"] is first_token


@pytest.mark.parametrize("name", ["convnext_atto", "vit_tiny_patch16_224", "resnet18"])
def test_the_layers_of_timm_are_among_those_found(name):
    """Its list has the last of each resolution, for EfficientNet-Lite0 without blocks.5."""
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    network = timm.create_model(name).eval()
    size = 224 if "vit" in name else 64
    found = set(auto_layers(network, torch.rand(2, 3, size, size)))
    named = {info["module"] for info in network.feature_info}
    assert {one for one in named if one not in ("act1",)} <= found


def test_efficientnet_has_all_its_stages_and_the_pooled_features():
    torch.manual_seed(0)
    network = efficientnet_lite0()
    found = auto_layers(network, torch.rand(2, 3, 64, 64))
    assert list(found) == [f"blocks.{i}" for i in range(7)] + ["bn2"]
    assert set(found.values()) == {"mean"}


def test_at_most_twelve_stages_and_the_last_one_among_them():
    blocks = [nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)) for _ in range(30)]
    found = list(auto_layers(nn.Sequential(*blocks), torch.rand(2, 3)))
    assert len(found) <= 13 and found[-2:] == ["28", "29.0"]


# models and data


def test_installed_networks_have_their_weights_their_preprocessing_and_their_accuracy():
    made = {name: make() for name, make in candidates(["lite0", "lite1", "lite2"]).items()}
    image = torch.zeros(3, 50, 80, dtype=torch.uint8)
    from torchvision.transforms.functional import to_pil_image
    shapes = [tuple(one.prepare(to_pil_image(image)).shape) for one in made.values()]
    assert shapes == [(3, 224, 224), (3, 240, 240), (3, 260, 260)]
    assert [one.top1 for one in made.values()] == [74.83, 76.644, 77.464]
    assert len({one.digest for one in made.values()}) == 3
    again = candidates(["timm:tf_efficientnet_lite1"])["timm:tf_efficientnet_lite1"]()
    assert again.digest == made["lite1"].digest
    with pytest.raises(ValueError, match="0, 1 and 2"):
        efficientnet_lite(5)


def test_a_network_of_torchvision_comes_with_its_own_transform(monkeypatch):
    real = torchvision_models.get_model
    monkeypatch.setattr(torchvision_models, "get_model", lambda name, weights: real(name))
    made = candidates("torchvision:resnet18")["torchvision:resnet18"]()
    assert made.top1 == 69.758 and "resize_size=[256]" in repr(made.prepare)


@pytest.mark.parametrize("models, kind, words", [
    (["resnet18"], ValueError, "'resnet18' is not known"),
    ([], ValueError, "no models are named"),
    (nn.Linear(2, 2), TypeError, "needs a name"),
    ({"a": 3}, TypeError, "must be a torch module"),
    ({"a": (nn.Linear(2, 2), 3)}, TypeError, "must be a torch module"),
])
def test_models_that_cannot_be_meant_are_refused_before_anything_runs(models, kind, words, vectors,
                                                                      tmp_path):
    with pytest.raises(kind, match=words):
        ranked(models, vectors, tmp_path)


@pytest.mark.parametrize("data, kind, words", [
    (3, TypeError, "must be a folder"),
    ((np.zeros((4, 2)), [0, 0, 0, 0]), ValueError, "all labels are the same"),
    ([1, 2], TypeError, r"must be \(image, label\)"),
    (torch.utils.data.DataLoader([(torch.zeros(2), 0)]), TypeError, "pass its .dataset"),
])
def test_data_that_cannot_be_meant_are_refused(data, kind, words, tmp_path):
    with pytest.raises(kind, match=words):
        ranked({"a": nn.Linear(2, 2)}, data, tmp_path)


def test_scores_that_do_not_rank_features_are_refused(vectors, tmp_path):
    for name in ("leep", "accuracy"):
        with pytest.raises(ValueError, match="none that ranks features; these do: h"):
            ranked({"a": Columns(0)}, vectors, tmp_path, score=name)


def test_kinds_of_data_give_one_answer(vectors, tmp_path):
    x, y = vectors.images, vectors.labels
    kinds = [vectors, (x.numpy(), ["ab"[i] for i in y]), torch.utils.data.TensorDataset(x, y),
             [(row, int(label)) for row, label in zip(x, y, strict=True)]]
    scores = {float(ranked({"m": Columns(0, 1)}, data, tmp_path)) for data in kinds}
    assert len(scores) == 1


def test_a_sample_has_each_class_with_its_share():
    labels = np.repeat([0, 1, 2, 4], [500, 300, 199, 1])
    rows = sample(labels, 100)
    assert np.bincount(labels[rows]).tolist() == [50, 30, 19, 0, 1]
    assert len(set(rows)) == 100 and not np.array_equal(rows, sample(labels, 100, seed=1))
    with pytest.raises(ValueError, match="fewer than two for each of the 4 classes"):
        sample(labels, 7)


def test_a_sample_says_so(vectors, tmp_path):
    found = ranked({"m": Columns(0)}, vectors, tmp_path, images=90)
    assert found.table["n"].tolist() == [90] and "90 of 240 images" in found.notes[0]
    pictures = images_of(vectors, 90, progress=False)
    assert np.bincount(pictures.labels).tolist() == [45, 45]


def test_the_chart_has_a_bar_a_candidate(vectors, tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    found = ranked({"noise": Columns(2), "good": Columns(0)}, vectors, tmp_path)
    figure = found.plot()
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["noise", "good"]
    assert "leave-one-out accuracy" in axes.get_xlabel()
    pyplot.close(figure)


# the study


def test_regret_by_hand():
    """Two candidates: a score that prefers the worse one loses the difference, one without a value
    for the better one, too, and the mean of the two is what chance loses."""
    from tdist.studies import which_model
    better = dict.fromkeys(which_model.SIZES["scores"], 2.0) | {"trained": 0.9}
    worse = dict.fromkeys(which_model.SIZES["scores"], 1.0) | {"trained": 0.7}
    better |= {"h": 0.5, "adjusted": None}
    found = {"lite2 bn2": better, "lite0 bn2": worse}
    units = {key: found for key in which_model.jobs() if key != "check"}
    lost, order = which_model.decisions(units), which_model.orders(units)
    expected = {"loo": 0, "h": 20, "adjusted": 20, "at random": 10, "the smallest model": 20,
                "ImageNet accuracy": 0}
    for score, value in expected.items():
        assert lost[score].shape == (3, 3, 3) and lost[score] == pytest.approx(value)
    assert (order["loo"] == 1).all() and (order["h"] == -1).all()
    assert np.isnan(order["adjusted"]).all()
    only = which_model.decisions({key: found | {"lite0 x": better | {"trained": 1.0}}
                                  for key in units}, layer="bn2")
    assert only["loo"] == pytest.approx(0)
