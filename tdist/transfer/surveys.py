"""One call for what a single length cannot say: the road between two tasks over several seeds,
beside the source's road to itself and the uncoupled one."""

import inspect
import json
from dataclasses import replace
from functools import cache
from numbers import Real
from pathlib import Path

import torch
from torch import nn

from tdist.manners import whole, write_aside
from tdist.tasks import Task
from tdist.transfer import states
from tdist.transfer.distances import coupled, pretrained, uncoupled
from tdist.transfer.heads import Head
from tdist.transfer.settings import Settings
from tdist.transfer.spreads import Survey


def survey(source, target, network, settings=None, *, seeds=3, classes=None, features=None,
           test=None, replicas=1, save=None, progress=True):
    """The road between two tasks as it can be read: for each seed its coupled length, the source's
    coupled length to itself, and the uncoupled length, from one trained source.

    A seed has initial weights, training and draws of its own, so that the spread over seeds is the
    length's whole noise. The tasks' images are the same.

    Parameters
    ----------
    source, target : Task
    network : callable
        From the number of outputs to a new network, such as ``SmallCNN`` or ``lambda outputs:
        nn.Linear(64, outputs)``. It is called once a seed, after ``torch.manual_seed(seed)``. If it
        gives weights that were trained elsewhere, the seeds share them.
    settings : Settings, optional
    seeds : int or sequence of int
        How many, or which.
    classes : sequence of str, optional
        The class of each output; by default those of both tasks.
    features, test, replicas, progress
        As of :func:`tdist.transfer.coupled`. With replicas the survey has drifts too.
    save : path, optional
        A folder: a second call with the same arguments goes on there, after the seeds that are
        done and inside a road, and to more seeds.

    Returns
    -------
    Survey

    Raises
    ------
    TypeError, ValueError, RuntimeError, OSError, tdist.manners.Diverged
        As :func:`tdist.transfer.coupled`; TypeError too if `network` is one network, which would
        give all seeds the same weights.

    Examples
    --------
    >>> from tdist.networks import SmallCNN
    >>> from tdist.tasks import digits
    >>> from tdist.transfer import Settings, survey
    >>> data = digits().subset(300)
    >>> low, high = data.only(tuple("01234"), "low"), data.only(tuple("56789"), "high")
    >>> quick = Settings(steps=4, sgd_steps=5, pretrain_steps=100, iterations=2)
    >>> found = survey(low, high, SmallCNN, quick, seeds=2, progress=False)
    >>> found.coupled.mean > 2 * found.itself.mean, float(found) == found.coupled.mean
    (True, True)
    """
    settings = Settings() if settings is None else settings
    seeds = _seeds(seeds)
    outputs = _outputs(source, target, network, settings, classes)
    classes = outputs.classes if classes is None else tuple(classes)
    if callable(features):
        features = cache(features)  # of each task once, not once a seed
    folder = None if save is None else Path(save)
    if folder is not None:
        folder.mkdir(exist_ok=True)
    records = []
    for seed in seeds:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            new = network(outputs.size)
        identity = folder and states.identity(
            source, target, new, settings, classes, features, test, seed, "survey", replicas) | {
                "iterations": settings.iterations}
        record = _kept(folder, seed, identity)
        if record is None:
            record = _roads(source, target, new, settings, folder, features, test, replicas,
                            {"classes": classes, "seed": seed, "progress": progress})
            _keep(folder, seed, {"identity": identity, "record": record})
        records.append(record)
    return Survey(source.name, target.name, seeds, tuple(records))


def _roads(source, target, network, settings, folder, features, test, replicas, given):
    """The three roads of a seed: {road: {name: number}}."""
    start = pretrained(source, network, settings, **given)
    given |= {"settings": replace(settings, pretrain_steps=0), "replicas": replicas}

    def file(road):
        return folder and folder / f"seed-{given['seed']}-{road}.pt"

    found = {
        "coupled": coupled(source, target, start, features=features, test=test,
                           save=file("coupled"), **given),
        "to itself": coupled(source, source, start, features=features, save=file("itself"),
                             **given),
        "uncoupled": uncoupled(source, target, start, test=test, save=file("uncoupled"), **given)}
    return {road: {name: float(value) for name, value in vars(one).items()
                   if isinstance(value, Real) and value == value}  # NaN: there is none
            for road, one in found.items()}


def _seeds(seeds):
    if isinstance(seeds, Real):
        return tuple(range(whole("seeds", seeds, 1)))
    found = tuple(whole("a seed", seed, 0) for seed in seeds)
    if not found or len(set(found)) < len(found):
        raise ValueError(f"seeds must be a number, or different seeds, got {list(found)}")
    return found


def _outputs(source, target, network, settings, classes):
    """The head of the road, when the network can be made for it."""
    for task in (source, target):
        if not isinstance(task, Task):
            raise TypeError(f"a task must be a tdist.Task, got {type(task).__name__}: "
                            "tdist.Task(name, images, labels, classes)")
    if isinstance(network, nn.Module) or not callable(network):
        raise TypeError("network must be a function from the number of outputs to a new network, "
                        "so that each seed has its own weights: SmallCNN, or lambda outputs: "
                        f"nn.Linear(64, outputs); got {type(network).__name__}")
    try:
        inspect.signature(network).bind(1)
    except TypeError as error:
        raise TypeError("network must take one argument, the number of outputs, as in lambda "
                        f"outputs: nn.Linear(64, outputs): {error}") from None
    if not isinstance(settings, Settings):
        raise TypeError(f"settings must be a tdist.transfer.Settings, got {settings!r}")
    if settings.head == "index" and len(source.classes) < len(target.classes):
        raise ValueError(f"with head='index' {source.name} has no road to itself with the outputs "
                         f"of {target.name}, which has more classes; take head='gated' or 'union'")
    return Head(source.classes, target.classes, settings.head, classes)


def _kept(folder, seed, identity):
    """What an earlier call stored of a seed, if it had the same arguments."""
    file = folder and folder / f"seed-{seed}.json"
    if file is None or not file.exists():
        return None
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        differ = [key for key in identity if found["identity"].get(key) != identity[key]]
        record = found["record"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{file} holds no seed of a survey; delete it") from error
    if differ:
        raise ValueError(f"{file} belongs to another survey, by its {', '.join(differ)}; save "
                         "elsewhere")
    return record


def _keep(folder, seed, content):
    if folder is not None:
        write_aside(folder / f"seed-{seed}.json",
                    lambda file: file.write(json.dumps(content, indent=1).encode()))
