"""The study of distances that ignore the classifier."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from tdist import baselines, tasks
from tdist.studies import discrepancies, load
from tdist.studies.discrepancies import measures, row_units
from tdist.studies.experiments import FIVE, FOUR
from tdist.studies.pairs import Rows

NAMES = ["01", "234", "56789"]
TRUNK = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 5), torch.nn.Tanh())
TASK2VEC = {"trunk": TRUNK, "size": None, "images": 20, "draws": 1}
SYMMETRIC = ["task2vec", "task2vec_plain", "wasserstein_pixels", "wasserstein_features"]


def features(task):
    return task.images.flatten(1).double().square()


@pytest.fixture(scope="module")
def parts():
    return [tasks.digits().only(tuple(name), name).subset(25) for name in NAMES]


@pytest.fixture(scope="module")
def rows(parts):
    found = measures(parts, 3, task2vec_sizes=TASK2VEC, features=features)
    return {key: unit() for key, unit in row_units(NAMES, 3, lambda: found).items()}


def matrix(rows, names, distance, seed):
    return Rows(rows, names, [seed]).matrices(distance)[0]


def test_every_row_of_every_distance(rows):
    assert set(rows) == {f"3/{distance}/{name}" for distance in SYMMETRIC for name in NAMES}
    for distance in SYMMETRIC:
        found = matrix(rows, NAMES, distance, 3)
        assert np.array_equal(found, found.T) and (found > 0).all()


def test_halves_share_out_the_images_of_a_task():
    task = replace(tasks.digits().subset(101), labels=torch.arange(101) % 10)
    first, second = discrepancies.halves(task, 7)
    assert len(first) == len(second) == 50

    def labelled(*samples):
        return {tuple(image.flatten().tolist()): int(label) for sample in samples
                for image, label in zip(sample.images, sample.labels, strict=True)}

    known, found = labelled(task), labelled(first, second)
    assert len(known) == 101 and len(found) == 100  # no two digits are the same image
    assert found.items() <= known.items()
    assert not torch.equal(first.images, task.images[:50])  # drawn: images may come in an order


def test_the_diagonal_is_between_two_halves(parts, rows):
    first, second = discrepancies.halves(parts[1], 3)
    x, y = (half.images.flatten(1).double() / 255 for half in (first, second))
    found = matrix(rows, NAMES, "wasserstein_pixels", 3)[1, 1]
    assert found == pytest.approx(baselines.wasserstein(x, y), rel=1e-4)
    a, b = (baselines.task2vec(half, seed=3, progress=False, **TASK2VEC)
            for half in (first, second))
    found = matrix(rows, NAMES, "task2vec", 3)[1, 1]
    assert found == pytest.approx(baselines.task2vec_distance(a, b), rel=1e-4)


def test_entries_are_what_the_baselines_give(parts, rows):
    """Pixels between 0 and 1; the seed reaches what is random."""
    def found(distance):
        return matrix(rows, NAMES, distance, 3)[2, 0]

    a, b = (baselines.task2vec(parts[i], seed=3, progress=False, **TASK2VEC) for i in (2, 0))
    assert found("task2vec") == pytest.approx(baselines.task2vec_distance(a, b), rel=1e-4)
    cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    assert found("task2vec_plain") == pytest.approx(1 - cosine, rel=1e-4)
    x, y = (parts[i].images.flatten(1).double() / 255 for i in (2, 0))
    assert found("wasserstein_pixels") == pytest.approx(baselines.wasserstein(x, y), rel=1e-4)
    assert found("wasserstein_features") == pytest.approx(
        baselines.wasserstein(features(parts[2]), features(parts[0])), rel=1e-4)


def test_labels_are_invisible_to_all_but_task2vec(parts):
    """One set of images under two questions."""
    images, labels = parts[2].images, parts[2].labels
    two = [tasks.Task(name, images, asked, ("a", "b"))
           for name, asked in (("even", labels % 2), ("low", labels // 3))]
    given = measures(two, task2vec_sizes=TASK2VEC, features=features)
    assert given["task2vec"](0, 1) > 1e-4 and given["task2vec_plain"](0, 1) > 1e-4
    for name in SYMMETRIC[2:]:
        assert given[name](0, 1) == pytest.approx(0, abs=1e-6)


def test_a_sample_is_embedded_once_for_all_rows(parts, monkeypatch):
    calls = []

    def counted(task, **sizes):
        calls.append(task.name)
        return np.arange(1, 4) + len(calls)

    monkeypatch.setattr(discrepancies, "task2vec", counted)
    units = row_units(NAMES, 0, cache(lambda: measures(parts, task2vec_sizes={})), ["task2vec"])
    assert list(units) == [f"0/task2vec/{name}" for name in NAMES] and calls == []
    for unit in units.values():
        unit()
    assert sorted(calls) == sorted(3 * NAMES)  # a task and its two halves


@pytest.mark.parametrize(("name", "names"), [
    ("discrepancies", FIVE), ("task2vec_cifar_subsets", FOUR),
    ("task2vec_two_domains", ("MNIST", "CIFAR-10"))])
def test_stored_distances_are_positive_and_symmetric(name, names):
    rows = Rows(load(name)["units"], names)
    assert rows.seeds == (0, 1, 2)
    for distance in discrepancies.STORED[name][1] or SYMMETRIC:
        found = rows.matrices(distance)
        assert (found > 0).all() and np.array_equal(found, found.transpose(0, 2, 1))
