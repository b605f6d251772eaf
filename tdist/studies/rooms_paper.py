"""Eight tasks in rendered rooms at the paper's size: the units of the study "rooms".

Rooms, encoders and codes are kept in the data folder, since many units need them.
"""

from dataclasses import asdict
from functools import cache, partial
from itertools import combinations

import numpy as np
import torch

from tdist import scenes
from tdist.affinities import win_rates
from tdist.networks import Encoder
from tdist.pixelwise import PixelScores, palette, quantise, recovery_error, second_order, whiten
from tdist.pixelwise.chance import excess, leverage
from tdist.scenes import MAPS, TASKS
from tdist.studies.rooms import (
    COLOURS,
    PAPER,
    codes,
    decoder,
    own_loss,
    quantised,
    rooms,
    seeded,
    train_encoder,
    transfer,
)
from tdist.studies.study import Study, kept, register

PALETTES = (2, 3, 4, 5, 8, 12, 16, 24, 32)
STEPS = {"depth": 4}  # pairs of sources are scored at every n-th pixel of every n-th row
OTHERS = 8  # and so for the other maps


def config(scale):
    """What the stored units depend on."""
    return asdict(scale) | {"colours": COLOURS, "tasks": list(TASKS), "steps_of_pairs": STEPS,
                            "steps_of_other_pairs": OTHERS}


def units(scale, progress=False):
    """Section 5.2 and Appendix G, {key: function}."""
    run = Run(scale, progress)
    jobs = {"check": check}
    jobs |= {f"encoder/{task}": partial(run.encoder_unit, task) for task in TASKS}
    jobs |= {f"transfer/{task}": partial(run.transfer_unit, task) for task in TASKS}
    for source in TASKS:
        jobs |= {f"h/{source}/{task}": partial(run.score_unit, source, task) for task in TASKS}
        jobs[f"leverage/{source}"] = partial(run.leverage_unit, source)
    jobs |= {f"pairs/{source}": partial(run.single_unit, source) for source in TASKS}
    jobs |= {f"pairs/{a}+{b}": partial(run.pair_unit, a, b) for a, b in combinations(TASKS, 2)}
    return jobs | {f"colours/{n}": partial(run.colour_unit, n) for n in PALETTES}


class Run:
    """What the units of one scale and one seed of the networks share, each made when it is first
    needed. The whitened codes of all sources take 3 GB at the paper's size."""

    def __init__(self, scale, progress=False, seed=0):
        self.scale, self.progress, self.seed = scale, progress, seed
        for name in ("rooms", "encoder", "codes", "white", "targets", "first"):
            setattr(self, name, cache(getattr(self, name)))

    def rooms(self, part):
        def make():
            data = rooms(self.scale, part, self.progress)
            return {"images": data.images, "maps": data.maps, "object": data.object,
                    "scene": data.scene}

        count = getattr(self.scale, f"{part}_rooms")
        return scenes.Rooms(**kept(f"rooms/{part}-{self.scale.size}-{count}", make))

    def encoder(self, task):
        """The trained encoder of a task, and its decoder."""
        scale = self.scale
        name = (f"rooms/encoder-{task}-{scale.size}-{scale.encoder_rooms}-{scale.encoder_epochs}-"
                f"{scale.width}-{self.seed}")
        state = kept(name, lambda: train_encoder(task, self.rooms("encoder"), scale, self.progress,
                                                 self.seed).state_dict())
        network = torch.nn.Sequential(Encoder(scale.width), decoder(task, scale))
        network = network.to(memory_format=torch.channels_last)
        network.load_state_dict(state)
        return network.eval()

    def codes(self, part):
        """{source: codes of the rooms of one part}."""
        images = self.rooms(part).images
        return {source: codes(self.encoder(source)[0], images) for source in TASKS}

    def white(self, source):
        """The whitened codes of the rooms that are scored."""
        return whiten(codes(self.encoder(source)[0], self.rooms("scored").images).flatten(1))

    def targets(self):
        """Classes of every task at every pixel, and at the pixels that pairs are scored at."""
        whole = quantised(self.rooms("scored"))
        return whole, {task: grid(target, task) for task, target in whole.items()}

    def first(self, source):
        """Scores of one source on the coarse grid."""
        return self.white(source).h_score(columns(self.targets()[1]))

    def encoder_unit(self, task):
        return own_loss(self.encoder(task), task, self.rooms("held_out"), self.rooms("encoder"))

    def transfer_unit(self, task):
        loss = transfer(task, self.codes("decoder"), self.rooms("decoder"), self.codes("held_out"),
                        self.rooms("held_out"), self.scale, self.progress)
        return {"loss": loss.mean(1).tolist(), "wins": np.round(win_rates(loss), 4).tolist()}

    def score_unit(self, source, task):
        score = self.white(source).h_score(self.targets()[0][task])
        return averages(score, task == "depth")

    def leverage_unit(self, source):
        white, (target, _) = self.white(source), self.targets()
        return {task: float(np.mean(excess(target[task], leverage(white), white.rank)))
                for task in TASKS}

    def single_unit(self, source):
        return by_task(self.first(source), self.targets()[1])

    def pair_unit(self, a, b):
        both = {source: self.white(source) for source in (a, b)}
        return pair_unit(both, self.targets()[1], {source: self.first(source) for source in both})

    def colour_unit(self, colours):
        maps = self.rooms("scored").maps["edge3d"].float().numpy()
        return colour_unit(colours, maps, self.white("edge3d"))


