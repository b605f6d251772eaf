r"""Couplings of blocks of samples: entropic, and the proximal step of coupled transfer, with a certificate.

A coupling of n source with n target samples is a matrix with marginals 1/n. Blocks are solved together, as
(blocks, n, n) tensors, on any device. Equations 6 and 12a of the coupled-transfer paper, with a weight on the entropy.
"""

from dataclasses import dataclass

import numpy as np
import torch

CHECK = 5  # mirror steps between certificates


@dataclass(frozen=True)
class Coupling:
    """Couplings with their certificates.

    Attributes
    ----------
    coupling : ndarray or torch.Tensor, shape (blocks, n, n)
        Marginals are 1/n up to rounding.
    gap : ndarray or torch.Tensor, shape (blocks,)
        Duality gap: the objective exceeds its minimum by no more than this.
    steps : int
        Mirror steps taken.
    """

    coupling: np.ndarray | torch.Tensor
    gap: np.ndarray | torch.Tensor
    steps: int


def proximal(cost, previous, entropy, proximal, tolerance=1e-6, max_steps=1000, sweeps=10):
    r"""The proximal step of coupled transfer, for every block:

    .. math:: \min_{\Gamma \in \Pi} F(\Gamma), \quad
       F(\Gamma) = \langle\Gamma, C\rangle + \epsilon \sum_{ij} \Gamma_{ij} \log \Gamma_{ij}
       + \lambda \lVert\Gamma - \Gamma'\rVert^2,
       \qquad \Pi: \Gamma 1 = \Gamma^T 1 = \tfrac1n

    Since :math:`\Gamma_{ij} \le 1/n`, the square is :math:`2\lambda/n`-smooth relative to the entropy, and mirror
    descent with

    .. math:: \Gamma_{t+1} = \arg\min_{\Gamma \in \Pi}
       \Bigl\langle\Gamma, C + 2\lambda(\Gamma_t - \Gamma') - \tfrac{2\lambda}{n} \log\Gamma_t\Bigr\rangle
       + \Bigl(\epsilon + \tfrac{2\lambda}{n}\Bigr) \sum_{ij} \Gamma_{ij} \log \Gamma_{ij}

    converges; each of its steps is a run of Sinkhorn's algorithm. Linearising the square at weight :math:`\epsilon`
    alone fails for large :math:`\lambda`.

    Parameters
    ----------
    cost : array_like or torch.Tensor, shape (blocks, n, n)
    previous : array_like or torch.Tensor, shape (blocks, n, n)
        :math:`\Gamma'`, the coupling to stay near.
    entropy, proximal : float
        :math:`\epsilon \ge 0` and :math:`\lambda \ge 0`, in units of the cost; not both 0.
    tolerance : float
        Stop when every gap is at most this times the mean absolute cost.
    max_steps, sweeps : int
        Limit of mirror steps, and Sinkhorn sweeps in each.

    Returns
    -------
    Coupling
        Tensors if the cost is one. Look at `.gap`: the limit of steps may come first.

    Raises
    ------
    ValueError
        If shapes differ, a number is missing, a weight is negative, or both are 0.
    """
    tensors = isinstance(cost, torch.Tensor)
    cost, previous = _blocks(cost, "cost"), _blocks(previous, "previous")
    if cost.shape != previous.shape:
        raise ValueError(f"cost and previous differ in shape: {tuple(cost.shape)} and {tuple(previous.shape)}")
    _check_weights(entropy, proximal)
    previous = previous.to(cost.device)
    n = cost.shape[-1]
    eta = entropy + 2 * proximal / n
    bound = tolerance * cost.abs().mean()
    f, g = cost.new_zeros(cost.shape[:-1]), cost.new_zeros(cost.shape[:-1])  # potentials in units of the cost
    log_gamma = torch.full_like(cost, -2 * np.log(n))
    for step in range(1, max_steps + 1):
        gamma = log_gamma.exp()
        linear = cost + 2 * proximal * (gamma - previous) - (2 * proximal / n) * log_gamma
        f, g, log_gamma = _sinkhorn(linear, eta, f, g, sweeps)
        if step % CHECK == 0 or step == max_steps:
            best = round_to_marginals(log_gamma.exp())
            problem = cost, previous, entropy, proximal
            gap = _objective(best, *problem) - _dual(f, g, *problem)
            if (gap <= bound).all():
                break
    gap = gap.clamp(min=0)  # -1e-18 is rounding
    return Coupling(best, gap, step) if tensors else Coupling(best.numpy(), gap.numpy(), step)


