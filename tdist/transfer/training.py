"""Training a network on one task or between two: SGD, logits, accuracy, and the guard that every
loop needs."""

import copy
import math
from contextlib import contextmanager

import torch
from tqdm import tqdm

from tdist.manners import Diverged
from tdist.tasks import floats
from tdist.transfer.augmenting import augmented
from tdist.transfer.randomness import PRETRAIN, SETTLE, reproducible, stream

CHUNK = 1024  # images in a forward pass without gradients: what is in memory at once
SETTLING = 2048  # images on which a loss is judged to have settled
CHECK = 25  # SGD steps between looks at the loss, where no step of tau sets them


class NotFinite(ArithmeticError):
    """At which SGD step of a block; :func:`guarded` turns it into Diverged."""


@contextmanager
def guarded(network, where):
    """If a number in the block is not finite, the network gets its weights of before, and Diverged
    says where."""
    good = {name: value.clone() for name, value in network.state_dict().items()}
    try:
        yield
    except NotFinite as error:
        network.load_state_dict(good)
        raise Diverged(f"{where}, {error}", network) from None


def device_of(network):
    return next(network.parameters()).device


def sgd(network, optimiser, losses, after=None, frozen_norm=False):
    """One SGD step for each loss that `losses` yields, in training mode; the losses, (steps,).

    after() is called after each step. With `frozen_norm` batch norm keeps its running statistics.
    For a :func:`guarded` block.
    """
    network.train()
    if frozen_norm:
        for layer in network.modules():
            if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm):
                layer.eval()
    found = []
    for loss in losses:
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if after is not None:
            after()
        found.append(loss.detach())
    network.eval()
    found = torch.stack(found).double().cpu()  # one wait for the device, not one a step
    if not torch.isfinite(found).all():
        raise NotFinite(f"SGD step {int((~torch.isfinite(found)).nonzero()[0])}")
    if not all(torch.isfinite(weight).all() for weight in network.parameters()):
        raise NotFinite(f"SGD step {len(found) - 1}")
    return found


def shown(settings, rng, images):
    """What SGD sees of some images: floats, cropped and mirrored at random if the settings say so.
    """
    return floats(augmented(rng, images) if settings.augment else images)


def predict(network, images):
    """Logits (n, outputs) in evaluation mode, images as stored."""
    network.eval()
    with torch.inference_mode():
        logits = torch.cat([network(floats(part)) for part in images.split(CHUNK)])
    if not (logits < torch.inf).all():  # NaN or infinity; -infinity is a class that cannot be
        raise NotFinite("before or after its SGD steps")
    return logits


def evaluate(network, task, head):
    """Accuracy among the target task's own classes, and mean loss in nats in the head's softmax."""
    device = device_of(network)
    labels = task.labels.to(device)
    logits = predict(network, task.images.to(device))
    return (head.correct(logits, labels).double().mean().item(),
            head.target_loss(logits, labels).item())


def settling(network, task, head, settings, seed=0):
    """The target's loss at the end of a road, and after a tenth of the road's SGD steps more, on
    the target alone; on at most 2,048 of its images. NaN for the second if these steps diverge. The
    network stays as it is."""
    judged = task.subset(min(SETTLING, len(task)), seed)
    now, more = evaluate(network, judged, head)[1], copy.deepcopy(network)
    optimiser, rng = settings.optimiser(more), stream(seed, SETTLE)
    images, labels = (part.to(device_of(network)) for part in (task.images, task.labels))
    steps = -(-settings.steps * settings.sgd_steps // 10)

    def losses():
        for j in range(steps):
            settings.pace(optimiser, j, steps)
            rows = torch.from_numpy(rng.integers(len(task), size=settings.batch)).to(images.device)
            yield head.target_loss(more(shown(settings, rng, images[rows])), labels[rows])

    try:
        sgd(more, optimiser, losses(), frozen_norm=settings.frozen_norm)
        return now, evaluate(more, judged, head)[1]
    except NotFinite:
        return now, math.nan


def pretrain(task, network, head, settings, seed=0, progress=True):
    """Fit the network to the source task, in place.

    SGD whose rate rises to `lr` over the first 30% of the steps and then falls like a cosine to
    nearly 0, while the momentum goes from .95 to .85 and back (``OneCycleLR``).
    """
    device = device_of(network)
    images, labels = task.images.to(device), task.labels.to(device)
    # the schedule sets the rate and the momentum
    optimiser = torch.optim.SGD(network.parameters(), weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.lr,
                                                   total_steps=max(settings.pretrain_steps, 1))
    rng = stream(seed, PRETRAIN)

    def losses(steps):
        for _ in range(steps):
            rows = torch.from_numpy(rng.integers(len(task), size=settings.batch)).to(device)
            yield head.source_loss(network(shown(settings, rng, images[rows])), labels[rows])

    with reproducible(device, seed):
        for start in tqdm(range(0, settings.pretrain_steps, CHECK),
                          desc=f"pretraining on {task.name}", disable=not progress):
            steps = min(CHECK, settings.pretrain_steps - start)
            with guarded(network, f"pretraining step {start}"):
                sgd(network, optimiser, losses(steps), schedule.step)
                predict(network, images[:settings.batch])  # finite weights, yet infinite logits
    return network.eval()
