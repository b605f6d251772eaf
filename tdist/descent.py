r"""How :mod:`tdist.couplings` finds couplings and vouches for them: mirror steps by Sinkhorn's
algorithm, Newton's method on the dual, and the gap between an objective and a lower bound of it.

Blocks are solved together: costs and couplings are (blocks, n, n), potentials f of the rows and g
of the columns (blocks, n), in units of the cost. A *problem* is (cost, previous, entropy, weight).
"""

import math
from itertools import count

import torch

TINY = 1e-100  # least sum in Sinkhorn's algorithm: an empty one moves its potential far, but not
# to infinity
HALVINGS = 10  # of a step of Newton's method, at most
LOOSE = 0.05  # entropy, as a share of the spread of the costs, at which annealing begins
TIGHT = 1e-9  # and the least: below, the entropy is less than the tolerance of any gap


def round_to_marginals(gamma):
    """A nearby coupling with marginals 1/n, by Altschuler, Weed and Rigollet (2017).

    Parameters
    ----------
    gamma : torch.Tensor, shape (blocks, n, n)
        At least 0.

    Returns
    -------
    torch.Tensor, shape (blocks, n, n)

    Examples
    --------
    >>> import torch
    >>> from tdist.couplings import round_to_marginals
    >>> round_to_marginals(torch.tensor([[[0.6, 0.0], [0.1, 0.3]]]))
    tensor([[[0.4167, 0.0833],
             [0.0833, 0.4167]]])
    """
    n = gamma.shape[2]
    gamma = gamma * (1 / (n * gamma.sum(2, keepdim=True))).clamp(max=1)
    gamma = gamma * (1 / (n * gamma.sum(1, keepdim=True))).clamp(max=1)
    rows = (1 / n - gamma.sum(2)).clamp(min=0)  # (blocks, n) what is left to fill
    columns = (1 / n - gamma.sum(1)).clamp(min=0)
    mass = rows.sum(1, keepdim=True).clamp(min=torch.finfo(gamma.dtype).tiny)
    return gamma + (rows / mass)[:, :, None] * columns[:, None]


def sinkhorn(cost, eta, f, g, sweeps):
    """Potentials after some sweeps from f, g, and the log of the coupling (blocks, n, n).

    The kernel holds the potentials at the start, so that the scalings u, v stay near 1 and products
    of matrices can replace logarithms of sums."""
    n = cost.shape[2]
    log_kernel = (f[:, :, None] + g[:, None]).sub_(cost).div_(eta)  # (blocks, n, n)
    shift = log_kernel.amax(2, keepdim=True)
    f, log_kernel = f - eta * shift[..., 0], log_kernel.sub_(shift)
    kernel = log_kernel.exp()
    v = torch.ones_like(g)[..., None]  # (blocks, n, 1)
    for _ in range(sweeps):
        u = 1 / (n * (kernel @ v).clamp(min=TINY))
        v = 1 / (n * (kernel.transpose(1, 2) @ u).clamp(min=TINY))
    log_u, log_v = u.log(), v.log()
    return (f + eta * log_u[..., 0], g + eta * log_v[..., 0],
            log_kernel + log_u + log_v.transpose(1, 2))


def objective(gamma, cost, previous, entropy, weight):
    """(blocks,) of couplings (blocks, n, n)."""
    terms = (gamma * cost + entropy * torch.special.xlogy(gamma, gamma)
             + weight * (gamma - previous) ** 2)
    return terms.sum((1, 2))


def dual(f, g, near, cost, previous, entropy, weight):
    r"""A lower bound of the objective, (blocks,): :math:`\sum (u_i + v_j) / n + \sum \min_{0 \le x
    \le 1/n} [x(C - u - v) + \epsilon x \log x + \lambda (x - \gamma')^2]` with u = f + eps/2,
    v = g + eps/2; and the x (blocks, n, n), sought from `near`."""
    u, v = f + entropy / 2, g + entropy / 2
    slope = cost - u[:, :, None] - v[:, None]
    x = _inner(slope, previous, entropy, weight, near)
    inner = x * slope + entropy * torch.special.xlogy(x, x) + weight * (x - previous) ** 2
    return (u.sum(1) + v.sum(1)) / cost.shape[2] + inner.sum((1, 2)), x


