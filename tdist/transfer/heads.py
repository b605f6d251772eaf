r"""The outputs of one network for two tasks whose classes may differ: labels, loss, and the length
of a step.

The coupled-transfer paper leaves open which output stands for which class. Three readings: "gated"
(the default), "union" and "index".
"""

import torch
from torch.nn.functional import cross_entropy

from tdist import fisher_rao

KINDS = ("gated", "union", "index")


class Head:
    r"""Which outputs a source and a target task use, by the identity (the name) of their classes.

    - ``"gated"``: one output a class in the union of both tasks, shared where both have the class.
      Each task's distribution is the softmax over its own classes, and at time :math:`\tau` the
      classifier first picks the task, with the odds :math:`1 - \tau : \tau`. That gate moves by
      itself, by :math:`\pi` on the whole road, whatever the tasks; it is left out of the length.
      That it does not look at the input is a choice, and no small one: with a gate at the input's
      own share the book's road on digits is a seventh shorter. Both are in the `readings` of a
      :class:`tdist.transfer.Transfer`.
    - ``"union"``: the same outputs and one softmax over all of them, as in the authors' program.
      Between tasks that share no class an input that is classified with certainty at both ends has
      at least :math:`\pi` to go, however alike the tasks are.
    - ``"index"``: class i of either task is output i. The length then depends on the order in which
      the classes happen to be numbered.

    Parameters
    ----------
    source, target : sequence of str
        The classes of each task, in the order of its labels.
    kind : str
    classes : sequence of str, optional
        The network's outputs, where they are more than the union; not for "index".

    Raises
    ------
    TypeError
        If classes are a bare string.
    ValueError
        If the kind is unknown, or `classes` lacks a class or has one twice.

    Examples
    --------
    >>> import torch
    >>> from tdist.transfer.heads import Head
    >>> head = Head(("cat", "dog"), ("dog", "fox"))
    >>> head.classes
    ('cat', 'dog', 'fox')
    >>> logits = torch.tensor([[0.0, 0.0, 5.0]])  # a fox, if the task has foxes
    >>> round(head.target_loss(logits, torch.tensor([1])).item(), 4)
    0.0067
    >>> round(head.source_loss(logits, torch.tensor([1])).item(), 4)
    0.6931
    """

    def __init__(self, source, target, kind="gated", classes=None):
        if kind not in KINDS:
            raise ValueError(f"head must be one of {KINDS}, got {kind!r}")
        for names in (source, target, classes):
            if isinstance(names, str):
                raise TypeError(f"classes must be a sequence of names, got the string {names!r}; "
                                f"if each letter is a class, write tuple({names!r})")
        if kind == "index":
            names, everything = None, torch.arange(max(len(source), len(target)))
            labels = torch.arange(len(source)), torch.arange(len(target))
        else:
            union = tuple(dict.fromkeys((*source, *target)))
            names = union if classes is None else tuple(classes)
            if missing := [name for name in union if name not in names]:
                raise ValueError(f"classes has no output for {missing}; it has {list(names)}")
            if len(set(names)) < len(names):
                raise ValueError(f"classes names an output twice: {list(names)}")
            everything = torch.arange(len(names))
            labels = tuple(torch.tensor([names.index(name) for name in task])
                           for task in (source, target))
        self.kind, self.classes, self.size = kind, names, len(everything)
        own = kind == "gated"
        self.source, self.target = labels if own else (everything, everything)
        # a task's label -> its place among the outputs that the task uses
        self.source_place, self.target_place = (torch.arange(len(x)) if own else x for x in labels)

    def to(self, device):
        """The same head for logits on another device."""
        for name in ("source", "target", "source_place", "target_place"):
            setattr(self, name, getattr(self, name).to(device))
        return self

    def loss(self, logits, source_labels, target_labels, mix):
        r"""Mean loss in nats, :eq:`eq-gated-loss`:
        :math:`(1-m)\,\mathrm{CE}_s + m\,\mathrm{CE}_t`.

        With one softmax for both tasks this is the cross-entropy of the mixed labels of equation 8.

        Parameters
        ----------
        logits : torch.Tensor, shape (b, outputs)
        source_labels, target_labels : torch.Tensor, shape (b,)
            In each task's own numbers.
        mix : torch.Tensor, shape (b,)
            :math:`m`, the target's share.

        Returns
        -------
        torch.Tensor, shape ()
        """
        source = cross_entropy(logits[:, self.source], self.source_place[source_labels],
                               reduction="none")
        target = cross_entropy(logits[:, self.target], self.target_place[target_labels],
                               reduction="none")
        return ((1 - mix) * source + mix * target).mean()

    def source_loss(self, logits, labels):
        """Mean loss of source images alone, in nats."""
        return cross_entropy(logits[:, self.source], self.source_place[labels])

    def target_loss(self, logits, labels):
        """Mean loss of target images alone, in nats."""
        return cross_entropy(logits[:, self.target], self.target_place[labels])

    def step(self, before, after, tau, step="fisher-rao"):
        r"""Length (b,) of a step of the classifier at time :math:`\tau`, :eq:`eq-gated`:

        .. math:: d = \sqrt{(1 - \tau)\, d_s^2 + \tau\, d_t^2}

        where :math:`d_s, d_t` are the lengths in each task's distribution.

        Parameters
        ----------
        before, after : torch.Tensor, shape (b, outputs)
            Logits at the same inputs.
        tau : float
        step : "fisher-rao" or "kl"
            Fisher-Rao distances, or :math:`\sqrt{2\,\mathrm{KL}}`.

        Returns
        -------
        torch.Tensor, shape (b,), float64
        """
        source, target = self.lengths(before, after, step)
        return ((1 - tau) * source**2 + tau * target**2).sqrt()

    def lengths(self, before, after, step="fisher-rao"):
        """What the step of :meth:`step` is made of: :math:`d_s` and :math:`d_t`, (..., b) each."""
        measure = {"fisher-rao": fisher_rao.distance, "kl": fisher_rao.root_kl}[step]
        source = measure(*self.probabilities(before, after, self.source))
        if self.kind != "gated":  # one softmax for both
            return source, source
        return source, measure(*self.probabilities(before, after, self.target))

    def probabilities(self, before, after, own):
        """The softmaxes (..., b, classes) of both over some outputs."""
        # float64: between near distributions the KL in float32 is mostly rounding
        return (logits[..., own].double().softmax(-1) for logits in (before, after))

    def correct(self, logits, labels):
        """Whether the likeliest of the target's own classes is the label, (b,)."""
        return logits[:, self.target[self.target_place]].argmax(1) == labels
