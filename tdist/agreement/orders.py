"""Relabellings of tasks: all of them where they are few, else a random sample."""

import itertools

import numpy as np

ALTERNATIVES = {"greater": np.positive, "less": np.negative, "two-sided": np.abs}
TIES = 1e-12  # nearer correlations of two permutations are equal but for rounding
FEW = 7  # tasks, up to which every order is tried


def orders(n, permutations, seed):
    """An iterator over orders of n tasks, the identity first, and whether these are all."""
    if n <= FEW:
        return itertools.permutations(range(n)), True
    draw = np.random.default_rng(seed)
    drawn = (draw.permutation(n) for _ in range(int(permutations)))
    return itertools.chain([np.arange(n)], drawn), False


def as_extreme(found, alternative):
    """Share of correlations, the observed one first, that are as extreme as that one."""
    sizes = ALTERNATIVES[alternative](found)
    return float((sizes >= sizes[0] - TIES).mean())


def check_options(alternative, permutations):
    if alternative not in ALTERNATIVES:
        raise ValueError(f"alternative must be one of {tuple(ALTERNATIVES)}, got {alternative!r}")
    if permutations != int(permutations) or permutations < 1:
        raise ValueError(f"permutations must be a whole number of at least 1, got {permutations!r}")
