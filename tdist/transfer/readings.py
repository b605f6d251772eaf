r"""The lengths of one step of the classifier in every reading: which softmax, where the task is
picked, and on which side of the root the mean over inputs is. Equations 5 and 11 of the
coupled-transfer paper, and the number of its published program.
"""

import math

from tdist import fisher_rao

READINGS = ("gate at tau", "gate at the input", "with the gate", "union")


def lengths(before, after, mix, tau, turn, head, step):
    r"""How far each input's distribution moves in a step, in every reading.

    - ``"gate at tau"``: :eq:`eq-gated`, what :meth:`tdist.transfer.heads.Head.step` gives;
    - ``"gate at the input"``: :math:`\sqrt{(1-m)\,d_s^2 + m\,d_t^2}`, where the gate knows the
      input's own share :math:`m`: a source image counts in the source's classes only;
    - ``"with the gate"``: the first with the gate's own movement, :math:`\pi` on the whole road;
    - ``"union"``: one softmax over all outputs.

    With head "union" or "index" the first two are the third without a gate.

    Parameters
    ----------
    before, after : torch.Tensor, shape (..., b, outputs)
        Logits.
    mix : torch.Tensor, shape (b,)
        The target's share in each input.
    tau, turn : float
        The time, and how far the gate moves, :func:`gate`.
    head : Head
    step : "fisher-rao" or "kl"

    Returns
    -------
    dict
        {reading: (..., b)}, and ``"V"``, :math:`\sqrt{\mathrm{KL}}` of the union.
    """
    source, target = (d**2 for d in head.lengths(before, after, step))
    p, q = (logits.double().softmax(-1) for logits in (before, after))
    root_kl = fisher_rao.root_kl(p, q)
    union = root_kl if step == "kl" else fisher_rao.distance(p, q)
    at_tau = (1 - tau) * source + tau * target
    own = ((1 - mix) * source + mix * target, at_tau + turn**2)
    return dict(zip(READINGS, (at_tau.sqrt(), *(square.sqrt() for square in own), union),
                    strict=True)) | {"V": root_kl / math.sqrt(2)}


def gate(start, end):
    r"""The Fisher-Rao length of the gate's way from odds :math:`1-\tau : \tau` at one time to those
    at another, :math:`2\,|\arcsin\sqrt{\tau'} - \arcsin\sqrt\tau|`."""
    return 2 * abs(math.asin(math.sqrt(end)) - math.asin(math.sqrt(start)))


def means(d, weight):
    """Both means of a length (replicas, b) over inputs of some weight (b,), and over replicas: of
    equation 11, and of equation 5 with its root outside."""
    return (d @ weight).mean(), (d**2 @ weight).sqrt().mean()


def totals(steps):
    """Sums over the steps of a road: {reading: (equation 11, equation 5)}; V as the published
    program adds it up, as a mean step."""
    found = {name: tuple(map(sum, zip(*(step[name] for step in steps), strict=True)))
             for name in steps[0]}
    return found | {"V": found["V"][0] / len(steps)}
