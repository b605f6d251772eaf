"""What an iteration does between two roads: the next coupling in every unit, features seen once;
and a transfer against one that is put together from its parts."""

import copy
import itertools
import warnings
from dataclasses import astuple, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from tdist import couplings
from tdist.transfer import Settings, coupled, iterations, states, uncoupled
from tdist.transfer.blocks import Blocks
from tdist.transfer.heads import Head
from tdist.transfer.iterations import _once, _vouch, next_coupling
from tdist.transfer.randomness import stream
from tdist.transfer.roads import travel
from tdist.transfer.training import evaluate, pretrain
from tests.transfers import QUICK, linear, points

# it stops early, so that there are gaps to tell; an own growth, and number of the iteration
LOOSE = Settings(entropy=0.03, proximal=2.0, growth=3.0, tolerance=0.02)
NUMBER = 2


def blocks(n=4):
    """Costs of six blocks, of means 1, 4, 0.5, none (not measured), 0 (nothing moved) and 0.25, and
    couplings of before."""
    rng = np.random.default_rng(0)
    cost = rng.random((6, n, n))
    cost *= (np.array([1, 4, 0.5, np.nan, 0, 0.25]) / cost.mean((1, 2)))[:, None, None]
    cost[0] = np.round(cost[0] * 64) / 64  # so that its mean can be 1 to the last digit
    cost[0, 0, 0] += 16 - cost[0].sum()
    previous = couplings.entropic(rng.random((6, n, n)), entropy=0.5).coupling
    return torch.from_numpy(cost), torch.from_numpy(previous)


@pytest.mark.parametrize("scale", ["block", "mean", 0.5])
def test_the_next_coupling_is_a_proximal_step_in_its_unit(scale):
    cost, previous = blocks()
    settings = replace(LOOSE, scale=scale)
    means = cost.mean((1, 2)).numpy()
    units = np.full(6, np.nanmean(means) if scale == "mean" else 0.5)
    units = means.copy() if scale == "block" else units
    units[3:5] = 1  # where there is none
    with warnings.catch_warnings(action="error"):  # the transfer vouches for the gap, not the step
        found, gap = next_coupling(cost, previous, settings, NUMBER)
    with warnings.catch_warnings(action="ignore", category=couplings.GapWarning):
        step = couplings.proximal(cost.nan_to_num() / torch.from_numpy(units)[:, None, None],
                                  previous, 0.03, 2.0 * 3**2, 0.02)
    measured = [0, 1, 2, 5]
    assert torch.allclose(found[measured], step.coupling[measured], rtol=1e-9, atol=1e-12)
    assert (found[measured] - previous[measured]).abs().amax((1, 2)).min() > 1e-3
    assert torch.equal(found[3:5], previous[3:5])
    own = units if scale == "mean" else means
    shares = step.gap.numpy()[measured] * units[measured] / own[measured]
    assert 1e-6 < gap < 1 and gap == pytest.approx(shares.max(), rel=1e-6)


@pytest.mark.parametrize("scale", ["block", "mean"])
def test_where_nothing_moved_or_was_seen_all_couplings_stay(scale):
    _, previous = blocks()
    for cost in (torch.zeros(6, 4, 4), torch.full((6, 4, 4), torch.nan)):
        found, gap = next_coupling(cost.double(), previous, replace(LOOSE, scale=scale), 0)
        assert torch.equal(found, previous) and gap == 0


def test_only_the_warning_about_the_gap_is_held_back(monkeypatch):
    cost, previous = blocks()
    plain = couplings.proximal
    monkeypatch.setattr(couplings, "proximal",
                        lambda *args: warnings.warn("other", stacklevel=1) or plain(*args))
    with pytest.warns(match="other") as seen:
        next_coupling(cost, previous, LOOSE, 0)
    assert len(seen) == 1


def test_a_gap_at_the_tolerance_is_within_it():
    with warnings.catch_warnings(action="error"):
        _vouch(LOOSE.tolerance, LOOSE, "coupling", "entropy")
    with pytest.warns(RuntimeWarning, match=r"coupling has a duality gap of 0\.03 .* tolerance of "
                                            r"0\.02.*a larger entropy closes it"):
        _vouch(0.03, LOOSE, "coupling", "entropy")


def test_features_are_those_of_the_task_and_seen_once():
    looked, a, b = [], points(8), points(6, seed=1)

    def features(task):
        looked.append(task)
        return task.images.flatten(1) * 2

    of = _once(features)
    for task in (a, b, a, b):
        assert torch.equal(of(task), task.images.flatten(1).double() * 2)
    assert len(looked) == 2 and looked[0] is a and looked[1] is b
    assert _once(None) is None


