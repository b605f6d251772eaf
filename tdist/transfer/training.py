"""Training on one task or between two: settings, SGD, accuracy, and the guards that every loop needs."""

import copy
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from tdist.fisher_rao import STEPS
from tdist.tasks import floats
from tdist.transfer.heads import KINDS, Head

MIXING = ("beta", "linear")
# what a random number is for: streams that never meet, the same in every iteration
PRETRAIN, BLOCKS, PAIRS, COSTS, FINE_TUNE = range(5)
CHUNK = 1024  # images in a forward pass without gradients
CHECK = 25  # SGD steps between looks at the loss, where no step of tau sets them
WHOLE = ("steps", "sgd_steps", "batch", "pretrain_steps", "fine_tune_steps", "iterations", "block")


@dataclass(frozen=True)
class Settings:
    r"""How a classifier is trained and carried. A length depends on the noise and the time of SGD: compare only pairs
    that had the same settings.

    Attributes
    ----------
    steps, sgd_steps : int
        K steps of :math:`\tau` from 0 to 1, and SGD steps in each.
    batch, lr, momentum, weight_decay
        Of SGD.
    pretrain_steps, fine_tune_steps : int
        SGD steps on the source before a road (0: the network comes trained), and on the target in fine-tuning.
    iterations : int
        Roads, each with the coupling that the one before it led to.
    block : int
        Images n of each task in a block of the coupling. To measure its pairs, a road sends n for every image of the
        larger task through the network, twice, whatever `sgd_steps` is.
    visits : int, optional
        Blocks whose costs are measured in each step; by default as many as it takes to measure each block once a road.
    start_entropy : float
        Weight of the entropy in the coupling of the first road, relative to the mean distance of features.
    entropy, proximal : float
        :math:`\epsilon \ge 0` and :math:`\lambda \ge 0` of equation 12a, relative to the mean cost; not both 0.
    growth : float
        :math:`\lambda` is multiplied by this after every iteration. The authors' program has 5.
    tolerance : float
        Bound of a coupling's duality gap, relative to the mean cost.
    head : "gated", "union" or "index"
        See :class:`tdist.transfer.heads.Head`.
    mixing : "beta" or "linear"
        The target's share in a mixed pair: drawn from Beta(:math:`\tau, 1-\tau`), or :math:`\tau` itself.
    step : "fisher-rao" or "kl"
        Length of a step: see :mod:`tdist.fisher_rao`.
    """

    steps: int = 20
    sgd_steps: int = 10
    batch: int = 64
    lr: float = 0.05
    momentum: float = 0.0
    weight_decay: float = 0.0
    pretrain_steps: int = 600
    fine_tune_steps: int = 400
    iterations: int = 4
    block: int = 10
    visits: int | None = None
    start_entropy: float = 0.05
    entropy: float = 0.05
    proximal: float = 10.0
    growth: float = 1.0
    tolerance: float = 1e-4
    head: str = "gated"
    mixing: str = "beta"
    step: str = "fisher-rao"

    def __post_init__(self):
        for name, choices in (("head", KINDS), ("mixing", MIXING), ("step", STEPS)):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {choices}, got {getattr(self, name)!r}")
        for name in WHOLE:
            if not isinstance(getattr(self, name), int | np.integer):
                raise ValueError(f"{name} must be a whole number, got {getattr(self, name)!r}")
        for name in ("steps", "sgd_steps", "batch", "iterations", "fine_tune_steps", "lr", "start_entropy",
                     "growth", "tolerance"):
            if not 0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be positive and finite, got {getattr(self, name)!r}")
        if self.block < 2:
            raise ValueError(f"block must be at least 2, got {self.block}")
        if self.visits is not None and not (isinstance(self.visits, int | np.integer) and self.visits >= 1):
            raise ValueError(f"visits must be a whole number of at least 1, got {self.visits!r}")
        for name in ("momentum", "weight_decay", "pretrain_steps", "entropy", "proximal"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be at least 0 and finite, got {getattr(self, name)!r}")
        if self.entropy == self.proximal == 0:
            raise ValueError("entropy and proximal are both 0; one of the two must hold the coupling")
        if self.momentum >= 1:
            raise ValueError(f"momentum must be below 1, got {self.momentum!r}")

    def optimiser(self, network):
        return torch.optim.SGD(network.parameters(), self.lr, self.momentum, weight_decay=self.weight_decay)


class Diverged(ArithmeticError):
    """A loss, a weight or a logit was NaN or infinite. `network` holds the last good weights: those of before the step
    of tau, or of before the last 25 SGD steps on one task."""

    def __init__(self, where, step, network):
        super().__init__(f"a loss, a weight or a logit is no longer finite at {where}, {step}; the last good weights "
                         "are in this error's .network, and what was saved before is untouched. Try a smaller lr")
        self.network = network


class NotFinite(ArithmeticError):
    """At which SGD step of a block; :func:`guarded` turns it into :class:`Diverged`."""


def stream(seed, purpose, number=0):
    """Random numbers of one purpose, the same whatever was drawn before."""
    return np.random.default_rng([seed, purpose, number])


@contextmanager
def reproducible(network, seed):
    """Seeded dropout, no denormals (a hundred times slower), deterministic kernels; the caller's random state and
    treatment of denormals stay."""
    device = device_of(network)
    flushed = not (torch.tensor(1e-310, dtype=torch.float64) / 2).item()  # PyTorch sets this and does not tell it
    torch.set_flush_denormal(True)
    try:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []), \
                torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_flush_denormal(flushed)


