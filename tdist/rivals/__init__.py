"""Distances between tasks to set beside the coupled transfer distance, as functions of features
(m, k) and labels (m,), or of a network: transport of labelled clouds, and Fisher information.
`tdist.baselines` has Task2Vec and the length of a VAE's path."""

from tdist.rivals.clouds import wasserstein
from tdist.rivals.embeddings import TaskEmbeddings, wasserstein_embeddings
from tdist.rivals.fisher import fisher_diagonal, fisher_distance, matched
from tdist.rivals.labelled import otdd

__all__ = [
    "TaskEmbeddings",
    "fisher_diagonal",
    "fisher_distance",
    "matched",
    "otdd",
    "wasserstein",
    "wasserstein_embeddings",
]
