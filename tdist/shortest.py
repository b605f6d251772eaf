r"""A short road through a model: the curve of weights made shorter by relaxation, at inputs that
move with time, with the ends held or free, and at a price for each nat of loss on the way.

What :math:`\min_{w(\cdot)}` of equation 11 can mean. For small problems: all weights of all times
are unknowns of one minimisation.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize

from tdist.alphabet import numbers
from tdist.fisher_rao import expected_length
from tdist.manners import line

# a step d counts as about sqrt(d^2 + ETA^2), so that the length has a slope where it stands still
ETA = 1e-4
READINGS = ("length", "riemannian_length")


@dataclass(frozen=True, repr=False)
class Shortest:
    """A shortened road; ``float(result)`` is `length`.

    Attributes
    ----------
    path : ndarray, shape (steps + 1, weights)
    length : float
    riemannian_length : float
        Of this road, in the readings (11) and (5).
    loss : float
        Mean over the times after the first; NaN without a loss.
    settled : bool
        Whether the search stopped because nothing got shorter, not at its last step.

    Examples
    --------
    >>> import numpy as np
    >>> from tdist.shortest import Shortest
    >>> Shortest(np.zeros((3, 2)), 0.0, 0.0, 0.7, True)
    Shortest(path=ndarray (3, 2), length=0, riemannian_length=0, loss=0.7, settled=True)
    """

    path: np.ndarray
    length: float
    riemannian_length: float
    loss: float
    settled: bool

    def __float__(self):
        return self.length

    __repr__ = line


def shorten(logits, path, inputs, weights=None, *, loss=None, price=0.0, free_end=False,
            reading="length", max_steps=3000):
    r"""A short road from the first point of a path, to its last one or wherever it pays to stop.

    .. math:: \min_{w_1, w_2, \dots} \sum_k \mathbb E_{x \sim p_k}
              d\bigl(p_{w_k}(\cdot \mid x), p_{w_{k+1}}(\cdot \mid x)\bigr)
              + \frac{\mu}{K} \sum_k \ell_k(w_k)

    by L-BFGS from the path as given, :eq:`eq-shortest`. The search is local: start from several
    paths to see how far what it finds depends on the start.

    A step counts as a great circle at every input, so that a road may jump where the inputs make
    it cheap. For two classes and logits that are linear in the weights the straight line of a jump
    has this very length, and the result bounds the minimum from above. For other models take steps
    that are small beside the bends of the model.

    Parameters
    ----------
    logits : callable
        From weights (K, weights) and inputs (K, n, ...), tensors of float64, to logits
        (K, n, classes), each k by itself, differentiable by PyTorch.
    path : array_like, shape (K + 1, weights)
        The road to begin with. Not modified.
    inputs : array_like, shape (K, n, ...)
        Where each step is measured; they hold still during a step.
    weights : array_like, shape (n,) or (K, n), optional
        How much each input counts, at every step; divided by their sum. Equal by default.
    loss : callable, optional
        From weights (K, weights), those of :math:`w_1` to :math:`w_K`, to losses (K,) in nats.
    price : float
        :math:`\mu`, length for a nat of mean loss.
    free_end : bool
        Whether the last point may move. Without a loss nothing would.
    reading : "length" or "riemannian_length"
        Whether the expectation stands outside the root, as written above, or inside it, equation
        5. For the latter it minimises :math:`\sqrt{K \sum_k \mathbb E_x d^2}`, which is the length
        at an even pace: :eq:`eq-weights-geodesic` at inputs that hold still, without a jump.
    max_steps : int
        Of L-BFGS.

    Returns
    -------
    Shortest

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, the price is negative or has no loss, the end
        is free without a price, or the reading is unknown.

    Examples
    --------
    One input of three classes, and logits that are themselves the weights: from a bent path the
    search finds the great circle.

    >>> import numpy as np
    >>> from scipy.special import softmax
    >>> from tdist.fisher_rao import distance, path_length
    >>> from tdist.shortest import shorten
    >>> t = np.linspace(0, 1, 9)[:, None]
    >>> bent = t * [2.0, -1.0, 0.0] + np.sin(np.pi * t) * [0.0, 2.0, 0.0]
    >>> found = shorten(lambda w, x: w[:, None], bent, np.zeros((8, 1)))
    >>> p = softmax(bent, axis=1)
    >>> print(f"{path_length(p):.3f} -> {found.length:.3f}, ends {distance(p[0], p[-1]):.3f}")
    1.977 -> 1.133, ends 1.133
    """
    path, inputs = numbers(path, "path"), numbers(inputs, "inputs")
    if path.ndim != 2 or len(path) < 2 or inputs.ndim < 2 or len(inputs) != len(path) - 1:
        raise ValueError("path must have shape (K + 1, weights) and inputs (K, n, ...), got "
                         f"{path.shape} and {inputs.shape}")
    if not (np.isfinite(path).all() and np.isfinite(inputs).all() and 0 <= price < np.inf):
        raise ValueError("path, inputs and price must be finite, and the price at least 0")
    if bool(price) != (loss is not None) or (free_end and not price):
        raise ValueError("a loss and a price above 0 go together, and a free end needs both: it "
                         "would not leave the start")
    if reading not in READINGS:
        raise ValueError(f"reading must be one of {READINGS}, got {reading!r}")
    n = inputs.shape[1]
    share = np.ones(n) if weights is None else numbers(weights, "weights")
    if share.shape not in ((n,), inputs.shape[:2]) or not (
            (share >= 0).all() and (share.sum(-1) > 0).all() and np.isfinite(share).all()):
        raise ValueError(f"weights must have shape (n,) = ({n},) or (K, n) = {inputs.shape[:2]}, "
                         f"at least 0 with a positive sum at every step; got shape {share.shape}")
    share = np.broadcast_to(share / share.sum(-1, keepdims=True), inputs.shape[:2])
    x, share = torch.from_numpy(inputs), torch.from_numpy(share.copy())  # (K, n, ...), (K, n)
    start, end = torch.from_numpy(path[:1].copy()), torch.from_numpy(path[-1:].copy())

    def whole(moving):
        moving = moving.view(-1, path.shape[1])
        return torch.cat([start, moving] if free_end else [start, moving, end])

    def objective(moving):
        moving = torch.tensor(moving, requires_grad=True)
        w = whole(moving)
        value = _smooth_length(logits, w, x, share, reading)
        if price:
            value = value + price * loss(w[1:]).mean()
        value.backward()
        return value.item(), moving.grad.numpy()

    inner = path[1:] if free_end else path[1:-1]
    found = minimize(objective, inner.ravel(), jac=True, method="L-BFGS-B",
                     options={"maxiter": max_steps, "maxfun": 2 * max_steps, "maxcor": 30})
    with torch.no_grad():
        w = whole(torch.from_numpy(found.x))
        ends = [torch.softmax(logits(part, x), -1) for part in (w[:-1], w[1:])]
        steps = [expected_length(torch.stack(step[:2]), step[2])
                 for step in zip(*ends, share, strict=True)]
        level = float(loss(w[1:]).mean()) if price else float("nan")
    return Shortest(w.numpy(), sum(s.length for s in steps),
                    sum(s.riemannian_length for s in steps), level, found.status == 0)


def _smooth_length(logits, w, x, share, reading):
    """Length of a path w (K + 1, weights) at inputs x (K, n, ...), differentiable everywhere."""
    before, after = (torch.exp(torch.log_softmax(logits(part, x), -1) / 2)
                     for part in (w[:-1], w[1:]))  # roots of the probabilities, (K, n, classes)
    chord = ((before - after).square().sum(-1) + (ETA / 2) ** 2).sqrt()
    d = 4 * torch.asin(chord / 2)  # (K, n)
    if reading == "length":
        return (d * share).sum()
    return (len(d) * (d**2 * share).sum()).sqrt()  # R at an even pace, and more at any other
