r"""The length of a variational autoencoder's path from one task's images to another's, in
Fisher-Rao units.

The coupled-transfer paper measures how far a VAE's weights travel "on the manifold" and does not
say on which. Here it is that of the encoder's distributions :math:`q_w(z \mid x)`, which is our
choice. They are conditional on an input that the task supplies, like the classifier's
:math:`p_w(y \mid x)`; and their distance depends neither on the coordinates of z nor on a noise
model for pixels and their number, as the decoder's would.
"""

import copy
import math
from dataclasses import dataclass, field
from functools import partial
from numbers import Real

import torch
from tqdm import tqdm

from tdist.manners import line, whole
from tdist.vae import (
    PATH,
    VAE,
    batches,
    check_images,
    codes_at,
    descend,
    gaussian_distance,
    generator,
    loss_of,
)


@dataclass(frozen=True, repr=False)
class VAELength:
    r"""Length of a VAE's path, in either reading of the expectation; ``float(result)`` is `length`.

    Attributes
    ----------
    length : float
        :math:`\sum_k \mathbb E_x\, d_k(x)`, as equation 11 of the paper.
    riemannian_length : float
        :math:`\sum_k \sqrt{\mathbb E_x\, d_k(x)^2}`, as equation 5; never less.
    source_loss : float
    target_loss : float
        Minus the evidence lower bound, nats an image: on the source before the path, on the target
        at its end.
    vae : VAE
        At the end of the path.

    Examples
    --------
    >>> from tdist.vae_paths import VAELength
    >>> float(VAELength(1.25, 1.5, 160.0, 140.0))
    1.25
    """

    length: float
    riemannian_length: float
    source_loss: float
    target_loss: float
    vae: VAE = field(default=None, repr=False, compare=False)

    def __float__(self):
        return self.length

    __repr__ = line


def vae_length(vae, source_images, target_images, *, mixture=True, points=20, steps=20, batch=64,
               lr=0.1, optimiser=None, inputs=256, seed=0, progress=True):
    r"""Length of the path of a VAE from the source's images, which it fits, to the target's.

    .. math:: L = \sum_{k=1}^{K} \mathbb E_{x \sim p_{\tau_k}}\,
       d\bigl(q_{w_{k-1}}(\cdot \mid x), q_{w_k}(\cdot \mid x)\bigr)

    :eq:`eq-vae-length`, where d is the :func:`tdist.vae.gaussian_distance` of the encoder's codes.
    With a mixture, :math:`p_\tau = (1 - \tau) p_s + \tau p_t` and :math:`\tau_k = k / K`, as
    equation 9 of the paper; without, :math:`p_\tau = p_t` throughout. Plain SGD moves the weights,
    as equation 10, if no other optimiser is given. Its noise has a length too: compare with the
    length from the source to itself.

    Parameters
    ----------
    vae : VAE
        Of :func:`tdist.vae.fitted_vae`; a copy of it goes the path, where it is.
    source_images, target_images : torch.Tensor, uint8
        Of shapes (n, channels, height, width) and (m, channels, height, width). Not modified.
    mixture : bool
        Interpolate the tasks by a mixture, or fit the target directly.
    points, steps : int
        K points of the path after the first, and steps from one to the next.
    batch : int
        Images a step.
    lr : float
        Of SGD on the loss in nats a number of the image, so that images of other sizes can keep it.
        Not used where an optimiser is given.
    optimiser : callable, optional
        From the weights to the optimiser of the path, on the loss in nats an image, in place of
        SGD: ``partial(torch.optim.Adam, lr=1e-3)``.
    inputs : int
        At most so many images of each task, drawn once, at which the path is measured.
    seed : int
        Of every draw. The caller's random state is not touched.
    progress : bool
        Show a bar.

    Returns
    -------
    VAELength

    Raises
    ------
    TypeError
        If a size is no number, the images are no tensors, or `vae` or `optimiser` is not of its
        kind.
    ValueError
        If images are not uint8 of one shape, the VAE's, or a number is out of range.
    tdist.manners.Diverged
        If a loss, a weight or a code is no longer finite.

    Examples
    --------
    >>> from tdist.tasks import digits
    >>> from tdist.vae import fitted_vae
    >>> from tdist.vae_paths import vae_length
    >>> zeros, ones = digits().only(("0",)).images, digits().only(("1",)).images
    >>> vae = fitted_vae(zeros, steps=50, width=4, progress=False)
    >>> small = {"points": 3, "steps": 5, "progress": False}
    >>> found = vae_length(vae, zeros, ones, **small)
    >>> 0 < found.length < found.riemannian_length
    True
    >>> found.length > vae_length(vae, zeros, zeros, **small).length  # SGD's noise alone
    True
    """
    _check(vae, source_images, target_images, lr, optimiser)
    points, steps, batch, inputs = (whole(name, value, least=1) for name, value in (
        ("points", points), ("steps", steps), ("batch", batch), ("inputs", inputs)))
    vae, rng = copy.deepcopy(vae), generator(whole("seed", seed, least=0), PATH)
    device = next(vae.parameters()).device
    # the images at which losses and steps are measured, in [0, 1]
    probes = [x[torch.randperm(len(x), generator=rng)[:inputs]].to(device) / 255
              for x in (source_images, target_images)]
    if optimiser is None:
        optimiser = partial(torch.optim.SGD, lr=lr / source_images[0].numel())
    optimiser, before = optimiser(vae.parameters()), codes_at(vae, probes)
    source_loss, length, riemannian = loss_of(vae, probes[0], seed), 0.0, 0.0
    for k in tqdm(range(1, points + 1), desc="VAE", disable=not progress):
        tau = k / points if mixture else 1.0
        after = descend(vae, optimiser, steps, f"tau = {tau:.3g} of a VAE's path",
                        batches(vae, source_images, target_images, tau, batch, rng), probes)
        # at the source's images and at the target's, (inputs,) each
        moved = [gaussian_distance(*p, *q) for p, q in zip(before, after, strict=True)]
        length += _mixed(tau, *moved)
        riemannian += _mixed(tau, *(d.square() for d in moved)) ** 0.5
        before = after
    return VAELength(length, riemannian, source_loss, loss_of(vae, probes[1], seed), vae)


def _check(vae, source, target, lr, optimiser):
    if not isinstance(vae, VAE):
        raise TypeError(f"vae must be a VAE, got {type(vae).__name__}; fit one to the source's "
                        "images: tdist.vae.fitted_vae(source_images)")
    check_images("source_images", source)
    check_images("target_images", target)
    if not vae.shape == tuple(source.shape[1:]) == tuple(target.shape[1:]):
        raise ValueError(f"one VAE cannot take images of shapes {tuple(source.shape[1:])} and "
                         f"{tuple(target.shape[1:])}, this one takes {vae.shape}; bring them to "
                         "one size and number of channels first, with Task.resized, and fit it to "
                         "the source's")
    if not isinstance(lr, Real) or not 0 <= lr < math.inf:
        raise ValueError(f"lr must be at least 0 and finite, got {lr!r}")
    if optimiser is not None and not callable(optimiser):
        raise TypeError("optimiser must be a function from weights to an optimiser, such as "
                        f"partial(torch.optim.Adam, lr=1e-3); got {type(optimiser).__name__}")


def _mixed(tau, at_source, at_target):
    return ((1 - tau) * at_source.mean() + tau * at_target.mean()).item()
