r"""The length of a variational autoencoder's path from one task's images to another's, in Fisher-Rao units.

The coupled-transfer paper measures how far a VAE's weights travel "on the manifold" and does not say on which.
Here it is that of the encoder's distributions :math:`q_w(z \mid x)`, which is our choice. They are conditional on an
input that the task supplies, like the classifier's :math:`p_w(y \mid x)`; and their distance depends neither on the
coordinates of z nor on a noise model for pixels and their number, as the decoder's would.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits
from tqdm import tqdm


class VAE(nn.Module):
    """Images (b, channels, height, width) in [0, 1] to Gaussian codes and back, without random layers or batch norm.

    Parameters
    ----------
    shape : (channels, height, width)
    latent : int
        Numbers in a code.
    width : int
        Channels of the first layer.
    """

    def __init__(self, shape, latent=8, width=16):
        super().__init__()
        channels, height, columns = shape
        self.shape = tuple(shape)
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

        with z = mean + std noise for a standard normal noise (b, latent). A pixel's grey is taken for the probability
        of a Bernoulli variable.
        """
        mean, std = self.encode(images)
        pixels = binary_cross_entropy_with_logits(self.decode(mean + std * noise), images, reduction="sum")
        divergence = (mean**2 + std**2 - 1) / 2 - std.log()
        return (pixels + divergence.sum()) / len(images)


def gaussian_distance(mean, std, other_mean, other_std):
    r"""Fisher-Rao distance between Gaussians with diagonal covariances, in closed form.

    In one coordinate :math:`ds^2 = 2\,\mathrm{KL} = (d\mu^2 + 2\,d\sigma^2) / \sigma^2`. With
    :math:`u = \mu / \sqrt 2` this is twice the metric of the hyperbolic half-plane. Coordinates add as squares:

    .. math:: d^2 = 2 \sum_i \operatorname{arcosh}^2 (1 + \delta_i), \qquad
       \delta = \frac{(\mu - \mu')^2 / 2 + (\sigma - \sigma')^2}{2 \sigma \sigma'}

    computed as :math:`\operatorname{arcosh}(1 + \delta) = 2 \operatorname{arsinh} \sqrt{\delta / 2}`, which keeps its
    digits for near Gaussians. In nats to the power 1/2, as :func:`tdist.fisher_rao.distance`.

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
    """
    mean, std, other_mean, other_std = (x.double() for x in (mean, std, other_mean, other_std))
    if not all(torch.isfinite(x).all() for x in (mean, std, other_mean, other_std)):
        raise ValueError("means and standard deviations must be finite")
    if (std <= 0).any() or (other_std <= 0).any():
        raise ValueError("standard deviations must be positive; pass exp(log_std), not log_std")
    delta = ((mean - other_mean) ** 2 / 2 + (std - other_std) ** 2) / (2 * std * other_std)
    return 2 * 2**0.5 * torch.linalg.vector_norm(torch.asinh((delta / 2).sqrt()), dim=-1)


@dataclass(frozen=True)
class VAELength:
    r"""Length of a VAE's path, in either reading of the expectation; ``float(result)`` is `length`.

    Attributes
    ----------
    length : float
        :math:`\sum_k \mathbb E_x\, d_k(x)`, as equation 11 of the paper.
    riemannian_length : float
        :math:`\sum_k \sqrt{\mathbb E_x\, d_k(x)^2}`, as equation 5; never less.
    source_loss, target_loss : float
        Minus the evidence lower bound, nats an image: on the source before the path, on the target at its end.
    """

    length: float
    riemannian_length: float
    source_loss: float
    target_loss: float

    def __float__(self):
        return self.length


