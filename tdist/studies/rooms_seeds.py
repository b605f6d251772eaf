"""Eight tasks in rendered rooms with other seeds of the networks; equal labels; trained pairs.

The rooms are those of :mod:`tdist.studies.rooms_paper`; encoders and decoders start anew and see
them in another order. The H-score is taken at the pixels that pairs of sources are scored at.
"""

from functools import partial
from itertools import combinations

import numpy as np
import torch
from scipy.linalg import eigh

from tdist import scenes
from tdist.affinities import ahp, win_rates
from tdist.hscore.moments import accumulate
from tdist.networks import Encoder
from tdist.pixelwise import Whitened, whiten
from tdist.pixelwise.chance import excess, leverage
from tdist.scenes import MAPS, TASKS
from tdist.studies.rooms import LIVE, PAPER, codes, losses, outputs, quantised, seeded, targets
from tdist.studies.rooms_paper import Run, by_task, columns, config, grid
from tdist.studies.study import Study, register

SEEDS = (1, 2)
SHARES = (8, 4, 2)  # parts of the rooms that are scored, beside the decoders' rooms and all
TARGETS = ("depth", "object")  # of decoders on pairs of the other sources
PAIRS = {task: tuple(s for s in TASKS if s not in TARGETS) for task in TARGETS}
DECODERS = (0, 1)  # seeds of these
SMALL_SEEDS = (0, 1, 2)  # of the live scale
SMALL_PAIRS = {task: tuple(s for s in TASKS if s != task) for task in TARGETS}


def units(scale, seed, progress=False):
    """One seed of encoders and decoders, {key: function}."""
    run = Run(scale, progress, seed)
    jobs = {"check": check}
    jobs |= {f"encoder/{task}": partial(run.encoder_unit, task) for task in TASKS}
    jobs |= {f"transfer/{task}": partial(transfer_unit, run, task) for task in TASKS}
    jobs |= {f"h/{source}": partial(score_unit, run, source) for source in TASKS}
    return jobs | {f"budget/{source}": partial(budget_unit, run, source) for source in TASKS}


def units_of_pairs(scale, seed, progress=False, sources=PAIRS, decoders=DECODERS):
    """Decoders on two codes side by side, and the score of the two, {key: function}.

    sources: {target: those whose pairs are tried}.
    """
    run = Run(scale, progress, seed)
    jobs, scored = {"check": check}, set()
    for task, names in sources.items():
        pairs = list(combinations(names, 2))
        jobs |= {f"single/{task}/{a}": partial(trained_unit, run, task, decoders, a) for a in names}
        jobs |= {f"pair/{task}/{a}+{b}": partial(trained_unit, run, task, decoders, a, b)
                 for a, b in pairs}
        scored |= set(pairs)
    return jobs | {f"h/{a}+{b}": partial(run.pair_unit, a, b)
                   for a, b in combinations(TASKS, 2) if (a, b) in scored}


def matrices(units):
    """What the units of one seed hold, as arrays (sources, targets): adjusted scores, the same with
    leverages, mean losses and affinities."""
    h, above = (np.array([[units[f"h/{s}"][t][name] for t in TASKS] for s in TASKS])
                for name in ("adjusted", "excess"))
    found = [units[f"transfer/{t}"] for t in TASKS]
    return {"h": h, "levelled": h - above,
            "loss": np.stack([one["loss"] for one in found], axis=1),
            "affinity": np.stack([ahp(one["wins"]).weights for one in found], axis=1)}


def transfer_unit(run, task):
    """What a target costs on each source: mean losses, their covariance over the held-out rooms
    divided by the number of rooms (so that a difference has a standard error), the win rates of the
    tournament, and for labels the test accuracy."""
    test = run.rooms("held_out")
    truth = targets(task, test, run.rooms("decoder"))
    said = [trained(run, task, run.seed, source) for source in TASKS]
    loss = torch.stack([losses(output, truth) for output in said]).numpy()
    found = {"loss": loss.mean(1).tolist(), "wins": np.round(win_rates(loss), 4).tolist(),
             "covariance": (np.cov(loss) / loss.shape[1]).tolist()}
    if task not in MAPS:
        found["accuracy"] = [float((x.argmax(1) == truth).float().mean()) for x in said]
    return found


def trained(run, task, seed, *sources):
    """The output for the held-out rooms of a decoder on the codes of some sources."""
    train, test = run.codes("decoder"), run.codes("held_out")
    return outputs(task, [train[s] for s in sources], run.rooms("decoder"),
                   [test[s] for s in sources], run.scale, seed)


def trained_unit(run, task, decoders, *sources):
    """Mean loss on the held-out rooms, one for each seed of the decoder."""
    truth = targets(task, run.rooms("held_out"), run.rooms("decoder"))
    return [float(losses(trained(run, task, seed, *sources), truth).mean()) for seed in decoders]


