r"""Fisher-Rao distance between categorical distributions, and the length of a path of them.

With the Fisher information metric, :math:`ds^2 = 2\,\mathrm{KL}(p, p + dp)`, the simplex is an
orthant of a sphere of radius 2: :math:`p \mapsto 2\sqrt p` keeps lengths, and distances are great
circles. Equations 2 to 5 and 11 of the coupled-transfer paper. Lengths are in nats to the power
1/2: a length of 1 is a root of 2 KL of 1 nat.
"""

from dataclasses import dataclass

import torch

from tdist.alphabet import numbers
from tdist.manners import line

STEPS = ("fisher-rao", "kl")


@dataclass(frozen=True, repr=False)
class PathLength:
    r"""Length of a classifier's path, averaged over inputs in either of two places;
    ``float(result)`` is `length`.

    Attributes
    ----------
    length : float
        :math:`\int \mathbb E_x \sqrt{2\,\mathrm{KL}}`, equation 11: the mean of the lengths that
        the inputs travel.
    riemannian_length : float
        :math:`\int \sqrt{\mathbb E_x 2\,\mathrm{KL}}`, equation 5: the length in the mean metric,
        never less.

    Examples
    --------
    >>> from tdist.fisher_rao import expected_length
    >>> found = expected_length([[[0.5, 0.5], [0.5, 0.5]], [[0.9, 0.1], [0.5, 0.5]]])
    >>> found
    PathLength(length=0.4636, riemannian_length=0.6557)
    >>> print(f"{float(found):.4f}")
    0.4636
    """

    length: float
    riemannian_length: float

    def __float__(self):
        return self.length

    __repr__ = line


def distance(p, q):
    r"""Fisher-Rao distance between categorical distributions.

    .. math:: d(p, q) = 4 \arcsin\Bigl(\tfrac12 \lVert \sqrt p - \sqrt q \rVert\Bigr)
              = 2 \arccos \sum_y \sqrt{p_y q_y}

    The first form keeps its digits for near distributions, where arccos loses half of them.

    Parameters
    ----------
    p, q : array_like or torch.Tensor, shape (..., classes)
        Probabilities; leading axes broadcast. Not modified. Sums may be off 1 by 1e-3, and by 1e-2
        in half precision, where they are made 1.

    Returns
    -------
    ndarray or torch.Tensor, shape (...)
        0 to :math:`\pi`, which is reached by distributions that share no class. A tensor if p or q
        is one: of float64 if one of them is, and of float32 otherwise, half precision included.

    Raises
    ------
    TypeError
        If p or q is not made of real numbers.
    ValueError
        If the numbers of classes differ, leading axes do not broadcast, or a row is negative, not
        finite, or does not sum to 1.

    Examples
    --------
    >>> from tdist.fisher_rao import distance
    >>> print(f"{distance([0.5, 0.5], [0.9, 0.1]):.4f}")
    0.9273
    >>> distance([[1, 0], [0.5, 0.5]], [0, 1]).round(4)  # pi, and half of it
    array([3.1416, 1.5708])
    """
    tensors = isinstance(p, torch.Tensor) or isinstance(q, torch.Tensor)
    p, q = _two(p, q)
    return _back(_arc(p.sqrt(), q.sqrt()), tensors)


def path_length(probs):
    r"""Length of a path of distributions: the sum of the :func:`distance` of neighbours.

    Never more than the length of any curve through these points, and never less than the distance
    of the ends, however coarse the path is; refining a smooth path of K steps and positive
    probabilities adds :math:`O(1/K^2)`.

    Parameters
    ----------
    probs : array_like or torch.Tensor, shape (steps + 1, ..., classes)
        The points of the path along the first axis.

    Returns
    -------
    ndarray or torch.Tensor, shape (...)

    Raises
    ------
    ValueError
        If there is no step, or as :func:`distance`.

    Examples
    --------
    Over a corner the way is longer.

    >>> from tdist.fisher_rao import path_length
    >>> print(f"{path_length([[0.5, 0.5], [0.9, 0.1]]):.4f}")
    0.9273
    >>> print(f"{path_length([[0.5, 0.5], [1, 0], [0.9, 0.1]]):.4f}")
    2.2143
    """
    tensors = isinstance(probs, torch.Tensor)
    return _back(_arcs(_path(probs)).sum(0), tensors)


