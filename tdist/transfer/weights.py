"""The fine-tuning distance: how far the weights travel when a trained network is trained on another task.

Section 5.2 of the coupled-transfer paper.
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from tdist.tasks import floats
from tdist.transfer.training import (
    CHECK,
    FINE_TUNE,
    Settings,
    checked_head,
    device_of,
    evaluate,
    guarded,
    pretrain,
    reproducible,
    sgd,
    stream,
)


@dataclass(frozen=True)
class FineTuning:
    r"""The fine-tuning distance; ``float(result)`` is `length`.

    Attributes
    ----------
    length : float
        :math:`\int |dw|` up to `stop`, the first look with 95% of the final accuracy.
    full_length : float
    stop : int
        SGD steps.
    accuracies, losses : list of float
        At every look, before the first step and after every 25, as of :class:`Transfer`.
    network : torch.nn.Module
        At the end.
    """

    length: float
    full_length: float
    stop: int
    accuracies: list
    losses: list
    network: torch.nn.Module

    def __float__(self):
        return self.length


def fine_tuning(source, target, network, settings=None, *, classes=None, test=None, seed=0, progress=True):
    r"""Fine-tuning distance: the length :math:`\int |dw|` of the weights' path while SGD fits the target directly,
    up to the first look with 95% of the final accuracy.

    Parameters and errors as :func:`tdist.transfer.coupled`, without `features` and `save`; `test` decides the accuracy,
    the target's own images if none is given. It depends on how the network is parametrised, unlike the transfer
    distances.

    Returns
    -------
    FineTuning
    """
    settings = settings or Settings()
    head = checked_head(source, target, network, settings, classes, test)
    moving = pretrain(source, copy.deepcopy(network), head, settings, seed, progress)
    device, judge = device_of(network), (test or (source, target))[1]
    images, labels = target.images.to(device), target.labels.to(device)
    optimiser, rng = settings.optimiser(moving), stream(seed, FINE_TUNE)
    with guarded(moving, "the start of fine-tuning"):
        lengths, looks, judged = [0.0], [0], [evaluate(moving, judge, head)]

    def losses(steps):
        before = weights_of(moving)
        for _ in range(steps):
            rows = torch.from_numpy(rng.integers(len(target), size=settings.batch)).to(device)
            yield head.target_loss(moving(floats(images[rows])), labels[rows])
            after = weights_of(moving)
            lengths[-1] += (after - before).norm().item()
            before = after

    with reproducible(moving, seed):
        for start in tqdm(range(0, settings.fine_tune_steps, CHECK), disable=not progress,
                          desc=f"{source.name} to {target.name}, fine-tuning"):
            steps = min(CHECK, settings.fine_tune_steps - start)
            lengths.append(lengths[-1])
            with guarded(moving, f"fine-tuning step {start}"):
                sgd(moving, optimiser, losses(steps))
                judged.append(evaluate(moving, judge, head))
            looks.append(start + steps)
    accuracies, test_losses = map(list, zip(*judged, strict=True))
    first = int(np.argmax(np.asarray(accuracies) >= 0.95 * accuracies[-1]))
    return FineTuning(lengths[first], lengths[-1], looks[first], accuracies, test_losses, moving)


def weights_of(network):
    """All trained weights as one vector."""
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])
