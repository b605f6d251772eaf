r"""One road between two tasks: the data moves from source to target, the weights follow by SGD, and the length that the
classifier travels is measured on the way. Equations 9 to 12 of the coupled-transfer paper.
"""

from dataclasses import dataclass

import numpy as np
import torch

from tdist import couplings
from tdist.tasks import floats
from tdist.transfer.training import (
    BLOCKS,
    CHUNK,
    COSTS,
    PAIRS,
    guarded,
    predict,
    reproducible,
    sgd,
    stream,
)

POINTS = 512  # of a test loss along the road


class Blocks:
    r"""Two tasks cut into blocks of n images each at random, and a coupling for each block.

    Where one task has fewer images they come again, in another order, until the other's are used up; what is left of
    those, fewer than n, has no block.

    Attributes
    ----------
    source, target : torch.Tensor, shape (blocks, n)
        Which images.
    coupling : torch.Tensor, shape (blocks, n, n), float64
        :math:`\Gamma`, with marginals 1/n in every block.
    """

    def __init__(self, source, target, n, seed=0, device="cpu"):
        if n > min(len(source), len(target)):
            small = min((source, target), key=len)
            raise ValueError(f"a block of {n} images is more than {small.name} has ({len(small)}); make block smaller")
        self.tasks, self.n, self.device = (source, target), n, device
        count = max(len(source), len(target)) // n
        rng = stream(seed, BLOCKS)
        self.source, self.target = (self._shuffled(rng, len(task), count) for task in (source, target))
        self.images = tuple(task.images.to(device) for task in (source, target))
        self.labels = tuple(task.labels.to(device) for task in (source, target))
        self.coupling = torch.full((count, n, n), n**-2.0, dtype=torch.float64, device=device)

    def __len__(self):
        return len(self.source)

    def _shuffled(self, rng, size, count):
        turns = [rng.permutation(size) for _ in range(-(-count * self.n // size))]
        return torch.from_numpy(np.concatenate(turns)[:count * self.n]).view(count, self.n).to(self.device)

    def start(self, features, entropy, tolerance):
        """The coupling that joins near images: entropic, for squared distances of features (task -> (images, k)), or
        of pixels if None. Returns its largest duality gap, relative to the mean cost."""
        found = [task.images if features is None else torch.as_tensor(features(task)) for task in self.tasks]
        for near, task in zip(found, self.tasks, strict=True):
            if len(near) != len(task):
                raise ValueError(f"features gave {len(near)} rows for the {len(task)} images of {task.name}")
        source, target = (near.detach().cpu().double().flatten(1)[index.cpu()]
                          for near, index in zip(found, (self.source, self.target), strict=True))
        found = couplings.from_features(source.to(self.device), target, entropy, tolerance)
        self.coupling = found.coupling
        return found.gap.max().item()

    def draw(self, rng, size):
        """Pairs (i, j) from the coupling: rows of both tasks, (size,) each.

        From the same random numbers, couplings that are near give pairs most of which are the same.
        """
        block, row, u = rng.integers(len(self), size=size), rng.integers(self.n, size=size), rng.random(size)
        block, row = torch.from_numpy(block).to(self.device), torch.from_numpy(row).to(self.device)
        below = self.coupling[block, row].cumsum(1) * self.n  # (size, n)
        column = (below < torch.from_numpy(u).to(self.device)[:, None]).sum(1).clamp(max=self.n - 1)
        return self.source[block, row], self.target[block, column]

    def mixed(self, rows, mix):
        """Mixed images and the labels of both ends; rows: a pair from :meth:`draw`, mix (size,)."""
        x_s, x_t = (floats(images[index]) for images, index in zip(self.images, rows, strict=True))
        weight = mix.to(x_s.dtype).view(-1, *[1] * (x_s.ndim - 1))
        return (1 - weight) * x_s + weight * x_t, *(y[index] for y, index in zip(self.labels, rows, strict=True))

    def pairs(self, blocks):
        """Rows of all pairs of some blocks, (len(blocks) n n,) each."""
        shape = len(blocks), self.n, self.n
        return (self.source[blocks][:, :, None].expand(shape).flatten(),
                self.target[blocks][:, None].expand(shape).flatten())


def mixing(kind, rng, tau, size):
    r"""The target's share :math:`m` in mixed pairs at time :math:`\tau`, :eq:`eq-beta`: all have mean
    :math:`\tau`.

    "beta": from Beta(:math:`\tau, 1-\tau`), which is 0 or 1 at the ends; "linear": :math:`\tau` itself; "mixture":
    1 with probability :math:`\tau`, else 0, which is the uncoupled transfer of equation 9.
    """
    if kind == "linear" or tau in (0, 1):
        return np.full(size, float(tau))
    return rng.beta(tau, 1 - tau, size) if kind == "beta" else (rng.random(size) < tau).astype(float)


@dataclass(frozen=True)
class Road:
    """What one road gave.

    Attributes
    ----------
    steps, riemannian_steps : list of float
        The length of each step, in the two readings (11) and (5).
    costs : list of torch.Tensor, shape (blocks, n, n)
        The length that each pair travels, equation 12b, of every part; empty for uncoupled roads.
    train_loss, test_loss : list of float
        Mean loss in each step, on the pairs of SGD and, after it, on pairs of the last part if there are two.
    """

    steps: list
    riemannian_steps: list
    costs: list
    train_loss: list
    test_loss: list


def travel(network, parts, head, settings, seed=0, kind="beta", bar=None, number=0):
    """Carry the network, in place, from source to target on the first of the parts (:class:`Blocks`); a second part,
    of images that SGD does not see, is measured on the same road. SGD draws the same random numbers on every road,
    the gauge others for each number of a road."""
    optimiser = settings.optimiser(network)
    gauges = [Gauge(part, head, settings, seed, kind, number) for part in parts]
    train_loss, test_loss = [], []

    def losses(part, steps, size, k):
        rng, tau = stream(seed, PAIRS, k), (k + 1) / settings.steps
        for _ in range(steps):
            mix = torch.from_numpy(mixing(kind, rng, tau, size)).to(part.device, torch.float32)
            x, y_s, y_t = part.mixed(part.draw(rng, size), mix)
            yield head.loss(network(x), y_s, y_t, mix)

    with reproducible(network, seed):
        for k in range(settings.steps):
            with guarded(network, f"tau = {(k + 1) / settings.steps:.3g}"):
                for gauge in gauges:
                    gauge.look(network, k)
                found = sgd(network, optimiser, losses(parts[0], settings.sgd_steps, settings.batch, k))
                for gauge in gauges:
                    gauge.measure(network, k)
            train_loss.append(found.mean().item())
            if len(parts) > 1:
                with torch.inference_mode():
                    test_loss.append(next(losses(parts[1], 1, POINTS, k)).item())
            if bar is not None:
                bar.update()
    costs = [] if kind == "mixture" else [gauge.cost() for gauge in gauges]
    return Road(gauges[0].lengths, gauges[0].riemannian, costs, train_loss, test_loss)


class Gauge:
    """Measures the steps of a road on some blocks, in turn, so that each block is measured at least once a road.

    The inputs of a step are the same before and after it: only the weights differ. Each road has inputs of its own. A
    coupling is cheap at the very inputs that it was chosen on, and only others tell how long its road is.
    """

    def __init__(self, blocks, head, settings, seed, kind, number=0):
        self.blocks, self.head, self.settings, self.seed, self.kind = blocks, head, settings, seed, kind
        self.first = number * (settings.steps + 1)  # of this road's streams of random numbers
        least = -(-len(blocks) // settings.steps)
        self.visits = least if settings.visits is None else min(settings.visits, len(blocks))
        if self.visits < least:
            raise ValueError(f"{settings.steps} steps with {settings.visits} visits each do not reach all "
                             f"{len(blocks)} blocks; set visits to at least {least}")
        self.order = torch.from_numpy(stream(seed, COSTS, self.first).permutation(len(blocks))).to(blocks.device)
        self.total = torch.zeros_like(blocks.coupling)
        self.count = torch.zeros(len(blocks), dtype=torch.float64, device=blocks.device)
        self.lengths, self.riemannian = [], []

    def _here(self, k):
        turn = torch.arange(k * self.visits, (k + 1) * self.visits, device=self.order.device) % len(self.blocks)
        return self.order[turn]

    def _logits(self, network, k):
        """At the inputs of step k, which are made chunk by chunk: there are n for each image of a block."""
        here = self._here(k)
        if self.kind == "mixture":  # the images themselves, as they are
            return predict(network, torch.cat([images[index[here].flatten()] for images, index in zip(
                self.blocks.images, (self.blocks.source, self.blocks.target), strict=True)]))
        rows = self.blocks.pairs(here)
        mix = mixing(self.kind, stream(self.seed, COSTS, self.first + k + 1), self._tau(k), len(rows[0]))
        chunks = (each.split(CHUNK) for each in (*rows, torch.from_numpy(mix).to(self.blocks.device, torch.float32)))
        return torch.cat([predict(network, self.blocks.mixed((i, j), m)[0]) for i, j, m in zip(*chunks, strict=True)])

    def _tau(self, k):
        return (k + 0.5) / self.settings.steps  # the middle of the step: the sum nears the integral like 1/K^2

    def look(self, network, k):
        """Keep the logits at the inputs of step k before it."""
        self.logits = self._logits(network, k)

    def measure(self, network, k):
        """Add the lengths of step k, between the logits before and after it."""
        tau, here = self._tau(k), self._here(k)
        d = self.head.step(self.logits, self._logits(network, k), tau, self.settings.step)
        if self.kind == "mixture":
            source, target = d.view(2, -1)
            mean, square = ((1 - tau) * (source**p).mean() + tau * (target**p).mean() for p in (1, 2))
        else:
            d = d.view(len(here), self.blocks.n, self.blocks.n)
            weight = self.blocks.coupling[here] / len(here)
            mean, square = (weight * d).sum(), (weight * d**2).sum()
            self.total[here] += d
            self.count[here] += 1
        self.lengths.append(mean.item())
        self.riemannian.append(square.sqrt().item())

    def cost(self):
        """C, scaled up from the steps in which a block was measured to all of them."""
        return self.total * (self.settings.steps / self.count)[:, None, None]
