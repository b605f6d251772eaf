"""Rivals of the coupled transfer distance, sections 5.2 and 5.5: Task2Vec, Wasserstein, length of a
VAE's path."""

import copy

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch.nn.functional import interpolate, linear
from tqdm import tqdm

from tdist.networks import efficientnet_lite0
from tdist.rivals.clouds import wasserstein
from tdist.tasks import floats
from tdist.vae_paths import vae_length

__all__ = ["task2vec", "task2vec_asymmetric", "task2vec_distance", "vae_length", "wasserstein"]


def task2vec(task, trunk=None, *, size=96, decay=0.1, draws=4, images=1000, batch=16, device=None,
             seed=0, progress=True):
    r"""Task2Vec: the diagonal Fisher information of a fixed trunk's filters under a head that is
    trained on the task.

    .. math:: F_w = \mathbb E_x\, \mathbb E_{y \sim p_w(y \mid x)}
       \bigl(\partial_w \log p_w(y \mid x)\bigr)^2, \\
       e_j = \text{mean of } F_w \text{ over the weights } w \text{ of filter } j

    Achille et al. (2019); :eq:`eq-task2vec`. A filter is one slice along the first axis of a weight
    of a convolution or a linear layer. Biases and gains are left out, and the head, which has
    another shape for every task.

    Labels are drawn from the model, as Achille et al. do. Given x, the score
    :math:`\partial_w \log p_w` has mean 0: over independent labels the squared sum of a batch's
    scores has the same mean as the sum of their squares. So one backward pass serves a batch; the
    exact sum over y needs one for every image and class.

    Parameters
    ----------
    task : Task
    trunk : torch.nn.Module, optional
        From images (b, 3, size, size), uint8 scaled to [-1, 1], to features (b, k), trained on
        something general, the same for all tasks to be compared; a copy of it runs, in evaluation
        mode. EfficientNet-Lite0 of ImageNet by default.
    size : int or None
        Height and width that the trunk expects; None hands the images on as they are, with their
        own channels.
    decay : float
        The head is a logistic regression that minimises mean cross-entropy + decay / 2 times its
        squared weights. Without decay separable features have no best head, and F tends to 0; with
        little, few images decide F.
    draws : int or None
        Labels drawn for every image; None for the exact sum.
    images : int or None
        At most so many images, drawn with `seed`, train the head and enter the expectation; None
        for all.
    batch : int
        Images a backward pass. A smaller batch gives less noise for more time.
    device : torch.device or str, optional
        Where the copy of the trunk runs; by default where the trunk is, or the images.
    seed : int
        Of the images and of the labels.
    progress : bool
        Show a bar.

    Returns
    -------
    ndarray, shape (filters,), float64
        Non-negative, in nats to a squared unit of weight.

    Raises
    ------
    ValueError
        If the images are of fewer than two classes or of channels that the trunk cannot take,
        `decay` or `draws` is not positive, or the trunk gives no finite (b, k) or has no filters.

    Examples
    --------
    >>> import torch
    >>> from tdist.baselines import task2vec
    >>> from tdist.tasks import digits
    >>> trunk = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3))
    >>> vector = task2vec(digits().only(("0", "1")), trunk, size=None, images=50, progress=False)
    >>> vector.shape  # one number a filter
    (3,)
    """
    if decay <= 0 or (draws is not None and draws < 1) or batch < 1:
        raise ValueError("decay must be positive, draws at least 1 or None, and batch at least 1; "
                         f"got {decay!r}, {draws!r} and {batch!r}")
    task = task.subset(len(task) if images is None else min(images, len(task)), seed)
    if len(task.labels.unique()) < 2:
        raise ValueError(f"{task.name}: the {len(task)} images are of one class; a head needs two "
                         "to tell apart")
    if device is None:
        weights = () if trunk is None else trunk.parameters()
        device = next(iter(weights), task.images).device
    trunk = (_lite0_trunk() if trunk is None else copy.deepcopy(trunk)).to(device).eval()
    filters = [p.requires_grad_(p.ndim > 1) for p in trunk.parameters()]
    filters = [p for p in filters if p.ndim > 1]
    if not filters:
        raise ValueError("the trunk has no weight of two axes or more, so no filters")
    batches = [_prepared(chunk, size).to(device) for chunk in task.images.split(batch)]
    head = _head(trunk, batches, task.labels, decay)
    generator = torch.Generator().manual_seed(seed)
    total = [torch.zeros(len(p), dtype=torch.float64, device=device) for p in filters]
    scores = _exact_scores if draws is None else _drawn_scores
    for chunk in tqdm(batches, desc=f"Task2Vec of {task.name}", disable=not progress):
        log_p = linear(trunk(chunk), *head).log_softmax(1)  # (batch, classes)
        for weight, objective in scores(log_p, draws, generator):
            gradients = torch.autograd.grad(objective, filters, retain_graph=True)
            for sums, gradient in zip(total, gradients, strict=True):
                sums += weight * gradient.double().flatten(1).square().mean(1)
    return (torch.cat(total) / len(task)).cpu().numpy()


