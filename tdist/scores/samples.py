"""Features and labels as the scores take them: checked, in float64, columns on one scale."""

import warnings

import numpy as np
import torch

from tdist.hscore.moments import EPS, TINY, noise_of, refuse_underflow
from tdist.inputs import (
    check_features,
    check_lengths,
    encode_labels,
    not_finite,
    rounding,
    to_tensor,
)

DEAD = "features do not vary: are all images the same, or the layer dead?"


def samples(features, labels):
    """Features (m, k) copied to float64, the labels' codes (m,) and their counts (classes,)."""
    features = check_features(features)
    codes, classes = encode_labels(labels)
    check_lengths(features, codes)
    if classes < 2:
        raise ValueError("all labels are the same: a score compares classes and needs at least two")
    x = to_tensor(features, torch.device("cpu")).to(torch.float64, copy=True)
    if not np.isfinite(np.vdot(x.numpy(), x.numpy())):
        raise not_finite(x)
    if (x == x[0]).all():
        warnings.warn(DEAD, stacklevel=3)
    return x.numpy(), codes, np.bincount(codes)


def standardised(features, labels):
    """As :func:`samples`, each column with mean 0 and variance 1; 0 if only rounding moves it."""
    x, codes, counts = samples(features, labels)
    mean = x.mean(0)
    x -= mean
    variance = np.einsum("ij,ij->j", x, x) / len(x)
    tiny = variance * len(x) < TINY
    refuse_underflow(tiny & (np.ptp(x, axis=0) > 8 * EPS * np.abs(mean)))
    live = variance > noise_of(mean, variance, rounding(check_features(features)))
    if variance.any() and not live.any():
        warnings.warn(DEAD, stacklevel=3)
    x *= np.divide(1, np.sqrt(variance), out=np.zeros(len(live)), where=live)
    return x, codes, counts


def principal(x):
    """Principal components P (m, r) of x (m, k) of rank r, and P^T P = diag(values)."""
    wide = x.shape[1] > len(x)
    values, vectors = np.linalg.eigh(x @ x.T if wide else x.T @ x)
    keep = values > max(x.shape) * EPS * values[-1]
    values, vectors = values[keep], vectors[:, keep]
    return vectors * np.sqrt(values) if wide else x @ vectors, values


def class_sums(x, codes, classes):
    """Sums of x (m, r) by class, (classes, r)."""
    sums = np.zeros((classes, x.shape[1]))
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(classes))
    for code, (start, end) in enumerate(zip(edges, [*edges[1:], len(x)], strict=True)):
        sums[code] = x[order[start:end]].sum(0)
    return sums
