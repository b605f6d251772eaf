"""What callers of a transfer hand in: errors for what would fail in the middle of a run, or quietly
mean nothing."""

import copy

from torch import nn

from tdist.manners import whole
from tdist.tasks import Task
from tdist.transfer.heads import Head
from tdist.transfer.settings import Settings
from tdist.transfer.training import NotFinite, device_of, predict


def checked(source, target, network, settings=None, classes=None, test=None, *, seed):
    """The settings, the head and the seed of a run, when all that it was given fits together."""
    settings = Settings() if settings is None else settings
    if not isinstance(settings, Settings):
        raise TypeError(f"settings must be a tdist.transfer.Settings, got {settings!r}")
    seed = whole("seed", seed, 0)
    _check_tasks(source, target)
    if test is not None:
        _check_test_images((source, target), test)
    _check_weights(network)
    head = Head(source.classes, target.classes, settings.head, classes)
    for task, own in ((source, head.source), (target, head.target)):
        if len(own) < 2:
            raise ValueError(f"{task.name} has the one class {task.classes[0]}; a classifier needs "
                             "two to tell apart")
    _check_logits(network, source, head)
    return settings, head.to(device_of(network)), seed


def _check_tasks(a, b):
    for task in (a, b):
        if not isinstance(task, Task):
            raise TypeError(f"a task must be a tdist.Task, got {type(task).__name__}: "
                            "tdist.Task(name, images, labels, classes)")
    if a.images.shape[1:] == b.images.shape[1:] and a.images.dtype == b.images.dtype:
        return
    differ = " and ".join(f"{task.name} {task.images.dtype} {tuple(task.images.shape[1:])}"
                          for task in (a, b))
    raise ValueError(f"the tasks' images differ: {differ}; {_to_one_shape(a, b)}")


def _to_one_shape(a, b):
    """The way out for two tasks whose images differ."""
    if a.images.dtype != b.images.dtype:
        return "store both as uint8, or both as float32"
    if not a.images.ndim == b.images.ndim == 4:  # not pictures
        return "one network takes one shape: give both tasks the same features"
    channels = {task.images.shape[1] for task in (a, b)}
    size = max(a.images.shape[-1], b.images.shape[-1])
    if 1 in channels:
        return f"bring both to one shape with task.resized({size}, channels={max(channels)})"
    if len(channels) == 1:
        return f"bring both to one shape with task.resized({size})"
    return f"bring both to one shape with task.resized({size}), after giving them the same channels"


def _check_test_images(tasks, test):
    pair = "test must be a pair, unseen images of the source's and of the target's classes: " \
           "test=(source_test, target_test)"
    if not isinstance(test, tuple | list):
        raise TypeError(f"{pair}, got {type(test).__name__}")
    if len(test) != 2:
        raise ValueError(f"{pair}, got {len(test)} of them")
    for task, unseen in zip(tasks, test, strict=True):
        _check_tasks(task, unseen)
        if tuple(unseen.classes) != tuple(task.classes):
            raise ValueError(
                f"the test images of {task.name} have the classes {list(unseen.classes)}, and the "
                f"task has {list(task.classes)}; take test.only(task.classes)")


def _check_weights(network):
    if not isinstance(network, nn.Module):
        raise TypeError(f"network must be a torch.nn.Module, got {type(network).__name__}")
    weights = list(network.parameters())
    if any(isinstance(weight, nn.UninitializedParameter) for weight in weights):
        raise ValueError("the network has lazy layers without weights; send it a batch first")
    if not any(weight.requires_grad for weight in weights):
        raise ValueError("the network has no weights that could move" + (
            ": all are frozen; network.requires_grad_() frees them" if weights else ""))


def _check_logits(network, source, head):
    try:
        images = source.images[:2].to(device_of(network))
        outputs = predict(copy.deepcopy(network), images)
    except NotFinite:
        raise ValueError("the network's logits are not finite before any training") from None
    except Exception as error:  # a caller's network may fail in any way
        raise ValueError(f"the network does not turn images {tuple(source.images.shape[1:])} of "
                         f"{source.name} into logits: {error}") from error
    if outputs.ndim != 2 or outputs.shape[1] != head.size:
        what = "the larger task's classes" if head.classes is None else (
            f"the classes {list(head.classes)}; name the class of every output with classes= if "
            "there are more")
        raise ValueError(f"the network gives logits of shape {tuple(outputs.shape)} for "
                         f"{len(images)} images; it needs ({len(images)}, {head.size}), one output "
                         f"for each of {what}")