def task2vec_distance(a, b, *, normalised=True):
    r"""Cosine distance of two Task2Vec embeddings.

    .. math:: d = 1 - \cos\Bigl(\frac{a}{a + b}, \frac{b}{a + b}\Bigr)

    with elementwise quotients, as Achille et al. (2019): filters differ in size by orders of
    magnitude, and the plain cosine :math:`1 - \cos(a, b)`, which the coupled-transfer paper names,
    sees only the few largest.

    Parameters
    ----------
    a, b : array_like, shape (filters,)
        Embeddings of one trunk. Where both are 0 the filter is left out.
    normalised : bool
        False for the plain cosine.

    Returns
    -------
    float
        0 to 1; symmetric; 0 for proportional embeddings. There is nothing beside the number.

    Raises
    ------
    ValueError
        If shapes differ, or a number is negative or not finite, or an embedding is 0 everywhere.

    Examples
    --------
    >>> from tdist.baselines import task2vec_distance
    >>> round(task2vec_distance([1.0, 3.0], [1.0, 1.0], normalised=False), 6)  # 1 - 4 / sqrt(20)
    0.105573
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"embeddings must be vectors of one length, got shapes {a.shape} and "
                         f"{b.shape}; compare embeddings of one trunk")
    for x in (a, b):
        if not np.isfinite(x).all() or (x < 0).any() or not x.any():
            raise ValueError("embeddings must be finite, at least 0, and not 0 everywhere")
    if normalised:
        total = a + b
        a, b = a[total > 0] / total[total > 0], b[total > 0] / total[total > 0]
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return float(np.sum((a - b) ** 2) / 2)  # 1 - cos, with its digits where the two are near


def task2vec_asymmetric(source, target, trivial, *, alpha=0.15):
    r"""Task2Vec's distance from a source to a target: rich sources are nearer to all.

    .. math:: d(s \to t) = d(s, t) - \alpha\, d(s, t_0)

    Achille et al. (2019), with :func:`task2vec_distance` for d. The trivial embedding :math:`t_0`
    is the caller's: theirs has the same number, a prior's, in all filters of a layer, which an
    embedding without a prior does not bring along; :func:`task2vec` of images whose labels were
    shuffled is one with nothing to be learnt.

    Parameters
    ----------
    source, target, trivial : array_like, shape (filters,)
        Embeddings of one trunk.
    alpha : float
        The paper's .15, which was chosen for ResNet-34.

    Returns
    -------
    float
        -alpha to 1, smaller is nearer; -alpha d(s, t_0) from a task to itself. There is nothing
        beside the number.

    Raises
    ------
    ValueError
        As :func:`task2vec_distance`.

    Examples
    --------
    >>> from tdist.baselines import task2vec_asymmetric, task2vec_distance
    >>> rich, poor, trivial = [9.0, 2.0, 1.0], [1.0, 1.2, 1.0], [1.0, 1.0, 1.0]
    >>> to_poor = task2vec_asymmetric(rich, poor, trivial)
    >>> to_poor < task2vec_asymmetric(poor, rich, trivial) < task2vec_distance(poor, rich)
    True
    """
    return task2vec_distance(source, target) - alpha * task2vec_distance(source, trivial)


def _lite0_trunk():
    with torch.random.fork_rng(devices=[]):  # timm draws weights before they are loaded
        model = efficientnet_lite0()
    model.reset_classifier(0)
    return model


def _prepared(images, size):
    """What :func:`task2vec` hands to its trunk."""
    images = floats(images)
    if size is None:
        return images
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        raise ValueError("a trunk of pictures takes 1 or 3 channels, got images of shape "
                         f"{tuple(images.shape)}; drop an alpha channel with images[:, :3], or "
                         "pass size=None and a trunk that takes the images as they are")
    images = images.expand(-1, 3, -1, -1)
    images = interpolate(images, (size, size), mode="bilinear", antialias=True)
    return images.contiguous(memory_format=torch.channels_last)


def _head(trunk, batches, labels, decay):
    """Weight (classes, k) and bias of a logistic regression on the trunk's features, over the
    classes that occur."""
    with torch.no_grad():
        features = torch.cat([trunk(batch) for batch in batches])
    if features.ndim != 2:
        raise ValueError(f"the trunk must give features (b, k), got shape {tuple(features.shape)}")
    if not torch.isfinite(features).all():
        raise ValueError("the trunk's features hold NaN or infinity; are its weights finite?")
    # of two classes scikit-learn fits the difference w of two opposite rows of length |w| / 2
    binary = len(labels.unique()) == 2
    regression = LogisticRegression(C=(1 + binary) / (decay * len(labels)), tol=1e-6,
                                    max_iter=10_000)
    found = regression.fit(features.double().cpu().numpy(), labels.cpu().numpy())
    weight, bias = found.coef_, found.intercept_
    if binary:
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return tuple(torch.from_numpy(x).to(features) for x in (weight, bias))


def _exact_scores(log_p, _draws, _generator):
    """Every image and class: its probability, and the log-probability whose gradient is the
    score."""
    for row in log_p:
        for value in row:
            yield value.detach().exp().item(), value


def _drawn_scores(log_p, draws, generator):
    """Sums over a batch of log-probabilities of labels drawn from the model, each sum counting
    1 / draws."""
    p = log_p.detach().cpu().exp()
    for _ in range(draws):
        labels = torch.multinomial(p, 1, generator=generator).to(log_p.device)
        yield 1 / draws, log_p.gather(1, labels).sum()
