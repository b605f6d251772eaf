"""A variational autoencoder of a task's images, and the Fisher-Rao distance of its codes."""

import copy
import math

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits
from tqdm import tqdm

from tdist.manners import Diverged, whole

ADAM = 1e-3  # the rate of a fit
CHECK = 100  # steps of a fit between looks at its weights
FIT, PATH, LOSS = range(3)  # what random numbers are for: streams that never meet


class VAE(nn.Module):
    """Images in [0, 1] to Gaussian codes and back, without random layers or batch norm.

    Parameters
    ----------
    shape : (channels, height, width)
    latent : int
        Numbers in a code.
    width : int
        Channels of the first layer.

    Examples
    --------
    >>> mean, std = VAE((1, 8, 8), latent=3, width=4).encode(torch.zeros(5, 1, 8, 8))
    >>> tuple(mean.shape), tuple(std.shape)
    ((5, 3), (5, 3))
    """

    def __init__(self, shape, latent=8, width=16):
        super().__init__()
        channels, height, columns = shape
        self.shape, self.latent = tuple(shape), latent
        small = 2 * width, -(-height // 4), -(-columns // 4)  # after two strides of 2
        size = small[0] * small[1] * small[2]
        self.encoder = nn.Sequential(nn.Conv2d(channels, width, 3, 2, 1), nn.ReLU(),
                                     nn.Conv2d(width, 2 * width, 3, 2, 1), nn.ReLU(),
                                     nn.Flatten(), nn.Linear(size, 2 * latent))
        self.decoder = nn.Sequential(nn.Linear(latent, size), nn.ReLU(), nn.Unflatten(1, small),
                                     nn.ConvTranspose2d(2 * width, width, 4, 2, 1), nn.ReLU(),
                                     nn.ConvTranspose2d(width, channels, 4, 2, 1))

    def encode(self, images):
        """Mean and standard deviation of q(z|x), (b, latent) each."""
        mean, log_std = self.encoder(images).chunk(2, 1)
        return mean, log_std.exp()

    def decode(self, codes):
        """Logits of the pixels, (b, channels, height, width)."""
        return self.decoder(codes)[..., :self.shape[1], :self.shape[2]]

    def loss(self, images, noise):
        r"""Minus the evidence lower bound, in nats an image.

        .. math:: -\mathbb E_q \log p(x \mid z) + \mathrm{KL}\bigl(q(z \mid x), N(0, I)\bigr)

        with z = mean + std noise for a standard normal noise (b, latent). A pixel's grey is taken
        for the probability of a Bernoulli variable.
        """
        mean, std = self.encode(images)
        logits = self.decode(mean + std * noise)
        pixels = binary_cross_entropy_with_logits(logits, images, reduction="sum")
        divergence = (mean**2 + std**2 - 1) / 2 - std.log()
        return (pixels + divergence.sum()) / len(images)


def gaussian_distance(mean, std, other_mean, other_std):
    r"""Fisher-Rao distance between Gaussians with diagonal covariances, in closed form.

    In one coordinate :math:`ds^2 = 2\,\mathrm{KL} = (d\mu^2 + 2\,d\sigma^2) / \sigma^2`. With
    :math:`u = \mu / \sqrt 2` this is twice the metric of the hyperbolic half-plane. Coordinates add
    as squares:

    .. math:: d^2 = 2 \sum_i \operatorname{arcosh}^2 (1 + \delta_i), \qquad
       \delta = \frac{(\mu - \mu')^2 / 2 + (\sigma - \sigma')^2}{2 \sigma \sigma'}

    computed as
    :math:`\operatorname{arcosh}(1 + \delta) = 2 \operatorname{arsinh} \sqrt{\delta / 2}`,
    which keeps its digits for near Gaussians. In nats to the power 1/2, as
    :func:`tdist.fisher_rao.distance`.

    Parameters
    ----------
    mean, std, other_mean, other_std : torch.Tensor, shape (..., k)
        Standard deviations are positive. Not modified.

    Returns
    -------
    torch.Tensor, shape (...), float64

    Raises
    ------
    ValueError
        If a standard deviation is not positive, or a number is not finite.

    Examples
    --------
    >>> import torch
    >>> mean, std = torch.zeros(1), torch.ones(1)
    >>> round(gaussian_distance(mean, std, mean, 2 * std).item(), 6)  # sqrt(2) log 2
    0.980258
    """
    mean, std, other_mean, other_std = (x.double() for x in (mean, std, other_mean, other_std))
    if not all(torch.isfinite(x).all() for x in (mean, std, other_mean, other_std)):
        raise ValueError("means and standard deviations must be finite; drop what is not")
    if (std <= 0).any() or (other_std <= 0).any():
        raise ValueError("standard deviations must be positive; pass exp(log_std), not log_std")
    delta = ((mean - other_mean) ** 2 / 2 + (std - other_std) ** 2) / (2 * std * other_std)
    return 2 * 2**0.5 * torch.linalg.vector_norm(torch.asinh((delta / 2).sqrt()), dim=-1)


def fitted_vae(images, *, steps=500, batch=64, latent=8, width=16, device=None, seed=0,
               progress=True):
    """A VAE that Adam, of rate 1e-3, fits to images from weights that the seed draws.

    Parameters
    ----------
    images : torch.Tensor, uint8, shape (n, channels, height, width)
        Not modified.
    steps, batch : int
        Steps of Adam, and images a step. 500 steps begin a fit; look at :func:`loss_of` unseen
        images to see whether it has ended.
    latent, width : int
        Of the :class:`VAE`.
    device : torch.device or str, optional
        Where the VAE is; by default where the images are.
    seed : int
        Of the first weights and of every draw. The caller's random state is not touched.
    progress : bool
        Show a bar.

    Returns
    -------
    VAE

    Raises
    ------
    TypeError
        If a size is no number, or the images are no tensor.
    ValueError
        If the images are not uint8 of four dimensions, or a size is not whole and positive.
    tdist.manners.Diverged
        If a loss or a weight is no longer finite.

    Examples
    --------
    >>> from tdist.tasks import digits
    >>> from tdist.vae import fitted_vae
    >>> fitted_vae(digits().images, steps=5, width=4, progress=False).latent
    8
    """
    check_images("images", images)
    steps, seed = (whole(name, value, least=0) for name, value in (("steps", steps),
                                                                   ("seed", seed)))
    batch, latent, width = (whole(name, value, least=1) for name, value in
                            (("batch", batch), ("latent", latent), ("width", width)))
    device = images.device if device is None else torch.device(device)
    with torch.random.fork_rng(devices=[]):  # torch.manual_seed would seed the GPUs too
        torch.default_generator.manual_seed(seed)
        vae = VAE(images.shape[1:], latent, width).to(device)
    draw = batches(vae, images, images, 0.0, batch, generator(seed, FIT))
    optimiser = torch.optim.Adam(vae.parameters(), ADAM)
    for start in tqdm(range(0, steps, CHECK), desc="fit of a VAE", disable=not progress):
        descend(vae, optimiser, min(CHECK, steps - start), f"step {start} of the fit of a VAE",
                draw)
    return vae


def loss_of(vae, images, seed=0):
    """Minus the evidence lower bound of images, :meth:`VAE.loss`, in nats an image: where it no
    longer falls on images that the fit has not seen, the fit has ended.

    Parameters
    ----------
    vae : VAE
    images : torch.Tensor, shape (n, channels, height, width)
        In [0, 1], where the VAE is. Not modified.
    seed : int
        Of the noise of the codes.

    Returns
    -------
    float

    Raises
    ------
    tdist.manners.Diverged
        If it is not finite.

    Examples
    --------
    >>> round(loss_of(VAE((1, 8, 8), width=4), torch.zeros(5, 1, 8, 8)) / 64)  # log 2 a pixel
    1
    """
    noise = torch.randn(len(images), vae.latent, generator=generator(seed, LOSS))
    with torch.no_grad():
        loss = vae.loss(images, noise.to(images.device)).item()
    if not math.isfinite(loss):
        raise Diverged("the loss of a VAE", vae)
    return loss


def generator(seed, purpose):
    """Random numbers of one purpose."""
    return torch.Generator().manual_seed(
        int(np.random.default_rng([seed, purpose]).integers(2**63)))


def codes_at(vae, probes):
    """Means and standard deviations of the codes of several lots of images."""
    with torch.no_grad():
        return [vae.encode(images) for images in probes]


def descend(vae, optimiser, count, where, draw, probes=()):
    """Steps on drawn (images, noise), and the codes of the probes at their end.

    Or Diverged, with the weights of before the first step.
    """
    good, finite = copy.deepcopy(vae.state_dict()), True
    for _ in range(count):
        loss = vae.loss(*draw())
        finite = torch.isfinite(loss).item()
        if not finite:
            break
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    found = codes_at(vae, probes)
    numbers = *vae.parameters(), *(x for mean, std in found for x in (mean, std.log()))
    if not (finite and all(torch.isfinite(x).all() for x in numbers)):
        vae.load_state_dict(good)
        raise Diverged(where, vae)
    return found


def batches(vae, source, target, tau, size, rng):
    """A function that gives a batch of the mixture, in [0, 1], and noise for its codes."""
    device = next(vae.parameters()).device

    def draw():
        images = mixture(source, target, tau, size, rng)
        noise = torch.randn(size, vae.latent, generator=rng)
        return images.to(device) / 255, noise.to(device)

    return draw


def mixture(source, target, tau, count, rng):
    """A batch of the mixture: each image from the target with probability tau."""
    chosen = (torch.rand(count, generator=rng) < tau).to(source.device)
    i, j = (torch.randint(len(x), (count,), generator=rng) for x in (source, target))
    return torch.where(chosen[:, None, None, None], target[j].to(source.device), source[i])


def check_images(name, images):
    """Refuse what is no stack of pictures of bytes."""
    if not isinstance(images, torch.Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, got {type(images).__name__}; "
                        "pass torch.as_tensor(images), or task.images")
    if images.dtype != torch.uint8 or images.ndim != 4 or len(images) == 0:
        raise ValueError(f"{name} must be uint8 of shape (n, channels, height, width), "
                         f"n at least 1, got {images.dtype} of shape {tuple(images.shape)}")
