"""Settings: what is refused, what is the same, and what SGD is told."""

import copy
import pickle
from dataclasses import asdict, fields, replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from tdist.transfer import Settings
from tdist.transfer.checks import checked
from tests.transfers import linear, points

WHOLE = [field.name for field in fields(Settings) if "int" in str(field.type)]
NUMBERS = [field.name for field in fields(Settings) if "float" in str(field.type)]
SWITCHES = [field.name for field in fields(Settings) if field.type is bool]
# what may stand for a number
OTHERS = {"visits": ("affordable", "all", None), "scale": ("block", "mean")}
STRINGS = [field.name for field in fields(Settings) if field.type is str]


def test_every_field_has_a_kind():
    named = WHOLE + NUMBERS + STRINGS + SWITCHES
    assert sorted(named) == sorted(field.name for field in fields(Settings))
    assert [len(kind) for kind in (WHOLE, NUMBERS, STRINGS, SWITCHES)] == [9, 9, 4, 3]


@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers(name):
    for same in (np.int64(3), np.uint8(3), 3, 3.0, np.float64(3)):
        found = Settings(**{name: same})
        assert found == Settings(**{name: 3})
        assert type(getattr(found, name)) is int
        assert repr(found) == repr(Settings(**{name: 3}))
    for wrong in ("3", True, np.True_, [3], torch.tensor(3)):
        with pytest.raises(TypeError, match=f"{name} must be a whole number, at least"):
            Settings(**{name: wrong})
    for wrong in (-1, 3.5, np.nan, np.inf):
        with pytest.raises(ValueError, match=f"{name} must be a whole number, at least"):
            Settings(**{name: wrong})


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers(name):
    for same in (np.float64(0.5), np.float32(0.5), Fraction(1, 2), 0.5):
        found = Settings(**{name: same})
        assert found == Settings(**{name: 0.5})
        assert type(getattr(found, name)) is float
    for wrong in ("0.5", None, True, 1j, torch.tensor(0.5), [0.5]):
        with pytest.raises(TypeError, match=f"{name} must be a number, got"):
            Settings(**{name: wrong})
    for wrong in (-0.5, np.nan, np.inf, -np.inf, np.float32("nan")):
        with pytest.raises(ValueError, match=f"{name} must be .* finite, got"):
            Settings(**{name: wrong})


@pytest.mark.parametrize("name", OTHERS)
def test_what_stands_for_a_number(name):
    for other in OTHERS[name]:
        assert getattr(Settings(**{name: other}), name) == other
        if other:
            assert repr(Settings(**{name: np.str_(other)})) == repr(Settings(**{name: other}))
    with pytest.raises(TypeError, match=f"{name} must be a .*number.*'every'"):
        Settings(**{name: "every"})


@pytest.mark.parametrize("name", SWITCHES)
def test_switches(name):
    assert getattr(Settings(**{name: True}), name) is True
    for wrong in (1, 0, None, "yes", np.True_):
        with pytest.raises(TypeError, match=f"{name} must be True or False, got"):
            Settings(**{name: wrong})


def test_times_of_the_looks():
    even, arcsine = Settings(steps=10), Settings(steps=10, clock="arcsine")
    assert [even.time(k) for k in (0, 0.5, 5, 10)] == [0, 0.05, 0.5, 1]
    times = [arcsine.time(k) for k in range(11)]
    assert times == sorted(times)
    assert [times[0], times[5], times[10]] == [0, 0.5, 1]  # exactly: shares at the ends are
    for k in (1, 3.5):  # the two branches, and their symmetry
        x = k / 10
        assert arcsine.time(k) == pytest.approx(0.5 - 2 / np.pi * np.arcsin(np.sqrt(0.5 - x)))
        assert arcsine.time(10 - k) == pytest.approx(1 - arcsine.time(k))
    assert times[1] < 0.07 and times[5] - times[4] > 0.15  # slow at the ends, fast in the middle


def test_a_rate_that_anneals_has_the_same_mean():
    steady, falling = Settings(lr=0.1), Settings(lr=0.1, anneal=True)
    optimiser = steady.optimiser(torch.nn.Linear(1, 1))
    for settings, expected in ((steady, [0.1] * 4), (falling, [0.175, 0.125, 0.075, 0.025])):
        rates = []
        for j in range(4):
            settings.pace(optimiser, j, 4)
            rates.append(optimiser.param_groups[0]["lr"])
        assert rates == pytest.approx(expected)


def test_the_published_program():
    """Every number of it; a change of the steps keeps the unit of its proximal weight."""
    found = Settings.published()
    assert asdict(found) == {
        "steps": 100, "sgd_steps": 200, "batch": 20, "lr": 8e-4, "momentum": 0.9,
        "weight_decay": 5e-4, "pretrain_steps": 600 * 2500 // 20,
        "fine_tune_steps": 160 * 2500 // 20, "iterations": 4, "block": 25, "visits": "all",
        "start_entropy": 2e-3, "entropy": 0, "proximal": 0.05 / 2, "growth": 5, "tolerance": 1e-4,
        "head": "union", "mixing": "linear", "step": "kl", "clock": "arcsine",
        "scale": pytest.approx(2**0.5 * 100), "anneal": False, "rounds": 1, "frozen_norm": False,
        "augment": True}
    assert found.steps * found.sgd_steps == 160 * 2500 // 20
    assert Settings.published(steps=10, head="gated").scale == pytest.approx(2**0.5 * 10)
    assert Settings.published(scale="mean").scale == "mean"


@pytest.mark.parametrize("name", STRINGS)
def test_strings(name):
    value = getattr(Settings(), name)
    assert repr(Settings(**{name: np.str_(value)})) == repr(Settings())
    with pytest.raises(ValueError, match=f"{name} must be one of .* got 'other'"):
        Settings(**{name: "other"})
    for wrong in (None, 3, (value,)):
        with pytest.raises(TypeError, match=f"{name} must be a string, one of"):
            Settings(**{name: wrong})


def test_bounds():
    for wrong in ({"lr": 0}, {"steps": 0}, {"sgd_steps": 0}, {"batch": 0}, {"fine_tune_steps": 0},
                  {"iterations": 0}, {"block": 1}, {"visits": 0}, {"momentum": 1}, {"growth": 0},
                  {"start_entropy": 0}, {"tolerance": 0}, {"entropy": 0, "proximal": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Settings(**wrong)
    Settings(pretrain_steps=0, visits=None, entropy=0, momentum=0, weight_decay=0)
    Settings(proximal=0)


def test_equal_settings_are_the_same_in_every_way():
    one, two = Settings(momentum=0, growth=5), Settings(momentum=0.0, growth=np.float32(5))
    assert (one, repr(one), hash(one)) == (two, repr(two), hash(two))
    assert asdict(pickle.loads(pickle.dumps(one))) == asdict(copy.deepcopy(two)) == asdict(one)
    assert type(replace(one, growth=3).growth) is float


def test_the_optimiser_has_every_field_of_sgd():
    settings = Settings(lr=0.3, momentum=0.7, weight_decay=0.2)
    (group,) = settings.optimiser(torch.nn.Linear(2, 2)).param_groups
    assert (group["lr"], group["momentum"], group["weight_decay"]) == (0.3, 0.7, 0.2)


def test_a_run_without_settings_has_the_default_ones():
    settings, head, seed = checked(points(), points(seed=1), linear(3), seed=4)
    assert settings == Settings() and (head.size, seed) == (3, 4)
