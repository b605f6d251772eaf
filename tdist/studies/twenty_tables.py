"""What the stored units of the twenty tasks say: matrices (sources, targets) of every measure and
of what each source is worth, and how well the one foretells the other."""

from itertools import combinations

import numpy as np
from scipy.stats import rankdata

from tdist.agreement import within
from tdist.agreement.same_target import correlations
from tdist.selection import regret
from tdist.studies.twenty_tasks import EVEN, MANY, NAMES, partners

FAR = ("coupled", "coupled_riemannian", "coupled_drift", "coupled_V", "uncoupled",
       "uncoupled_riemannian", "uncoupled_drift", "uncoupled_V", "fine_tuning", "fine_tuning_full")
NEAR = ("h", "adjusted", "shrunk", "loo", "knn", "mean", "logme", "transrate", "leep", "nce")
RIVALS = ("wasserstein", "earth_mover", "otdd", "embedding", "fisher", "task2vec",
          "task2vec_asymmetric")  # of tdist.studies.twenty_rivals
MEASURES = {"coupled": "coupled, L", "coupled_riemannian": "coupled, by (5)",
            "coupled_drift": "coupled, drift", "coupled_V": "coupled, V",
            "uncoupled": "uncoupled, L", "uncoupled_riemannian": "uncoupled, by (5)",
            "uncoupled_drift": "uncoupled, drift", "uncoupled_V": "uncoupled, V",
            "fine_tuning": "fine-tuning, path to 95%",
            "fine_tuning_full": "fine-tuning, whole path",
            "h": "H-score", "adjusted": "H-score, adjusted", "shrunk": "H-score, shrunk",
            "loo": "leave-one-out", "knn": "nearest neighbours", "mean": "nearest mean",
            "logme": "LogME", "transrate": "TransRate", "leep": "LEEP", "nce": "NCE"}  # in words
WORTHS = {"early": "loss of the first 100 steps, 10 labels a class",
          "last": "loss after them", "few": "accuracy after them",
          "end": "accuracy after 400 steps, all labels",
          "steps": "steps to scratch's loss at 200", "length": "weights' path to 95%",
          "whole": "weights' whole path"}
CALIBRATION = np.isin(NAMES, EVEN)[:, None] & np.isin(NAMES, EVEN)


def measured(units):
    """{measure: matrix (sources, targets)}, as stored; NaN where a unit is missing."""
    found = {name: np.full((len(NAMES), len(NAMES)), np.nan) for name in (*FAR, *NEAR)}
    for source in _stored(units, "from"):
        for target, numbers in units[f"from/{source}"]["to"].items():
            for name, matrix in found.items():
                matrix[NAMES.index(source), NAMES.index(target)] = numbers[name]
    return found


def worths(units, part):
    """{truth: matrix (sources, targets)}, larger is better, each less the same from scratch, and
    {truth: what scratch itself reaches, (targets,)}.

    "early": mean loss of the first steps with few labels, in nats; "last" and "few": loss and
    accuracy at their end; "end": accuracy after a fixed budget with all labels; "steps": SGD steps
    to the loss that scratch has after half of it; "length" and "whole": the path of the weights to
    95% of the final accuracy, and all of it, in units of weights.
    """
    found = {name: np.full((len(NAMES), len(NAMES)), np.nan) for name in WORTHS}
    scratch = {name: np.full(len(NAMES), np.nan) for name in WORTHS}
    for target in _stored(units, "to"):
        numbers, column = _worth(units[f"to/{target}"]), NAMES.index(target)
        rows = [NAMES.index(source) for source in partners(part, target)]
        for name, (none, *some) in numbers.items():
            gain = np.array(some) - none if name in ("few", "end") else none - np.array(some)
            found[name][rows, column], scratch[name][column] = gain, none
    return found, scratch


def _stored(units, way):
    return [name for name in NAMES if f"{way}/{name}" in units]


