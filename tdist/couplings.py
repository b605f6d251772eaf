r"""Couplings of blocks of samples: entropic, and the proximal step of coupled transfer, with a
certificate.

A coupling of n source with n target samples is a matrix with marginals 1/n. Blocks are solved
together, as (blocks, n, n) tensors, on any device. Equations 6 and 12a of the coupled-transfer
paper, with a weight on the entropy.
"""

import operator
import warnings
from dataclasses import dataclass

import numpy as np
import torch

from tdist import descent
from tdist.alphabet import numbers
from tdist.descent import round_to_marginals as round_to_marginals
from tdist.manners import line

CHECK = 5  # mirror steps between certificates
STEPS = 1000  # at most, unless the caller says otherwise
# at most so many mirror steps, and then steps of Newton's method, if there is a proximal term
MIRROR, NEWTON = 200, 20
LIMIT = "a larger entropy closes it, and ot.emd on a block solves the limit 0"


class GapWarning(RuntimeWarning):
    """A coupling is not known to be the best: its duality gap is above the tolerance."""


@dataclass(frozen=True, repr=False, eq=False)
class Coupling:
    """Couplings with their certificates.

    Attributes
    ----------
    coupling : ndarray or torch.Tensor, shape (blocks, n, n)
        Marginals are 1/n up to rounding.
    gap : ndarray or torch.Tensor, shape (blocks,)
        Duality gap: the objective exceeds its minimum by no more than this.
    steps : int
        Steps taken.
    closed : bool
        Whether every gap is within the tolerance, or the rounding of the objective.

    Examples
    --------
    >>> from tdist import couplings
    >>> couplings.entropic([[[0.0, 1.0], [1.0, 0.0]]], entropy=0.1)
    Coupling(coupling=ndarray (1, 2, 2), gap=ndarray (1,), steps=5, closed=True)
    """

    coupling: np.ndarray | torch.Tensor
    gap: np.ndarray | torch.Tensor
    steps: int
    closed: bool

    __repr__ = line


def proximal(cost, previous, entropy, proximal, tolerance=1e-6, max_steps=None, sweeps=5):
    r"""The proximal step of coupled transfer, for every block:

    .. math:: \min_{\Gamma \in \Pi} F(\Gamma), \qquad
       \Pi: \Gamma 1 = \Gamma^T 1 = \tfrac1n, \\
       F(\Gamma) = \langle\Gamma, C\rangle + \epsilon \sum_{ij} \Gamma_{ij} \log \Gamma_{ij}
       + \lambda \lVert\Gamma - \Gamma'\rVert^2

    Since :math:`\Gamma_{ij} \le 1/n`, the square is :math:`2\lambda/n`-smooth relative to the
    entropy, and mirror descent with

    .. math:: \Gamma_{t+1} = \arg\min_{\Gamma \in \Pi}
       \Bigl\langle\Gamma,
       C + 2\lambda(\Gamma_t - \Gamma') - \tfrac{2\lambda}{n} \log\Gamma_t\Bigr\rangle
       + \Bigl(\epsilon + \tfrac{2\lambda}{n}\Bigr) \sum_{ij} \Gamma_{ij} \log \Gamma_{ij}

    converges if each step is solved exactly. Here each is a few sweeps of Sinkhorn's algorithm, and
    the gap vouches for the result. Linearising the square at weight :math:`\epsilon` alone fails
    for large :math:`\lambda`. It takes the more steps the larger :math:`2\lambda / (n \epsilon)`
    is; what 200 of them leave, Newton's method on the dual closes, :eq:`eq-newton`. Without a
    proximal term what 1000 steps leave is closed by Newton's method while the entropy falls to the
    one asked for.

    Parameters
    ----------
    cost : array_like or torch.Tensor, shape (blocks, n, n)
    previous : array_like or torch.Tensor, shape (blocks, n, n)
        :math:`\Gamma'`, the coupling to stay near: marginals 1/n.
    entropy, proximal : float
        The weights :math:`\epsilon \ge 0` and :math:`\lambda \ge 0`, in units of the cost; not
        both 0.
    tolerance : float
        Stop when every gap is at most this times the mean absolute cost.
    max_steps : int, optional
        Limit of steps: 1000, of which at most 200 are mirror and 20 Newton steps if proximal > 0.
        A limit of one's own brings no warning, and one up to 200 no steps of Newton's method.
    sweeps : int
        Sinkhorn sweeps in each mirror step.

    Returns
    -------
    Coupling
        Tensors if the cost is one.

    Raises
    ------
    TypeError
        If a matrix is not made of numbers, or a limit is no integer.
    ValueError
        If shapes differ, a number is missing, `previous` has other marginals, a weight is negative,
        both are 0, or there is no step or sweep.

    Warns
    -----
    GapWarning
        If a gap is left above the tolerance after 1000 steps, as `.closed` says too.

    Examples
    --------
    A heavy proximal term holds the coupling at the previous one, whatever the cost.

    >>> import numpy as np
    >>> from tdist import couplings
    >>> cost, even = np.array([[[0.0, 1.0], [1.0, 0.0]]]), np.full((1, 2, 2), 0.25)
    >>> couplings.proximal(cost, even, entropy=0.05, proximal=0.1).coupling.round(2)
    array([[[0.5, 0. ],
            [0. , 0.5]]])
    >>> couplings.proximal(cost, even, entropy=0.05, proximal=100).coupling.round(2)
    array([[[0.25, 0.25],
            [0.25, 0.25]]])
    """
    found = _solve(cost, previous, entropy, proximal, tolerance, max_steps, sweeps)
    _vouch(found, max_steps, "a larger entropy or proximal weight closes it")
    return found


