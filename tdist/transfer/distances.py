r"""Distances between tasks by moving a classifier from one to the other: coupled and uncoupled.

Section 3 of the coupled-transfer paper. Lengths are Fisher-Rao lengths, in nats to the power 1/2.
"""

import copy

from tdist.transfer.checks import checked
from tdist.transfer.iterations import transfer
from tdist.transfer.training import pretrain


def pretrained(task, network, settings=None, *, classes=None, seed=0, progress=True):
    """A copy of the network, trained on a task: the start of every road from it.

    Pass it to :func:`tdist.transfer.coupled` with ``pretrain_steps=0`` to train once for many
    targets; `classes` then names the outputs, in order, for all of them.

    Parameters
    ----------
    task : Task
    network, settings, classes, seed, progress
        As of :func:`tdist.transfer.coupled`.

    Returns
    -------
    torch.nn.Module

    Raises
    ------
    TypeError, ValueError, tdist.manners.Diverged
        As :func:`tdist.transfer.coupled`.

    Examples
    --------
    >>> import torch
    >>> from tdist.networks import SmallCNN
    >>> from tdist.tasks import digits
    >>> from tdist.transfer import Settings, pretrained
    >>> low = digits().only(tuple("01234"))
    >>> _ = torch.manual_seed(0)
    >>> start = pretrained(low, SmallCNN(10), Settings(pretrain_steps=200),
    ...                    classes=tuple("0123456789"), progress=False)
    >>> logits = start(low.images / 127.5 - 1)[:, :5]
    >>> (logits.argmax(1) == low.labels).double().mean().item() > 0.95
    True
    """
    settings, head, seed = checked(task, task, network, settings, classes, seed=seed)
    return pretrain(task, copy.deepcopy(network), head, settings, seed, progress)


