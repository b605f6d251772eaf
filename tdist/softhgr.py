"""Soft HGR: maximal correlation as an objective without whitening constraints, and the network that
maximises it on continuous inputs. Its door is :mod:`tdist.hgr`."""

from itertools import pairwise

import numpy as np
import torch
from torch import nn
from tqdm import trange

from tdist.alphabet import numbers
from tdist.manners import Diverged


def soft_hgr(f, g):
    r"""Soft HGR objective, :eq:`eq-soft-hgr`; Equation 3 of the H-score paper.

    .. math:: \mathbb E[f^\top g]
              - \tfrac12 \operatorname{tr}(\operatorname{cov} f \operatorname{cov} g)

    For a fixed f its maximum over functions g of the label is exactly H(f)/2; over both it is
    :math:`\tfrac12\sum_{i\le k}\sigma_i^2`.

    Parameters
    ----------
    f, g : torch.Tensor, shape (m, k)
        Over a batch; centred here.

    Returns
    -------
    torch.Tensor
        A scalar, with a gradient.

    Raises
    ------
    TypeError
        If f or g is no tensor.
    ValueError
        If their shapes are not one (m, k).

    Examples
    --------
    >>> import torch
    >>> from tdist.hgr import soft_hgr
    >>> soft_hgr(torch.tensor([[1.0], [-1.0]]), torch.tensor([[3.0], [-3.0]]))  # 3 - 9 / 2
    tensor(-1.5000)
    """
    if not (isinstance(f, torch.Tensor) and isinstance(g, torch.Tensor)):
        raise TypeError("f and g must be torch tensors, got "
                        f"{type(f).__name__} and {type(g).__name__}")
    if f.ndim != 2 or f.shape != g.shape or len(f) == 0:
        raise ValueError("f and g must have one shape (m, k), got "
                         f"{tuple(f.shape)} and {tuple(g.shape)}")
    f, g = f - f.mean(0), g - g.mean(0)
    m = len(f)
    return (f * g).sum() / m - ((f.T @ f / m) * (g.T @ g / m)).sum() / 2


class SoftHGR(nn.Module):
    r"""The two-branch network of Figure 2b of the H-score paper, for a label with finitely many
    values.

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

    Examples
    --------
    A continuous x needs no bins: here its sign is the label.

    >>> import torch
    >>> from tdist.hgr import SoftHGR
    >>> x = torch.linspace(-1, 1, 64)[:, None]
    >>> network = SoftHGR(inputs=1, classes=2, k=1, hidden=(32,))
    >>> history = network.fit(x, (x[:, 0] > 0).long(), epochs=200, lr=0.05, progress=False)
    >>> 2 * history[-1] > 0.9, network.features(x).shape  # of H = 1
    (np.True_, (64, 1))
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
        """The objective on a batch, as :func:`soft_hgr`.

        Parameters
        ----------
        x : torch.Tensor, shape (m, inputs)
        y : torch.Tensor, shape (m,)
        """
        return soft_hgr(self.f(x), self.g(y))

    def fit(self, x, y, epochs=100, batch_size=1024, lr=3e-3, weight_decay=0.0, progress=True):
        """Maximise the objective with AdamW and a cosine schedule.

        Parameters
        ----------
        x : array_like or torch.Tensor, shape (m, inputs)
            Moved to the network's device and precision. Standardise columns of unlike units.
        y : array_like or torch.Tensor of int, shape (m,)
            Labels, 0 to classes - 1.
        epochs, batch_size : int
        lr, weight_decay : float
        progress : bool

        Returns
        -------
        ndarray, shape (epochs,)
            The mean objective of each epoch.

        Raises
        ------
        TypeError
            If x is not made of numbers, or labels are no integers.
        ValueError
            If x and y do not fit each other or the network, or a size is not positive.
        tdist.manners.Diverged
            If an objective or a weight is not finite; with the weights before that epoch.
        """
        x, y = self._data(x, y)
        if epochs < 1 or batch_size < 1:
            raise ValueError(f"epochs and batch_size must be at least 1, got {epochs!r} and "
                             f"{batch_size!r}")
        generator = torch.Generator().manual_seed(self.seed)
        optimiser = torch.optim.AdamW(self.parameters(), lr=lr, weight_decay=weight_decay)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
        history = []
        for epoch in trange(epochs, desc="soft HGR", disable=not progress):
            good = {name: value.clone() for name, value in self.state_dict().items()}
            total = 0.0
            for batch in torch.randperm(len(x), generator=generator).split(batch_size):
                objective = self(x[batch], y[batch])
                optimiser.zero_grad()
                (-objective).backward()
                optimiser.step()
                total += objective.item() * len(batch) / len(x)
            if not np.isfinite(total) or not all(p.isfinite().all() for p in self.parameters()):
                self.load_state_dict(good)
                raise Diverged(f"epoch {epoch} of soft HGR", self)
            schedule.step()
            history.append(total)
        return np.array(history)

    def _data(self, x, y):
        """Tensors of inputs (m, inputs) and labels (m,) on the network's device, checked."""
        weights = next(self.parameters())
        labels = torch.as_tensor(y)
        if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
            raise TypeError(f"labels must be integers from 0, got {labels.dtype}; number others by "
                            "np.unique(y, return_inverse=True)[1]")
        x = self._inputs(x)
        if labels.ndim != 1 or len(x) != len(labels) or len(x) == 0:
            raise ValueError(f"x and y differ in length: {len(x)} and {len(labels)}"
                             if labels.ndim == 1 and len(x) else
                             f"x (m, inputs) and y (m,) must not be empty, got shapes "
                             f"{tuple(x.shape)} and {tuple(labels.shape)}")
        if labels.min() < 0 or labels.max() >= self.g.num_embeddings:
            raise ValueError(f"labels must be 0 to {self.g.num_embeddings - 1}, got "
                             f"{labels.min().item()} to {labels.max().item()}")
        return x, labels.long().to(weights.device)

    def _inputs(self, x):
        weights = next(self.parameters())
        x = x.detach() if isinstance(x, torch.Tensor) else torch.from_numpy(numbers(x, "x"))
        first = next(layer for layer in self.f if isinstance(layer, nn.Linear)).in_features
        if x.ndim != 2 or x.shape[1] != first:
            raise ValueError(f"x must have shape (m, {first}), got {tuple(x.shape)}")
        if x.is_complex() or not x.isfinite().all():
            raise ValueError("x must hold finite real numbers")
        return x.to(weights)

    @torch.no_grad()
    def features(self, x):
        """The f branch at x (m, inputs), as a NumPy array (m, k): score it with
        :func:`tdist.h_score`."""
        return self.f(self._inputs(x)).cpu().numpy()
