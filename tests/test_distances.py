"""The study of distances between all pairs, and its stored results."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tdist import mantel, tasks
from tdist.networks import SmallCNN
from tdist.studies import distances
from tdist.studies.distances import (
    EXPERIMENTS,
    STORED,
    Experiment,
    all_pairs,
    matrix,
    outputs,
    printed,
    rounded,
)
from tdist.studies.results import Results, load
from tdist.transfer.heads import Head
from tdist.transfer.training import evaluate

TINY = replace(STORED, steps=2, sgd_steps=2, batch=16, pretrain_steps=30, fine_tune_steps=25, iterations=2, block=4)


def low_and_high(train):
    return [tasks.digits(train).only(tuple(names), names) for names in ("01234", "56789", "02468")]


TOY = Experiment("toy", low_and_high, lambda outputs, channels: SmallCNN(outputs, channels), TINY, images=40,
                 test_images=30)


@pytest.fixture(scope="module")
def toy():
    return all_pairs(TOY)


def test_every_pair_is_there_with_all_distances(toy):
    names = ["01234", "56789", "02468"]
    assert set(toy) == {f"0/{a}/{b}" for a in names for b in names if a != b}
    for key in ("coupled", "coupled_riemannian", "uncoupled", "fine_tuning", "fine_tuning_full"):
        found = matrix(toy, names, key)
        assert (np.diag(found) == 0).all()
        assert found[0, 1] == toy["0/01234/56789"][key]
        assert found[1, 0] == toy["0/56789/01234"][key]
        assert (found[~np.eye(3, dtype=bool)] >= 0).all()
    for pair in toy.values():
        assert pair["coupled"] == pair["lengths"][-1]
        assert pair["coupled"] <= pair["coupled_riemannian"]
        assert pair["gap"] <= TINY.tolerance
        assert pair["loss"] > 0


def test_a_pair_is_what_the_distances_give(toy):
    """The same call by hand: the source trained once with one output for every class of all tasks."""
    from tdist.transfer import coupled, fine_tuning, uncoupled

    parts, tests = distances.subsets(TOY, 0)
    assert [len(part) for part in parts] == [40] * 3
    assert [len(part) for part in tests] == [30] * 3
    classes = outputs(parts)
    assert classes == tuple("0123456789")
    torch.manual_seed(0)
    network = SmallCNN(10)
    given = {"classes": classes, "progress": False}
    found = toy["0/56789/02468"]
    road = coupled(parts[1], parts[2], network, TINY, **given)
    assert found["coupled"] == pytest.approx(road.length, rel=1e-5)
    own = evaluate(road.network, tests[2], Head(parts[1].classes, parts[2].classes, classes=classes))
    assert (found["accuracy"], found["loss"]) == pytest.approx(own, rel=1e-5)
    of_test = {"test": (tests[1], tests[2])} | given
    free = uncoupled(parts[1], parts[2], network, TINY, **of_test)
    assert (found["uncoupled"], found["uncoupled_accuracy"]) == pytest.approx((free.length, free.accuracy), rel=1e-5)
    fine = fine_tuning(parts[1], parts[2], network, TINY, **of_test)
    assert found["fine_tuning"] == pytest.approx(fine.length, rel=1e-5)
    assert found["fine_tuning_losses"] == pytest.approx(fine.losses, rel=1e-5)


def test_stored_pairs_are_not_computed_again(toy, tmp_path, monkeypatch):
    store = Results("toy", {}, "command", tmp_path)
    for key, value in list(toy.items())[:-1]:
        store.unit(key, lambda value=value: value)
    trained, sources = distances.trained, []

    def counted(source, *arguments):
        sources.append(source.name)
        return trained(source, *arguments)

    monkeypatch.setattr(distances, "trained", counted)
    found = all_pairs(TOY, keep=store.unit)
    for key, pair in toy.items():
        assert found[key] | {"seconds": 0} == pair | {"seconds": 0}  # time alone may differ
    assert sources == [list(toy)[-1].split("/")[1]]


def test_one_road_has_the_losses_of_figure_4(monkeypatch):
    monkeypatch.setattr(distances, "imagenet", lambda task: task.images)
    found = distances.one_road(replace(TOY, road=("01234", "56789")), iterations=3)
    assert len(found["lengths"]) == len(found["moved"]) == 3
    assert len(found["train_loss"]) == len(found["test_loss"]) == TINY.steps


def test_rounded_keeps_six_digits():
    assert rounded({"a": [1.23456789, 0.000123456789], "b": 12}) == {"a": [1.23457, 0.000123457], "b": 12.0}


def test_printed_matrices():
    figures = printed()
    assert np.shape(figures["fig3"]["coupled"]) == (5, 5)
    assert figures["fig2"]["coupled"][1] == [0.24, 0, 0.084, 0.081]
    assert figures["fig3"]["printed"]["coupled"] == {"r": 0.14, "p": 0.05}
    for name in ("fig2", "fig3"):
        size = len(figures[name]["tasks"])
        a = np.array(figures[name]["fine_tuning"], dtype=float)
        found = mantel(a, a)
        assert found.statistic == pytest.approx(1)
        assert found.pvalue == pytest.approx(1 / [24, 120][size - 4])


def test_tasks_of_the_experiments():
    assert {len(names) for names in distances.SUPERCLASSES.values()} == {5}
    assert len(set(distances.VEHICLES + distances.ANIMALS)) == 10
    if (tasks.data_folder() / "cifar-100-python").exists():
        found = distances.superclasses(False)
        assert [(task.name, len(task)) for task in found] == [(name, 500) for name in distances.SUPERCLASSES]
        assert [task.name for task in distances.ladder(False)] == list(distances.LADDER)
        network = EXPERIMENTS["wide_resnet_10_1"].network(25, 3)
        assert network(torch.zeros(1, 3, 32, 32)).shape == (1, 25)


@pytest.fixture(scope="module")
def check():
    return distances.check()


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_first_steps_of_stored_results_are_computed_again(name):
    try:
        found = distances.first_steps(EXPERIMENTS[name])
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    assert load(name)["units"]["first steps"] == pytest.approx(found, rel=0.01)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_stored_results_are_whole_and_their_cheap_unit_is_what_the_rooms_give(name, check):
    stored = load(name)
    assert stored["config"] == distances.config(EXPERIMENTS[name])
    units = stored["units"]
    assert units["check"] == pytest.approx(check, rel=0.02)
    pairs = {tuple(key.split("/")) for key in units if key[0].isdigit()}
    names = {source for _, source, _ in pairs}
    assert pairs == {(str(s), a, b) for s in EXPERIMENTS[name].seeds for a in names for b in names if a != b}
    for key, pair in units.items():
        if key.count("/") == 2 and not key.startswith("road"):
            assert pair["coupled_cost"] <= pair["independent_cost"]
            assert pair["gap"] <= STORED.tolerance
            assert pair["coupled"] <= pair["coupled_riemannian"]