def expected_length(probs, weights=None, step="fisher-rao"):
    r"""Length of a classifier's path over a set of inputs, in both readings of the paper.

    .. math::
       L = \sum_k \mathbb E_x\, d_k(x) \quad (11), \qquad
       R = \sum_k \sqrt{\mathbb E_x\, d_k(x)^2} \quad (5), \qquad L \le R

    where :math:`d_k(x)` is the length of step k at input x.

    Parameters
    ----------
    probs : array_like or torch.Tensor, shape (steps + 1, inputs, classes)
        The classifier's probabilities along its path.
    weights : array_like or torch.Tensor, shape (inputs,) or (steps, inputs), optional
        How much each input counts, at every step; they are divided by their sum. Equal by default.
    step : "fisher-rao" or "kl"
        Length of a step: :func:`distance`, or the paper's
        :math:`\sqrt{2\,\mathrm{KL}(p_k, p_{k+1})}`. The latter has an error of O(1/K) in a path of
        K steps, is infinite where a class disappears, and can fall below the distance by a factor
        down to :math:`1/\sqrt 2`.

    Returns
    -------
    PathLength

    Raises
    ------
    ValueError
        If weights have another shape, are negative or sum to 0, `step` is unknown, or as
        :func:`path_length`.

    Examples
    --------
    Two inputs, of which one moves: the places of the mean differ.

    >>> from tdist.fisher_rao import expected_length
    >>> path = [[[0.5, 0.5], [0.5, 0.5]], [[0.9, 0.1], [0.5, 0.5]]]
    >>> expected_length(path)
    PathLength(length=0.4636, riemannian_length=0.6557)
    >>> expected_length(path, weights=[1, 0])
    PathLength(length=0.9273, riemannian_length=0.9273)
    """
    if step not in STEPS:
        raise ValueError(f"step must be one of {STEPS}, got {step!r}")
    path = _path(probs)
    d = _root_kl(path[:-1], path[1:]) if step == "kl" else _arcs(path)  # (steps, inputs)
    if d.ndim != 2 or d.shape[1] == 0:
        raise ValueError("probs must have shape (steps + 1, inputs, classes), got "
                         f"{len(d) + 1, *d.shape[1:]} and classes")
    w = torch.ones(d.shape[1]) if weights is None else torch.from_numpy(numbers(weights, "weights"))
    if w.shape not in (d.shape[1:], d.shape):
        raise ValueError(f"weights must have shape (inputs,) = {tuple(d.shape[1:])} or (steps, "
                         f"inputs) = {tuple(d.shape)}, got {tuple(w.shape)}")
    w = w.to(d).expand(d.shape)
    if (w < 0).any() or not torch.isfinite(w).all() or (w.sum(1) <= 0).any():
        raise ValueError("weights must be at least 0, with a positive sum at every step")
    w = w / w.amax(1, keepdim=True)  # so that no sum overflows
    # an infinite step of an input that does not count is none
    w, d = w / w.sum(1, keepdim=True), d.where(w > 0, 0)
    return PathLength(float((w * d).sum()), float((w * d**2).sum(1).sqrt().sum()))


def root_kl(p, q):
    r"""The paper's length of a step.

    .. math:: \sqrt{2\,\mathrm{KL}(p, q)}, \qquad
              \mathrm{KL}(p, q) = \sum_y p_y \log\frac{p_y}{q_y}

    Parameters, returns and errors as :func:`distance`; not symmetric, and infinite where q lacks a
    class that p has. Computed in float64: between near distributions a float32 KL is mostly
    rounding.

    Examples
    --------
    >>> from tdist.fisher_rao import root_kl
    >>> print(f"{root_kl([0.5, 0.5], [0.9, 0.1]):.4f} {root_kl([0.9, 0.1], [0.5, 0.5]):.4f}")
    1.0108 0.8580
    >>> float(root_kl([0.5, 0.5], [1, 0]))
    inf
    """
    tensors = isinstance(p, torch.Tensor) or isinstance(q, torch.Tensor)
    p, q = _two(p, q)
    return _back(_root_kl(p, q), tensors)


def _arc(root_p, root_q):
    chord = torch.linalg.vector_norm(root_p - root_q, dim=-1)
    return 4 * torch.asin((chord / 2).clamp(max=0.5**0.5))


def _root_kl(p, q):
    p, q = p.double(), q.double()
    # sum p log(p/q) - p + q term by term is never negative, so rounding cannot make the sum so
    terms = torch.special.xlogy(p, p) - torch.special.xlogy(p, q) - p + q
    return (2 * terms.clamp(min=0).sum(-1)).sqrt()


def _arcs(path):
    """Distances (steps, ...) of the neighbours of a path (steps + 1, ..., classes)."""
    roots = path.sqrt()
    return _arc(roots[:-1], roots[1:])


def _path(probs):
    probs = _distributions(probs, "probs")
    if probs.ndim < 2 or len(probs) < 2:
        raise ValueError("a path needs at least two points along the first axis, got shape "
                         f"{tuple(probs.shape)}")
    return probs


def _two(p, q):
    p, q = _distributions(p, "p"), _distributions(q, "q")
    if p.shape[-1] != q.shape[-1]:
        raise ValueError(f"p has {p.shape[-1]} classes and q has {q.shape[-1]}; use the union of "
                         "the classes, with 0 for the ones that a task lacks")
    try:
        torch.broadcast_shapes(p.shape, q.shape)
    except RuntimeError:
        raise ValueError(f"the leading axes of p {tuple(p.shape)} and q {tuple(q.shape)} do not "
                         "broadcast") from None
    device = p.device if p.device.type != "cpu" else q.device
    return p.to(device), q.to(device)


def _distributions(p, name):
    """A float tensor of probabilities along the last axis, float64 if it came from elsewhere."""
    if isinstance(p, torch.Tensor) and not p.is_complex():
        p = p.detach()
    else:
        p = torch.from_numpy(numbers(p, name))
    half = p.dtype in (torch.float16, torch.bfloat16)
    p = p if p.dtype in (torch.float32, torch.float64) else p.float()
    if p.ndim == 0 or p.shape[-1] < 2:
        raise ValueError(f"{name} must have at least two classes along its last axis, got shape "
                         f"{tuple(p.shape)}")
    if not torch.isfinite(p).all() or (p < 0).any():
        raise ValueError(f"{name} holds numbers that are no probabilities: negative, NaN or "
                         "infinite; pass softmax(logits), not logits")
    off = (p.sum(-1) - 1).abs().max().item() if p.numel() else 0.0
    if off > (1e-2 if half else 1e-3):
        raise ValueError(f"{name} must sum to 1 along its last axis; a row is off by {off:.3g}")
    return p / p.sum(-1, keepdim=True) if half else p


def _back(result, tensors):
    return result if tensors else result.numpy()[()]