def entropic(cost, entropy, tolerance=1e-6, max_steps=None, sweeps=5):
    r"""Entropic optimal transport of every block.

    .. math:: \min_{\Gamma \in \Pi}
       \langle\Gamma, C\rangle + \epsilon \sum_{ij} \Gamma_{ij} \log \Gamma_{ij}

    Parameters, returns, errors and warnings as :func:`proximal` with :math:`\lambda = 0`.

    Examples
    --------
    >>> from tdist import couplings
    >>> found = couplings.entropic([[[0.0, 1.0], [1.0, 0.0]]], entropy=0.5)
    >>> found.coupling.round(4)
    array([[[0.4404, 0.0596],
            [0.0596, 0.4404]]])
    """
    found = _solve(cost, None, entropy, 0.0, tolerance, max_steps, sweeps)
    _vouch(found, max_steps, LIMIT)
    return found


def from_features(source, target, entropy=0.05, tolerance=1e-6):
    r"""Entropic couplings of blocks for squared distances of features: where coupled transfer
    starts.

    .. math:: C_{ij} = \lVert \varphi(x_i^s) - \varphi(x_j^t) \rVert^2 / \bar C, \qquad
       \bar C \text{ the mean over all blocks}

    Features of an ImageNet network, pixels, or any other numbers; their unit does not matter.

    Parameters
    ----------
    source, target : array_like or torch.Tensor, shape (blocks, n, k)
        Features of the source and of the target samples of each block.
    entropy : float
        Weight of the entropy, as a multiple of the mean cost.
    tolerance : float
        As :func:`proximal`.

    Returns
    -------
    Coupling
        Tensors if the source is one; `.gap` is in units of the mean cost.

    Raises
    ------
    TypeError
        If features are not numbers.
    ValueError
        If shapes differ, a number is missing, or entropy is not positive.

    Warns
    -----
    GapWarning
        As :func:`proximal`.

    Examples
    --------
    Each sample is joined to its copy, wherever that stands in the block.

    >>> from tdist import couplings
    >>> found = couplings.from_features([[[0.0], [1.0], [5.0]]], [[[5.0], [0.0], [1.0]]])
    >>> found.coupling.argmax(2)
    array([[1, 2, 0]])
    """
    tensors = isinstance(source, torch.Tensor)
    source, target = _finite(source, "source", "n, k"), _finite(target, "target", "n, k")
    if source.shape != target.shape:
        raise ValueError(f"source and target differ in shape: {tuple(source.shape)} and "
                         f"{tuple(target.shape)}; a block needs as many source as target samples")
    # in a unit, a power of 2, whose squares stay within float64
    unit = torch.frexp(torch.maximum(source.abs().max(), target.abs().max().to(source.device)))[1]
    source = torch.ldexp(source, -unit)
    target = torch.ldexp(target.to(source.device), -unit)
    # differences, not products of matrices: near features keep their digits
    cost = torch.cdist(source, target, compute_mode="donot_use_mm_for_euclid_dist") ** 2
    cost /= cost.mean().clamp(min=torch.finfo(cost.dtype).tiny)
    found = _solve(cost if tensors else cost.numpy(), None, entropy, 0.0, tolerance, None, 5)
    _vouch(found, None, LIMIT)
    return found


