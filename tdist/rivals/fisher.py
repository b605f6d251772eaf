"""The Fisher task distance: how differently two tasks weigh the weights of one network."""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

from tdist.inputs import check_lengths, classes_of, with_float64
from tdist.manners import whole
from tdist.rivals.clouds import together


def fisher_diagonal(network, x, y=None, *, batch=50):
    r"""Diagonal of a network's Fisher information at samples x: one number a weight.

    .. math:: F_w = \frac1m \sum_i \bigl(\partial_w \log p_w(y_i \mid x_i)\bigr)^2
       \quad\text{or} \\
       F_w = \frac1m \sum_i \sum_y p_w(y \mid x_i) \bigl(\partial_w \log p_w(y \mid x_i)\bigr)^2

    The first, with the labels that are given, is the empirical one, which Le et al. (2022) use; the
    second, without labels, is the Fisher information itself, exactly. Of every weight that has a
    gradient, the head's among them.

    Parameters
    ----------
    network : torch.nn.Module
        From samples (b, ...) to the logits (b, classes) of `cross_entropy`; run in evaluation mode,
        on its own device, and left as it was.
    x : torch.Tensor or array_like, shape (m, ...)
    y : torch.Tensor or array_like of int, shape (m,), optional
        Numbers of the network's outputs; see :func:`tdist.rivals.matched` for another task's.
    batch : int
        Samples at a time; each takes as much memory as the weights.

    Returns
    -------
    ndarray, shape (weights,), float64
        At least 0, in nats squared to a squared unit of each weight; in the order of
        ``network.parameters()``.

    Raises
    ------
    ValueError
        If x and y differ in length, y is no output of the network, `batch` is no number above 0, or
        a gradient is not finite.

    Notes
    -----
    A backward pass a sample; without labels, one a sample and class.

    Examples
    --------
    >>> import torch
    >>> from tdist.rivals import fisher_diagonal
    >>> network = torch.nn.Linear(1, 2, bias=False)
    >>> _ = network.weight.data.zero_()
    >>> fisher_diagonal(network, torch.tensor([[2.0]]))  # p = 1/2: (1/2 * 2)^2 for either weight
    array([1., 1.])
    """
    batch = whole("batch", batch, least=1)
    weights = {name: p.detach() for name, p in network.named_parameters() if p.requires_grad}
    rest = {name: p.detach() for name, p in network.named_parameters() if not p.requires_grad}
    rest |= dict(network.named_buffers())
    device = next(iter(weights.values())).device
    x = torch.as_tensor(x, device=device)
    if y is not None:
        y = torch.as_tensor(y, device=device).long()
        check_lengths(x, y)

    def loss(weights, sample, label):
        logits = functional_call(network, weights | rest, (sample[None],))
        return cross_entropy(logits, label[None])

    score = vmap(grad(loss), (None, 0, 0))  # of each sample
    total = torch.zeros(sum(p.numel() for p in weights.values()), dtype=torch.float64,
                        device=with_float64(device))
    training = {module: module.training for module in network.modules()}
    network.eval()
    try:
        for chunk, labels, counts in _parts(network, x, y, batch):
            squares = [counts @ g.flatten(1).square() for g in
                       score(weights, chunk, labels).values()]
            total += torch.cat(squares).to(total)
    finally:
        for module, mode in training.items():
            module.training = mode
    if not torch.isfinite(total).all():
        raise ValueError("a gradient is NaN or infinite; are weights and samples finite?")
    return (total / len(x)).cpu().numpy()


@torch.no_grad()
def _parts(network, x, y, batch):
    """Samples, their labels and what each counts: the labels given, or every class by its p."""
    for start in range(0, len(x), batch):
        chunk = x[start:start + batch]
        logits = network(chunk)
        if y is not None:
            labels = y[start:start + batch]
            if labels.min() < 0 or labels.max() >= logits.shape[1]:
                raise ValueError(f"labels must be 0 to {logits.shape[1] - 1}, the network's "
                                 f"outputs; got {labels.min().item()} to {labels.max().item()}")
            yield chunk, labels, torch.ones_like(logits[:, 0])
            continue
        for c, p in enumerate(logits.softmax(1).T):
            yield chunk, torch.full(p.shape, c, device=x.device), p


def fisher_distance(a, b):
    r"""Fisher task distance of two diagonals of one set of weights, each scaled to sum 1.

    .. math:: d = \frac1{\sqrt 2} \lVert F_a^{1/2} - F_b^{1/2} \rVert
       = \Bigl(1 - \sum_w \sqrt{F_{a,w} F_{b,w}}\Bigr)^{1/2}

    Le et al. (2022): the Fréchet distance of the two matrices with all but their diagonals left
    out, which is the Hellinger distance of two distributions over the weights. (What the authors'
    programs print is its square.) From a source to a target, a and b are the source network's, at
    the source's samples and at the target's: as a function of two tasks it is not symmetric.

    Parameters
    ----------
    a, b : array_like, shape (weights,)
        As :func:`tdist.rivals.fisher_diagonal` has them.

    Returns
    -------
    float
        0 to 1; 0 for proportional ones. There is nothing beside the number.

    Raises
    ------
    ValueError
        If shapes differ, or a number is negative or not finite, or all are 0.

    Examples
    --------
    >>> from tdist.rivals import fisher_distance
    >>> round(fisher_distance([1.0, 1.0], [2.0, 0.0]), 4)  # root of 1 - root of 1/2
    0.5412
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError("diagonals must be vectors over one set of weights, got shapes "
                         f"{a.shape} and {b.shape}")
    for f in (a, b):
        if not np.isfinite(f).all() or (f < 0).any() or not f.any():
            raise ValueError("diagonals must be finite, at least 0, and not 0 everywhere")
    return float(np.linalg.norm(np.sqrt(a / a.sum()) - np.sqrt(b / b.sum())) / np.sqrt(2))


def matched(x, y, other_x, other_y):
    """Labels of another task under the names of this one's: each of its classes gets the name of a
    class of this one, so that the distances between the means sum to the least.

    Le et al. (2022b), a matching of the classes' centres: what a network of one task is asked for
    at samples of another, whatever the numbers of the labels.

    Parameters
    ----------
    x, other_x : array_like or torch.Tensor, shapes (n, k) and (m, k)
        Features of the two tasks.
    y, other_y : array_like or torch.Tensor, shapes (n,) and (m,)
        Labels; of no more classes in `other_y` than in `y`.

    Returns
    -------
    ndarray, shape (m,)
        Labels of the kind of `y`.

    Raises
    ------
    TypeError, ValueError
        As :func:`tdist.rivals.otdd`; or if `other_y` has more classes.

    Examples
    --------
    >>> from tdist.rivals import matched
    >>> matched([[0.0], [5.0]], [3, 7], [[4.0], [1.0], [6.0]], ["a", "b", "a"])
    array([7, 3, 7])
    """
    x, other_x = together(x, other_x)
    (codes, names), (others, other_names) = classes_of(y), classes_of(other_y)
    check_lengths(x, codes)
    check_lengths(other_x, others)
    if len(other_names) > len(names):
        raise ValueError(f"{len(other_names)} classes cannot be told apart by the names of "
                         f"{len(names)}; take the larger task first")
    means, other_means = (np.stack([f[c == i].mean(0) for i in range(c.max() + 1)])
                          for f, c in ((x, codes), (other_x, others)))
    _, columns = linear_sum_assignment(cdist(other_means, means))
    return np.asarray(names)[columns][others]
