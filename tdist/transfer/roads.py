r"""One road between two tasks: the data moves from source to target, the weights follow by SGD, and
the length that the classifier travels is measured on the way. Equations 9 to 12 of the
coupled-transfer paper.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import count, islice

import torch

from tdist.manners import line
from tdist.transfer.gauges import GAUGES
from tdist.transfer.randomness import PAIRS, PROBE, continued, reproducible, stream, torch_states
from tdist.transfer.readings import totals
from tdist.transfer.training import device_of, guarded, sgd, shown

POINTS = 512  # of a test loss along the road, and of the loss that says whether a round was enough
ENOUGH = 0.02  # a round that lowers the loss by less than this, of itself, is the last


@dataclass(frozen=True, repr=False)
class Road:
    """What one road gave; ``float(road)`` is the sum of its steps.

    Attributes
    ----------
    steps : list of float
    riemannian_steps : list of float
        The length of each step, in the two readings (11) and (5).
    readings : dict
        {reading: (length by (11), by (5))}, see :mod:`tdist.transfer.readings`.
    drifts : list of Drift
        Of each step, if there are replicas: see :mod:`tdist.transfer.drifts`.
    costs : list of torch.Tensor, shape (blocks, n, n)
        The length that each pair travels, equation 12b, of every part; empty for uncoupled roads.
    train_loss : list of float
    test_loss : list of float
        Mean loss in each step, on the pairs of SGD and, after it, on pairs of the last part if
        there are two.
    rounds : list of int
        How many times `sgd_steps` each step took.
    """

    steps: list
    riemannian_steps: list
    readings: dict
    drifts: list
    costs: list
    train_loss: list
    test_loss: list
    rounds: list
    __repr__ = line

    def __float__(self):
        return sum(self.steps)


def travel(networks, parts, head, settings, seed=0, kind="beta", bar=None, number=0, state=None,
           keep=None):
    """Carry the networks, in place, from source to target: a :class:`Traveller` to its end.

    state: of a road to go on from. keep: called after each step with the function that gives the
    state.
    """
    with reproducible(device_of(networks[0]), seed):
        traveller = Traveller(networks, parts, head, settings, seed, kind, number)
        if state is not None:
            traveller.resume(state)
        for _ in range(len(traveller.rounds), settings.steps):
            traveller.step()
            if keep is not None:
                keep(traveller.state)
            if bar is not None:
                bar.update()
    return traveller.road()


class Traveller:
    """Replicas of a network on a road from source to target.

    Parameters
    ----------
    networks : list of torch.nn.Module
        Replicas, carried in place; each has random numbers of its own.
    parts : list of Blocks
        The road is that of the first; a second part, of images that SGD does not see, is measured
        on it.
    kind : str
        Of :data:`tdist.transfer.gauges.GAUGES`.
    number : int
        SGD draws the same random numbers on every road, the gauge others for each number.
    """

    def __init__(self, networks, parts, head, settings, seed=0, kind="beta", number=0):
        self.networks, self.parts, self.head, self.settings = networks, parts, head, settings
        self.seed, self.share = seed, GAUGES[kind].share
        self.optimisers = [settings.optimiser(network) for network in networks]
        self.gauges = [GAUGES[kind](part, head, settings, seed, number) for part in parts]
        self.dropout = torch_states(device_of(networks[0]), seed, len(networks))
        self.train_loss, self.test_loss, self.rounds = [], [], []

    def step(self):
        r"""The next step of :math:`\tau`: the data moves on, and SGD follows."""
        k = len(self.rounds)
        draws = [self._pairs(k, stream(self.seed, PAIRS, k, i)) for i in range(len(self.networks))]
        with ExitStack() as measured:
            measured.enter_context(guarded(self.networks[0],
                                           f"tau = {self.settings.time(k + 1):.3g}"))
            for gauge in self.gauges:
                measured.enter_context(gauge.step(self.networks))
            found, loss = [], None if self.settings.rounds == 1 else self._probe(k)
            for _ in range(self.settings.rounds):
                found.append(self._round(draws))
                if loss is not None:
                    before, loss = loss, self._probe(k)
                    if before - loss < ENOUGH * before:
                        break
        self.rounds.append(len(found))
        self.train_loss.append(torch.stack(found).mean().item())
        if len(self.parts) > 1:
            self.test_loss.append(self._unseen(k))

    def _round(self, draws):
        """`sgd_steps` of every replica; the losses, (replicas, sgd_steps)."""
        found = []
        for i, network in enumerate(self.networks):
            losses = self._losses(network, self.optimisers[i], draws[i])
            with continued(device_of(network), self.dropout, i):
                found.append(sgd(network, self.optimisers[i], losses,
                                 frozen_norm=self.settings.frozen_norm))
        return torch.stack(found)

    def _losses(self, network, optimiser, draws):
        size = self.settings.sgd_steps
        for j, (x, y_s, y_t, mix) in enumerate(islice(draws, size)):
            self.settings.pace(optimiser, j, size)
            yield self.head.loss(network(x), y_s, y_t, mix)

    def _pairs(self, k, rng, part=None, size=None):
        """Batches of mixed pairs at the end of a step, with their labels and shares, without end:
        for SGD, or of a size and a part."""
        view = {} if part else {"view": partial(shown, self.settings, rng)}
        part, size = part or self.parts[0], size or self.settings.batch
        for _ in count():
            mix = torch.from_numpy(self.share(rng, self.settings.time(k + 1), size))
            mix = mix.to(part.device, torch.float32)
            yield *part.mixed(part.draw(rng, size), mix, **view), mix

    def _probe(self, k):
        """The replicas' loss at pairs that are the same after every round of a step."""
        return self._loss(self.networks, self.parts[0], k, PROBE)

    def _unseen(self, k):
        return self._loss(self.networks[:1], self.parts[1], k, PAIRS)

    def _loss(self, networks, part, k, purpose):
        x, y_s, y_t, mix = next(self._pairs(k, stream(self.seed, purpose, k), part, POINTS))
        with torch.inference_mode():
            return sum(self.head.loss(network.eval()(x), y_s, y_t, mix).item()
                       for network in networks) / len(networks)

    def state(self):
        """All that the rest of the road depends on, for a file."""
        return {"networks": [network.state_dict() for network in self.networks],
                "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
                "gauges": [gauge.state() for gauge in self.gauges], "dropout": self.dropout,
                "train_loss": self.train_loss, "test_loss": self.test_loss, "rounds": self.rounds}

    def resume(self, state):
        """Go on from what :meth:`state` gave."""
        for name in ("networks", "optimisers"):
            for own, kept in zip(getattr(self, name), state[name], strict=True):
                own.load_state_dict(kept)
        for gauge, kept in zip(self.gauges, state["gauges"], strict=True):
            gauge.resume(kept)
        for name in ("dropout", "train_loss", "test_loss", "rounds"):
            setattr(self, name, list(state[name]))

    def road(self):
        gauge = self.gauges[0]
        steps, riemannian = map(list, zip(*(step[gauge.main] for step in gauge.readings),
                                          strict=True))
        costs = [cost for gauge in self.gauges for cost in gauge.costs()]
        return Road(steps, riemannian, totals(gauge.readings), gauge.drifts, costs,
                    self.train_loss, self.test_loss, self.rounds)
