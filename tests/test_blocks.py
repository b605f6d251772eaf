"""The studies of blocks of equal width, and of equal labels."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from tdist import h_score, scores, tasks
from tdist.studies import blocks, budgets, layers
from tdist.studies.results import load


def blobs(n=400, k=6, classes=3, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    x = noise * rng.standard_normal((n, k)) + rng.standard_normal((classes, k))[y]
    return x.astype(np.float32), y


def test_depths_are_the_networks_blocks_and_their_widths():
    few = tasks.fashion_mnist().subset(3)
    found = blocks.block_features(few, progress=False)
    assert list(found) == list(blocks.DEPTHS)
    assert [x.shape[1] for x in found.values()] == (
        [16] + [24] * 2 + [40] * 2 + [80] * 3 + [112] * 3 + [192] * 4 + [320, 1280])
    stages = layers.depth_features(few, progress=False)
    for stage, x in stages.items():  # a stage's output is its last block's
        last = f"{stage}.{blocks.STAGES[stage] - 1}" if stage in blocks.STAGES else stage
        assert np.allclose(found[last], x, atol=1e-4)


def test_principal_components_are_scikit_learns():
    x, y = blobs(k=30)
    x *= np.arange(1, 31, dtype=np.float32)  # of other sizes: standardised first
    z = layers.standardise(x, np.arange(len(x)))
    theirs = h_score(PCA(5, svd_solver="full").fit_transform(z), y).adjusted
    found = blocks.narrow(x, y, width=5, mixtures=3)
    assert found["pca"] == pytest.approx(theirs, abs=1e-5)
    maps = np.random.default_rng(0).standard_normal((3, 30, 5))
    assert found["random"] == pytest.approx(
        np.mean([h_score(z @ m, y).adjusted for m in maps]), abs=1e-5)


def test_a_penalty_is_one_half_of_the_squared_weights_beside_the_mean_loss():
    """The fitted weights are where the gradient of mean loss + l / 2 ||w||^2 vanishes."""
    x, y = blobs()
    model = blocks.fit(blocks.regression().set_params(tol=1e-8), x.astype(float), y, 0.03)
    slope = (model.predict_proba(x) - np.eye(3)[y]).T @ x / len(x) + 0.03 * model.coef_
    assert np.abs(slope).max() < 1e-5 < np.abs(0.03 * model.coef_).max()


def test_tuning_is_cross_validation():
    """Against fits from scratch, one for each penalty and fold."""
    x, y = blobs(150, 20, noise=2.5)
    held = {}
    for penalty in blocks.PENALTIES:
        held[penalty] = np.mean(np.concatenate([
            LogisticRegression(C=1 / (penalty * len(train)), max_iter=2000)
            .fit(x[train], y[train]).predict(x[test]) == y[test]
            for train, test in KFold(5, shuffle=True, random_state=4).split(x)]))
    first = next(i for i, p in enumerate(blocks.PENALTIES)
                 if i + 1 == len(held) or held[blocks.PENALTIES[i + 1]] < held[p])
    best = max(blocks.PENALTIES[:first + 1], key=held.get)
    penalty, accuracy = blocks.tune(x, y, seed=4)
    assert (penalty, accuracy) == (best, pytest.approx(held[best], abs=0.014))  # two rows
    assert len(set(held.values())) > 1, "the penalty matters here"


def test_training_puts_informative_features_above_noise():
    x, y = blobs(300)
    train, test = layers.split(300, 0)
    noise = np.random.default_rng(1).standard_normal(x.shape).astype(np.float32)
    good, bad = (blocks.trained(f, y, train, test, 0) for f in (x, noise))
    for name in ("paper", "tuned"):
        assert good[name]["test_accuracy"] > 0.75 > 0.5 > bad[name]["test_accuracy"]
    assert list(good["penalties"]) == [f"{p:g}" for p in blocks.PENALTIES]
    assert good["tuned"]["train_loss"] == good["penalties"][
        f"{good['tuned']['penalty']:g}"]["train_loss"]
    losses = [found["train_loss"] for found in good["penalties"].values()]
    assert losses == sorted(losses, reverse=True), "a weaker penalty fits the training rows better"


@pytest.fixture
def small(monkeypatch):
    """Made-up features of 600 images in place of real ones."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 5, 600)
    centres = rng.standard_normal((5, 4))
    x = {depth: (rng.standard_normal((600, 4)) + (i / 8) * centres[y]).astype(np.float32)
         for i, depth in enumerate(blocks.DEPTHS)}
    for study in (blocks, budgets):
        monkeypatch.setattr(study, "features", lambda name, rows, depth: x[depth][rows])
        monkeypatch.setattr(study, "labels", lambda name: y)
    blocks.order.cache_clear()
    monkeypatch.setattr(blocks, "SIZES", blocks.SIZES | {
        "images": {"CIFAR-100": 300, "Fashion-MNIST": 600}})
    monkeypatch.setattr(budgets, "SIZES", budgets.SIZES | {
        "pool": {"CIFAR-100": 500, "Fashion-MNIST": 600},
        "test_images": {"CIFAR-100": 90, "Fashion-MNIST": 70}})
    yield x, y
    blocks.order.cache_clear()


def test_draws_are_nine_to_one_and_have_no_image_in_common_where_there_are_enough(small):
    first, second = (np.concatenate(blocks.draw("CIFAR-100", seed)) for seed in (0, 1))
    assert len(first) == len(second) == 300 and not set(first) & set(second)
    train, test = blocks.draw("Fashion-MNIST", 2)
    assert len(train) == 540 and set(train) | set(test) == set(range(600))
    assert set(test) != set(blocks.draw("Fashion-MNIST", 1)[1])


