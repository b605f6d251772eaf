"""How a classifier is trained and carried: what the paper leaves open is a field of Settings."""

import math
from dataclasses import dataclass, fields
from numbers import Real

import torch

from tdist.fisher_rao import STEPS
from tdist.manners import whole
from tdist.transfer.heads import KINDS

MIXING = ("beta", "linear")
CHOICES = {"head": KINDS, "mixing": MIXING, "step": STEPS}
LEAST = {"steps": 1, "sgd_steps": 1, "batch": 1, "pretrain_steps": 0, "fine_tune_steps": 1,
         "iterations": 1, "block": 2, "visits": 1}  # of the whole numbers
POSITIVE = ("lr", "start_entropy", "growth", "tolerance")  # of the others; the rest may be 0


@dataclass(frozen=True)
class Settings:
    r"""How a classifier is trained and carried.

    A length is also one of SGD's noise and time: it grows with `lr`, with `steps` and `sgd_steps`,
    and falls with `batch`. Compare only lengths of the same settings, and read none alone: see
    :func:`tdist.transfer.coupled`.

    Attributes
    ----------
    steps, sgd_steps : int
        K steps of :math:`\tau` from 0 to 1, and SGD steps in each.
    batch, lr, momentum, weight_decay
        Of SGD.
    pretrain_steps, fine_tune_steps : int
        SGD steps on the source before a road (0: the network comes trained), and on the target in
        fine-tuning.
    iterations : int
        Roads, each with the coupling that the one before it led to.
    block : int
        Images n of each task in a block of the coupling. To measure its pairs, a road sends n for
        every image of the larger task through the network, twice, whatever `sgd_steps` is.
    visits : int, optional
        Blocks whose costs are measured in each step; by default as many as it takes to measure each
        block once a road.
    start_entropy : float
        Weight of the entropy in the coupling of the first road, relative to the mean distance of
        features.
    entropy, proximal : float
        :math:`\epsilon \ge 0` and :math:`\lambda \ge 0` of equation 12a, relative to the mean cost;
        not both 0.
    growth : float
        :math:`\lambda` is multiplied by this after every iteration. The authors' program has 5.
    tolerance : float
        Bound of a coupling's duality gap, relative to the mean cost.
    head : "gated", "union" or "index"
        See :class:`tdist.transfer.heads.Head`.
    mixing : "beta" or "linear"
        The target's share in a mixed pair: drawn from Beta(:math:`\tau, 1-\tau`), or :math:`\tau`
        itself.
    step : "fisher-rao" or "kl"
        Length of a step: see :mod:`tdist.fisher_rao`.

    Raises
    ------
    TypeError
        If a field is not of its kind: a string for a number, a number for a string.
    ValueError
        If a number is out of range, or a string is not one of those above.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from tdist.transfer import Settings
    >>> quick = Settings(steps=4, sgd_steps=5, iterations=2)
    >>> replace(quick, momentum=0, lr=0.02).momentum
    0.0
    """

    steps: int = 20
    sgd_steps: int = 10
    batch: int = 64
    lr: float = 0.05
    momentum: float = 0.0
    weight_decay: float = 0.0
    pretrain_steps: int = 600
    fine_tune_steps: int = 400
    iterations: int = 4
    block: int = 10
    visits: int | None = None
    start_entropy: float = 0.05
    entropy: float = 0.05
    proximal: float = 10.0
    growth: float = 1.0
    tolerance: float = 1e-4
    head: str = "gated"
    mixing: str = "beta"
    step: str = "fisher-rao"

    def __post_init__(self):
        # equal settings have fields of one type, whatever they were made from: a saved run is known
        # again by them
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            if name in CHOICES:
                value = choice(name, value, CHOICES[name])
            elif name not in LEAST:
                value = number(name, value, positive=name in POSITIVE)
            elif name != "visits" or value is not None:
                value = whole(name, value, LEAST[name])
            object.__setattr__(self, name, value)
        if self.entropy == self.proximal == 0:
            raise ValueError("entropy and proximal are both 0; one of the two must hold the "
                             "coupling")
        if self.momentum >= 1:
            raise ValueError(f"momentum must be below 1, got {self.momentum!r}")

    def optimiser(self, network):
        return torch.optim.SGD(network.parameters(), self.lr, self.momentum,
                               weight_decay=self.weight_decay)


def number(name, value, positive):
    """A finite float of at least or above 0, from any kind of number."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not (0 < value < math.inf if positive else 0 <= value < math.inf):
        raise ValueError(f"{name} must be {'positive' if positive else 'at least 0'} and finite, "
                         f"got {value!r}")
    return float(value)


def choice(name, value, choices):
    """One of some strings."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, one of {choices}, got {value!r}")
    if value not in choices:
        raise ValueError(f"{name} must be one of {choices}, got {value!r}")
    return str(value)
