"""The study of the twenty tasks' other distances: the same images, each pair once, and matrices."""

import numpy as np
import pytest
import torch

from tdist.rivals import otdd, wasserstein
from tdist.studies import twenty_rivals, twenty_tasks
from tdist.tasks import Task
from tests.test_twenty_tasks import toy  # noqa: F401

NAMES, EVEN = twenty_tasks.NAMES, twenty_tasks.EVEN
CACHED = twenty_rivals.clouds, twenty_rivals.probe, twenty_rivals.vector


@pytest.fixture
def small(toy, monkeypatch):  # noqa: F811
    monkeypatch.setattr(twenty_rivals, "PROBE_STEPS", 30)
    monkeypatch.setattr(twenty_rivals, "EMBEDDING", {"dimensions": 3, "references": 20})
    for cached in CACHED:
        cached.cache_clear()
    yield
    for cached in CACHED:
        cached.cache_clear()


def test_pixels_and_features_are_of_the_same_images(small, monkeypatch):
    n = torch.arange(5000)

    def data(train=True):
        return Task("toy", n[:, None].float(), n % 100, tuple(sorted(twenty_tasks.CLASSES)))

    monkeypatch.setattr(twenty_rivals.tasks, "cifar100", data)
    monkeypatch.setattr(twenty_tasks, "trunk_features", lambda trunk: (n[:, None].float(),) * 2)
    pixels, features = (twenty_rivals.clouds(space) for space in ("pixels", "toy"))
    for name in ("fish", "trees"):
        (x, y), (z, w) = pixels[name], features[name]
        assert torch.equal(y, w) and len(x) == 125
        index = 255 * x[:, 0]
        assert torch.allclose(z[:, 0] * n.float().std() + n.float().mean(), index, atol=0.1)


def test_each_pair_once_and_every_source(small):
    """45 pairs without an order and 145; of networks 90 and 290."""
    for part, count in (("calibration", 45), ("evaluation", 145)):
        units = twenty_rivals.units("toy", part)
        once = [frozenset((name, other)) for key, unit in units.items()
                if key.startswith("carried/") for name in [unit.args[1]] for other in unit.args[2]]
        assert len(once) == len(set(once)) == count
        directed = [(unit.args[2], other) for key, unit in units.items()
                    if key.startswith("fisher/") for other in unit.args[3]]
        assert len(directed) == len(set(directed)) == 2 * count
        assert {frozenset(pair) for pair in directed} == set(once)
    assert not any(key.startswith(("fisher", "task2vec"))
                   for key in twenty_rivals.units("pixels", "calibration"))


def test_matrices_hold_what_the_units_found(small):
    units = {key: unit() for key, unit in twenty_rivals.units("toy", "calibration").items()
             if key in ("embedded", "task2vec/0", f"carried/{EVEN[0]}", f"fisher/0/{EVEN[1]}")}
    found = twenty_rivals.matrices(units, "calibration", seed=0)
    (x, y), (z, w) = (twenty_rivals.clouds("toy")[name] for name in EVEN[:2])
    a, b = (NAMES.index(name) for name in EVEN[:2])
    for key, exact in (("wasserstein", wasserstein(x, z)), ("otdd", otdd(x, y, z, w)),
                       ("earth_mover", wasserstein(x, z, p=1))):
        assert found[key][a, b] == found[key][b, a] == pytest.approx(exact, rel=1e-5)
        assert np.isfinite(found[key]).sum() == 2 * 9, "one task with nine others"
    assert 0 < found["fisher"][b, a] < 1 and np.isfinite(found["fisher"]).sum() == 9
    places = [NAMES.index(name) for name in EVEN]
    other = ~np.eye(10, dtype=bool)
    for key in ("embedding", "task2vec", "task2vec_asymmetric"):
        inside = found[key][np.ix_(places, places)]
        assert np.isfinite(inside[other]).all() and np.isnan(np.diag(inside)).all()
        assert np.isfinite(found[key]).sum() == 90
        assert np.allclose(inside[other], inside.T[other]) == (key != "task2vec_asymmetric")
    assert (found["task2vec_asymmetric"] <= found["task2vec"])[a, b]
    assert found["embedding"][a, b] == pytest.approx(found["otdd"][a, b], rel=0.3)
    assert set(twenty_rivals.matrices(units, "calibration")) == {
        "wasserstein", "earth_mover", "otdd", "embedding"}
    assert twenty_rivals.check("toy") == twenty_rivals.check("toy")


def test_a_network_with_the_outputs_of_one_task(small):
    network = twenty_tasks.fresh("toy", 0)
    x, _ = twenty_rivals.clouds("toy")["fish"]
    own = twenty_rivals.own_classes(network, "fish")
    assert torch.allclose(own(x), network(x)[:, twenty_tasks._outputs("fish")])
