r"""How the data of a road moves from source to target, and how the steps of the classifier on it
are measured: the two kinds of road, of pairs and of the mixture.

A gauge has the target's share :math:`m` in the pairs that SGD sees at time :math:`\tau`, whose mean
is :math:`\tau`, and the inputs at which a step is measured.
"""

from contextlib import contextmanager
from dataclasses import astuple
from functools import partial

import numpy as np
import torch

from tdist.transfer.drifts import Drift, drift
from tdist.transfer.randomness import COSTS, stream
from tdist.transfer.readings import READINGS, gate, lengths, means
from tdist.transfer.training import CHUNK, predict

# pairs that are measured for each image that SGD sees: twice through the network and without
# gradients, they cost less than half of it
AFFORDABLE = 0.5


def linear(rng, tau, size):
    r"""The share :math:`\tau` itself, (size,)."""
    return np.full(size, float(tau))


def beta(rng, tau, size):
    r"""Drawn from Beta(:math:`\tau, 1-\tau`), :eq:`eq-beta`; 0 or 1 at the ends, (size,)."""
    return linear(rng, tau, size) if tau in (0, 1) else rng.beta(tau, 1 - tau, size)


def half_beta(rng, tau, size):
    r"""One share for all, drawn from Beta(:math:`\tau/2, (1-\tau)/2`), (size,)."""
    return np.full(size, beta(rng, tau, 1) if tau in (0, 1) else rng.beta(tau / 2, (1 - tau) / 2))


def either(rng, tau, size):
    r"""1 with probability :math:`\tau`, else 0: images of one task as they are, (size,)."""
    return linear(rng, tau, size) if tau in (0, 1) else (rng.random(size) < tau).astype(float)


