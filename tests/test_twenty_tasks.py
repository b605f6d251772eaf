"""The study of twenty tasks: few labels for many starts, halves without a common image, and which
pairs are for calibration."""

import copy

import numpy as np
import pytest
import torch
from scipy.stats import rankdata, spearmanr
from torch import nn

from tdist import tasks, transfer
from tdist.studies import twenty_tables, twenty_tasks
from tdist.studies.few_shot import few_shot
from tdist.studies.trunks import Trunk
from tdist.tasks.superclasses import SUPERCLASSES

FEW = {"lr": 0.1, "steps": 6, "batch": 4, "every": 3}


@pytest.fixture
def points():
    torch.manual_seed(0)
    return (torch.randn(10, 5), torch.arange(10) % 3), (torch.randn(7, 5), torch.arange(7) % 3)


def networks(count):
    torch.manual_seed(1)
    return [nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 6)) for _ in range(count)]


def test_side_by_side_is_one_after_another_with_torch_sgd(points):
    """Twin: torch.optim.SGD on each network alone, and the path of its weights."""
    (x, y), (judged, truth) = points
    both, cross_entropy = networks(2), nn.functional.cross_entropy
    found = few_shot(both, slice(1, 4), (x, y), (judged, truth), rng=np.random.default_rng(3),
                     **FEW)
    for i, start in enumerate(networks(2)):
        net, rng = copy.deepcopy(start), np.random.default_rng(3)
        optimiser, length = torch.optim.SGD(net.parameters(), FEW["lr"]), 0.0
        for step in range(7):
            if step % 3 == 0:
                logits = net(judged)[:, 1:4]
                right = (logits.argmax(1) == truth).float().mean()
                expected = cross_entropy(logits, truth), right, length
                for name, one in zip(("loss", "accuracy", "length"), expected, strict=True):
                    one = float(torch.as_tensor(one).detach())
                    assert found[name][step // 3, i] == pytest.approx(one, abs=1e-6), name
            if step < 6:
                rows = rng.permutation(10)[:4]
                before = nn.utils.parameters_to_vector(net.parameters()).detach().clone()
                optimiser.zero_grad()
                cross_entropy(net(x[rows])[:, 1:4], y[rows]).backward()
                optimiser.step()
                after = nn.utils.parameters_to_vector(net.parameters()).detach()
                length += (after - before).norm().item()
        assert all(torch.equal(w, v) for w, v in
                   zip(both[i].parameters(), start.parameters(), strict=True)), "left as they are"


@pytest.mark.skipif(not (tasks.data_folder() / "cifar-100-python").exists(),
                    reason="CIFAR-100 is not installed")
def test_the_super_classes_are_all_of_cifar100():
    names = [name for classes in SUPERCLASSES.values() for name in classes]
    assert len(SUPERCLASSES) == 20 and {len(c) for c in SUPERCLASSES.values()} == {5}
    assert sorted(names) == sorted(tasks.cifar100(train=False).classes)


@pytest.fixture
def toy(monkeypatch):
    """Twelve numbers for each picture of a tenth of the data: the class's place and noise."""
    def data(train=True):
        n = 5000 if train else 1000
        classes = tuple(sorted(twenty_tasks.CLASSES))
        return tasks.Task("toy", torch.zeros(n, 1), torch.arange(n) % 100, classes)

    def features(trunk):
        rng = np.random.default_rng(0)
        places = 3 * rng.standard_normal((100, 12))
        return tuple(torch.from_numpy(places[np.arange(n) % 100]
                                      + rng.standard_normal((n, 12))).float() for n in (5000, 1000))

    monkeypatch.setattr(twenty_tasks.tasks, "cifar100", data)
    monkeypatch.setattr(twenty_tasks, "trunk_features", features)
    monkeypatch.setitem(twenty_tasks.TRUNKS, "toy", Trunk(12, None))
    monkeypatch.setattr(twenty_tasks, "ROAD", twenty_tasks.replace(
        twenty_tasks.ROAD, steps=2, sgd_steps=3, block=5, fine_tune_steps=25))
    monkeypatch.setattr(twenty_tasks, "HIDDEN", 16)  # fewer than images
    monkeypatch.setattr(twenty_tasks, "FEW", FEW)
    monkeypatch.setattr(twenty_tasks, "MANY", FEW)
    for cached in (twenty_tasks.halves, twenty_tasks.trained):
        cached.cache_clear()
    yield
    for cached in (twenty_tasks.halves, twenty_tasks.trained):
        cached.cache_clear()


def test_halves_share_no_image_and_have_as_many_of_each_class(toy):
    first, second, test = twenty_tasks.halves("toy")
    for name, classes in SUPERCLASSES.items():
        both = [{tuple(x.tolist()) for x in part[name].images} for part in (first, second)]
        assert not both[0] & both[1] and len(both[0] | both[1]) == 250, name
        for part, count in ((first, 25), (second, 25), (test, 10)):
            assert part[name].labels.bincount().tolist() == [count] * 5
            assert part[name].classes == classes
    every = torch.cat([task.images for part in (first, second) for task in part.values()])
    assert every.mean(0).abs().max() < 1e-5 and (every.std(0) - 1).abs().max() < 1e-4


def test_sources_stop_at_the_first_schedule_that_fits(toy, monkeypatch):
    network, steps = twenty_tasks.trained("toy", 0, "fish", 0)
    head = twenty_tasks._head("fish", "fish")
    task = twenty_tasks.halves("toy")[0]["fish"]
    assert twenty_tasks.evaluate(network, task, head)[1] <= twenty_tasks.SOURCE_LOSS
    twenty_tasks.trained.cache_clear()
    monkeypatch.setattr(twenty_tasks, "SOURCE_LOSS", 1e-3)
    assert twenty_tasks.trained("toy", 0, "fish", 0)[1] > steps


def test_one_source_and_one_target(toy):
    found = twenty_tasks.measures("toy", 0, "fish", ("fish", "trees"))
    assert set(found["to"]) == {"fish", "trees"}
    there, stay = found["to"]["trees"], found["to"]["fish"]
    half, network = twenty_tasks.halves("toy")[0], twenty_tasks.trained("toy", 0, "fish", 0)[0]
    road = transfer.uncoupled(half["fish"], half["trees"], network, twenty_tasks.ROAD, replicas=2,
                              classes=twenty_tasks.CLASSES, seed=0, progress=False)
    assert there["uncoupled"] == pytest.approx(road.length, rel=1e-4)
    assert there["uncoupled_drift"] == pytest.approx(road.drift, rel=1e-4)
    assert 0 < there["h"] <= 4 and there["h"] > there["adjusted"]
    assert stay["leep"] > there["leep"]  # its own labels are no news to a source
    worth = twenty_tasks.worth("toy", 5, "trees", ("fish", "people"))
    assert np.shape(worth["few"]["early"]) == (twenty_tasks.DRAWS, 3)
    assert np.shape(worth["many"]["loss"]) == (3, 3)
    none = twenty_tasks.worth("toy", 5, "trees", ())
    assert none["few"]["early"][0][0] == pytest.approx(worth["few"]["early"][0][0], rel=1e-5)


def test_few_labels_are_not_among_those_that_judge(toy):
    labels = torch.arange(100) % 5
    rows, others = twenty_tasks._draw(labels, np.random.default_rng(0))
    assert labels[rows].bincount().tolist() == [twenty_tasks.SHOTS] * 5
    assert sorted(torch.cat([rows, others]).tolist()) == list(range(100))


def test_calibration_and_evaluation_share_no_pair():
    """90 pairs and 290, and none of the 290 joins two of the ten that the knobs were chosen on."""
    pairs = {}
    for part in twenty_tasks.PARTS:
        units, pairs[part] = twenty_tasks.units("mid", part, 0), set()
        for key, unit in units.items():
            if key.startswith("from/"):
                _, _, source, targets = unit.args
                pairs[part] |= {(source, target) for target in targets if target != source}
        judged = {(source, unit.args[2]) for key, unit in units.items() if key.startswith("to/")
                  for source in unit.args[3] if source != unit.args[2]}
        assert judged == pairs[part]
    assert len(pairs["calibration"]) == 90 and len(pairs["evaluation"]) == 290
    assert not pairs["calibration"] & pairs["evaluation"]


def unit_of(losses, lengths, accuracies):
    """A stored unit of worth with scratch and two sources, two draws alike."""
    few = {"early": [[2.0, 1.0, 1.5]] * 2, "loss": [[1.0, 1.0, 1.0]] * 2,
           "accuracy": [[0.5, 0.7, 0.4]] * 2}
    return {"few": few, "many": {"loss": losses, "accuracy": accuracies, "length": lengths}}


def test_worth_by_hand():
    """Scratch has 1.0 after half its looks: the first source is there between the first look (2.0)
    and the second (0.5), after 2/3 of the way; the second never."""
    every = twenty_tasks.MANY["every"]
    found = twenty_tables._worth(unit_of(
        [[2.0, 2.0, 2.0], [1.0, 0.5, 1.9], [0.4, 0.4, 1.8]], [[0, 0, 0], [1, 3, 5], [2, 4, 9]],
        [[0.2, 0.2, 0.2], [0.5, 0.8, 0.4], [0.9, 0.8, 0.4]]))
    assert found["steps"] == pytest.approx([every, 2 / 3 * every, 2 * every])
    assert list(found["length"]) == [2, 3, 5] and list(found["whole"]) == [2, 4, 9]
    assert list(found["early"]) == [2.0, 1.0, 1.5]


def test_matrices_have_sources_in_rows_and_gains_that_are_better_when_larger():
    names = twenty_tasks.partners("calibration", "vehicles-1")
    losses = [[2.0] + [2.0] * 10, [1.0] + [0.1 * i for i in range(10)], [0.4] * 11]
    unit = unit_of(losses, np.ones((3, 11)).tolist(), np.ones((3, 11)).tolist())
    unit["few"]["early"] = [[1.0] + [0.1 * i for i in range(10)]]
    unit["few"]["loss"] = [[1.0] * 11]
    unit["few"]["accuracy"] = [[0.5] + [0.5 + 0.01 * i for i in range(10)]]
    worth, scratch = twenty_tables.worths({"to/vehicles-1": unit}, "calibration")
    column = worth["early"][:, twenty_tasks.NAMES.index("vehicles-1")]
    assert column[::2] == pytest.approx(1 - 0.1 * np.arange(10)) and np.isnan(column[1::2]).all()
    assert names == twenty_tasks.NAMES[::2] and np.isnan(worth["early"][:, 0]).all()
    few = worth["few"][::2, twenty_tasks.NAMES.index("vehicles-1")]
    assert few == pytest.approx(0.01 * np.arange(10))
    assert scratch["early"][twenty_tasks.NAMES.index("vehicles-1")] == 1.0


def test_a_measure_is_judged_within_its_part():
    """A measure that is the gain itself has correlation 1, no regret, and turned round -1; the
    partial correlation is that of the residuals of ranks."""
    rng = np.random.default_rng(0)
    gain = rng.standard_normal((20, 20))
    few = {"permutations": 99, "resamples": 19}
    found = twenty_tables.judged(gain, gain, "evaluation", **few)
    assert found["within"] == 1 and found["regret"] == 0 and found["p"] <= 0.02
    back = twenty_tables.judged(-gain, gain, "evaluation", **few)
    assert back["within"] == -1 and back["regret"] > twenty_tables.chance_regret(
        gain, "evaluation") > 0
    out = twenty_tables.group_pairs()
    assert (out & ~np.eye(20, dtype=bool)).sum() == 9 * 8 + 3 * 2 + 3 * 2 + 2 + 2
    spoilt = np.where(out, -gain, gain)
    assert twenty_tables.judged(spoilt, gain, "evaluation", out, **few)["within"] == 1


def test_raw_partial_and_columns_by_their_definition():
    rng = np.random.default_rng(0)
    gain, scratch, foretold = (rng.standard_normal(shape) for shape in ((20, 20), 20, 20))
    near = rng.standard_normal((20, 20)) + gain
    kept = twenty_tables.pairs_of("evaluation")
    assert kept.sum() == 290 and twenty_tables.pairs_of("calibration").sum() == 90
    x, y, z = (rankdata(m[kept]) for m in (near, gain - scratch, -np.tile(foretold, (20, 1))))
    rest = [v - np.polyval(np.polyfit(z, v, 1), z) for v in (x, y)]
    found = twenty_tables.raw(near, gain, scratch, foretold, "evaluation")
    assert found["partial"] == pytest.approx(np.corrcoef(*rest)[0, 1])
    assert found["raw"] == pytest.approx(spearmanr(x, y)[0])
    others = [near[kept[:, t] & (np.arange(20) != s), t].mean() for s, t in np.argwhere(kept)]
    assert found["column"] == pytest.approx(spearmanr(others, y)[0])


def test_reliability_is_the_mean_over_pairs_of_seeds():
    one = np.random.default_rng(0).standard_normal((20, 20))
    assert twenty_tables.reliability([one, 2 * one + 1], "evaluation") == pytest.approx(1)
    assert twenty_tables.reliability([one, one, -one], "evaluation") == pytest.approx(-1 / 3)
    assert np.isnan(twenty_tables.reliability([one], "evaluation"))


def test_gains_and_longer_roads_count_the_pairs_of_their_part():
    kept = twenty_tables.pairs_of("calibration")
    gain = np.where(kept, np.arange(20)[:, None] - 8.5, 1e6)  # by source; even ones 0, 2, ... 18
    found = twenty_tables.gains({"early": gain}, "calibration")[twenty_tables.WORTHS["early"]]
    assert found["mean gain"] == pytest.approx(0.5)  # of 0, 2, ..., 18 less 8.5
    assert found["pairs that gain"] == 0.5
    assert found["spread within targets"] == pytest.approx(np.mean(
        [np.std(np.delete(np.arange(0, 20, 2), i)) for i in range(10)]))
    one = np.ones((20, 20))
    readings = {"coupled": one, "coupled_riemannian": 2 * one, "coupled_drift": one,
                "uncoupled": np.where(np.arange(20) < 10, 2.0, 0.5), "uncoupled_drift": one,
                "uncoupled_riemannian": 1.5 * one}
    assert twenty_tables.longer(readings, "calibration") == {
        "(11) and (11)": 0.5, "(5) and (5)": 0, "(5) and (11), as printed": 1, "drift": 0}
