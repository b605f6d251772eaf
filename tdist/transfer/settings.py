"""How a classifier is trained and carried: what the paper leaves open is a field of Settings."""

import math
from dataclasses import dataclass, fields
from numbers import Real

import torch

from tdist.fisher_rao import STEPS
from tdist.manners import whole
from tdist.transfer.heads import KINDS

MIXING = ("beta", "linear", "half-beta")
CLOCKS = ("even", "arcsine")
SCALES = ("block", "mean")
CHOICES = {"head": KINDS, "mixing": MIXING, "step": STEPS, "clock": CLOCKS}
SWITCHES = ("anneal", "frozen_norm", "augment")
LEAST = {"steps": 1, "sgd_steps": 1, "batch": 1, "pretrain_steps": 0, "fine_tune_steps": 1,
         "iterations": 1, "block": 2, "visits": 1, "rounds": 1}  # of the whole numbers
# of the others; the rest may be 0
POSITIVE = ("lr", "start_entropy", "growth", "tolerance", "scale")
OR_ONE_OF = {"visits": (None, "affordable", "all"), "scale": SCALES}  # what stands for no number


@dataclass(frozen=True)
class Settings:
    r"""How a classifier is trained and carried.

    A length is also one of SGD's noise and time: it grows with `lr`, with `steps` and `sgd_steps`,
    and falls with `batch`. Compare only lengths of the same settings, and read none alone: see
    :func:`tdist.transfer.coupled`.

    Attributes
    ----------
    steps : int
    sgd_steps : int
        K steps of :math:`\tau` from 0 to 1, and SGD steps in each.
    batch, lr, momentum, weight_decay
        Of SGD.
    pretrain_steps : int
    fine_tune_steps : int
        SGD steps on the source before a road (0: the network comes trained), and on the target in
        fine-tuning.
    iterations : int
        Roads, each with the coupling that the one before it led to.
    block : int
        Images n of each task in a block of the coupling.
    visits : int, None, "affordable" or "all"
        Blocks whose costs are measured in each step: None for as many as it takes to measure each
        block once a road, which is `block` images through the network for every image of the larger
        task, twice, whatever `sgd_steps` is; "affordable" for these, but no more than cost half as
        much as SGD; "all", as in the authors' program, `steps` times None's. A block that a road
        does not reach keeps its coupling, and the next road begins with it.
    start_entropy : float
        Weight of the entropy in the coupling of the first road, relative to the mean distance of
        features.
    entropy : float
    proximal : float
        :math:`\epsilon \ge 0` and :math:`\lambda \ge 0` of equation 12a, in units of `scale`; not
        both 0.
    scale : "block", "mean" or float
        The unit of `entropy` and `proximal`: the mean cost of a block, that of all blocks, or a
        number. A block is measured at a few times only, and its costs are large or small with the
        classifier's pace then; against one mean for all, its entropy would be small or large.
    growth : float
        :math:`\lambda` is multiplied by this after every iteration. The authors' program has 5.
    tolerance : float
        Bound of a coupling's duality gap, relative to the mean cost.
    head : "gated", "union" or "index"
        See :class:`tdist.transfer.heads.Head`.
    mixing : "beta", "linear" or "half-beta"
        The target's share in a mixed pair: drawn from Beta(:math:`\tau, 1-\tau`), :math:`\tau`
        itself, or one share for all pairs of a batch from Beta(:math:`\tau/2, (1-\tau)/2`), as in
        the first version of the authors' program.
    step : "fisher-rao" or "kl"
        Length of a step: see :mod:`tdist.fisher_rao`.
    clock : "even" or "arcsine"
        The times of the looks: evenly spaced, or as in the authors' program, slow at the ends and
        fast in the middle: see :meth:`time`.
    anneal : bool
        Let the rate fall in each step of :math:`\tau` from 2 `lr` to nearly 0, so that a look
        finds the weights with less of SGD's noise.
    rounds : int
        At most so many times `sgd_steps` in each step of :math:`\tau`: a round follows another
        while the loss still falls.
    frozen_norm : bool
        Keep the running statistics of batch norm as the source's training left them, on a road.
    augment : bool
        Crop and flip pictures at random where SGD sees them, and nowhere else.

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
    visits: int | str | None = "affordable"
    start_entropy: float = 0.05
    entropy: float = 0.05
    proximal: float = 10.0
    growth: float = 1.0
    tolerance: float = 1e-4
    head: str = "gated"
    mixing: str = "beta"
    step: str = "fisher-rao"
    clock: str = "even"
    scale: str | float = "block"
    anneal: bool = False
    rounds: int = 1
    frozen_norm: bool = False
    augment: bool = False

    def __post_init__(self):
        # equal settings have fields of one type, whatever they were made from: a saved run is known
        # again by them
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            if name in CHOICES:
                value = choice(name, value, CHOICES[name])
            elif isinstance(value, str | None) and value in OR_ONE_OF.get(name, ()):
                value = value and str(value)  # NumPy's strings as Python's
            elif name in SWITCHES:
                value = switch(name, value)
            elif name in LEAST:
                value = whole(name, value, LEAST[name])
            else:
                value = number(name, value, positive=name in POSITIVE)
            object.__setattr__(self, name, value)
        if self.entropy == self.proximal == 0:
            raise ValueError("entropy and proximal are both 0; one of the two must hold the "
                             "coupling")
        if self.momentum >= 1:
            raise ValueError(f"momentum must be below 1, got {self.momentum!r}")

    @classmethod
    def published(cls, **changes):
        r"""The published program of the coupled-transfer paper, as far as its code and the paper
        say: for 2,500 images a task, with :class:`tdist.networks.PublishedCNN`, and as `features`
        those of a ResNet-50 divided by their lengths. Its number V is in `readings` of a
        :class:`tdist.transfer.Transfer`.

        A road is 20,000 SGD steps and, with "all" visits, 12.5 million images through the network.
        The weights :math:`.05 \cdot 5^k / 2` of the program hold costs in its own unit, V; `scale`
        is :math:`\sqrt 2 K`, which brings them to lengths.

        Two things are near and not equal. Steps are measured in their middle, and in the program at
        the time where they begin. And `start_entropy` is relative: the program's is 2e-3 divided by
        the mean squared distance of the features within the blocks.

        Parameters
        ----------
        changes
            Other values of some fields.

        Returns
        -------
        Settings

        Examples
        --------
        >>> from tdist.transfer import Settings
        >>> short = Settings.published(sgd_steps=20, pretrain_steps=7500)
        >>> short.head, short.clock, short.growth, short.steps * short.sgd_steps
        ('union', 'arcsine', 5.0, 2000)
        """
        program = {"steps": 100, "sgd_steps": 200, "batch": 20, "lr": 8e-4, "momentum": 0.9,
                   "weight_decay": 5e-4, "pretrain_steps": 75_000, "fine_tune_steps": 20_000,
                   "iterations": 4, "block": 25, "visits": "all", "start_entropy": 2e-3,
                   "entropy": 0.0, "proximal": 0.025, "growth": 5.0, "head": "union",
                   "mixing": "linear", "step": "kl", "clock": "arcsine", "augment": True}
        program |= changes
        return cls(**{"scale": math.sqrt(2) * program["steps"]} | program)

    def time(self, k):
        r""":math:`\tau` after k of the steps, k between 0 and `steps`: :math:`x = k / K`, or
        :math:`\tfrac12 \mp \tfrac2\pi \arcsin \sqrt{|\tfrac12 - x|}`, - up to the middle and
        + after it, :eq:`eq-arcsine-clock`."""
        x = k / self.steps
        if self.clock == "even" or x in (0, 1):
            return x
        far = math.asin(math.sqrt(abs(0.5 - x))) * 2 / math.pi
        return 0.5 - far if x < 0.5 else 0.5 + far

    def pace(self, optimiser, j, size):
        """Set the rate of the j-th of some SGD steps that belong together."""
        if self.anneal:
            for group in optimiser.param_groups:
                group["lr"] = 2 * self.lr * (1 - (j + 0.5) / size)

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


def switch(name, value):
    """True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return value
