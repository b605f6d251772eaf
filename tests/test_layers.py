"""The layer study."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tdist import h_score, networks, tasks
from tdist.networks import EFFICIENTNET_DEPTHS
from tdist.studies import layers
from tdist.studies.results import load


def blobs(n=600, k=6, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    x = rng.standard_normal((n, k)) + 1.5 * rng.standard_normal((classes, k))[y]
    return x.astype(np.float32), y


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
    assert np.isclose(result["train_loss"], -(np.log(0.5) + np.log(0.1)) / 2)
    assert np.isclose(result["test_loss"], -np.log(0.8))
    assert (result["train_accuracy"], result["test_accuracy"]) == (0.5, 1)


def test_compare_puts_informative_features_above_noise():
    x, y = blobs()
    good = layers.compare(x, y)
    noise = layers.compare(np.random.default_rng(1).standard_normal(x.shape), y)
    assert good["adjusted"] > 1 > 0.1 > noise["adjusted"]
    for rival in (lambda r: r["knn"], lambda r: r["paper"]["test_accuracy"],
                  lambda r: r["converged"]["test_accuracy"]):
        assert rival(good) > 0.8 > 0.5 > rival(noise)


def test_target_task_scores_only_its_own_categories():
    x, y = blobs(2000, 8, 6)
    task = layers.target_task(x, y, x[:, :4], 3, seed=0)
    assert 0 < task["h"] <= 2 and 0 < task["h_opt"] <= 2
    assert task["trained"]["test_accuracy"] > 0.6
    assert np.isclose(task["transferability"], task["h"] / task["h_opt"])


def test_the_targets_own_network_is_the_one_that_transferability_divides_by():
    x, y = blobs(2000, 8, 6)
    task, own = layers.target_task(x, y, x[:, :4], 3, seed=1), layers.own_network(x, y, 3, seed=1)
    assert (own["h_opt"], own["adjusted_opt"]) == (task["h_opt"], task["adjusted_opt"])
    rows, labels = layers.of_categories(y, 3, 1)
    assert sorted(set(y[rows])) == sorted(np.random.default_rng(1).choice(6, 3, replace=False))
    assert all(len(set(y[rows][labels == c])) == 1 for c in range(3))
    train, test = layers.split(len(rows), 1)
    best = layers.optimal_features(x[rows], labels, train, 3, 1)
    by_hand = LogisticRegression(C=1e3).fit(best[train], labels[train])
    assert own["trained"]["test_accuracy"] == pytest.approx(
        by_hand.score(best[test], labels[test]), abs=0.02)
    assert own["trained"]["test_accuracy"] > task["trained"]["test_accuracy"]  # of half the columns


@pytest.fixture
def small(monkeypatch):
    """The study on 400 rows of made-up features in place of CIFAR-100's."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 5, 400)
    x = {layer: (rng.standard_normal((400, 6)) + rng.standard_normal((5, 6))[y]).astype(np.float32)
         for layer in EFFICIENTNET_DEPTHS}
    monkeypatch.setattr(layers, "data", lambda source, progress: (x, y))
    monkeypatch.setattr(layers, "SIZES", layers.SIZES | {
        "images": 300, "sizes": [200, 350], "categories": [3], "targets_each": 2})
    layers.every_depth.cache_clear()
    yield x, y
    layers.every_depth.cache_clear()


def test_neighbours_are_twenty(small):
    """Accuracy of the vote of the 20 nearest training rows, by hand; one neighbour has another."""
    x, y = small[0]["blocks.0"], small[1]
    train, test = layers.split(400, 0)
    z = layers.standardise(x, train)
    order = ((z[test][:, None] - z[train][None]) ** 2).sum(-1).argsort(1)
    votes = {k: np.array([np.bincount(y[train][row[:k]], minlength=5).argmax() for row in order])
             for k in (1, 20)}
    by_hand = {k: (vote == y[test]).mean() for k, vote in votes.items()}
    assert layers.compare(x, y)["knn"] == by_hand[20] != by_hand[1]


def test_units_take_the_rows_that_their_names_say(small):
    x, y = small
    jobs = layers.units("efficientnet_lite0")
    assert next(iter(jobs)) == "check"
    assert set(jobs) == {"check", "c/3/0", "c/3/1", "own/3/0", "own/3/1"} | {
        f"{part}/{layer}" for layer in EFFICIENTNET_DEPTHS
        for part in ("a/0", "a/1", "a/2", "b/200", "b/350")}
    for size in (200, 350):  # (b): the first rows of one order
        rows = np.random.default_rng(0).permutation(400)[:size]
        train, _ = layers.split(size, 0)
        score = h_score(x["bn2"][rows][train], y[rows][train])
        found = jobs[f"b/{size}/bn2"]()
        assert found["h"] == pytest.approx(score.statistic, abs=1e-12)
        assert found["chance"] == pytest.approx(score.rank * 4 / (size * 9 // 10 - 1))
    rows = np.random.default_rng(2).permutation(400)[:300]  # (a): a draw a seed
    train, _ = layers.split(300, 2)
    assert jobs["a/2/blocks.3"]()["h"] == pytest.approx(
        h_score(x["blocks.3"][rows][train], y[rows][train]).statistic, abs=1e-12)
    every = np.concatenate(list(x.values()), axis=1)
    assert jobs["c/3/1"]() == layers.target_task(every, y, x["blocks.6"], 3, 1)
    assert jobs["own/3/1"]() == layers.own_network(every, y, 3, 1)


def test_chance_in_the_stored_result_is_that_of_its_size():
    stored = load("layers")["units"]
    for key in (key for key in stored if key.startswith("a/")):
        assert abs(stored[key]["chance"] - stored[key]["rank"] * 99 / (18_000 - 1)) < 1e-9


def test_features_are_kept_block_by_block(tmp_path, monkeypatch):
    monkeypatch.setenv("TDIST_DATA", str(tmp_path))
    monkeypatch.setattr(layers, "BLOCK", 40)
    task, calls = tasks.digits().subset(100), []

    def features(part, source, progress):
        calls.append(len(part))
        return {layer: part.images.flatten(1).float().numpy() for layer in EFFICIENTNET_DEPTHS}

    monkeypatch.setattr(layers, "depth_features", features)
    for _ in range(2):
        found = layers.kept_features(task, "efficientnet_lite0")
        assert np.array_equal(found["bn2"], task.images.flatten(1).float().numpy())
    assert calls == [40, 40, 20]


def test_the_papers_network_goes_through_the_same_code(monkeypatch):
    """ResNet-50 with random weights in place of the download; and the error without a network."""
    import timm

    create = timm.create_model
    monkeypatch.setattr(timm, "create_model", lambda name, pretrained: create(name, False))
    features = layers.depth_features(tasks.fashion_mnist().subset(4), "resnet50", progress=False)
    assert list(features) == [f"layer3.{i}" for i in range(6)]
    assert all(x.shape == (4, 1024) and np.isfinite(x).all() for x in features.values())

    def offline(name, pretrained):
        raise OSError("no network")

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(ConnectionError, match="efficientnet_lite0"):
        networks.resnet50()
