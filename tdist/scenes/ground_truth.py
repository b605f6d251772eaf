r"""Ground truth of the six pixel tasks: two from a picture, four from the geometry behind it.

The definitions follow Taskonomy (Zamir et al., 2018, supplementary material), where they can be
written as a formula:

- 2D edges: the strength of Canny's edges without its thinning and thresholds.
- 2D keypoints: the response of SURF, here with Gaussian filters in place of SURF's box filters.
- 3D (occlusion) edges: jumps of depth, whatever lies on the surfaces; ours are sharp, Taskonomy's
  blurred.
- 3D keypoints: where a surface turns in two directions, from the true normals; Taskonomy runs NARF
  on range images.
- Reshading: white surfaces lit by one lamp at the camera; ours does not fade with distance,
  Taskonomy's does.
- Depth: the distance from the camera to the point, not its coordinate along the view.

All maps but depth lie in 0 to 1.
"""

from functools import lru_cache

import torch

from tdist.scenes.solids import dot, is_true

SCALES = (1.2, 2.4)  # of SURF, in pixels of a 64 x 64 picture
OCCLUSION = 2.5  # pixel widths by which a neighbour must leave the tangent plane


@lru_cache
def gaussian(size, sigma, order=0, device=None):
    """Gaussian filter along an axis of `size` pixels, or its derivative of order 1 or 2, as a
    matrix (size, size).

    ``gaussian(h, s) @ image @ gaussian(w, s).T`` blurs an image; the border repeats.
    """
    reach = max(2, round(4 * sigma))
    x = torch.arange(-reach, reach + 1, device=device, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (x / sigma) ** 2)
    kernel = kernel / kernel.sum()
    if order == 1:
        kernel = x * kernel / (x * x * kernel).sum()  # 1 on a slope of 1
    if order == 2:
        kernel = (x * x - (x * x * kernel).sum()) * kernel
        kernel = kernel / (x * x * kernel / 2).sum()  # 1 on x^2 / 2
    rows = torch.arange(size, device=device)[:, None]
    columns = (rows + x.long()).clamp(0, size - 1)
    return torch.zeros(size, size, device=device).scatter_add_(1, columns, kernel.expand(size, -1))


def edges_2d(image, sigma=1.0):
    r"""2D edges: :math:`\min(1, 4\,\lVert\nabla (G_\sigma * I)\rVert)` of grey images I.

    Parameters
    ----------
    image : torch.Tensor, shape (n, h, w)
        From 0 to 1.
    sigma : float
        Of the filter, in pixels.

    Returns
    -------
    torch.Tensor, shape (n, h, w)

    Examples
    --------
    >>> import torch
    >>> from tdist.scenes.ground_truth import edges_2d
    >>> ramp = 0.1 * torch.arange(12.0).expand(1, 12, 12)
    >>> edges_2d(ramp)[0, 6, 6]  # 4 x the slope
    tensor(0.4000)
    """
    (g, d), (g_w, d_w) = ([gaussian(size, sigma, order, image.device) for order in (0, 1)]
                          for size in image.shape[1:])  # (h, h) and (w, w)
    down, right = d @ (image @ g_w.T), g @ (image @ d_w.T)
    return down.square_().add_(right.square_()).sqrt_().mul_(4).clamp_(max=1)


def keypoints_2d(image, scales=SCALES):
    r"""2D keypoints: SURF's blob response of grey images I, the largest over scales.

    .. math:: \min\Bigl(1, 8 \max_\sigma \sigma^2
       \sqrt{\max(0, L_{xx} L_{yy} - (0.9 L_{xy})^2)}\Bigr), \quad L = G_\sigma * I

    Parameters
    ----------
    image : torch.Tensor, shape (n, h, w)
        From 0 to 1.
    scales : sequence of float
        The :math:`\sigma`, in pixels.

    Returns
    -------
    torch.Tensor, shape (n, h, w)

    Examples
    --------
    >>> import torch
    >>> from tdist.scenes.ground_truth import keypoints_2d
    >>> dot = torch.zeros(1, 15, 15)
    >>> dot[0, 4, 7] = 1
    >>> keypoints_2d(dot).argmax() == 4 * 15 + 7
    tensor(True)
    """
    response = torch.zeros_like(image)
    for sigma in scales:
        (g, d, dd), (g_w, d_w, dd_w) = (
            [gaussian(size, sigma, order, image.device) for order in range(3)]
            for size in image.shape[1:])
        xx, yy, xy = g @ (image @ dd_w.T), dd @ (image @ g_w.T), d @ (image @ d_w.T)
        # overwrites xx and xy
        blob = xx.mul_(yy).sub_(xy.mul_(0.9).square_()).mul_(sigma**4)
        torch.maximum(response, blob, out=response)
    return response.sqrt_().mul_(8).clamp_(max=1)


