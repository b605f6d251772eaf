r"""A step of the classifier without SGD's noise, from independent replicas of it.

A replica's step in :math:`2\sqrt p` is a drift, which all replicas share, and a noise of its own.
Products of the steps of two different replicas have the drift's square as their mean, whatever the
noise; a single step's square is too large by the noise's variance.
"""

import math
from dataclasses import dataclass

import torch

# the root of a number around 0 with standard deviation s has one of about 1.2 sqrt(s)
NEAR_0 = 0.18


@dataclass(frozen=True)
class Drift:
    """The drift of a step in both readings, (11) and (5), and the errors of this estimate.

    Attributes
    ----------
    mean : float
    root : float
    mean_noise : tuple of float
    root_noise : tuple of float
        What each replica's noise does to the drift; one step's noise is undone in the next ones, so
        it is added up over a road before it is squared.
    mean_inputs : float
    root_inputs : float
        The variance from the inputs that happened to be drawn.
    """

    mean: float
    root: float
    mean_noise: tuple
    root_noise: tuple
    mean_inputs: float
    root_inputs: float


def total(drifts):
    """Of a whole road: drift and standard error by (11), drift and standard error by (5)."""
    def of(drift, noise, inputs):
        road = sum(torch.tensor(getattr(step, noise)) for step in drifts)  # (replicas,)
        variance = (road**2).sum().item() + sum(getattr(step, inputs) for step in drifts)
        return sum(getattr(step, drift) for step in drifts), math.sqrt(variance)

    return (*of("mean", "mean_noise", "mean_inputs"), *of("root", "root_noise", "root_inputs"))


def drift(before, after, tau, weight, head, variance):
    r"""The drift of one step, :eq:`eq-drift`.

    The mean of r replicas' steps has :math:`\sum_{ab} Q_{ab} / r^2` as its squared length, where
    :math:`Q_{ab}` is the mean over inputs of the product of steps a and b; of it the part
    :math:`c = \sum_{a \ne b} Q_{ab} / r(r-1)` is drift. So the mean step's length is multiplied by
    the root of that share; below 0, which noise around no drift gives half the time, the drift is
    negative, and the errors of many steps cancel.

    Parameters
    ----------
    before, after : torch.Tensor, shape (replicas, b, outputs)
        Logits of at least two replicas at the same inputs.
    tau : float
    weight : torch.Tensor, shape (b,)
        Of the inputs; sums to 1.
    head : Head
    variance : callable
        From a number for each input, (b,), to the variance of their weighted mean, for the inputs
        that happened to be drawn.

    Returns
    -------
    Drift
    """
    steps = [2 * (end.sqrt() - start.sqrt())  # (replicas, b, classes) of each task
             for own in (head.source, head.target)
             for start, end in [head.probabilities(before, after, own)]]
    shares = (1 - tau, tau)
    q = sum(share * torch.einsum("aic,bic,i->ab", step, step, weight)
            for share, step in zip(shares, steps, strict=True))
    squares = [share * _arc(step.mean(0).norm(dim=-1))**2
               for share, step in zip(shares, steps, strict=True)]
    length = sum(squares).sqrt()  # (b,) of the mean step
    r = len(q)
    whole, single = q.sum().item(), q.trace().item()
    c = (whole - single) / (r * (r - 1))
    if whole <= 0:  # nothing moved
        return Drift(0.0, 0.0, (0.0,) * r, (0.0,) * r, 0.0, 0.0)
    # what each replica adds to c by its noise; the root of its squares' sum is c's standard error
    u = 2 * (q.mean(1) - q.mean()) / math.sqrt(r * (r - 1))
    noise = u.norm().item()
    # the mean of a root is below the root of the mean, by the second order of Taylor's series
    bent = 1 + min((noise / c)**2, 1) / 8 if c else 1.0
    factor = bent * math.copysign(math.sqrt(abs(c) * r**2 / whole), c)
    if noise:  # of the root of c: u / 2 sqrt(c), where c is not within the noise
        u = u / (2 * math.sqrt(max(abs(c), NEAR_0 * noise) * whole / r**2))
    mean, root = (length @ weight).item(), math.sqrt((length**2 @ weight).item())
    return Drift(factor * mean, factor * root, tuple((u * mean).tolist()),
                 tuple((u * root).tolist()), factor**2 * variance(length),
                 factor**2 * variance(length**2) / (4 * root**2))


def _arc(chord):
    """The arc between two points of the sphere of radius 2."""
    return 4 * torch.asin((chord / 4).clamp(max=1))
