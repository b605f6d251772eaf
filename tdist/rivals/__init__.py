"""Distances between tasks to set beside the coupled transfer distance, by functions of features
(m, k) and labels (m,), or of a network: optimal transport of labelled clouds, and Fisher
information. :mod:`tdist.baselines` has Task2Vec and the length of a VAE's path."""

from tdist.rivals.clouds import wasserstein
from tdist.rivals.labelled import otdd

__all__ = ["otdd", "wasserstein"]
