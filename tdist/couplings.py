r"""Couplings of blocks of samples: entropic, and the proximal step of coupled transfer, with a certificate.

A coupling of n source with n target samples is a matrix with marginals 1/n. Blocks are solved together, as
(blocks, n, n) tensors, on any device. Equations 6 and 12a of the coupled-transfer paper, with a weight on the entropy.
"""

from dataclasses import dataclass

import numpy as np
import torch

CHECK = 5  # mirror steps between certificates
MIRROR, NEWTON = 200, 20  # at most so many mirror steps, and then steps of Newton's method, if there is a proximal term
TINY = 1e-100  # least sum in Sinkhorn's algorithm: an empty one moves its potential far, but not to infinity


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
        Steps taken.
    """

    coupling: np.ndarray | torch.Tensor
    gap: np.ndarray | torch.Tensor
    steps: int


def proximal(cost, previous, entropy, proximal, tolerance=1e-6, max_steps=1000, sweeps=5):
    r"""The proximal step of coupled transfer, for every block:

    .. math:: \min_{\Gamma \in \Pi} F(\Gamma), \qquad \Pi: \Gamma 1 = \Gamma^T 1 = \tfrac1n, \\
       F(\Gamma) = \langle\Gamma, C\rangle + \epsilon \sum_{ij} \Gamma_{ij} \log \Gamma_{ij}
       + \lambda \lVert\Gamma - \Gamma'\rVert^2

    Since :math:`\Gamma_{ij} \le 1/n`, the square is :math:`2\lambda/n`-smooth relative to the entropy, and mirror
    descent with

    .. math:: \Gamma_{t+1} = \arg\min_{\Gamma \in \Pi}
       \Bigl\langle\Gamma, C + 2\lambda(\Gamma_t - \Gamma') - \tfrac{2\lambda}{n} \log\Gamma_t\Bigr\rangle
       + \Bigl(\epsilon + \tfrac{2\lambda}{n}\Bigr) \sum_{ij} \Gamma_{ij} \log \Gamma_{ij}

    converges if each step is solved exactly. Here each is a few sweeps of Sinkhorn's algorithm, and the gap vouches for
    the result. Linearising the square at weight :math:`\epsilon` alone fails for large :math:`\lambda`. It takes the
    more steps the larger :math:`2\lambda / (n \epsilon)` is; what 200 of them leave, Newton's method on the dual
    closes, :eq:`eq-newton`.

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
        Limit of steps (of which at most 200 are mirror and 20 Newton steps if proximal > 0), and Sinkhorn sweeps in
        each mirror step.

    Returns
    -------
    Coupling
        Tensors if the cost is one. Look at `.gap`: the limit of steps may come first.

    Raises
    ------
    ValueError
        If shapes differ, a number is missing, a weight is negative, both are 0, or there is no step or sweep.
    """
    tensors = isinstance(cost, torch.Tensor)
    cost, previous = _blocks(cost, "cost"), _blocks(previous, "previous")
    if cost.shape != previous.shape:
        raise ValueError(f"cost and previous differ in shape: {tuple(cost.shape)} and {tuple(previous.shape)}")
    _check_weights(entropy, proximal)
    if max_steps < 1 or sweeps < 1:
        raise ValueError(f"max_steps and sweeps must be at least 1, got {max_steps!r} and {sweeps!r}")
    previous = previous.to(cost.device)
    n = cost.shape[-1]
    eta = entropy + 2 * proximal / n
    bound = tolerance * cost.abs().mean()
    f, g = cost.new_zeros(cost.shape[:-1]), cost.new_zeros(cost.shape[:-1])  # potentials in units of the cost
    log_gamma = torch.full_like(cost, -2 * np.log(n))
    base = cost - 2 * proximal * previous
    problem = cost, previous, entropy, proximal
    limit = min(max_steps, MIRROR) if proximal > 0 else max_steps
    for step in range(1, limit + 1):
        linear = torch.add(base, log_gamma.exp(), alpha=2 * proximal).sub_(log_gamma, alpha=2 * proximal / n)
        f, g, log_gamma = _sinkhorn(linear, eta, f, g, sweeps)
        if step % CHECK == 0 or step == limit:
            best = round_to_marginals(log_gamma.exp())
            gap = _objective(best, *problem) - _dual(f, g, best, *problem)[0]
            if (gap <= bound).all():
                break
    else:
        if max_steps > limit:
            polished, closed, more = _newton(f, g, best, problem, bound, min(max_steps - limit, NEWTON))
            better, step = closed < gap, step + more
            best, gap = polished.where(better[:, None, None], best), closed.where(better, gap)
    gap = gap.clamp(min=0)  # -1e-18 is rounding
    return Coupling(best, gap, step) if tensors else Coupling(best.numpy(), gap.numpy(), step)


def entropic(cost, entropy, tolerance=1e-6, max_steps=1000, sweeps=5):
    r"""Entropic optimal transport of every block.

    .. math:: \min_{\Gamma \in \Pi} \langle\Gamma, C\rangle + \epsilon \sum_{ij} \Gamma_{ij} \log \Gamma_{ij}

    Parameters, returns and errors as :func:`proximal` with :math:`\lambda = 0`.
    """
    shape = cost.shape if hasattr(cost, "shape") else np.shape(cost)
    product = torch.full(tuple(shape), 1 / max(shape[-1], 1) ** 2 if shape else 1.0, dtype=torch.float64)
    return proximal(cost, product, entropy, 0.0, tolerance, max_steps, sweeps)


def from_features(source, target, entropy=0.05, tolerance=1e-6):
    r"""Entropic couplings of blocks for squared distances of features: where coupled transfer starts.

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
    ValueError
        If shapes differ, a number is missing, or entropy is not positive.
    """
    tensors = isinstance(source, torch.Tensor)
    source, target = _finite(source, "source", "n, k"), _finite(target, "target", "n, k")
    if source.shape != target.shape:
        raise ValueError(f"source and target differ in shape: {tuple(source.shape)} and {tuple(target.shape)}; "
                         "a block needs as many source as target samples")
    # differences, not products of matrices: near features keep their digits
    cost = torch.cdist(source, target.to(source.device), compute_mode="donot_use_mm_for_euclid_dist") ** 2
    cost /= cost.mean().clamp(min=torch.finfo(cost.dtype).tiny)
    return entropic(cost if tensors else cost.numpy(), entropy, tolerance)


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
    log_kernel = (f[:, :, None] + g[:, None]).sub_(cost).div_(eta)
    shift = log_kernel.amax(2, keepdim=True)
    f, log_kernel = f - eta * shift[..., 0], log_kernel.sub_(shift)
    kernel = log_kernel.exp()
    v = torch.ones_like(g)[..., None]
    for _ in range(sweeps):
        u = 1 / (n * (kernel @ v).clamp(min=TINY))
        v = 1 / (n * (kernel.transpose(1, 2) @ u).clamp(min=TINY))
    log_u, log_v = u.log(), v.log()
    return f + eta * log_u[..., 0], g + eta * log_v[..., 0], log_kernel + log_u + log_v.transpose(1, 2)


def _objective(gamma, cost, previous, entropy, proximal):
    terms = gamma * cost + entropy * torch.special.xlogy(gamma, gamma) + proximal * (gamma - previous) ** 2
    return terms.sum((1, 2))


def _dual(f, g, near, cost, previous, entropy, proximal):
    r"""A lower bound of the objective: :math:`\sum (u_i + v_j) / n + \sum \min_{0 \le x \le 1/n} [x(C - u - v) +
    \epsilon x \log x + \lambda (x - \gamma')^2]` with u = f + eps/2, v = g + eps/2; and the x, sought from `near`."""
    u, v = f + entropy / 2, g + entropy / 2
    slope = cost - u[:, :, None] - v[:, None]
    x = _inner(slope, previous, entropy, proximal, near)
    inner = x * slope + entropy * torch.special.xlogy(x, x) + proximal * (x - previous) ** 2
    return (u.sum(1) + v.sum(1)) / cost.shape[-1] + inner.sum((1, 2)), x


def _newton(f, g, best, problem, bound, steps, halvings=10):
    """Newton's method on the dual from the potentials f, g: a coupling, its gap, and the steps. The dual's gradient is
    what the marginals of x lack; x rises with either potential by w = x / (eps + 2 lam x), and not at all at 1/n."""
    cost, _, entropy, proximal = problem
    n = cost.shape[-1]
    ridge = 1e-10 / proximal * torch.eye(2 * n, dtype=cost.dtype, device=cost.device)  # u + t, v - t are the same dual
    dual, x = _dual(f, g, best, *problem)
    for step in range(steps + 1):
        best = round_to_marginals(x)
        gap = _objective(best, *problem) - dual
        if step == steps or (gap <= bound).all():
            return best, gap, step
        w = (x / (entropy + 2 * proximal * x).clamp(min=TINY)).where(x < 1 / n, 0)
        curvature = torch.cat([torch.cat([torch.diag_embed(w.sum(2)), w], 2),
                               torch.cat([w.mT, torch.diag_embed(w.sum(1))], 2)], 1)
        lacks = torch.cat([1 / n - x.sum(2), 1 / n - x.sum(1)], 1)
        toward_f, toward_g = torch.linalg.solve(curvature + ridge, lacks).split(n, 1)
        stride = torch.ones_like(f[:, :1])
        for _ in range(halvings):  # halve the step of a block until its dual no longer falls
            rise, x = _dual(f + stride * toward_f, g + stride * toward_g, best, *problem)
            falls = rise < dual
            if not falls.any():
                break
            stride[falls] /= 2
        f, g, dual = f + stride * toward_f, g + stride * toward_g, rise


def _inner(slope, previous, entropy, proximal, near):
    """The x in [0, 1/n] that minimises x slope + entropy x log x + proximal (x - previous)^2, elementwise."""
    largest = 1 / slope.shape[-1]
    if proximal == 0:
        return (-slope / entropy - 1).exp().clamp(max=largest)
    if entropy == 0:
        return (previous - slope / (2 * proximal)).clamp(0, largest)
    # with z = log x: entropy z + 2 proximal e^z = c, convex and rising in z, so that Newton's first step lands right of
    # the zero and the next ones descend. An error d in z moves the minimum by O(d^2): 1e-6 is enough.
    c = 2 * proximal * previous - slope - entropy
    cap = (c / entropy).clamp(max=np.log(largest))  # the zero is left of c / entropy
    z = torch.minimum(near.clamp(min=torch.finfo(c.dtype).tiny).log(), cap)
    for _ in range(50):
        steep = 2 * proximal * z.exp()
        before, z = z, torch.minimum(z - (entropy * z + steep - c) / (entropy + steep), cap)
        if (z - before).abs().max() <= 1e-6:
            break
    return z.exp()


def _blocks(x, name):
    x = _finite(x, name, "n, n")
    if x.shape[1] != x.shape[2]:
        raise ValueError(f"{name} must have shape (blocks, n, n), got {tuple(x.shape)}")
    return x


def _finite(x, name, sides):
    x = x.detach().double() if isinstance(x, torch.Tensor) else torch.tensor(np.asarray(x, dtype=np.float64))
    if x.ndim != 3 or 0 in x.shape:
        raise ValueError(f"{name} must have shape (blocks, {sides}), got {tuple(x.shape)}; add an axis to one block")
    if not torch.isfinite(x).all():
        raise ValueError(f"{name} holds NaN or infinity")
    return x


def _check_weights(entropy, proximal):
    if not (np.isfinite(entropy) and np.isfinite(proximal)) or entropy < 0 or proximal < 0:
        raise ValueError(f"entropy and proximal must be finite and at least 0, got {entropy!r} and {proximal!r}")
    if entropy == 0 and proximal == 0:
        raise ValueError("with entropy = 0 and proximal = 0 this is plain optimal transport: call ot.emd on each block")
