r"""Hirschfeld-Gebelein-Rényi maximal correlation: alternating conditional expectations (ACE) and soft HGR.

ACE works on a finite joint distribution, true or empirical; soft HGR is an objective without whitening
constraints, so a network can maximise it on continuous inputs.
"""

import warnings
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from tqdm import trange

from tdist.joint import Joint, check_modes


@dataclass(frozen=True)
class ACE:
    r"""What :func:`ace` found.

    Attributes
    ----------
    f, g : ndarray, shapes (\|X\|, k) and (\|Y\|, k)
        Zero mean and identity covariance under the marginals of P, in the order of their correlations.
    correlations : ndarray, shape (k,)
        :math:`\mathbb E[f_i g_i]`, descending: the singular values :math:`\sigma_1 \ge \dots \ge \sigma_k`.
    objective : ndarray, shape (sweeps,)
        :math:`\mathbb E[f^\top g]` after each sweep; it rises to the sum of the correlations.
    """

    f: np.ndarray
    g: np.ndarray
    correlations: np.ndarray
    objective: np.ndarray

    def __float__(self):
        return float(self.correlations.sum())


def ace(P, k, tol=1e-14, max_sweeps=100_000, seed=0):
    r"""Alternating conditional expectations, re-centred: the k strongest modes of P, :prf:ref:`alg-ace`.

    A sweep is :math:`f \leftarrow \mathbb E[g(Y)|X]`, centre, whiten; :math:`g \leftarrow \mathbb E[f(X)|Y]`,
    centre, whiten. Algorithm 1 of the H-score paper centres once, before the first sweep, and then drifts
    to the constant function, whose singular value 1 is the largest. The gap to the optimum falls by
    :math:`(\sigma_{k+1}/\sigma_k)^4` a sweep, :eq:`eq-ace-rate`.

    Parameters
    ----------
    P : array_like, shape (\|Y\|, \|X\|), or Joint
        Joint distribution; :meth:`tdist.Joint.from_samples` makes one from data.
    k : int
        Number of modes, at most min(\|X\|, \|Y\|) - 1, where only symbols that occur count.
    tol : float
        Stop when two sweeps in a row raise the objective by less than this.
    max_sweeps : int
        Warn and stop after this many.
    seed : int
        Seed of the starting g.

    Returns
    -------
    ACE

    Raises
    ------
    ValueError
        If P is not a joint distribution or k is out of range.
    """
    joint = P if isinstance(P, Joint) else Joint(P)
    mirror = Joint(joint.P.T)
    k = check_modes(k, (np.count_nonzero(joint.py), np.count_nonzero(joint.px)))
    g = whiten(np.random.default_rng(seed).standard_normal((len(joint.py), k)), joint.py)
    objective = []
    while len(objective) < 3 or max(np.diff(objective[-3:])) > tol:
        f = whiten(mirror.conditional_mean(g), joint.px)
        g = whiten(joint.conditional_mean(f), joint.py)
        cross = f.T @ joint.P.T @ g  # (k, k)
        objective.append(np.trace(cross))
        if len(objective) == max_sweeps:
            warnings.warn(f"ace stopped after {max_sweeps} sweeps; two singular values may be nearly equal",
                          stacklevel=2)
            break
    # the sweeps fix the subspaces; an SVD inside them orders the modes
    left, correlations, right = np.linalg.svd(cross)
    return ACE(f @ left, g @ right.T, correlations, np.array(objective))


def whiten(f, p):
    r""":math:`(f - \mathbb E f)\operatorname{cov}(f)^{-1/2}` under p (\|X\|, k): zero mean, identity covariance.

    Zero where p is zero; more than k symbols must have p > 0.
    """
    white, seen = np.zeros(f.shape), p > 0
    root = np.sqrt(p[seen])[:, None]
    # the leading column keeps Q orthogonal to the constant function, even where cov(f) is singular
    q, r = np.linalg.qr(np.hstack([root, root * (f[seen] - p @ f)]))
    left, _, right = np.linalg.svd(r[1:, 1:])
    white[seen] = q[:, 1:] @ (left @ right) / root
    return white


def soft_hgr(f, g):
    r"""Soft HGR objective, :eq:`eq-soft-hgr`; Equation 3 of the H-score paper.

    .. math:: \mathbb E[f^\top g] - \tfrac12 \operatorname{tr}(\operatorname{cov} f \operatorname{cov} g)

    Over a batch of torch tensors f and g of shape (m, k), centred here. For a
    fixed f its maximum over functions g of the label is exactly H(f)/2; over both it is
    :math:`\tfrac12\sum_{i\le k}\sigma_i^2`.
    """
    f, g = f - f.mean(0), g - g.mean(0)
    m = len(f)
    return (f * g).sum() / m - ((f.T @ f / m) * (g.T @ g / m)).sum() / 2


class SoftHGR(nn.Module):
    r"""The two-branch network of Figure 2b of the H-score paper, for a label with finitely many values.

    Parameters
    ----------
    inputs : int
        Dimension of x.
    classes : int
        Number of labels, \|Y\|; labels are 0 to classes - 1.
    k : int
        Number of features.
    hidden : tuple of int
        Widths of the hidden layers of the f branch; the g branch is a table with one row a label.
    seed : int
        Seed of the weights and of the batches.
    """

    def __init__(self, inputs, classes, k, hidden=(64, 64), seed=0):
        super().__init__()
        self.seed = seed
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            widths = [inputs, *hidden]
            layers = [part for a, b in pairwise(widths) for part in (nn.Linear(a, b), nn.ReLU())]
            self.f = nn.Sequential(*layers, nn.Linear(widths[-1], k))
            self.g = nn.Embedding(classes, k)

    def forward(self, x, y):
        """The objective on a batch: x (m, inputs), y (m,)."""
        return soft_hgr(self.f(x), self.g(y))

    def fit(self, x, y, epochs=100, batch_size=1024, lr=3e-3, weight_decay=0.0, progress=True):
        """Maximise the objective with Adam and a cosine schedule; returns the mean objective of each epoch.

        x is (m, inputs), y is (m,), torch tensors on the network's device.
        """
        if len(x) != len(y):
            raise ValueError(f"x and y differ in length: {len(x)} and {len(y)}")
        generator = torch.Generator().manual_seed(self.seed)
        optimiser = torch.optim.AdamW(self.parameters(), lr=lr, weight_decay=weight_decay)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
        history = []
        for _ in trange(epochs, desc="soft HGR", disable=not progress):
            total = 0.0
            for batch in torch.randperm(len(x), generator=generator).split(batch_size):
                objective = self(x[batch], y[batch])
                if not torch.isfinite(objective):
                    raise FloatingPointError(f"soft HGR diverged in epoch {len(history)}; "
                                             "standardise x or lower lr")
                optimiser.zero_grad()
                (-objective).backward()
                optimiser.step()
                total += objective.item() * len(batch) / len(x)
            schedule.step()
            history.append(total)
        return np.array(history)

    @torch.no_grad()
    def features(self, x):
        """The f branch at x (m, inputs), as a NumPy array (m, k): score it with :func:`tdist.h_score`."""
        return self.f(x).cpu().numpy()
