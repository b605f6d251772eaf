"""Settings: what is refused, what is the same, and what SGD is told."""

import copy
import pickle
from dataclasses import asdict, fields, replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from tdist.transfer import Settings

WHOLE = [field.name for field in fields(Settings) if "int" in str(field.type)]
NUMBERS = [field.name for field in fields(Settings) if field.type is float]
STRINGS = [field.name for field in fields(Settings) if field.type is str]


def test_every_field_has_a_kind():
    assert sorted(WHOLE + NUMBERS + STRINGS) == sorted(field.name for field in fields(Settings))
    assert (len(WHOLE), len(NUMBERS), len(STRINGS)) == (8, 8, 3)


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