def occlusion_edges(points, normals, depth, pixel):
    r"""3D occlusion edges: the relative jump in depth, where one surface hides another.

    Pixels p and q that touch along a side are on either side of an occlusion if each lies off the
    tangent plane of the other,

    .. math:: \min(|n_p \cdot (x_q - x_p)|, |n_q \cdot (x_q - x_p)|)
       > 2.5\,\text{pixel}\,\min(d_p, d_q)

    so that a crease, where two surfaces meet, is none. Both then get
    :math:`1 - \min(d_p, d_q) / \max(d_p, d_q)`, and a pixel keeps its largest.

    Parameters
    ----------
    points, normals : torch.Tensor, shape (n, 3, h, w)
    depth : torch.Tensor, shape (n, h, w)
    pixel : float
        Angle between neighbouring rays, radians.

    Returns
    -------
    torch.Tensor, shape (n, h, w)

    Examples
    --------
    >>> import torch
    >>> from tdist.scenes.ground_truth import occlusion_edges
    >>> points = torch.tensor([[0.0, 0.1], [0.0, 0.0], [2.0, 4.0]]).view(1, 3, 1, 2)
    >>> towards_us = torch.tensor([0.0, 0.0, -1.0]).view(1, 3, 1, 1).expand(1, 3, 1, 2)
    >>> occlusion_edges(points, towards_us, depth=points[:, 2], pixel=0.02)
    tensor([[[0.5000, 0.5000]]])
    """
    height, width = depth.shape[1:]
    points, normals, depth = points.flatten(2), normals.flatten(2), depth.flatten(1)  # (.., h w)
    edges = torch.zeros_like(depth)
    for apart in (width, 1):  # the pixel below, and the one to the right
        (x_p, x_q), (n_p, n_q), (d_p, d_q), sides = (
            (a[..., :-apart], a[..., apart:]) for a in (points, normals, depth, edges))
        step = x_q - x_p  # (n, 3, pairs)
        off = torch.minimum(dot(n_p, step).abs_(), dot(n_q, step).abs_())
        near, far = torch.minimum(d_p, d_q), torch.maximum(d_p, d_q)
        jump = off.gt_(OCCLUSION * pixel * near).mul_(near.div_(far).neg_().add_(1))
        if apart == 1:
            jump[:, width - 1 :: width] = 0  # the last pixel of a row touches none of the next row
        for side in sides:
            torch.maximum(side, jump, out=side)
    return edges.unflatten(1, (height, width))


def keypoints_3d(normals, window=5):
    r"""3D keypoints: where the surface turns in two directions, such as at the corner of a box.

    With C the covariance of the unit normals in a window (the border repeated), of eigenvalues
    :math:`\lambda_1 \ge \lambda_2 \ge \lambda_3`,

    .. math:: 3\,\frac{\lambda_1\lambda_2 + \lambda_1\lambda_3 + \lambda_2\lambda_3}
                     {\lambda_1 + \lambda_2 + \lambda_3}
       = \frac{3}{2}\Bigl(\operatorname{tr} C
                          - \frac{\operatorname{tr} C^2}{\operatorname{tr} C}\Bigr)

    It is 0 on a plane (no turn) and along a straight edge (:math:`\lambda_2 = 0`).

    Parameters
    ----------
    normals : torch.Tensor, shape (n, 3, h, w)
        Of length 1.
    window : int
        Pixels along an edge of the window.

    Returns
    -------
    torch.Tensor, shape (n, h, w)
        From 0 to 1.

    Examples
    --------
    >>> import torch
    >>> from tdist.scenes.ground_truth import keypoints_3d
    >>> normals = torch.zeros(1, 3, 8, 8)
    >>> normals[:, 0, :, :4] = normals[:, 1, :4, 4:] = normals[:, 2, 4:, 4:] = 1  # a corner
    >>> keypoints_3d(normals)[0, 4, [0, 4]]  # on a plane, at the corner
    tensor([0.0000, 0.4765])
    """
    normals = normals.transpose(0, 1)  # (3, n, h, w): what is done to one is done to a whole block
    products = torch.empty(3, *normals.shape, device=normals.device)  # n, n n, and xz, yx, zy
    for product, other in zip(products, (None, normals, normals.roll(1, 0)), strict=True):
        product.copy_(normals) if other is None else torch.mul(normals, other, out=product)
    down, across = (_window(size, window, normals.device) for size in normals.shape[2:])
    mean, variance, covariance = down @ (products @ across.T)  # (3, n, h, w) each
    covariance -= mean.roll(1, 0).mul_(mean)  # before the next line, which overwrites the mean
    variance -= mean.square_()
    trace = (variance[0] + variance[1]).add_(variance[2]).clamp_(min=1e-5)
    squares = variance.square_().add_(covariance.square_(), alpha=2)
    squares = squares[0].add_(squares[1]).add_(squares[2])  # tr C^2
    turns = is_true(torch.gt, trace, 1e-5)
    return trace.sub_(squares.div_(trace)).mul_(1.5).mul_(turns).clamp_(0, 1)


@lru_cache
def _window(size, window, device):
    """Means over a window along an axis as a matrix (size, size); the border repeats."""
    rows = torch.arange(size, device=device)[:, None]
    columns = (rows + torch.arange(window, device=device) - window // 2).clamp(0, size - 1)
    share = torch.full((size, window), 1 / window, device=device)
    return torch.zeros(size, size, device=device).scatter_add_(1, columns, share)


def reshading(normals, rays):
    r"""Reshading: :math:`\max(0, -n \cdot r)`, white surfaces lit by one lamp at the camera.

    The light does not fall off with distance.

    Parameters
    ----------
    normals, rays : torch.Tensor, shape (n, 3, h, w)
        Of length 1; the rays point away from the camera.

    Returns
    -------
    torch.Tensor, shape (n, h, w)

    Examples
    --------
    >>> import torch
    >>> from tdist.scenes.ground_truth import reshading
    >>> normal = torch.tensor([0.0, 0.0, -1.0]).view(1, 3, 1, 1)  # towards the camera
    >>> reshading(normal, -normal)
    tensor([[[1.]]])
    """
    return dot(normals, rays).neg_().clamp_(0, 1)