def vae_length(source_images, target_images, mixture=True, points=20, steps=20, pretraining=500, batch_size=64,
               rate=0.1, latent=8, width=16, inputs=256, device="cpu", seed=0, progress=False):
    r"""Length of the path of a VAE that is fitted to the source's images and then moved to the target's.

    .. math:: L = \sum_{k=1}^{K} \mathbb E_{x \sim p_{\tau_k}}\,
       d\bigl(q_{w_{k-1}}(\cdot \mid x), q_{w_k}(\cdot \mid x)\bigr)

    :eq:`eq-vae-length`, where d is the :func:`gaussian_distance` of the encoder's codes. With a mixture,
    :math:`p_\tau = (1 - \tau) p_s + \tau p_t` and :math:`\tau_k = k / K`, as equation 9 of the paper; without,
    :math:`p_\tau = p_t` throughout. Adam fits the source; plain SGD moves the weights, as equation 10. Its noise has
    a length too: compare with the length from the source to itself.

    Parameters
    ----------
    source_images, target_images : torch.Tensor, shapes (n, channels, height, width) and (m, ...), uint8
        Not modified.
    mixture : bool
        Interpolate the tasks by a mixture, or fit the target directly.
    points, steps : int
        K points of the path after the first, and SGD steps from one to the next.
    pretraining : int
        Adam steps on the source before.
    batch_size : int
        Images a step.
    rate : float
        Of SGD on the loss in nats a number of the image, so that images of other sizes can keep it; Adam's is 1e-3.
    latent, width : int
        Of the :class:`VAE`.
    inputs : int
        At most so many images of each task, drawn once, at which the path is measured.

    Returns
    -------
    VAELength

    Raises
    ------
    ValueError
        If images are not uint8 of one shape, or a size is not positive.
    FloatingPointError
        If a loss is not finite.
    """
    _check_images(source_images, target_images)
    for name, value in {"points": points, "steps": steps, "batch_size": batch_size, "inputs": inputs}.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    devices = [torch.device(device)] if torch.device(device).type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        vae = VAE(source_images.shape[1:], latent, width).to(device)
    generator = torch.Generator().manual_seed(seed)
    source, target = (images[torch.randperm(len(images), generator=generator)[:inputs]].to(device) / 255
                      for images in (source_images, target_images))
    numbers = source_images[0].numel()

    def fit(optimiser, tau, count):
        for _ in range(count):
            images = _draw(source_images, target_images, tau, batch_size, generator)
            noise = torch.randn(batch_size, latent, generator=generator)
            loss = vae.loss(images.to(device) / 255, noise.to(device))
            if not torch.isfinite(loss):
                raise FloatingPointError(f"the loss is {loss.item()} at tau = {tau:.3g}; try a smaller rate")
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    def loss_on(images):
        noise = torch.randn(len(images), latent, generator=torch.Generator().manual_seed(seed)).to(device)
        with torch.no_grad():
            return vae.loss(images, noise).item()

    def codes():
        with torch.no_grad():
            return vae.encode(source), vae.encode(target)

    fit(torch.optim.Adam(vae.parameters(), 1e-3), 0.0, pretraining)
    optimiser = torch.optim.SGD(vae.parameters(), rate / numbers)
    source_loss, before, length, riemannian = loss_on(source), codes(), 0.0, 0.0
    for k in tqdm(range(1, points + 1), desc="VAE", disable=not progress):
        tau = k / points if mixture else 1.0
        fit(optimiser, tau, steps)
        after = codes()
        from_source, from_target = (gaussian_distance(*p, *q) for p, q in zip(before, after, strict=True))
        length += ((1 - tau) * from_source.mean() + tau * from_target.mean()).item()
        riemannian += ((1 - tau) * from_source.square().mean() + tau * from_target.square().mean()).sqrt().item()
        before = after
    return VAELength(length, riemannian, source_loss, loss_on(target))


def _draw(source, target, tau, count, generator):
    """A batch of the mixture: each image from the target with probability tau."""
    chosen = torch.rand(count, generator=generator) < tau
    i, j = (torch.randint(len(images), (count,), generator=generator) for images in (source, target))
    return torch.where(chosen[:, None, None, None], target[j], source[i])


def _check_images(source, target):
    for name, images in (("source", source), ("target", target)):
        if images.dtype != torch.uint8 or images.ndim != 4 or len(images) == 0:
            raise ValueError(f"{name}_images must be uint8 of shape (n, channels, height, width), n at least 1, got "
                             f"{images.dtype} of shape {tuple(images.shape)}")
    if source.shape[1:] != target.shape[1:]:
        raise ValueError(f"one VAE cannot take images of shapes {tuple(source.shape[1:])} and "
                         f"{tuple(target.shape[1:])}; bring them to one size and number of channels first")