def code(run, source, part):
    """The codes of one source, one row a room."""
    return codes(run.encoder(source)[0], run.rooms(part).images).flatten(1)


def score_unit(run, source):
    """Scores of one source for every task on the coarse grid, and by how much they are too high
    because of unequal leverages."""
    white, coarse = whiten(code(run, source, "scored")), run.targets()[1]
    found = by_task(white.h_score(columns(coarse), progress=False), coarse)
    above = {task: float(np.mean(excess(x, leverage(white), white.rank)))
             for task, x in coarse.items()}
    return {task: {name: x for name, x in one.items() if name != "map"} | {"excess": above[task]}
            for task, one in found.items()}


def budget_unit(run, source):
    """{labelled rooms: {"raw": adjusted scores of every task, "shrunk": the same with Ledoit and
    Wolf's shrinkage}}. The first entry is of the rooms that the decoders learn from."""
    few = {task: grid(x, task) for task, x in quantised(run.rooms("decoder")).items()}
    sets = [(code(run, source, "decoder"), few)]
    x, coarse = code(run, source, "scored"), run.targets()[1]
    for m in (*(len(x) // part for part in SHARES), len(x)):
        sets.append((x[:m], {task: y[:m] for task, y in coarse.items()}))
    found = {}
    for x, y in sets:
        raw = whiten(x).h_score(columns(y), progress=False) if len(x) > x.shape[1] + 1 else None
        found[str(len(x))] = {
            "raw": None if raw is None else means(raw.adjusted, y),
            "shrunk": means(shrunk_scores(x, columns(y)), y)}
    return found


def means(values, target):
    """The mean of values (columns,) of each task of :func:`tdist.studies.rooms_paper.columns`."""
    ends = np.cumsum([int(np.prod(x.shape[1:])) for x in target.values()])[:-1]
    return {task: float(part.mean())
            for task, part in zip(target, np.split(values, ends), strict=True)}


def shrunk_scores(x, classes):
    """Adjusted H-score of features x (m, k) for each column of classes (m, columns), with Ledoit
    and Wolf's shrinkage: ``h_score(x, column, "ledoit-wolf").adjusted``, whitened once."""
    m = len(x)
    one = torch.zeros(m, dtype=torch.int64)
    moments = accumulate(None, x, one, one[:1], True)
    cov = moments.central()[0]
    a = moments.ledoit_wolf(cov)
    values, vectors = eigh(cov, lower=False)
    # rounding moves a value by k eps of the largest, which may be k times the mean: a share by
    # 10^-7, where a is a hundredth (:func:`tdist.hscore.whitening.shrunk` refuses 10^-8)
    weights = (1 - a) / ((1 - a) * np.maximum(values, 0) + a * values.mean())
    effective, weights = weights @ np.maximum(values, 0), np.sqrt(weights)
    x = x.double().numpy()
    z = torch.from_numpy((x - x.mean(0)) @ (vectors * weights))
    score = Whitened(z, np.zeros(len(values)), np.arange(m)).h_score(classes, progress=False)
    top = score.classes - 1
    return top - (top - score.statistic) * (m - 1) / (m - 1 - effective)


def check():
    """The cheap unit: :func:`tdist.studies.rooms_paper.check` on few rooms, with shrinkage."""
    data = scenes.render(100, 16, seed=9, progress=False)
    x = codes(seeded(lambda: Encoder(4)).eval(), data.images).flatten(1)
    target = {task: data.target(task).float().numpy() for task in TASKS}
    classes = {task: y > y.mean() if task in MAPS else y.astype(int) for task, y in target.items()}
    return means(shrunk_scores(x, columns(classes)), classes)


def _register(name, scale, seed, takes):
    budgets = [scale.scored_rooms // part for part in SHARES]
    register(Study(name, partial(units, scale, seed),
                   config(scale) | {"seed": seed, "budgets": budgets}, {"check": 1e-3},
                   takes=takes))


def _register_pairs(name, scale, seed, sources, takes):
    register(Study(name, partial(units_of_pairs, scale, seed, sources=sources),
                   config(scale) | {"seed": seed, "targets": list(sources),
                                    "seeds_of_decoders": list(DECODERS)}, {"check": 1e-3},
                   takes=takes))


for _seed in SEEDS:
    _register(f"rooms_seed_{_seed}", PAPER, _seed, "40 minutes on one core")
_register_pairs("rooms_pairs", PAPER, SEEDS[0], PAIRS, "15 minutes on one core, after rooms_seed_1")
for _seed in SMALL_SEEDS:
    _register(f"rooms_small_{_seed}", LIVE, _seed, "a minute on one core")
_register_pairs("rooms_small_pairs", LIVE, 0, SMALL_PAIRS,
                "a minute on one core, after rooms_small_0")