def test_units_take_the_rows_that_their_names_say(small):
    x, y = small
    train, test = blocks.draw("CIFAR-100", 0)
    depth = "blocks.5.3"
    found = blocks.units()[f"score/CIFAR-100/0/{depth}"]()
    given = x[depth][train], y[train]
    assert found["h"] == pytest.approx(h_score(*given).statistic, abs=1e-12)
    assert found["shrunk"] == h_score(*given, shrinkage="ledoit-wolf").statistic
    for name in blocks.SCORES:
        assert found[name] == pytest.approx(float(scores.compare(*given, name)[name]), abs=1e-12)
    reached = blocks.units()[f"train/CIFAR-100/0/{depth}"]()
    assert reached == blocks.trained(x[depth], y, train, test, 0)
    assert set(blocks.units()["train/Fashion-MNIST/1/bn2"]()) == {"paper", "tuned", "penalties"}


def test_features_are_those_of_the_rows_and_parts_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("TDIST_DATA", str(tmp_path))
    monkeypatch.setattr(blocks, "PIECE", 40)
    digits, made = tasks.digits().subset(100), []
    monkeypatch.setattr(blocks, "SETS", {"digits": lambda: digits})

    def of(part, progress):
        made.append(len(part))
        return {"bn2": part.images.flatten(1).float().numpy()}

    monkeypatch.setattr(blocks, "block_features", of)
    every = digits.images.flatten(1).float().numpy()
    try:
        rows = blocks.order("digits")[[0, 39, 5, 99]]  # of the first and the last part
        for _ in range(2):
            assert np.array_equal(blocks.features("digits", rows, "bn2"), every[rows])
            blocks.piece.cache_clear()
        assert made == [40, 20]
        every_row = np.random.default_rng(0).permutation(100)
        assert np.array_equal(blocks.features("digits", every_row, "bn2"), every[every_row])
    finally:
        for cached in (blocks.order, blocks.labels, blocks.piece):
            cached.cache_clear()


@pytest.mark.parametrize("name", ["CIFAR-100", "Fashion-MNIST"])
def test_a_budget_never_sees_its_test_images(small, name):
    rows, test = budgets.sample(name, 100, 3)
    assert len(set(rows)) == 100 and len(set(test)) == (90 if name == "CIFAR-100" else 70)
    assert not set(rows) & set(test)
    assert set(rows) | set(test) <= set(blocks.order(name)[:budgets.SIZES["pool"][name]])
    more, same = budgets.sample(name, 200, 3)
    assert set(rows) < set(more) and set(same) == set(test), "a larger budget holds the smaller"


def test_a_budget_knows_nothing_but_its_labels(small):
    """Scores and the choice of the penalty are as before when the test labels are shuffled."""
    (x, y), (rows, test) = small, budgets.sample("CIFAR-100", 100, 0)
    given, y_test = (x["bn2"][rows], y[rows], x["bn2"][test]), y[test]
    first = budgets.choose(*given, y_test)
    other = budgets.choose(*given, np.roll(y_test, 1))
    assert first["test_accuracy"] > other["test_accuracy"] + 0.3
    for found in (first, other):
        del found["seconds"], found["test_accuracy"]
    assert first == other


def test_regret_by_hand():
    """Three depths, two budgets; the truth is the mean accuracy at the larger one."""
    def depth(loo, accuracy):
        return {"loo": loo, "adjusted": None, "test_accuracy": accuracy}

    stored = {"T/10/0": {"a": depth(0.5, 0.30), "b": depth(0.5, 0.40), "c": depth(0.1, 0.50)},
              "T/10/1": {"a": depth(0.2, 0.30), "b": depth(0.6, 0.20), "c": depth(0.1, 0.10)},
              "T/20/0": {"a": depth(0.9, 0.60), "b": depth(0.8, 0.80), "c": depth(0.7, 0.70)}}
    found = {(row["m"], row["seed"]): row for row in budgets.regrets(stored, "T", ["loo"])}
    assert found[10, 0]["same"] == pytest.approx(0.50 - 0.35)  # a and b tie: their mean
    assert found[10, 0]["most"] == pytest.approx(0.80 - 0.70)
    assert found[10, 1]["same"] == pytest.approx(0.30 - 0.20)
    assert found[10, 1]["most"] == 0
    assert found[20, 0]["same"] == found[20, 0]["most"] == pytest.approx(0.2)
    undefined = budgets.regrets(stored, "T", ["adjusted"])
    assert all(np.isnan(row["same"]) for row in undefined)
    last = budgets.regrets(stored, "T", ["deepest"])
    assert last[0]["same"] == 0 and last[0]["most"] == pytest.approx(0.1)


# the stored results


def test_scores_in_the_stored_run_have_the_size_of_their_draw():
    stored = load("blocks")["units"]
    for key in (key for key in stored if key.startswith("score/")):
        m, classes = (18_000, 100) if "CIFAR" in key else (5_400, 10)
        found = stored[key]
        assert found["chance"] == pytest.approx(found["rank"] * (classes - 1) / (m - 1))
        unexplained = (classes - 1 - found["h"]) * (m - 1) / (m - 1 - found["rank"])
        assert found["adjusted"] == pytest.approx(classes - 1 - unexplained)