def _worth(unit):
    """{truth: one number for each network, scratch first}."""
    few, many = unit["few"], {name: np.array(one) for name, one in unit["many"].items()}
    losses, lengths = many["loss"], many["length"]
    level = losses[len(losses) // 2, 0]
    reached = many["accuracy"] >= 0.95 * many["accuracy"][-1]
    few = {name: np.mean(one, axis=0) for name, one in few.items()}
    return {"early": few["early"], "last": few["loss"], "few": few["accuracy"],
            "end": many["accuracy"][-1],
            "steps": [_steps_to(level, column) for column in losses.T],
            "length": lengths[reached.argmax(0), np.arange(lengths.shape[1])],
            "whole": lengths[-1]}


def _steps_to(level, losses):
    """SGD steps to a loss, by a straight line between two looks; all of them if it is not met."""
    met = np.flatnonzero(losses <= level)
    if not met.size or met[0] == 0:
        return (len(losses) - 1 if not met.size else 0) * MANY["every"]
    before, after = losses[met[0] - 1:met[0] + 1]
    return (met[0] - (level - after) / (before - after)) * MANY["every"]


def over_seeds(runs, part):
    """Means over seeds of :func:`measured` and :func:`worths`: measures, worths, scratch.

    runs: the units of each seed.
    """
    found = [(measured(units), *worths(units, part)) for units in runs]
    return tuple({name: np.mean([one[name] for one in each], axis=0) for name in each[0]}
                 for each in zip(*found, strict=True))


def gains(worth, part):
    """{worth in words: its mean gain over scratch, the share of pairs that gain, and the mean over
    targets of the standard deviation over sources}."""
    kept = pairs_of(part)
    found = {}
    for name, m in worth.items():
        columns = [column[rows] for column, rows in zip(m.T, kept.T, strict=True) if rows.any()]
        found[WORTHS[name]] = {"mean gain": m[kept].mean(), "pairs that gain": (m[kept] > 0).mean(),
                               "spread within targets": np.mean([np.std(c) for c in columns])}
    return found


def longer(measures, part):
    """Share of pairs whose uncoupled road is the longer one, by pairs of readings."""
    readings = {"(11) and (11)": ("uncoupled", "coupled"),
                "(5) and (5)": ("uncoupled_riemannian", "coupled_riemannian"),
                "(5) and (11), as printed": ("uncoupled_riemannian", "coupled"),
                "drift": ("uncoupled_drift", "coupled_drift")}
    return {label: (measures[a] > measures[b])[pairs_of(part)].mean()
            for label, (a, b) in readings.items()}


def reliability(matrices, part):
    """How well one seed foretells another within targets: Spearman's correlation, the mean over
    targets and pairs of seeds; NaN for one seed."""
    kept = pairs_of(part)
    found = [correlations(*(np.where(kept, one, np.nan) for one in two))
             for two in combinations(matrices, 2)]
    return float(np.nanmean(found)) if found else np.nan


def costs(units):
    """{measure: processor seconds a pair}; of "coupled" and "uncoupled" for all their readings."""
    pairs = [numbers for source in _stored(units, "from")
             for numbers in units[f"from/{source}"]["to"].values()]
    keys = [key for key in pairs[0] if key.endswith("_seconds")]
    return {key.removesuffix("_seconds"): float(np.mean([one[key] for one in pairs]))
            for key in keys}


def nearness(name, matrix):
    """A measure turned so that more is better."""
    return -matrix if name in (*FAR, *RIVALS) else matrix


def pairs_of(part):
    """Which pairs (sources, targets) belong to a part, own pairs left out."""
    other = ~np.eye(len(NAMES), dtype=bool)
    return other & (CALIBRATION if part == "calibration" else ~CALIBRATION)


def judged(near, worth, part, out=None, **options):
    """How well a measure foretells a worth in a part, `out` (pairs) left out: dict of the rank
    correlation within targets, its p and interval, and the regret of its first source."""
    kept = pairs_of(part) & ~(np.zeros_like(CALIBRATION) if out is None else out)
    a, b = (np.where(kept, matrix, np.nan) for matrix in (near, worth))
    names = kept.any(0)
    a, b = a[np.ix_(names, names)], b[np.ix_(names, names)]
    # the pairs of two even ones are missing from the evaluation: even ones change places with even
    found = within(a, b, groups=np.isin(NAMES, EVEN)[names], **options)
    return {"within": found.statistic, "p": found.pvalue, "low": found.low, "high": found.high,
            "regret": float(np.mean([_regret(x, y) for x, y in zip(a.T, b.T, strict=True)]))}


def chance_regret(worth, part):
    """The regret of a source that is drawn at random."""
    columns = [column[kept] for column, kept in zip(worth.T, pairs_of(part).T, strict=True)]
    return float(np.mean([one.max() - one.mean() for one in columns if one.size]))


def _regret(near, worth):
    known = np.isfinite(near) & np.isfinite(worth)
    return regret(near[known, None], -worth[known, None])[0]


def raw(near, worth, scratch, foretold, part):
    """What a measure says of the loss itself, from which scratch's is not taken off: over all pairs
    the rank correlation with minus the loss; that of the measure's mean over the other sources,
    which knows nothing of the source; and the partial one given what scratch is foretold to lose.

    near, worth: (sources, targets), more is better. scratch, foretold: losses (targets,).
    """
    kept = pairs_of(part) & np.isfinite(near) & np.isfinite(worth)
    known = np.where(kept, near, 0)
    columns = (known.sum(0) - known) / np.maximum(kept.sum(0) - kept, 1)
    loss, hard = scratch - worth, np.broadcast_to(foretold, kept.shape)
    x, y, z, w = (rankdata(one[kept]) for one in (near, -loss, -hard, columns))
    xy, xz, yz, wy = (np.corrcoef(a, b)[0, 1] for a, b in ((x, y), (x, z), (y, z), (w, y)))
    return {"raw": xy, "column": wy,
            "partial": (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))}


def group_pairs():
    """Pairs of tasks of one group: animals, plants, household, vehicles, scenes; people alone."""
    groups = {"animals": ("aquatic mammals", "fish", "insects", "carnivores", "herbivores",
                          "medium mammals", "invertebrates", "reptiles", "small mammals"),
              "plants": ("flowers", "fruit and vegetables", "trees"),
              "household": ("food containers", "electrical devices", "furniture"),
              "vehicles": ("vehicles-1", "vehicles-2"),
              "scenes": ("man-made outdoor things", "natural outdoor scenes")}
    return np.any([np.outer(*[np.isin(NAMES, group)] * 2) for group in groups.values()], axis=0)
