"""What the stored studies of the length without noise say, at the sizes that they were run at."""

import numpy as np
import pytest
from scipy.stats import t as student

from tdist.studies import known_lengths, noise
from tdist.studies.results import load
from tests.test_studies import STORED


def units(study, prefix=""):
    return {key: unit for key, unit in load(study, STORED)["units"].items()
            if key.startswith(prefix)}


def test_known_lengths_are_found():
    """Of every pair of Gaussian tasks and kind of road: within 1% in at least nine seeds of ten,
    and within the interval of 95% in at least 90% of all."""
    inside = []
    for key, unit in units("known_lengths").items():
        if key == "first seed":
            continue
        for reading in ("", "riemannian "):
            known, drift, error = (np.array(unit[name]) for name in (
                f"known {reading}".strip(), f"{reading}drift", f"{reading}error"))
            assert np.mean(np.abs(drift / known - 1) < 0.01) >= 0.9, key
            wide = error * student.ppf(0.975, known_lengths.REPLICAS - 1)
            inside += list(np.abs(drift - known) < wide)
        assert np.mean(unit["length"]) > 1.005 * unit["known"], key  # which holds the noise
    assert len(inside) == 120 and np.mean(inside) >= 0.9


def test_the_drift_does_not_depend_on_the_rate():
    """At a quarter of the rate: within 5% for every pair that moves, and within its error for the
    others; the length is 5% off and more for nearly all."""
    lengths = []
    for key, unit in units("noise", "rates/").items():
        high, low = unit["0.0125"], unit["0.003125"]
        for reading in ("", "riemannian_"):
            drift = [rate[f"{reading}drift"] for rate in (high, low)]
            error = np.hypot(*(rate[f"{reading}error"] for rate in (high, low)))
            if min(drift) > 0.1:
                assert drift[0] == pytest.approx(drift[1], rel=0.05), key
            assert abs(drift[0] - drift[1]) < error * student.ppf(0.975, noise.REPLICAS - 1), key
        lengths.append(high["length"] / low["length"])
    assert len(lengths) == 60
    assert np.mean(np.array(lengths) > 1.05) > 0.9 and np.median(lengths) > 1.1


def test_the_length_without_noise_is_what_the_rate_0_leaves():
    """A step's squared length by (5) is linear in the rate."""
    for key, unit in units("noise", "rates/").items():
        high, low = (np.array(unit[rate]["riemannian_steps"]) for rate in ("0.0125", "0.003125"))
        none = np.sqrt(np.maximum((4 * low**2 - high**2) / 3, 0)).sum()
        drift, error = (unit["0.003125"][f"riemannian_{name}"] for name in ("drift", "error"))
        assert abs(none - drift) < max(0.05 * drift, 3 * error), key


def test_a_task_that_stays_has_no_drift_of_its_own():
    """Uncoupled, from a converged task to itself; and its error covers over seeds."""
    stay = units("noise", "stay/")
    own = [unit for key, unit in stay.items() if key.endswith("uncoupled") and "/all/" not in key]
    wide = student.ppf(0.975, noise.REPLICAS - 1)
    assert len(own) == 4
    assert sum(abs(unit["drift"]) < wide * unit["error"] for unit in own) >= 3
    for unit in own:
        assert abs(unit["drift"]) < 0.25 * unit["length"]
    for key, unit in units("noise", "seeds/").items():
        drift, error = (np.array(unit[name]) for name in ("drift", "error"))
        wide = error * student.ppf(0.975, int(key.split("/")[-1]) - 1)
        assert np.mean(np.abs(drift - drift.mean()) < wide) >= 0.9, key
        assert 0.7 < np.sqrt(np.mean(error**2)) / drift.std(ddof=1) < 1.6, key
