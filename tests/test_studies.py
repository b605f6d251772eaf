"""The layer study and its stored result."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tdist import networks, tasks
from tdist.networks import EFFICIENTNET_DEPTHS
from tdist.studies import layers
from tdist.studies.results import Results, load

CIFAR = pytest.mark.skipif(not (tasks.data_folder() / "cifar-100-python").exists(),
                           reason=f"CIFAR-100 is not in {tasks.data_folder()}: make data")


def blobs(n=600, k=6, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    return (rng.standard_normal((n, k)) + 1.5 * rng.standard_normal((classes, k))[y]).astype(np.float32), y


def test_a_killed_run_goes_on_where_it_stopped(tmp_path):
    calls = []

    def compute(value):
        calls.append(value)
        if value == "boom":
            raise KeyboardInterrupt
        return {"value": value}

    first = Results("s", {"seed": 0}, "command", tmp_path)
    first.unit("a", lambda: compute("a"))
    with pytest.raises(KeyboardInterrupt):
        first.unit("b", lambda: compute("boom"))
    second = Results("s", {"seed": 0}, "command", tmp_path)
    assert second.unit("a", lambda: compute("a again")) == {"value": "a"}
    second.unit("b", lambda: compute("b"))
    assert calls == ["a", "boom", "b"]
    assert json.loads((tmp_path / "s.json").read_text())["units"] == {"a": {"value": "a"}, "b": {"value": "b"}}
    with pytest.raises(ValueError, match="another configuration"):
        Results("s", {"seed": 1}, "command", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"python -m tdist\.studies t"):
        load("t", tmp_path)


def test_softmax_regression_converges_to_scikit_learns():
    x, y = blobs()
    x = layers.standardise(x, np.arange(len(x)))
    ours = layers.softmax_regression(x, y, epochs=3000)(x)
    theirs = LogisticRegression(C=1e6, max_iter=5000, tol=1e-8).fit(x, y).predict_proba(x)
    assert np.abs(ours - theirs).max() < 5e-3
    batched = layers.softmax_regression(x, y, epochs=100, batch_size=64)(x)
    assert (batched.argmax(1) == theirs.argmax(1)).mean() > 0.95


def test_standardise_uses_training_rows_and_silences_constants():
    x = np.array([[1.0, 5], [3, 5], [100, 7]])
    z = layers.standardise(x, np.array([0, 1]))
    assert np.allclose(z, [[-1, 0], [1, 0], [98, 0]])


def test_split_is_nine_to_one_without_overlap():
    train, test = layers.split(1000, 3)
    assert len(train) == 900 and len(test) == 100 and set(train) | set(test) == set(range(1000))


def test_evaluate_measures_loss_in_nats_and_accuracy():
    p = np.array([[0.5, 0.5], [0.9, 0.1], [0.2, 0.8]])
    z, y = np.arange(3.0)[:, None], np.array([0, 1, 1])
    result = layers.evaluate(lambda z: p[z[:, 0].astype(int)], z, y, train=[0, 1], test=[2])
    assert np.isclose(result["train_loss"], -(np.log(0.5) + np.log(0.1)) / 2) and result["train_accuracy"] == 0.5
    assert np.isclose(result["test_loss"], -np.log(0.8)) and result["test_accuracy"] == 1


def test_compare_puts_informative_features_above_noise():
    x, y = blobs()
    good, noise = layers.compare(x, y), layers.compare(np.random.default_rng(1).standard_normal(x.shape), y)
    assert good["adjusted"] > 1 > 0.1 > noise["adjusted"]
    for rival in (lambda r: r["knn"], lambda r: r["paper"]["test_accuracy"], lambda r: r["converged"]["test_accuracy"]):
        assert rival(good) > 0.8 > 0.5 > rival(noise)


def test_target_task_scores_only_its_own_categories():
    x, y = blobs(2000, 8, 6)
    task = layers.target_task(x, y, x[:, :4], 3, seed=0)
    assert 0 < task["h"] <= 2 and 0 < task["h_opt"] <= 2 and task["trained"]["test_accuracy"] > 0.6
    assert np.isclose(task["transferability"], task["h"] / task["h_opt"])


def test_the_stored_result_is_complete():
    stored = load("layers")
    config, units = stored["config"], stored["units"]
    assert config == layers.config()
    expected = {"check"}
    expected |= {f"a/{seed}/{layer}" for seed in config["seeds"] for layer in EFFICIENTNET_DEPTHS}
    expected |= {f"b/{size}/{layer}" for size in config["sizes"] for layer in EFFICIENTNET_DEPTHS}
    expected |= {f"c/{n}/{seed}" for n in config["categories"] for seed in range(config["targets_each"])}
    assert set(units) == expected
    for key, unit in units.items():
        if key[0] in "ab" and not key.startswith("check"):
            assert abs(unit["chance"] - unit.get("rank", 0) * 99 / (18_000 - 1)) < 1e-9 or key[0] == "b"


@CIFAR
def test_the_cheap_unit_of_the_stored_result_is_found_again():
    found = layers.check(tasks.cifar100())
    for layer, value in load("layers")["units"]["check"].items():
        assert np.isclose(found[layer], value, rtol=1e-4), layer


def test_the_papers_network_goes_through_the_same_code(monkeypatch):
    """ResNet-50 with random weights in place of the download; and the error where there is no network."""
    import timm

    create = timm.create_model
    monkeypatch.setattr(timm, "create_model", lambda name, pretrained: create(name, pretrained=False))
    features = layers.depth_features(tasks.fashion_mnist().subset(4), "resnet50", progress=False)
    assert list(features) == [f"layer3.{i}" for i in range(6)]
    assert all(x.shape == (4, 1024) and np.isfinite(x).all() for x in features.values())

    def offline(name, pretrained):
        raise OSError("no network")

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(ConnectionError, match="efficientnet_lite0"):
        networks.resnet50()
