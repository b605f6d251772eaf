"""The sources of the studies of pairs, at home: accuracy, loss and the road to themselves."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tdist import transfer
from tdist.studies import Pairs, at_home
from tdist.studies.distances import imagenet, outputs, subsets, trained
from tdist.studies.experiments import EXPERIMENTS
from tdist.studies.study import STUDIES
from tdist.tasks import floats

DIGITS = EXPERIMENTS["digits"]
TINY = replace(DIGITS, images=40, test_images=30, settings=replace(
    DIGITS.settings, steps=3, sgd_steps=2, pretrain_steps=30, iterations=2))


def nearness(task):
    """Not the pixels: a coupling that joins others."""
    return task.images.flatten(1).float().sort(1).values


def test_a_source_at_home_is_the_network_of_its_pairs(one_thread):
    found = at_home.unit(TINY, nearness, 1, 2)
    parts, tests = subsets(TINY, 1)
    classes = outputs(parts)
    network = trained(parts[2], TINY, classes, 1)
    own = [classes.index(name) for name in parts[2].classes]
    for where, task in (("train", parts[2]), ("test", tests[2])):
        with torch.inference_mode():
            logits = network(floats(task.images))[:, own].double()
        right = logits.argmax(1) == task.labels
        assert found[f"{where}_accuracy"] == pytest.approx(
            right.double().mean().item(), rel=1e-5)
        loss = torch.nn.functional.cross_entropy(logits, task.labels)
        assert found[f"{where}_loss"] == pytest.approx(loss.item(), rel=1e-4)
    settings = replace(TINY.settings, pretrain_steps=0)
    road = transfer.coupled(parts[2], parts[2], network, settings, features=nearness,
                            classes=classes, seed=1, progress=False)
    assert found["itself"]["length"] == pytest.approx(road.length, rel=1e-5)
    lengths = [one.length for one in road.iterations]
    assert found["itself"]["lengths"] == pytest.approx(lengths, rel=1e-5) and len(lengths) == 2
    assert not np.isclose(found["itself"]["length"], at_home.unit(TINY, nearness, 0, 2)[
        "itself"]["length"], rtol=1e-3)


def test_every_experiment_has_its_sources():
    for name, experiment in EXPERIMENTS.items():
        study = STUDIES[f"sources_{name}"]
        assert study.config == experiment.config()
        jobs = study.jobs()
        assert set(jobs) == {"check", "first steps"} | {
            f"{seed}/{source}" for seed in experiment.seeds for source in experiment.names}
        for i, source in enumerate(experiment.names):
            job = jobs[f"{experiment.seeds[-1]}/{source}"]
            assert job.func is at_home.unit
            assert job.args == (experiment, imagenet, experiment.seeds[-1], i)


def test_the_summary_sets_the_road_to_itself_beside_those_to_others():
    names = ["a", "b", "c"]
    lengths = {(0, "a", "b"): 4.0, (0, "a", "c"): 2.0, (1, "a", "b"): 1.0, (1, "a", "c"): 1.0}
    units = {f"{seed}/{s}/{t}": {"coupled": lengths.get((seed, s, t), 5.0)}
             for seed in (0, 1) for s in names for t in names if s != t}
    at = {name: value for name, value in zip(
        ("train_accuracy", "train_loss", "test_accuracy", "test_loss"), (0.9, 0.1, 0.8, 0.5),
        strict=True)}
    stored = {"units": {f"{seed}/{name}": {key: value + seed for key, value in at.items()} | {
        "itself": {"length": 1.0}} for seed in (0, 1) for name in names}}
    found = at_home.summary(stored, Pairs(units, names))
    assert list(found) == names
    assert found["a"]["to itself / to others"] == pytest.approx((1 / 3 + 1) / 2)
    assert found["b"]["to itself / to others"] == pytest.approx(1 / 5)
    assert found["c"]["training accuracy"] == pytest.approx(1.4)
    assert found["c"]["test loss"] == pytest.approx(1.0)