def coupled(source, target, network, settings=None, *, classes=None, features=None, test=None,
            seed=0, replicas=1, save=None, progress=True):
    r"""Coupled transfer distance from one task to another, equations 11 and 12 of the paper.

    .. math:: \min_\Gamma \int_0^1 \mathbb E_{x \sim p_\tau} \sqrt{2\,\mathrm{KL}[p_{w(\tau)},
              p_{w(\tau + d\tau)}]}

    The network is trained on the source. Then, in each iteration, pairs of images move along the
    coupling from source to target, SGD makes the weights follow, the lengths that the pairs travel
    become their costs, :eq:`eq-cost`, and these lead to the next coupling, :eq:`eq-proximal`.

    **How to read it.** Not alone. It is not symmetric, and it is not 0 from a task to itself:
    SGD's noise has a length too, which depends on every field of `settings` and on the seed. Beside
    it belong, at the same settings and for several seeds, the source's distance to itself (what the
    noise alone gives), the uncoupled distance (what moving along the coupling saves), and the
    distances of the other pairs that it is compared with. A difference smaller than the spread over
    seeds is none. :func:`tdist.transfer.survey` does all that in one call. A length without SGD's
    noise takes `replicas`: `drift`, with its standard error, hardly depends on the rate.

    Parameters
    ----------
    source, target : Task
        Of images, or of vectors (n, k); both of one shape.
    network : torch.nn.Module
        From images (b, channels, height, width), floats, uint8 scaled to [-1, 1], to logits
        (b, outputs): one output a class in the union of both tasks, or with head "index" as many as
        the larger task has. It is trained on the source first, unless ``pretrain_steps`` is 0. Not
        modified; work is done on its device.
    settings : Settings, optional
    classes : sequence of str, optional
        The class of each output, if there are more than the union.
    features : callable, optional
        From a Task to an array (images, k): the first coupling joins images that are near in it.
        Pixels by default; the paper takes features of an ImageNet network,
        :func:`tdist.features.imagenet`.
    test : pair of Task, optional
        Images of source and target that SGD does not see, of the same classes: their loss along the
        road, and the accuracy.
    seed : int
        The same seed gives the same numbers, bit for bit, on one machine with one number of
        threads.
    replicas : int
        Networks that travel each road from the same start, each with random numbers of its own.
        With two or more the result has a drift; four give it a fair error. Costs are their mean.
    save : path, optional
        The state after every iteration, and within a road every half minute. A second call with
        the same arguments goes on from there, to more iterations too. One run at a time.
    progress : bool

    Returns
    -------
    Transfer

    Raises
    ------
    TypeError
        If an argument is not of its kind.
    ValueError
        If images do not fit together or the network, the outputs are not as many as the classes,
        all weights are frozen, test images have other classes, a block is larger than a task, or
        `save` is damaged or belongs to another run.
    RuntimeError
        If another run is writing `save`.
    OSError
        If `save` cannot be written: the folder does not exist or is not yours, before any training;
        the disk is full.
    tdist.manners.Diverged
        If a loss, a weight or a logit is not finite. Its `network` has the weights of before the
        step of :math:`\tau`, or of before the last 25 SGD steps on one task.

    Examples
    --------
    Two tasks of digits: the road between them, beside the source's road to itself and the uncoupled
    one, of the same settings and seed. It is several times longer than what noise alone gives. That
    it is longer than the uncoupled one says nothing: at seed 2 it is shorter.

    >>> import torch
    >>> from tdist.networks import SmallCNN
    >>> from tdist.tasks import digits
    >>> from tdist.transfer import Settings, coupled, uncoupled
    >>> data = digits().subset(300)
    >>> low, high = data.only(tuple("01234"), "low"), data.only(tuple("56789"), "high")
    >>> _ = torch.manual_seed(0)
    >>> same = {"settings": Settings(steps=4, sgd_steps=5, pretrain_steps=100, iterations=2),
    ...         "classes": tuple("0123456789"), "seed": 0, "progress": False}
    >>> network = SmallCNN(10)
    >>> there, stay = (coupled(low, task, network, **same) for task in (high, low))
    >>> free = uncoupled(low, high, network, **same)
    >>> there.length > 3 * stay.length, there.length > free.length
    (True, True)
    >>> [0 < road.gap < 1e-4 for road in there.iterations]  # both couplings have a certificate
    [True, True]
    """
    if features is not None and not callable(features):
        raise TypeError("features must be a function from a Task to an array (images, k), got "
                        f"{type(features).__name__}")
    return transfer(True, source, target, network, settings, classes, features, test, seed,
                    replicas, save, progress)


def uncoupled(source, target, network, settings=None, *, classes=None, test=None, seed=0,
              replicas=1, save=None, progress=True):
    r"""Uncoupled transfer distance, :eq:`eq-uncoupled`: the task moves as the mixture
    :math:`(1-\tau) p_s + \tau p_t` of equation 9.

    Parameters
    ----------
    source, target, network, settings, classes, test, seed, replicas, save, progress
        As of :func:`tdist.transfer.coupled`; of the settings, those of couplings play no part.

    Returns
    -------
    Transfer

    Raises
    ------
    TypeError, ValueError, RuntimeError, OSError, tdist.manners.Diverged
        As :func:`tdist.transfer.coupled`.

    Examples
    --------
    A network that tells all digits apart need not move to tell some of them apart:

    >>> import torch
    >>> from tdist.networks import SmallCNN
    >>> from tdist.tasks import digits
    >>> from tdist.transfer import Settings, uncoupled
    >>> everything = digits().subset(300)
    >>> low = everything.only(tuple("01234"))
    >>> _ = torch.manual_seed(0)
    >>> quick = Settings(steps=4, sgd_steps=5, pretrain_steps=200)
    >>> there, back = (uncoupled(*pair, SmallCNN(10), quick, classes=everything.classes,
    ...                          progress=False) for pair in ((everything, low), (low, everything)))
    >>> there.length < back.length / 3
    True
    """
    return transfer(False, source, target, network, settings, classes, None, test, seed, replicas,
                    save, progress)
