r"""Pairs of images between two tasks: the coupling that joins them, block by block, and the images
that lie between a pair. Equations 8 to 10 of the coupled-transfer paper."""

import warnings

import numpy as np
import torch

from tdist import couplings
from tdist.tasks import floats
from tdist.transfer.randomness import BLOCKS, stream


def seen(features, task):
    """What a function of the caller's gives for a task, as numbers (images, ...) on the CPU."""
    given = features(task)
    try:
        found = torch.as_tensor(given).detach().cpu().double()
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"features must give numbers, (images, k); for {task.name} it gave "
                        f"{type(given).__name__}: {error}") from error
    if found.ndim < 2 or len(found) != len(task):
        raise ValueError(f"features gave an array of shape {tuple(found.shape)} for the "
                         f"{len(task)} images of {task.name}; it needs ({len(task)}, k)")
    if not torch.isfinite(found).all():
        raise ValueError(f"the features of {task.name} hold NaN or infinity")
    return found


class Blocks:
    r"""Two tasks cut into blocks of n images each at random, and a coupling for each block.

    Where one task has fewer images they come again, in another order, until the other's are used
    up; what is left of those, fewer than n, has no block.

    Attributes
    ----------
    source : torch.Tensor, shape (blocks, n)
    target : torch.Tensor, shape (blocks, n)
        Which images.
    coupling : torch.Tensor, shape (blocks, n, n), float64
        :math:`\Gamma`, with marginals 1/n in every block.
    """

    def __init__(self, source, target, n, seed=0, device="cpu"):
        if n > min(len(source), len(target)):
            small = min((source, target), key=len)
            raise ValueError(f"a block of {n} images is more than {small.name} has ({len(small)}); "
                             "make block smaller")
        self.tasks, self.n, self.device = (source, target), n, device
        count = max(len(source), len(target)) // n
        rng = stream(seed, BLOCKS)
        self.source, self.target = (self._shuffled(rng, len(task), count)
                                    for task in (source, target))
        self.images = tuple(task.images.to(device) for task in (source, target))
        self.labels = tuple(task.labels.to(device) for task in (source, target))
        # float64: the certificate of a coupling is finer than float32
        self.coupling = torch.full((count, n, n), n**-2.0, dtype=torch.float64, device=device)

    def __len__(self):
        return len(self.source)

    def _shuffled(self, rng, size, count):
        turns = [rng.permutation(size) for _ in range(-(-count * self.n // size))]
        chosen = np.concatenate(turns)[:count * self.n]
        return torch.from_numpy(chosen).view(count, self.n).to(self.device)

    def start(self, features, entropy, tolerance):
        """The coupling that joins near images: entropic, for squared distances of features
        (task -> (images, k)), or of pixels if None. Returns its largest duality gap, relative to
        the mean cost."""
        near = [task.images.cpu().double() if features is None else seen(features, task)
                for task in self.tasks]
        source, target = (one.flatten(1)[index.cpu()]  # (blocks, n, k)
                          for one, index in zip(near, (self.source, self.target), strict=True))
        with warnings.catch_warnings(action="ignore", category=couplings.GapWarning):
            found = couplings.from_features(source.to(self.device), target, entropy, tolerance)
        self.coupling = found.coupling
        return found.gap.max().item()

    def draw(self, rng, size):
        """Pairs (i, j) from the coupling: rows of both tasks, (size,) each.

        From the same random numbers, couplings that are near give pairs most of which are the same.
        """
        block, row = rng.integers(len(self), size=size), rng.integers(self.n, size=size)
        block, row, u = (torch.from_numpy(drawn).to(self.device)
                         for drawn in (block, row, rng.random(size)))
        below = self.coupling[block, row].cumsum(1) * self.n  # (size, n), from 1/n of the row to 1
        column = (below < u[:, None]).sum(1).clamp(max=self.n - 1)
        return self.source[block, row], self.target[block, column]

    def mixed(self, rows, mix, view=floats):
        """Mixed images and the labels of both ends; rows: a pair from :meth:`draw`, mix (size,).

        view: from stored images to the floats that are mixed.
        """
        x_s, x_t = (view(images[index]) for images, index in zip(self.images, rows, strict=True))
        weight = mix.to(x_s.dtype).view(-1, *[1] * (x_s.ndim - 1))  # (size, 1, ...)
        y_s, y_t = (labels[index] for labels, index in zip(self.labels, rows, strict=True))
        return (1 - weight) * x_s + weight * x_t, y_s, y_t

    def pairs(self, blocks):
        """Rows of all pairs of some blocks, (len(blocks) n n,) each."""
        shape = len(blocks), self.n, self.n
        return (self.source[blocks][:, :, None].expand(shape).flatten(),
                self.target[blocks][:, None].expand(shape).flatten())
