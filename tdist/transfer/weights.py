"""The fine-tuning distance: how far the weights travel when a trained network is trained on another
task. Section 5.2 of the coupled-transfer paper."""

import copy

import numpy as np
import torch
from tqdm import tqdm

from tdist.transfer.checks import checked
from tdist.transfer.randomness import FINE_TUNE, reproducible, stream
from tdist.transfer.results import FineTuning
from tdist.transfer.training import CHECK, device_of, evaluate, guarded, pretrain, sgd, shown


def fine_tuning(source, target, network, settings=None, *, classes=None, test=None, seed=0,
                progress=True):
    r"""Fine-tuning distance: the length :math:`\int |dw|` of the weights' path while SGD fits the
    target directly, up to the first look with 95% of the final accuracy.

    It depends on how the network is parametrised, unlike the transfer distances.

    Parameters
    ----------
    source, target, network, settings, classes, seed, progress
        As of :func:`tdist.transfer.coupled`.
    test : pair of Task, optional
        Images of source and target that SGD does not see, of the same classes; those of the target
        decide the accuracy, the target's own images if none are given.

    Returns
    -------
    FineTuning

    Raises
    ------
    TypeError, ValueError, tdist.manners.Diverged
        As :func:`tdist.transfer.coupled`.

    Examples
    --------
    >>> import torch
    >>> from tdist.networks import SmallCNN
    >>> from tdist.tasks import digits
    >>> from tdist.transfer import Settings, fine_tuning
    >>> low, high = digits().only(tuple("01234"), "low"), digits().only(tuple("56789"), "high")
    >>> _ = torch.manual_seed(0)
    >>> quick = Settings(pretrain_steps=100, fine_tune_steps=50)
    >>> found = fine_tuning(low, high, SmallCNN(10), quick, progress=False)
    >>> 0 < found.length <= found.full_length, len(found.accuracies)
    (True, 3)
    """
    settings, head, seed = checked(source, target, network, settings, classes, test, seed=seed)
    moving = pretrain(source, copy.deepcopy(network), head, settings, seed, progress)
    device, judge = device_of(network), (test or (source, target))[1]
    images, labels = target.images.to(device), target.labels.to(device)
    optimiser, rng = settings.optimiser(moving), stream(seed, FINE_TUNE)
    path = Path(moving)
    with guarded(moving, "the start of fine-tuning"):
        lengths, looks, judged = [0.0], [0], [evaluate(moving, judge, head)]

    def losses(steps):
        for _ in range(steps):
            rows = torch.from_numpy(rng.integers(len(target), size=settings.batch)).to(device)
            yield head.target_loss(moving(shown(settings, rng, images[rows])), labels[rows])

    with reproducible(device, seed):
        for start in tqdm(range(0, settings.fine_tune_steps, CHECK), disable=not progress,
                          desc=f"{source.name} to {target.name}, fine-tuning"):
            steps = min(CHECK, settings.fine_tune_steps - start)
            with guarded(moving, f"fine-tuning step {start}"):
                sgd(moving, optimiser, losses(steps), after=path.follow)
                judged.append(evaluate(moving, judge, head))
            lengths.append(path.length)
            looks.append(start + steps)
    accuracies, test_losses = map(list, zip(*judged, strict=True))
    first = int(np.argmax(np.asarray(accuracies) >= 0.95 * accuracies[-1]))
    return FineTuning(lengths[first], lengths[-1], looks[first], accuracies, test_losses, moving)


class Path:
    """The length of a network's path in the space of its weights, followed step by step."""

    def __init__(self, network):
        self.network, self.length, self.at = network, 0.0, _weights_of(network)

    def follow(self):
        now = _weights_of(self.network)
        self.length += (now - self.at).norm().item()
        self.at = now


def _weights_of(network):
    """All trained weights as one vector."""
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])
