r"""One road between two tasks: the data moves from source to target, the weights follow by SGD, and
the length that the classifier travels is measured on the way. Equations 9 to 12 of the
coupled-transfer paper.
"""

from contextlib import ExitStack
from dataclasses import dataclass

import torch

from tdist.manners import line
from tdist.transfer.gauges import GAUGES
from tdist.transfer.randomness import PAIRS, reproducible, stream
from tdist.transfer.training import device_of, guarded, sgd

POINTS = 512  # of a test loss along the road


@dataclass(frozen=True, repr=False)
class Road:
    """What one road gave; ``float(road)`` is the sum of its steps.

    Attributes
    ----------
    steps, riemannian_steps : list of float
        The length of each step, in the two readings (11) and (5).
    costs : list of torch.Tensor, shape (blocks, n, n)
        The length that each pair travels, equation 12b, of every part; empty for uncoupled roads.
    train_loss, test_loss : list of float
        Mean loss in each step, on the pairs of SGD and, after it, on pairs of the last part if
        there are two.
    """

    steps: list
    riemannian_steps: list
    costs: list
    train_loss: list
    test_loss: list
    __repr__ = line

    def __float__(self):
        return sum(self.steps)


def travel(network, parts, head, settings, seed=0, kind="beta", bar=None, number=0):
    """Carry the network, in place, from source to target on the first of the parts
    (:class:`tdist.transfer.blocks.Blocks`); a second part, of images that SGD does not see, is
    measured on the same road.

    kind: "beta", "linear" or "mixture", see :mod:`tdist.transfer.gauges`. SGD draws the same random
    numbers on every road, the gauge others for each number of a road.
    """
    optimiser = settings.optimiser(network)
    gauges = [GAUGES[kind](part, head, settings, seed, number) for part in parts]
    train_loss, test_loss = [], []

    def losses(part, steps, size, k):
        rng, tau = stream(seed, PAIRS, k), (k + 1) / settings.steps
        for _ in range(steps):
            mix = torch.from_numpy(GAUGES[kind].share(rng, tau, size))
            mix = mix.to(part.device, torch.float32)
            x, y_s, y_t = part.mixed(part.draw(rng, size), mix)
            yield head.loss(network(x), y_s, y_t, mix)

    with reproducible(device_of(network), seed):
        for k in range(settings.steps):
            with guarded(network, f"tau = {(k + 1) / settings.steps:.3g}"), ExitStack() as measured:
                for gauge in gauges:
                    measured.enter_context(gauge.step(network))
                found = sgd(network, optimiser,
                            losses(parts[0], settings.sgd_steps, settings.batch, k))
            train_loss.append(found.mean().item())
            if len(parts) > 1:
                with torch.inference_mode():
                    test_loss.append(next(losses(parts[1], 1, POINTS, k)).item())
            if bar is not None:
                bar.update()
    costs = [cost for gauge in gauges for cost in gauge.costs()]
    return Road(gauges[0].lengths, gauges[0].riemannian, costs, train_loss, test_loss)