def pair_unit(white, coarse, first):
    """Scores of two sources side by side, for every task."""
    [(_, score)] = second_order(white, columns(coarse), first, progress=False)
    return by_task(score, coarse)


def colour_unit(colours, maps, white):
    """Recovery error of a palette, relative to the variance, and the H-score with so many classes
    a pixel."""
    centres = palette(maps, colours)
    score = white.h_score(grid(quantise(maps, centres), "edge3d"))
    return {"error": float(recovery_error(maps, centres) / maps.var()), **averages(score)}


def check():
    """The cheap unit: an untrained encoder's code of 600 small rooms, scored for the labels and for
    where each map is above its mean. (A palette would magnify rounding: k-means has many near
    ties.)"""
    data = scenes.render(600, 16, seed=9, progress=False)
    white = whiten(codes(seeded(lambda: Encoder(4)).eval(), data.images).flatten(1))
    target = {task: data.target(task).float().numpy() for task in TASKS}
    classes = {task: x > x.mean() if task in MAPS else x.astype(int) for task, x in target.items()}
    return {task: float(np.mean(white.h_score(y, progress=False).adjusted))
            for task, y in classes.items()}


def grid(codes, task):
    """The pixels of a task's codes (n, s, s) that pairs are scored at; labels (n,) as they are."""
    step = STEPS.get(task, OTHERS)
    return codes[:, ::step, ::step] if task in MAPS else codes


def columns(target):
    """All tasks' codes side by side, (n, pixels): one source is whitened once for all of them."""
    return np.hstack([codes.reshape(len(codes), -1).astype(np.uint8) for codes in target.values()])


def averages(score, whole=False):
    """An H-score averaged over pixels, :eq:`eq-pixel-h-score`; on request the maps too."""
    values = {"h": score.statistic, "adjusted": score.adjusted, "chance": score.chance,
              "classes": score.classes}
    found = {name: float(np.mean(value)) for name, value in values.items()} | {"rank": score.rank}
    return found | ({"map": np.round(score.adjusted, 3).tolist()} if whole else {})


def by_task(score, target):
    """The scores (pixels,) of :func:`columns`, task by task."""
    found, start = {}, 0
    for task, classes in target.items():
        shape = classes.shape[1:]
        here = slice(start, start := start + int(np.prod(shape)))
        one = PixelScores(score.statistic[here].reshape(shape), score.classes[here].reshape(shape),
                          score.rank, score.n, score.saturated[here].reshape(shape))
        found[task] = averages(one, task == "depth")
    return found


register(Study("rooms", partial(units, PAPER), config(PAPER), {"check": 1e-3},
               takes="an hour and a half on two cores"))