def visits(settings, blocks):
    """How many of some blocks are measured in each step."""
    if settings.visits == "all":
        return blocks
    once = -(-blocks // settings.steps)
    if settings.visits == "affordable":
        most = AFFORDABLE * settings.sgd_steps * settings.batch / settings.block**2
        return min(once, max(int(most), 1))
    return min(settings.visits or once, blocks)


class Gauge:
    """Measures the steps of a road on some blocks, in turn.

    The inputs of a step are the same before and after it: only the weights differ.

    Attributes
    ----------
    readings : list of dict
        Of each step so far: {reading: (equation 11, equation 5)}, see
        :mod:`tdist.transfer.readings`.
    drifts : list of Drift
        Of each step, if there are replicas.
    """

    def __init__(self, blocks, head, settings, seed=0, number=0):
        self.blocks, self.head, self.settings, self.seed = blocks, head, settings, seed
        self.first = number * (settings.steps + 1)  # of this road's streams of random numbers
        self.visits = visits(settings, len(blocks))
        # where a road does not reach all blocks, the next one goes on with the others
        rest = self.visits * settings.steps < len(blocks)
        self.turn = number * settings.steps * self.visits if rest else 0
        order = stream(seed, COSTS, 0 if rest else self.first).permutation(len(blocks))
        self.order = torch.from_numpy(order).to(blocks.device)
        self.readings, self.drifts = [], []

    @property
    def main(self):
        """The reading that is the road's length."""
        return READINGS[0] if self.head.kind == "gated" else READINGS[3]

    @contextmanager
    def step(self, networks):
        """Adds the lengths of the next step: what the replicas move while the context lasts."""
        k = len(self.readings)
        tau = self.settings.time(k + 0.5)  # the middle: the sum nears the integral like 1/K^2
        turn = self.turn + torch.arange(k * self.visits, (k + 1) * self.visits,
                                        device=self.order.device)
        here = self.order[turn % len(self.blocks)]  # blocks, (visits,)
        before = self._logits(networks, here, tau)  # (replicas, b, outputs)
        yield
        after = self._logits(networks, here, tau)
        weight, mix = self._weights(here, tau)
        found = lengths(before, after, mix, tau,
                        gate(self.settings.time(k), self.settings.time(k + 1)), self.head,
                        self.settings.step)
        self._add(found[self.main].mean(0), here)
        self.readings.append({name: tuple(mean.item() for mean in means(d, weight))
                              for name, d in found.items()})
        if len(networks) > 1:
            self.drifts.append(drift(before, after, tau, weight, self.head,
                                     partial(self._variance, weight, here, tau)))

    def _left(self, here):
        """The share of the blocks that were not measured: what was measured has no error of draws.
        """
        return 1 - len(here) / len(self.blocks)

    def costs(self):
        """What pairs cost, equation 12b: a list of one tensor (blocks, n, n), or of none."""
        return []

    def _add(self, d, here):
        """Take the lengths (b,) of some blocks into the costs."""

    def state(self):
        """All that was measured, for a file."""
        return {"readings": self.readings, "drifts": [astuple(each) for each in self.drifts]}

    def resume(self, state):
        """Go on from what :meth:`state` gave."""
        self.readings = list(state["readings"])
        self.drifts = [Drift(*each) for each in state["drifts"]]


class MixtureGauge(Gauge):
    r"""Of the uncoupled road, equation 9: the data is the mixture
    :math:`(1 - \tau) p_s + \tau p_t`, and the images themselves are the inputs."""

    share = staticmethod(either)

    def _logits(self, networks, here, tau):
        ends = zip(self.blocks.images, (self.blocks.source, self.blocks.target), strict=True)
        inputs = torch.cat([images[rows[here].flatten()] for images, rows in ends])
        return torch.stack([predict(network, inputs) for network in networks])

    def _weights(self, here, tau):
        size = len(here) * self.blocks.n
        mix = torch.arange(2, dtype=torch.float64, device=here.device).repeat_interleave(size)
        return ((1 - tau) * (1 - mix) + tau * mix) / size, mix

    def _variance(self, weight, here, tau, d):
        source, target = d.view(2, -1).var(1) / (len(d) / 2)
        return self._left(here) * ((1 - tau)**2 * source + tau**2 * target).item()


class PairGauge(Gauge):
    """Of a coupled road, equations 8 and 12: the inputs are all pairs of a block, mixed.

    Each road has shares of its own, by its number. A coupling is cheap at the very inputs that it
    was chosen on, and only others tell how long its road is.
    """

    share = staticmethod(beta)

    def __init__(self, blocks, head, settings, seed=0, number=0):
        super().__init__(blocks, head, settings, seed, number)
        self.total = torch.zeros_like(blocks.coupling)
        self.count = torch.zeros(len(blocks), dtype=torch.float64, device=blocks.device)

    def _mix(self, here, tau):
        rng = stream(self.seed, COSTS, self.first + len(self.readings) + 1)
        mix = self.share(rng, tau, len(here) * self.blocks.n**2)
        return torch.from_numpy(mix).to(self.blocks.device)

    def _logits(self, networks, here, tau):
        """Inputs are made chunk by chunk: there are n for each image of a block."""
        rows, mix = self.blocks.pairs(here), self._mix(here, tau).float()
        found = []
        for i, j, m in zip(*(each.split(CHUNK) for each in (*rows, mix)), strict=True):
            inputs = self.blocks.mixed((i, j), m)[0]
            found.append(torch.stack([predict(network, inputs) for network in networks]))
        return torch.cat(found, 1)

    def _weights(self, here, tau):
        return self.blocks.coupling[here].flatten() / len(here), self._mix(here, tau)

    def _variance(self, weight, here, tau, d):
        """Source images are what was drawn; each one's partners are those of its block."""
        rows = (weight * d).view(-1, self.blocks.n).sum(1)  # (visits n,)
        return (rows.var() * len(rows)).item()

    def _add(self, d, here):
        self.total[here] += d.view(len(here), self.blocks.n, self.blocks.n)
        self.count[here] += 1

    def costs(self):
        """Scaled up from the steps in which a block was measured to all of them; NaN where it was
        in none."""
        return [self.total * (self.settings.steps / self.count)[:, None, None]]

    def state(self):
        return super().state() | {"total": self.total, "count": self.count}

    def resume(self, state):
        super().resume(state)
        self.total, self.count = state["total"].clone(), state["count"].clone()


class LinearGauge(PairGauge):
    share = staticmethod(linear)

    def _variance(self, weight, here, tau, d):
        return self._left(here) * super()._variance(weight, here, tau, d)


class HalfBetaGauge(PairGauge):
    share = staticmethod(half_beta)


GAUGES = {"beta": PairGauge, "linear": LinearGauge, "half-beta": HalfBetaGauge,
          "mixture": MixtureGauge}
