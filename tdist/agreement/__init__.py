r"""What two matrices or rankings of tasks say about each other: Spearman, DCG, Mantel's test, and
which source is the better one for a target.

A matrix over tasks is (sources, targets), here as everywhere in the package: column t holds what
every source task is worth for the target t. """

from tdist.agreement.matrices import check_matrix, without_self
from tdist.agreement.rankings import DCG, dcg, spearman
from tdist.agreement.same_target import Within, within
from tdist.agreement.whole_matrices import MantelResult, mantel

__all__ = ["DCG", "MantelResult", "Within", "check_matrix", "dcg", "mantel", "spearman", "within",
           "without_self"]