def entropic(cost, entropy, tolerance=1e-6, max_steps=1000, sweeps=10):
    r"""Entropic optimal transport of every block.

    .. math:: \min_{\Gamma \in \Pi} \langle\Gamma, C\rangle + \epsilon \sum_{ij} \Gamma_{ij} \log \Gamma_{ij}

    Parameters, returns and errors as :func:`proximal` with :math:`\lambda = 0`.
    """
    shape = cost.shape if hasattr(cost, "shape") else np.shape(cost)
    product = torch.full(tuple(shape), 1 / max(shape[-1], 1) ** 2 if shape else 1.0, dtype=torch.float64)
    return proximal(cost, product, entropy, 0.0, tolerance, max_steps, sweeps)


def round_to_marginals(gamma):
    """A nearby coupling with marginals 1/n, by Altschuler, Weed and Rigollet (2017); gamma (blocks, n, n) >= 0."""
    n = gamma.shape[-1]
    gamma = gamma * (1 / (n * gamma.sum(2, keepdim=True))).clamp(max=1)
    gamma = gamma * (1 / (n * gamma.sum(1, keepdim=True))).clamp(max=1)
    rows, columns = (1 / n - gamma.sum(2)).clamp(min=0), (1 / n - gamma.sum(1)).clamp(min=0)
    mass = rows.sum(1, keepdim=True).clamp(min=torch.finfo(gamma.dtype).tiny)
    return gamma + (rows / mass)[:, :, None] * columns[:, None]


def _sinkhorn(cost, eta, f, g, sweeps):
    """Potentials after some sweeps from f, g (blocks, n), and the log of the coupling. The kernel holds the potentials
    at the start, so that the scalings u, v stay near 1 and products of matrices can replace logarithms of sums."""
    n = cost.shape[-1]
    log_kernel = (f[:, :, None] + g[:, None] - cost) / eta
    shift = log_kernel.amax(2, keepdim=True)
    f, log_kernel = f - eta * shift[..., 0], log_kernel - shift
    kernel = log_kernel.exp()
    v = torch.ones_like(g)[..., None]
    for _ in range(sweeps):
        u = 1 / (n * (kernel @ v))
        v = 1 / (n * (kernel.transpose(1, 2) @ u))
    log_u, log_v = u.log(), v.log()
    return f + eta * log_u[..., 0], g + eta * log_v[..., 0], log_kernel + log_u + log_v.transpose(1, 2)


def _objective(gamma, cost, previous, entropy, proximal):
    terms = gamma * cost + entropy * torch.special.xlogy(gamma, gamma) + proximal * (gamma - previous) ** 2
    return terms.sum((1, 2))


def _dual(f, g, cost, previous, entropy, proximal):
    r"""A lower bound of the objective: :math:`\sum (u_i + v_j) / n + \sum \min_x [x(C - u - v) + \epsilon x \log x +
    \lambda (x - \gamma')^2]` with u = f + eps/2, v = g + eps/2."""
    u, v = f + entropy / 2, g + entropy / 2
    slope = cost - u[:, :, None] - v[:, None]
    x = _inner(slope, previous, entropy, proximal)
    inner = x * slope + entropy * torch.special.xlogy(x, x) + proximal * (x - previous) ** 2
    return (u.sum(1) + v.sum(1)) / cost.shape[-1] + inner.sum((1, 2))


def _inner(slope, previous, entropy, proximal):
    """The x >= 0 that minimises x slope + entropy x log x + proximal (x - previous)^2, elementwise."""
    if proximal == 0:
        return (-slope / entropy - 1).exp()
    if entropy == 0:
        return (previous - slope / (2 * proximal)).clamp(min=0)
    # with z = log x: entropy z + 2 proximal e^z = c, convex and rising in z; from the right of its zero Newton descends
    c = 2 * proximal * previous - slope - entropy
    z = torch.minimum(c / entropy, (c.clamp(min=torch.finfo(c.dtype).tiny) / (2 * proximal)).log().clamp(min=0) + 1)
    for _ in range(50):
        steep = 2 * proximal * z.exp()
        change = (entropy * z + steep - c) / (entropy + steep)
        z = z - change
        if (change.abs() <= 1e-14 * (1 + z.abs())).all():
            break
    return z.exp()


def _blocks(x, name):
    x = x.detach().double() if isinstance(x, torch.Tensor) else torch.tensor(np.asarray(x, dtype=np.float64))
    if x.ndim != 3 or x.shape[1] != x.shape[2] or 0 in x.shape:
        raise ValueError(f"{name} must have shape (blocks, n, n), got {tuple(x.shape)}; add an axis to a single block")
    if not torch.isfinite(x).all():
        raise ValueError(f"{name} holds NaN or infinity")
    return x


def _check_weights(entropy, proximal):
    if not (np.isfinite(entropy) and np.isfinite(proximal)) or entropy < 0 or proximal < 0:
        raise ValueError(f"entropy and proximal must be finite and at least 0, got {entropy!r} and {proximal!r}")
    if entropy == 0 and proximal == 0:
        raise ValueError("with entropy = 0 and proximal = 0 this is plain optimal transport: call ot.emd on each block")
