r"""How the data of a road moves from source to target, and how the steps of the classifier on it
are measured: the two kinds of road, of pairs and of the mixture.

A gauge has the target's share :math:`m` in the pairs that SGD sees at time :math:`\tau`, whose mean
is :math:`\tau`, and the inputs at which a step is measured.
"""

from contextlib import contextmanager

import numpy as np
import torch

from tdist.transfer.randomness import COSTS, stream
from tdist.transfer.training import CHUNK, predict


def linear(rng, tau, size):
    r"""The share :math:`\tau` itself, (size,)."""
    return np.full(size, float(tau))


def beta(rng, tau, size):
    r"""Drawn from Beta(:math:`\tau, 1-\tau`), :eq:`eq-beta`; 0 or 1 at the ends, (size,)."""
    return linear(rng, tau, size) if tau in (0, 1) else rng.beta(tau, 1 - tau, size)


def either(rng, tau, size):
    r"""1 with probability :math:`\tau`, else 0: images of one task as they are, (size,)."""
    return linear(rng, tau, size) if tau in (0, 1) else (rng.random(size) < tau).astype(float)


class Gauge:
    """Measures the steps of a road on some blocks, in turn, so that each block is measured at least
    once a road.

    The inputs of a step are the same before and after it: only the weights differ.

    Attributes
    ----------
    lengths, riemannian : list of float
        Of each step so far, in the two readings (11) and (5).
    """

    def __init__(self, blocks, head, settings, seed=0, number=0):
        self.blocks, self.head, self.settings, self.seed = blocks, head, settings, seed
        self.first = number * (settings.steps + 1)  # of this road's streams of random numbers
        least = -(-len(blocks) // settings.steps)
        self.visits = least if settings.visits is None else min(settings.visits, len(blocks))
        if self.visits < least:
            raise ValueError(f"{settings.steps} steps with {settings.visits} visits each do not "
                             f"reach all {len(blocks)} blocks; set visits to at least {least}")
        order = stream(seed, COSTS, self.first).permutation(len(blocks))
        self.order = torch.from_numpy(order).to(blocks.device)
        self.lengths, self.riemannian = [], []

    @contextmanager
    def step(self, network):
        """Adds the length of the next step: what the classifier moves while the context lasts."""
        k = len(self.lengths)
        tau = (k + 0.5) / self.settings.steps  # the middle: the sum nears the integral like 1/K^2
        turn = torch.arange(k * self.visits, (k + 1) * self.visits, device=self.order.device)
        here = self.order[turn % len(self.blocks)]  # blocks, (visits,)
        before = self._logits(network, here, tau)
        yield
        after = self._logits(network, here, tau)
        d = self.head.step(before, after, tau, self.settings.step)
        mean, square = self._means(d, here, tau)
        self.lengths.append(mean.item())
        self.riemannian.append(square.sqrt().item())

    def costs(self):
        """What pairs cost, equation 12b: a list of one tensor (blocks, n, n), or of none."""
        return []


class MixtureGauge(Gauge):
    r"""Of the uncoupled road, equation 9: the data is the mixture
    :math:`(1 - \tau) p_s + \tau p_t`, and the images themselves are the inputs."""

    share = staticmethod(either)

    def _logits(self, network, here, tau):
        ends = zip(self.blocks.images, (self.blocks.source, self.blocks.target), strict=True)
        return predict(network, torch.cat([images[rows[here].flatten()] for images, rows in ends]))

    def _means(self, d, here, tau):
        source, target = d.view(2, -1)  # (visits n,) each
        return ((1 - tau) * (source**p).mean() + tau * (target**p).mean() for p in (1, 2))


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

    def _logits(self, network, here, tau):
        """Inputs are made chunk by chunk: there are n for each image of a block."""
        rows = self.blocks.pairs(here)
        rng = stream(self.seed, COSTS, self.first + len(self.lengths) + 1)
        mix = torch.from_numpy(self.share(rng, tau, len(rows[0])))
        chunks = (each.split(CHUNK) for each in (*rows, mix.to(self.blocks.device, torch.float32)))
        return torch.cat([predict(network, self.blocks.mixed((i, j), m)[0])
                          for i, j, m in zip(*chunks, strict=True)])

    def _means(self, d, here, tau):
        d = d.view(len(here), self.blocks.n, self.blocks.n)  # (visits, n, n)
        weight = self.blocks.coupling[here] / len(here)
        self.total[here] += d
        self.count[here] += 1
        return (weight * d).sum(), (weight * d**2).sum()

    def costs(self):
        """Scaled up from the steps in which a block was measured to all of them."""
        return [self.total * (self.settings.steps / self.count)[:, None, None]]


class LinearGauge(PairGauge):
    share = staticmethod(linear)


GAUGES = {"beta": PairGauge, "linear": LinearGauge, "mixture": MixtureGauge}
