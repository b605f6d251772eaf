"""The study of distances between all pairs."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tdist import mantel, tasks, transfer
from tdist.networks import SmallCNN
from tdist.studies import Pairs, distances, experiments
from tdist.studies.distances import all_pairs, outputs, rounded
from tdist.studies.experiments import EXPERIMENTS, STORED, Experiment, printed
from tdist.transfer.heads import Head
from tdist.transfer.training import evaluate

TINY = replace(STORED, steps=2, sgd_steps=2, batch=16, pretrain_steps=30, fine_tune_steps=25,
               iterations=2, block=4)
TOY_NAMES = ("01234", "56789", "02468")


def low_and_high(train):
    return [tasks.digits(train).only(tuple(names), names) for names in TOY_NAMES]


TOY = Experiment("toy", low_and_high, lambda outputs, channels: SmallCNN(outputs, channels), TINY,
                 images=40, test_images=30)


@pytest.fixture(scope="module")
def toy():
    return all_pairs(TOY)


def test_every_pair_is_there_with_all_distances(toy):
    assert set(toy) == {f"0/{a}/{b}" for a in TOY_NAMES for b in TOY_NAMES if a != b}
    for key in ("coupled", "coupled_riemannian", "uncoupled", "fine_tuning", "fine_tuning_full"):
        [found] = Pairs(toy, TOY_NAMES).matrices(key)
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
    """The same call by hand: the source trained once, with one output for every class of all tasks.
    """
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
    head = Head(parts[1].classes, parts[2].classes, classes=classes)
    own = evaluate(road.network, tests[2], head)
    assert (found["accuracy"], found["loss"]) == pytest.approx(own, rel=1e-5)
    of_test = {"test": (tests[1], tests[2])} | given
    free = uncoupled(parts[1], parts[2], network, TINY, **of_test)
    assert found["uncoupled"] == pytest.approx(free.length, rel=1e-5)
    assert found["uncoupled_accuracy"] == pytest.approx(free.accuracy, rel=1e-5)
    fine = fine_tuning(parts[1], parts[2], network, TINY, **of_test)
    assert found["fine_tuning"] == pytest.approx(fine.length, rel=1e-5)
    assert found["fine_tuning_losses"] == pytest.approx(fine.losses, rel=1e-5)


def test_a_source_is_trained_when_the_first_of_its_pairs_needs_it(toy, monkeypatch):
    trained, sources = distances.trained, []

    def counted(source, *arguments):
        sources.append(source.name)
        return trained(source, *arguments)

    monkeypatch.setattr(distances, "trained", counted)
    units = distances.pair_units(TOY)
    assert list(units) == list(toy) and sources == []
    for target in ("02468", "01234"):
        found = units[f"0/56789/{target}"]()
        assert found | {"seconds": 0} == toy[f"0/56789/{target}"] | {"seconds": 0}
    assert sources == ["56789"]


def test_one_road_is_the_coupled_road_with_the_classes_of_all_tasks():
    """Figure 4, the same call by hand: a scrambled head would give other losses."""
    toy = replace(TOY, road=("01234", "02468"))
    found = distances.one_road(toy, iterations=3, features=pixels)
    assert len(found["lengths"]) == len(found["moved"]) == 3
    assert len(found["train_loss"]) == len(found["test_loss"]) == TINY.steps
    parts, tests = distances.subsets(toy, 0)
    torch.manual_seed(0)
    road = transfer.coupled(parts[0], parts[2], SmallCNN(10), replace(TINY, iterations=3),
                            classes=tuple("0123456789"), features=pixels,
                            test=(tests[0], tests[2]), progress=False)
    last = road.iterations[-1]
    assert found["train_loss"] == pytest.approx(last.train_loss, rel=1e-5)
    assert found["test_loss"] == pytest.approx(last.test_loss, rel=1e-5)
    assert found["accuracy"] == pytest.approx(road.accuracy)
    source = distances.trained(parts[0], toy, outputs(parts), 0)
    _, at_start = evaluate(source, tests[0], Head(tuple("01234"), tuple("01234"),
                                                        classes=outputs(parts)))
    assert found["test_loss"][0] < at_start + 0.7  # the road starts with the source's own head


def pixels(task):
    return task.images.flatten(1).float()


def test_the_units_of_a_study():
    toy = replace(TOY, seeds=[0, 4], road=["01234", "02468"], names=TOY_NAMES)
    found = distances.study(toy)
    pairs = [(a, b) for a in TOY_NAMES for b in TOY_NAMES if a != b]
    assert list(found.jobs()) == ["first steps", *(f"{s}/{a}/{b}" for s in (0, 4)
                                                   for a, b in pairs), "road/01234/02468"]
    assert found.config["seeds"] == [0, 4] and found.name == "toy"
    assert set(found.jobs()["first steps"]()) == {"coupled", "uncoupled", "fine_tuning_full"}


def test_tasks_that_are_not_those_announced_are_refused():
    with pytest.raises(ValueError, match="announces the tasks"):
        distances.subsets(replace(TOY, names=TOY_NAMES[::-1]), 0)


def test_features_of_imagenet_are_kept_by_the_images(tmp_path, monkeypatch):
    monkeypatch.setenv("TDIST_DATA", str(tmp_path))
    calls = []

    def imagenet(task):
        calls.append(task.name)
        return task.images.flatten(1).float().numpy()

    monkeypatch.setattr(distances.network_features, "imagenet", imagenet)
    one, other = (part.subset(9) for part in low_and_high(True)[:2])
    for task in (one, other, one, replace(one, name="renamed")):
        assert torch.equal(distances.imagenet(task), pixels(task))
    assert calls == ["01234", "56789"]


def test_rounded_keeps_six_digits():
    assert rounded({"a": [1.23456789, 0.000123456789], "b": 12}) == {
        "a": [1.23457, 0.000123457], "b": 12.0}


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
    assert {len(names) for names in experiments.SUPERCLASSES.values()} == {5}
    assert len(set(experiments.VEHICLES + experiments.ANIMALS)) == 10
    network = EXPERIMENTS["wide_resnet_10_1"].network(25, 3)
    assert network(torch.zeros(1, 3, 32, 32)).shape == (1, 25)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiments_tasks_have_the_names_that_it_announces(name):
    try:
        found = EXPERIMENTS[name].tasks(train=False)
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    assert tuple(task.name for task in found) == EXPERIMENTS[name].names
    if "superclasses" in name:
        assert [len(task) for task in found] == [500] * 5
