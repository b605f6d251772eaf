"""What the study of noise found, as data frames: roads at each rate and at rate 0, seeds, and how
often one kind of road is longer than another."""

import numpy as np
from scipy.stats import t as student

from tdist.manners import need

KINDS = {"beta": "coupled, Beta", "linear": "coupled, linear", "uncoupled": "uncoupled"}
NUMBERS = ("length", "riemannian", "drift", "error", "riemannian_drift", "riemannian_error",
           "accuracy")
# on which side of the root an uncoupled and a coupled road are read
PAIRINGS = {"(11) / (11)": ("", ""), "(5) / (5)": ("riemannian_", "riemannian_"),
            "(5) / (11), as printed": ("riemannian_", "")}


def interval(replicas):
    """Half the width of an interval of 95% in standard errors: Student's t, replicas - 1 degrees
    of freedom."""
    return student.ppf(0.975, replicas - 1)


def at_rate_0(fine, coarse):
    """The length of a road carried on to the rate 0, :eq:`eq-rate-0`, from the same road at a rate
    and at 4 times it: by equation 11, and by equation 5."""
    fine_root, coarse_root = (np.array(road["riemannian_steps"]) for road in (fine, coarse))
    square = (4 * fine_root**2 - coarse_root**2) / 3
    root = np.sign(square) * np.sqrt(np.abs(square))
    return np.sum(np.array(fine["steps"]) * root / fine_root), np.sum(root)


def rates(stored):
    """All roads between two tasks, by (rate, kind, source, target); at the rate 0 lengths only."""
    pd, rows = need("pandas"), []
    small, middle, *_ = sorted(stored["config"]["rates"], key=float)
    for key, unit in stored["units"].items():
        if key.startswith("rates/"):
            _, source, target, kind = key.split("/")
            road = {"kind": kind, "source": source, "target": target}
            length, root = at_rate_0(unit[small], unit[middle])
            rows.append(road | {"rate": 0.0, "length": length, "riemannian": root})
            rows += [road | {"rate": float(rate)} | {name: found[name] for name in NUMBERS}
                     for rate, found in unit.items()]
    return pd.DataFrame(rows).set_index(["rate", "kind", "source", "target"]).sort_index()


def seeds(stored):
    """One pair at many seeds, by (road, replicas): what the drift does, and what its error says."""
    pd, rows = need("pandas"), {}
    for key, unit in stored["units"].items():
        if key.startswith("seeds/"):
            _, kind, replicas = key.split("/")
            drift, error = np.array(unit["drift"]), np.array(unit["error"])
            far = np.abs(drift - drift.mean())
            rows[KINDS[kind], int(replicas)] = {
                "length": np.mean(unit["length"]), "drift": drift.mean(),
                "spread of the drift": drift.std(ddof=1),
                "stated error": np.sqrt(np.mean(error**2)),
                "covers": np.mean(far < interval(int(replicas)) * error)}
    return pd.DataFrame(rows).T.rename_axis(["road", "replicas"])


def stays(stored):
    """Roads from a task to itself, by (road, task)."""
    pd = need("pandas")
    return pd.DataFrame({
        (KINDS[key.split("/")[2]], key.split("/")[1]): {
            "length": unit["length"], "drift": unit["drift"], "standard error": unit["error"]}
        for key, unit in stored["units"].items() if key.startswith("stay/")
    }).T.rename_axis(["road", "task, to itself"])


def longer(roads, what, rate, pairing, kinds=("uncoupled", "beta"), replicas=2):
    """In how many pairs the first kind of road is longer than the second: (all, clearly longer,
    clearly shorter, pairs); clear is a difference outside its interval, which lengths lack.

    what: "length" or "drift". pairing: of :data:`PAIRINGS`, the first kind's equation first.
    """
    (a, a_error), (b, b_error) = (
        _column(roads.loc[rate, kind], what, reading)
        for kind, reading in zip(kinds, PAIRINGS[pairing], strict=True))
    more = (a - b).dropna()
    clear = more.abs() > interval(replicas) * np.hypot(a_error, b_error)[more.index]
    return int((more > 0).sum()), int((more[clear] > 0).sum()), int((more[clear] < 0).sum()), len(
        more)


def _column(frame, what, reading):
    if what == "drift":
        return frame[f"{reading}drift"], frame[f"{reading}error"]
    length = frame["riemannian" if reading else "length"]
    return length, 0 * length