def newton(f, g, best, problem, bound, steps):
    """Newton's method on the dual from the potentials f, g: a coupling, its gap (blocks,), and the
    steps.

    The dual's gradient is what the marginals of x lack; x rises with either potential by
    w = x / (eps + 2 lam x), and not at all at 1/n."""
    cost, _, entropy, weight = problem
    n = cost.shape[2]
    value, x = dual(f, g, best, *problem)  # (blocks,), (blocks, n, n)
    for step in count():
        best = round_to_marginals(x)
        gap = objective(best, *problem) - value
        if step == steps or (gap <= bound).all():
            return best, gap, step
        w = (x / (entropy + 2 * weight * x).clamp(min=TINY)).where(x < 1 / n, 0)  # (blocks, n, n)
        curvature = torch.cat([torch.cat([torch.diag_embed(w.sum(2)), w], 2),
                               torch.cat([w.mT, torch.diag_embed(w.sum(1))], 2)], 1)
        # u + t, v - t are the same dual: a ridge holds t
        curvature.diagonal(dim1=1, dim2=2).add_(1e-10 / weight)
        lacks = torch.cat([1 / n - x.sum(2), 1 / n - x.sum(1)], 1)  # (blocks, 2n)
        toward_f, toward_g = torch.linalg.solve(curvature, lacks).split(n, 1)
        stride = torch.ones_like(f[:, :1])  # (blocks, 1)
        for _ in range(HALVINGS):  # halve the step of a block until its dual no longer falls
            rise, x = dual(f + stride * toward_f, g + stride * toward_g, best, *problem)
            falls = rise < value
            if not falls.any():
                break
            stride[falls] /= 2
        f, g, value = f + stride * toward_f, g + stride * toward_g, rise


def anneal(problem, bound, steps):
    """A coupling without a proximal term, its gap (blocks,) and the steps, by Newton's method while
    the entropy falls to the one asked for.

    The potentials f follow from g, so that rows sum to 1/n; the gradient is what the columns lack,
    and its slope (diag(columns) - n x^T x) / eps. Steps are cut to the logarithm of their length
    in units of eps, which a sum of exponentials always bears."""
    cost, _, entropy, _ = problem
    n = cost.shape[2]
    spread = (cost.amax((1, 2)) - cost.amin((1, 2))).max().item()
    last = max(entropy, TIGHT * spread)
    levels = max(0, math.ceil(math.log2(max(LOOSE * spread / last, 1))))
    g, taken = cost.new_zeros(cost.shape[:-1]), 0
    for level in range(levels, -1, -1):
        eps = last * 2.0**level
        for _ in range(steps):
            x = ((g[:, None] - cost) / eps).softmax(2) / n
            columns = x.sum(1)  # (blocks, n)
            lacks = 1 / n - columns
            if (lacks.abs().max() * n < 1e-2 if level else _closed(cost, g, eps, problem, bound)):
                break
            # g + t is the same dual, which the matrix of ones holds still
            slope = torch.diag_embed(columns) - n * x.mT @ x + 1 / n**2
            slope.diagonal(dim1=1, dim2=2).add_(1e-13 / n)
            step = torch.linalg.solve(slope, lacks)  # (blocks, n), in units of eps
            reach = (step.amax(1) - step.amin(1)).clamp(min=0.5)
            stride = (reach.log1p() / reach).where(reach > 0.5, 1)
            g, taken = g + eps * stride[:, None] * step, taken + 1
    best, gap = _certified(cost, g, last, problem)
    return best, gap, taken


def _certified(cost, g, eps, problem):
    """The coupling of g (blocks, n) at the entropy eps, and its gap under the problem's own."""
    n = cost.shape[2]
    logits = (g[:, None] - cost) / eps  # (blocks, n, n)
    f = -eps * (logits.logsumexp(2) + math.log(n))
    best = round_to_marginals(logits.softmax(2) / n)
    # without a proximal term the dual has nothing to seek, near or far
    return best, objective(best, *problem) - dual(f, g, None, *problem)[0]


def _closed(cost, g, eps, problem, bound):
    return bool((_certified(cost, g, eps, problem)[1] <= bound).all())


def _inner(slope, previous, entropy, weight, near):
    """The x in [0, 1/n] that minimises x slope + entropy x log x + weight (x - previous)^2,
    elementwise."""
    largest = 1 / slope.shape[2]
    if weight == 0:
        return (-slope / entropy - 1).exp().clamp(max=largest)
    if entropy == 0:
        return (previous - slope / (2 * weight)).clamp(0, largest)
    # with z = log x: entropy z + 2 weight e^z = c, convex and rising in z, so that Newton's first
    # step lands right of the zero and the next ones descend. An error d in z moves the minimum by
    # O(d^2): 1e-6 is enough.
    c = 2 * weight * previous - slope - entropy
    cap = (c / entropy).clamp(max=math.log(largest))  # the zero is left of c / entropy
    z = torch.minimum(near.clamp(min=torch.finfo(c.dtype).tiny).log(), cap)
    for _ in range(50):
        steep = 2 * weight * z.exp()
        before, z = z, torch.minimum(z - (entropy * z + steep - c) / (entropy + steep), cap)
        if (z - before).abs().max() <= 1e-6:
            break
    return z.exp()