def _solve(cost, previous, entropy, weight, tolerance, max_steps, sweeps):
    """The Coupling of :func:`proximal`, with weight for its lambda, and without a word; `previous`
    None is the product coupling."""
    tensors = isinstance(cost, torch.Tensor)
    cost = _blocks(cost, "cost")
    previous = (torch.full_like(cost, cost.shape[2] ** -2.0) if previous is None else
                _blocks(previous, "previous"))
    if cost.shape != previous.shape:
        raise ValueError(f"cost and previous differ in shape: {tuple(cost.shape)} and "
                         f"{tuple(previous.shape)}")
    n = cost.shape[2]
    if max((previous.sum(axis) - 1 / n).abs().max() for axis in (1, 2)) > 1e-3 / n:
        raise ValueError("previous must be a coupling: rows and columns that sum to 1/n")
    _check_weights(entropy, weight, tolerance)
    max_steps = STEPS if max_steps is None else max_steps
    if operator.index(max_steps) < 1 or operator.index(sweeps) < 1:
        raise ValueError(f"max_steps and sweeps must be at least 1, got {max_steps!r} and "
                         f"{sweeps!r}")
    previous = previous.to(cost.device)
    problem = cost, previous, entropy, weight
    bound = tolerance * cost.abs().mean()
    best, gap, step = _descend(problem, bound, max_steps, sweeps)
    rounding = 1e-14 * descent.objective(best, cost.abs(), previous, -entropy, weight)
    closed = bool((gap <= bound + rounding).all())
    gap = gap.clamp(min=0)  # -1e-18 is rounding
    return (Coupling(best, gap, step, closed) if tensors else
            Coupling(best.numpy(), gap.numpy(), step, closed))


def _descend(problem, bound, max_steps, sweeps):
    """Couplings (blocks, n, n), gaps (blocks,) and the steps: mirror steps, and then Newton's
    method, if there is a step left for it."""
    cost, previous, entropy, weight = problem
    n = cost.shape[2]
    eta = entropy + 2 * weight / n
    f, g = cost.new_zeros(cost.shape[:-1]), cost.new_zeros(cost.shape[:-1])  # potentials
    log_gamma = torch.full_like(cost, -2 * np.log(n))
    base = cost - 2 * weight * previous
    limit = min(max_steps, MIRROR) if weight > 0 else max_steps
    for step in range(1, limit + 1):
        linear = torch.add(base, log_gamma.exp(), alpha=2 * weight)
        linear.sub_(log_gamma, alpha=2 * weight / n)
        f, g, log_gamma = descent.sinkhorn(linear, eta, f, g, sweeps)
        if step % CHECK == 0 or step == limit:
            best = descent.round_to_marginals(log_gamma.exp())
            gap = descent.objective(best, *problem) - descent.dual(f, g, best, *problem)[0]
            if (gap <= bound).all():
                return best, gap, step
    if max_steps <= MIRROR:
        return best, gap, step
    if weight > 0:
        polished, closed, more = descent.newton(f, g, best, problem, bound,
                                                min(max_steps - limit, NEWTON))
    else:
        polished, closed, more = descent.anneal(problem, bound, NEWTON)
    better = (closed < gap) | gap.isnan()
    return polished.where(better[:, None, None], best), closed.where(better, gap), step + more


def _vouch(found, max_steps, way_out):
    if max_steps is None and not found.closed:
        warnings.warn(f"after {found.steps} steps a duality gap of {float(found.gap.max()):.2g} is "
                      "left, above the tolerance: the coupling is not known to be the best; "
                      f"{way_out}", GapWarning, stacklevel=3)


def _blocks(x, name):
    blocks = _finite(x, name, "n, n")
    if blocks.shape[1] != blocks.shape[2]:
        raise ValueError(f"{name} must have shape (blocks, n, n), got {tuple(blocks.shape)}")
    return blocks


def _finite(x, name, sides):
    if isinstance(x, torch.Tensor) and not x.is_complex():
        x = x.detach().double()
    else:
        x = torch.tensor(numbers(x, name))
    if x.ndim != 3 or 0 in x.shape:
        raise ValueError(f"{name} must have shape (blocks, {sides}), got {tuple(x.shape)}; add an "
                         "axis to one block")
    if not torch.isfinite(x).all():
        raise ValueError(f"{name} holds NaN or infinity")
    return x


def _check_weights(entropy, weight, tolerance):
    if not (np.isfinite(entropy) and np.isfinite(weight)) or entropy < 0 or weight < 0:
        raise ValueError("entropy and proximal must be finite and at least 0, got "
                         f"{entropy!r} and {weight!r}")
    if entropy == 0 and weight == 0:
        raise ValueError("with entropy = 0 and proximal = 0 this is plain optimal transport: call "
                         "ot.emd on each block")
    if not tolerance >= 0:
        raise ValueError(f"tolerance must be at least 0, got {tolerance!r}")
