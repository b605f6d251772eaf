"""Neighbourhoods of a distribution: information vectors, and where they lead."""

import numpy as np

from tdist.alphabet import numbers, probabilities


def directions(p0, size, seed=0):
    r"""Random information vectors: unit vectors orthogonal to :math:`\sqrt{P_0}`.

    Parameters
    ----------
    p0 : array_like or torch.Tensor, shape (\|X\|,)
        The distribution :math:`P_0`, of at least two symbols.
    size : int
        How many.
    seed : int or numpy.random.Generator

    Returns
    -------
    ndarray, shape (size, \|X\|)

    Raises
    ------
    ValueError
        If p0 is not a distribution of at least two symbols.

    Examples
    --------
    >>> import numpy as np
    >>> from tdist.joint import directions
    >>> phi = directions([0.5, 0.3, 0.2], 2)
    >>> bool(np.allclose(phi @ np.sqrt([0.5, 0.3, 0.2]), 0)), phi.shape
    (True, (2, 3))
    """
    p0 = probabilities(p0, "p0", 1)
    if len(p0) < 2:
        raise ValueError("p0 needs at least two symbols: nothing but 0 is orthogonal to one")
    root = np.sqrt(p0)
    phi = np.random.default_rng(seed).standard_normal((size, root.size))
    phi -= np.outer(phi @ root, root) / (root @ root)
    return phi / np.linalg.norm(phi, axis=1, keepdims=True)


def perturb(p0, phi, epsilon):
    r"""The distribution :math:`P_0 + \epsilon \sqrt{P_0}\, \phi` of the ball
    :eq:`eq-neighbourhood`.

    Parameters
    ----------
    p0 : array_like or torch.Tensor, shape (\|X\|,)
        Centre :math:`P_0` of the ball, positive.
    phi : array_like or torch.Tensor, shape (..., \|X\|)
        Information vectors: orthogonal to :math:`\sqrt{P_0}`, length at most 1.
    epsilon : float
        Radius.

    Returns
    -------
    ndarray, shape (..., \|X\|)

    Raises
    ------
    ValueError
        If p0 is not a distribution, or phi leaves the ball, is not orthogonal to
        :math:`\sqrt{P_0}`, or makes a probability negative.

    Examples
    --------
    >>> from tdist.joint import perturb
    >>> perturb([0.5, 0.5], [0.5**0.5, -(0.5**0.5)], 0.2)
    array([0.6, 0.4])
    """
    p0, phi = probabilities(p0, "p0", 1), numbers(phi, "phi")
    if phi.ndim == 0 or phi.shape[-1] != len(p0) or not np.isfinite(phi).all():
        raise ValueError(f"phi must be finite, of shape (..., {len(p0)}), got shape {phi.shape}")
    off = np.abs(phi @ np.sqrt(p0)).max(initial=0)
    if (np.linalg.norm(phi, axis=-1) > 1 + 1e-9).any() or off > 1e-9:
        raise ValueError("phi must have length <= 1 and be orthogonal to sqrt(p0); see "
                         "tdist.joint.directions")
    p = p0 + epsilon * np.sqrt(p0) * phi
    if not (p >= 0).all():
        raise ValueError(f"epsilon = {epsilon:g} makes a probability negative; take a smaller one")
    return p
