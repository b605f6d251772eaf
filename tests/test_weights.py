"""The fine-tuning distance: against SGD by hand."""

import copy
from dataclasses import replace

import pytest
import torch
from torch.nn.functional import cross_entropy

from tdist.tasks import Task
from tdist.transfer import fine_tuning
from tdist.transfer.randomness import FINE_TUNE, stream
from tests.transfers import QUICK, linear, points

pytestmark = pytest.mark.usefixtures("one_thread")


def flat(network):
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])


def pair():
    return points(40), points(40, classes=("b", "c", "a"), seed=1, shift=1.5)


@pytest.mark.parametrize(("sgd", "steps"), [
    ({}, 3), ({"momentum": 0.8, "weight_decay": 0.3}, 3), ({}, 28)])
def test_fine_tuning_is_the_length_of_the_weights_path(sgd, steps):
    """Some steps by hand: momentum and decay of the weights among them, and more than a look."""
    source, target = pair()
    settings = replace(QUICK, pretrain_steps=0, fine_tune_steps=steps, lr=0.1, **sgd)
    network = linear(3)
    found = fine_tuning(source, target, network, settings, seed=2, progress=False)
    again, rng, path = copy.deepcopy(network), stream(2, FINE_TUNE), 0.0
    velocity = [torch.zeros_like(weight) for weight in again.parameters()]
    for _ in range(steps):
        rows, before = torch.from_numpy(rng.integers(40, size=16)), flat(again)
        loss = cross_entropy(again(target.images[rows])[:, [1, 2, 0]], target.labels[rows])
        with torch.no_grad():
            for weight, v, gradient in zip(
                    again.parameters(), velocity, torch.autograd.grad(loss, again.parameters()),
                    strict=True):
                v.mul_(settings.momentum).add_(gradient + settings.weight_decay * weight)
                weight -= 0.1 * v
        path += (flat(again) - before).norm().item()
    assert found.full_length == pytest.approx(path, rel=1e-4)
    assert torch.allclose(flat(found.network), flat(again), atol=1e-6)


def test_fine_tuning_looks_every_25_steps_and_stops_at_a_look():
    source, target = pair()
    settings, network = replace(QUICK, pretrain_steps=0, fine_tune_steps=120, lr=0.1), linear(3)
    long = fine_tuning(source, target, network, settings, progress=False)
    assert len(long.accuracies) == len(long.losses) == 1 + 5
    first = next(i for i, a in enumerate(long.accuracies) if a >= 0.95 * long.accuracies[-1])
    assert long.stop == [0, 25, 50, 75, 100, 120][first]
    assert 0 < float(long) == long.length < long.full_length
    short = fine_tuning(source, target, network, replace(settings, fine_tune_steps=long.stop),
                        progress=False)
    assert long.length == pytest.approx(short.full_length, rel=1e-6)
    assert long.full_length > (flat(long.network) - flat(network)).norm().item()
    still = fine_tuning(source, source, long.network, replace(settings, lr=1e-9), progress=False)
    assert still.full_length < 1e-6


def test_fine_tuning_stops_at_95_percent_of_the_last_accuracy(monkeypatch):
    given = iter([(accuracy, 1.0) for accuracy in (0.1, 0.45, 0.75, 0.77, 0.8, 0.8)])
    monkeypatch.setattr("tdist.transfer.weights.evaluate", lambda *arguments: next(given))
    settings = replace(QUICK, pretrain_steps=0, fine_tune_steps=120)
    found = fine_tuning(points(40), points(40, seed=1), linear(3), settings, progress=False)
    assert found.stop == 75  # 0.77 is the first above 0.95 * 0.8


def test_fine_tuning_stops_where_95_percent_are_just_reached(monkeypatch):
    given = iter([(accuracy, 1.0) for accuracy in (0.1, 0.95, 1.0, 1.0)])
    monkeypatch.setattr("tdist.transfer.weights.evaluate", lambda *arguments: next(given))
    settings = replace(QUICK, pretrain_steps=0, fine_tune_steps=75)
    found = fine_tuning(points(40), points(40, seed=1), linear(3), settings, progress=False)
    assert found.stop == 25


@pytest.mark.parametrize(("accuracies", "stop"), [
    ((0.8, 0.8, 0.8), 0), ((0.1, 0.6, 0.4, 0.8), 75), ((0.1, 0.6, 0.9, 0.5), 25)])
def test_fine_tuning_is_judged_by_the_last_look_and_from_before_the_first_step(
        accuracies, stop, monkeypatch):
    given = iter([(accuracy, 1.0) for accuracy in accuracies])
    monkeypatch.setattr("tdist.transfer.weights.evaluate", lambda *arguments: next(given))
    settings = replace(QUICK, pretrain_steps=0, fine_tune_steps=25 * (len(accuracies) - 1))
    found = fine_tuning(points(40), points(40, seed=1), linear(3), settings, progress=False)
    assert found.stop == stop and (found.length == 0) == (stop == 0)


def test_fine_tuning_has_the_seed_0():
    given = (*pair(), linear(3), replace(QUICK, pretrain_steps=0, fine_tune_steps=3))
    lengths = [fine_tuning(*given, progress=False, **seed).full_length
               for seed in ({}, {"seed": 0}, {"seed": 1})]
    assert lengths[0] == lengths[1] != lengths[2]


def test_fine_tuning_shows_augmented_pictures():
    pictures = torch.rand(12, 3, 8, 8, generator=torch.manual_seed(0))
    task = Task("pictures", pictures, torch.arange(12) % 3, ("a", "b", "c"))
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 3))
    settings = replace(QUICK, pretrain_steps=0, fine_tune_steps=5)
    plain, augmented, again = (
        fine_tuning(task, task, network, replace(settings, augment=augment), progress=False)
        for augment in (False, True, True))
    assert augmented.full_length == again.full_length != plain.full_length