def test_a_stream_is_of_its_purpose_number_and_replica():
    for given, seed in (((3, 5), [3, 5, 0]), ((3, 5, 2), [3, 5, 2]), ((3, 5, 2, 1), [3, 5, 2, 1]),
                        ((2**40, 5), [2**40, 5, 0])):
        assert stream(*given).random() == np.random.default_rng(seed).random()


def given():
    """No argument by default: two tasks of more images than two roads of one look a step see,
    images that SGD does not see, dropout and momentum, replicas and a seed."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 6), nn.Dropout(0.3), nn.Linear(6, 5))
    return {"source": points(23), "target": points(21, ("c", "d"), seed=1, name="there"),
            "network": network, "classes": ("e", "d", "c", "b", "a"), "seed": 4, "replicas": 2,
            "test": [points(11, seed=7), points(12, ("c", "d"), seed=8, name="there")],
            "settings": replace(QUICK, iterations=2, steps=2, pretrain_steps=6, momentum=0.3,
                                visits=1, entropy=0.04, start_entropy=0.06, tolerance=1e-4)}


def by_parts(joined, features=None):
    """The same transfer from its parts: roads, states of the couplings and costs that are known."""
    with_it = given()
    settings, seed, tasks = with_it["settings"], 4, (with_it["source"], with_it["target"])
    head = Head(*(task.classes for task in tasks), settings.head, with_it["classes"])
    parts = [Blocks(*pair, settings.block, seed) for pair in (tasks, with_it["test"])]
    gaps = [part.start(features, 0.06, 1e-4) for part in parts] if joined else [np.nan]
    start = pretrain(tasks[0], copy.deepcopy(with_it["network"]), head, settings, seed, False)
    moving = [copy.deepcopy(start) for _ in range(2)]
    roads, known, rows = [], None, []
    for number in range(2 if joined else 1):
        for network in moving:
            network.load_state_dict(start.state_dict())
        road = travel(moving, parts, head, settings, seed, "beta" if joined else "mixture",
                      number=number)
        roads.append(road)
        row = {"length": sum(road.steps), "riemannian_length": sum(road.riemannian_steps)}
        if joined:
            cost, before = road.costs[0], parts[0].coupling
            reached = [b for b in range(len(cost)) if not cost[b].isnan().any()]
            assert 0 < len(reached) < len(cost)  # as `visits` says
            new = [next_coupling(cost, part.coupling, settings, number)
                   for cost, part in zip(road.costs, parts, strict=True)]
            for part, (coupling, _) in zip(parts, new, strict=True):
                part.coupling = coupling
            row |= {"gap": new[0][1], "independent_cost": cost[reached].mean().item(),
                    "coupled_cost": np.mean([(parts[0].coupling[b] * cost[b]).sum().item()
                                             for b in reached]),
                    "moved": np.mean([(parts[0].coupling[b] - before[b]).abs().sum().item() / 2
                                      for b in range(len(cost))])}
            known = cost if known is None else torch.stack(
                [cost[b] if b in reached else known[b] for b in range(len(cost))])
        rows.append(row)
    return parts, head, moving[0], roads, known, rows, gaps[0]


@pytest.mark.parametrize(("joined", "features"), [
    (True, None), (True, lambda task: task.images.flatten(1)[:, :1] ** 2), (False, None)])
def test_a_transfer_is_made_of_its_parts(joined, features, one_thread):
    more = {"features": features} if joined else {}
    found = (coupled if joined else uncoupled)(**given(), **more, progress=False)
    parts, head, network, roads, known, rows, gap = by_parts(joined, features)
    assert len(found.iterations) == len(rows)
    for one, road, row in zip(found.iterations, roads, rows, strict=True):
        for name in ("steps", "riemannian_steps", "train_loss", "test_loss", "readings", "rounds"):
            assert getattr(one, name) == getattr(road, name)
        assert one.drifts == [astuple(drift) for drift in road.drifts]
        for name in ("length", "riemannian_length", "gap", "independent_cost", "coupled_cost",
                     "moved"):
            assert getattr(one, name) == pytest.approx(row.get(name, np.nan), nan_ok=True)
    assert found.length == rows[-1]["length"] and found.readings == roads[-1].readings
    assert found.riemannian_length == rows[-1]["riemannian_length"]
    weights = zip(found.network.state_dict().values(), network.state_dict().values(), strict=True)
    assert all(torch.equal(*pair) for pair in weights)
    assert (found.accuracy, found.loss) == evaluate(network, given()["test"][1], head)
    assert (found.drift, found.drift_error) == pytest.approx(found.iterations[-1].drift[:2])
    assert found.start_gap == pytest.approx(gap, nan_ok=True)
    if joined:
        assert torch.equal(found.coupling, parts[0].coupling)
        assert torch.equal(found.cost.nan_to_num(-1), known.nan_to_num(-1))
    else:
        assert found.coupling is None and found.cost is None


class Bar:
    """A progress bar that is looked at."""

    def __init__(self, **given):
        self.given, self.done = given, given["initial"]
        Bar.last = self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def update(self, count=1):
        self.done += count


def test_the_bar_counts_every_step_of_every_road(tmp_path, monkeypatch):
    """From the start, of a run that goes on, and of one that goes on inside a road."""
    monkeypatch.setattr(iterations, "tqdm", Bar)
    pair, plain = (points(12), points(12, seed=1, name="there"), linear(3)), states.save
    quick = replace(QUICK, iterations=2, steps=3, pretrain_steps=1)
    for progress in (True, False):
        uncoupled(*pair, quick, progress=progress)
        assert Bar.last.given == {"total": 3, "initial": 0, "desc": "points to there, uncoupled",
                                  "disable": not progress}
        assert Bar.last.done == 3
    coupled(*pair, quick, save=tmp_path / "run.pt", progress=False)
    assert Bar.last.given == {"total": 6, "initial": 0, "desc": "points to there", "disable": True}
    assert Bar.last.done == 6

    def dies(path, state):
        plain(path, state)
        if state["road"] and len(state["road"]["rounds"]) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(iterations, "SAVE_EVERY", -1)
    monkeypatch.setattr(states, "save", dies)
    more = {"settings": replace(quick, iterations=3), "save": tmp_path / "run.pt"}
    with pytest.raises(KeyboardInterrupt):
        coupled(*pair, **more, progress=False)
    monkeypatch.setattr(states, "save", plain)
    coupled(*pair, **more, progress=False)
    assert (Bar.last.given["total"], Bar.last.given["initial"], Bar.last.done) == (9, 6, 9)


def test_a_road_is_kept_when_half_a_minute_has_passed(monkeypatch, tmp_path):
    """By a clock that is 10 seconds on whenever it is looked at."""
    seconds, kept, plain = itertools.count(0, 10), [], states.save

    def save(path, state):
        assert path == tmp_path / "run.pt"
        kept.append(len(state["road"]["rounds"]) if state["road"] else None)
        plain(path, state)

    monkeypatch.setattr(iterations, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    monkeypatch.setattr(states, "save", save)
    coupled(points(12), points(12, seed=1), linear(3), replace(QUICK, iterations=1, steps=9),
            save=tmp_path / "run.pt", progress=False)
    assert kept == [None, 4, 8, None]  # before the road, in it, and after


@pytest.mark.parametrize(("distance", "kind"), [(coupled, "beta"), (uncoupled, "mixture")])
def test_a_file_knows_every_argument(distance, kind, tmp_path, monkeypatch):
    seen, plain, everything = [], states.identity, given()
    monkeypatch.setattr(states, "identity", lambda *args: seen.append(args) or plain(*args))
    more = {"features": lambda task: task.images.flatten(1)} if distance is coupled else {}
    found = distance(**everything, **more, save=tmp_path / "run.pt", progress=False)
    (source, target, network, settings, classes, features, test, seed, mixing, replicas), = seen
    for name, value in (("source", source), ("target", target), ("network", network)):
        assert value is everything[name]
    assert (settings, tuple(classes)) == (everything["settings"], everything["classes"])
    assert list(map(id, test)) == list(map(id, everything["test"]))
    assert (seed, mixing, replicas) == (4, kind, 2) and bool(features) == bool(more)
    monkeypatch.setattr(iterations, "_iterate", None)  # nothing is left to do
    again = distance(**everything, **more, save=tmp_path / "run.pt", progress=False)
    assert again.length == found.length
    for change in ({"seed": 5}, {"replicas": 3}, {"classes": ("a", "b", "c", "d", "e")}):
        with pytest.raises(ValueError, match=next(iter(change))):
            distance(**(everything | change), **more, save=tmp_path / "run.pt", progress=False)


@pytest.mark.parametrize(("now", "later", "settled"), [
    (1.0, 0.955, True), (1.0, 0.94, False), (0.1, 0.092, True), (0.1, 0.085, False),
    (4.0, 3.81, True)])
def test_a_result_says_what_still_falls_and_the_last_roads_drifts(now, later, settled, monkeypatch):
    """Settled: by no more than 5% of the loss, or .01 nats."""
    seeds = []
    monkeypatch.setattr(iterations, "settling", lambda network, task, head, settings, seed:
                        seeds.append(seed) or (now, later))
    settings = replace(QUICK, iterations=1, steps=2, pretrain_steps=2)
    found = coupled(points(), points(seed=1), linear(3), settings, seed=5, replicas=2,
                    progress=False)
    assert seeds == [5] and found.falling == now - later and found.settled == settled
    assert found.iterations[-1].drift == (found.drift, found.drift_error, found.riemannian_drift,
                                          found.riemannian_drift_error)