@contextmanager
def guarded(network, where):
    """If a number in the block is not finite, the network gets its weights of before, and Diverged says where."""
    good = {name: value.clone() for name, value in network.state_dict().items()}
    try:
        yield
    except NotFinite as error:
        network.load_state_dict(good)
        raise Diverged(where, error, network) from None


def device_of(network):
    return next(network.parameters()).device


def checked_head(source, target, network, settings, classes=None, test=None):
    """The head; and errors for what would fail in the middle of a run, or quietly mean nothing."""
    _check_images(source, target)
    if test is not None and not (isinstance(test, tuple | list) and len(test) == 2):
        raise ValueError("test must be a pair, unseen images of the source's and of the target's classes: "
                         "test=(source_test, target_test)")
    for task, unseen in zip((source, target), test or (), strict=test is not None):
        _check_images(task, unseen)
        if tuple(unseen.classes) != tuple(task.classes):
            raise ValueError(f"the test images of {task.name} have the classes {list(unseen.classes)}, and the task "
                             f"has {list(task.classes)}; take test.only(task.classes)")
    if next(network.parameters(), None) is None:
        raise ValueError("the network has no weights that could move")
    head = Head(source.classes, target.classes, settings.head, classes).to(device_of(network))
    for task, own in ((source, head.source), (target, head.target)):
        if len(own) < 2:
            raise ValueError(f"{task.name} has the one class {task.classes[0]}; a classifier needs two to tell apart")
    try:
        outputs = predict(copy.deepcopy(network), source.images[:2].to(device_of(network)))
    except NotFinite:
        raise ValueError("the network's logits are not finite before any training") from None
    except (RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"the network does not turn images {tuple(source.images.shape[1:])} of {source.name} into "
                         f"logits: {error}") from error
    if outputs.ndim != 2 or outputs.shape[1] != head.size:
        what = "the larger task's classes" if head.classes is None else (
            f"the classes {list(head.classes)}; name the class of every output with classes= if there are more")
        raise ValueError(f"the network gives logits of shape {tuple(outputs.shape)} for 2 images; it needs (2, "
                         f"{head.size}), one output for each of {what}")
    return head


def _check_images(a, b):
    if a.images.shape[1:] == b.images.shape[1:] and a.images.dtype == b.images.dtype:
        return
    differ = " and ".join(f"{task.name} {task.images.dtype} {tuple(task.images.shape[1:])}" for task in (a, b))
    if a.images.dtype != b.images.dtype:
        way_out = "store both as uint8, or both as float32"
    else:
        channels = {task.images.shape[1] for task in (a, b)}
        size = max(a.images.shape[-1], b.images.shape[-1])
        way_out = f"bring both to one shape with task.resized({size}" + (
            f", channels={max(channels)})" if 1 in channels else ")")
        if len(channels) > 1 and 1 not in channels:
            way_out += ", after giving them the same channels"
    raise ValueError(f"the tasks' images differ: {differ}; {way_out}")


def sgd(network, optimiser, losses, schedule=None):
    """One SGD step for each loss that `losses` yields, in training mode; the losses, (steps,). For a :func:`guarded`
    block."""
    network.train()
    found = []
    for loss in losses:
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if schedule:
            schedule.step()
        found.append(loss.detach())
    network.eval()
    found = torch.stack(found).double().cpu()
    if not torch.isfinite(found).all():
        raise NotFinite(f"SGD step {int((~torch.isfinite(found)).nonzero()[0])}")
    if not all(torch.isfinite(weight).all() for weight in network.parameters()):
        raise NotFinite(f"SGD step {len(found) - 1}")
    return found


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
    return head.correct(logits, labels).double().mean().item(), head.target_loss(logits, labels).item()


def pretrain(task, network, head, settings, seed=0, progress=False):
    """Fit the network to the source task, in place.

    SGD whose rate rises to `lr` over the first 30% of the steps and then falls like a cosine to nearly 0, while the
    momentum goes from .95 to .85 and back (``OneCycleLR``).
    """
    device = device_of(network)
    images, labels = task.images.to(device), task.labels.to(device)
    optimiser = torch.optim.SGD(network.parameters(), settings.lr, 0.9, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.lr, total_steps=max(settings.pretrain_steps, 1))
    rng = stream(seed, PRETRAIN)

    def losses(steps):
        for _ in range(steps):
            rows = torch.from_numpy(rng.integers(len(task), size=settings.batch)).to(device)
            yield head.source_loss(network(floats(images[rows])), labels[rows])

    with reproducible(network, seed):
        for start in tqdm(range(0, settings.pretrain_steps, CHECK), desc=f"pretraining on {task.name}",
                          disable=not progress):
            steps = min(CHECK, settings.pretrain_steps - start)
            with guarded(network, f"pretraining step {start}"):
                sgd(network, optimiser, losses(steps), schedule)
                predict(network, images[:settings.batch])  # finite weights can still give infinite logits
    return network.eval()
