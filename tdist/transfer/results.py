"""What the distances return: named numbers, the network at the end, and in one float the length."""

import math
from dataclasses import dataclass, field

import torch

from tdist.manners import line
from tdist.transfer.drifts import Drift, total


@dataclass(frozen=True, repr=False)
class Iteration:
    r"""One road, and the coupling that it led to; ``float(iteration)`` is `length`.

    Attributes
    ----------
    length : float
    riemannian_length : float
        Of the road, with the coupling it was travelled with, and measured at inputs that had no
        part in choosing that coupling; and equation 5. It is
        :math:`\langle\Gamma_{k-1}, C_k\rangle` where the blocks are seen equally often.
    coupled_cost : float
        :math:`\langle\Gamma_k, C_k\rangle` with the new coupling, at the inputs that it was chosen
        on, in the blocks that the road reached.
    independent_cost : float
        The mean of :math:`C_k`: what the independent coupling gives with the same weights.
    gap : float
        Largest duality gap of a block, relative to the mean cost: the certificate of the new
        coupling.
    moved : float
        Share of the coupling's mass that changed places, 0 to 1.
    steps : list of float
    train_loss : list of float
    test_loss : list of float
        Along the road: length, mean loss on the pairs of SGD, and on pairs that SGD has not seen.
    readings : dict
        As of :class:`tdist.transfer.Transfer`.
    drifts : list of tuple
        Of each step, with replicas: the fields of a ``tdist.transfer.drifts.Drift``.
    rounds : list of int
        How many times `sgd_steps` each step took.
    riemannian_steps : list of float
        Equation 5's length along the road.

    Examples
    --------
    One for each road, in the `iterations` of a :class:`tdist.transfer.Transfer`:

    >>> from tdist.transfer import Iteration
    >>> Iteration(2.1, 2.2, 1.6, 1.7, 2e-5, 0.4, [1.2, 0.9], [1.5, 0.8], [])
    Iteration(length=2.1, riemannian_length=2.2, coupled_cost=1.6, independent_cost=1.7, gap=2e-05,
    moved=0.4, steps=[1.2, 0.9], train_loss=[1.5, 0.8], test_loss=[], readings={}, drifts=[],
    rounds=[], riemannian_steps=[])
    """

    length: float
    riemannian_length: float
    coupled_cost: float
    independent_cost: float
    gap: float
    moved: float
    steps: list
    train_loss: list
    test_loss: list
    readings: dict = field(default_factory=dict)
    drifts: list = field(default_factory=list)
    rounds: list = field(default_factory=list)
    riemannian_steps: list = field(default_factory=list)
    __repr__ = line

    def __float__(self):
        return self.length

    @property
    def drift(self):
        """Of the whole road: drift and standard error by (11), and by (5); NaN without replicas."""
        return total([Drift(*step) for step in self.drifts]) if self.drifts else (math.nan,) * 4


@dataclass(frozen=True, repr=False)
class Transfer:
    r"""A transfer distance; ``float(result)`` is `length`.

    Attributes
    ----------
    length : float
    riemannian_length : float
        Of the last road, equation 11 and equation 5.
    iterations : tuple of Iteration
        All roads; one, without a coupling of its own, if uncoupled.
    accuracy : float
    loss : float
        On the target's test images, or its own if none were given; the loss in nats.
    network : torch.nn.Module
        At the end of the last road.
    coupling : torch.Tensor, shape (blocks, n, n), or None if uncoupled
    cost : torch.Tensor, shape (blocks, n, n), or None if uncoupled
        The last ones of each block; the cost of a block that no road has reached is NaN.
    start_gap : float
        Largest duality gap of the coupling of the first road, as `gap` of
        :class:`tdist.transfer.Iteration`; NaN if uncoupled.
    drift : float
    drift_error : float
    riemannian_drift : float
    riemannian_drift_error : float
        The length of the last road without SGD's noise and its standard error, by (11) and by (5):
        :eq:`eq-drift`. NaN for one replica. The error is of SGD's noise, with as many degrees of
        freedom as replicas less one, and of the inputs that a road is measured at, not of the
        tasks' own images. Around no drift it may be negative.
    readings : dict
        {reading: (length by (11), by (5))} of the last road: ``"gate at tau"``, :eq:`eq-gated`;
        ``"gate at the input"``, with each input's own share in place of :math:`\tau`; ``"with the
        gate"``, with the gate's own movement; ``"union"``, one softmax for all outputs. And
        ``"V"``, the one number of the authors' program.
    falling : float
        How much a tenth of a road's SGD steps more, on the target, would lower its loss, in nats.
    settled : bool
        Whether that is at most 5% of the loss, or .01: the classifier has arrived at the target,
        as far as its rate lets it see.

    Examples
    --------
    >>> import torch
    >>> from tdist.networks import SmallCNN
    >>> from tdist.tasks import digits
    >>> from tdist.transfer import Settings, coupled
    >>> data = digits().subset(200)
    >>> low, high = data.only(tuple("01234"), "low"), data.only(tuple("56789"), "high")
    >>> quick = Settings(steps=4, sgd_steps=5, pretrain_steps=100, iterations=2)
    >>> found = coupled(low, high, SmallCNN(10), quick, progress=False)
    >>> float(found) == found.length == sum(found.iterations[-1].steps)
    True
    >>> found.coupling.shape, found.coupling.sum((1, 2)).allclose(torch.tensor(1.0).double())
    (torch.Size([10, 10, 10]), True)
    """

    length: float
    riemannian_length: float
    iterations: tuple
    accuracy: float
    loss: float
    network: torch.nn.Module
    coupling: torch.Tensor | None
    cost: torch.Tensor | None
    start_gap: float
    drift: float
    drift_error: float
    riemannian_drift: float
    riemannian_drift_error: float
    readings: dict
    falling: float
    settled: bool
    __repr__ = line

    def __float__(self):
        return self.length

    @property
    def shortest(self):
        """The least length of all roads: what the first version of the authors' program reports."""
        return min(road.length for road in self.iterations)


@dataclass(frozen=True, repr=False)
class FineTuning:
    r"""The fine-tuning distance; ``float(result)`` is `length`.

    Attributes
    ----------
    length : float
        :math:`\int |dw|` up to `stop`, the first look with 95% of the final accuracy.
    full_length : float
        To the end.
    stop : int
        SGD steps.
    accuracies : list of float
    losses : list of float
        At every look, before the first step and after every 25, as of
        :class:`tdist.transfer.Transfer`.
    network : torch.nn.Module
        At the end.

    Examples
    --------
    >>> from torch import nn
    >>> from tdist.transfer import FineTuning
    >>> FineTuning(1.5, 2.5, 25, [0.2, 0.8, 0.8], [1.6, 0.5, 0.4], nn.Linear(2, 2))
    FineTuning(length=1.5, full_length=2.5, stop=25, accuracies=[0.2, 0.8, 0.8],
    losses=[1.6, 0.5, 0.4], network=Linear)
    """

    length: float
    full_length: float
    stop: int
    accuracies: list
    losses: list
    network: torch.nn.Module
    __repr__ = line

    def __float__(self):
        return self.length
