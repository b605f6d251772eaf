"""Relabellings of tasks: all of them where they are few, else a random sample."""

import itertools

import numpy as np

ALTERNATIVES = {"greater": np.positive, "less": np.negative, "two-sided": np.abs}
TIES = 1e-12  # nearer correlations of two permutations are equal but for rounding
FEW = 7  # tasks, up to which every order is tried


def orders(n, permutations, seed, groups=None):
    """An iterator over orders of n tasks, the identity first, and whether these are all. groups:
    (n,), tasks change places within their group only."""
    if n <= FEW and groups is None:
        return itertools.permutations(range(n)), True
    draw = np.random.default_rng(seed)
    parts = parts_of(n, groups)
    drawn = (drawn_within(parts, draw.permutation) for _ in range(int(permutations)))
    return itertools.chain([np.arange(n)], drawn), False


def parts_of(n, groups):
    """The tasks of each group, a list of index arrays."""
    groups = np.zeros(n) if groups is None else np.asarray(groups)
    return [np.flatnonzero(groups == group) for group in np.unique(groups)]


def drawn_within(parts, draw):
    """Tasks (n,) in which each place holds one of its own group: draw(part) for each part."""
    found = np.empty(sum(map(len, parts)), dtype=int)
    for part in parts:
        found[part] = draw(part)
    return found


def as_extreme(found, alternative):
    """Share of correlations, the observed one first, that are as extreme as that one."""
    sizes = ALTERNATIVES[alternative](found)
    return float((sizes >= sizes[0] - TIES).mean())


def check_options(alternative, permutations):
    if alternative not in ALTERNATIVES:
        raise ValueError(f"alternative must be one of {tuple(ALTERNATIVES)}, got {alternative!r}")
    if permutations != int(permutations) or permutations < 1:
        raise ValueError(f"permutations must be a whole number of at least 1, got {permutations!r}")
