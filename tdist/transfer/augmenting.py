"""Other views of the same pictures: cropped at random and mirrored, as the coupled-transfer paper's
program shows them to SGD."""

import numpy as np
import torch
from torch.nn.functional import pad

PADDING = 4  # black pixels on every side before the crop


def augmented(rng, images):
    """Each picture moved by up to 4 pixels either way, with black coming in from outside, and
    mirrored left to right or not.

    That is a random crop of the padded picture and a horizontal flip. Black is 0 in uint8, and -1,
    which :func:`tdist.tasks.floats` makes of it, in floats: it does not matter which comes first.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws every picture's place in the padded one, (2, b), and then who is mirrored, (b,).
    images : torch.Tensor, shape (b, channels, height, width)
        uint8, or floats in [-1, 1]; on any device. Not modified.

    Returns
    -------
    torch.Tensor
        Of the same shape and type.

    Raises
    ------
    ValueError
        If these are no pictures.

    Examples
    --------
    >>> import numpy as np
    >>> white = torch.full((1, 1, 5, 5), 255, dtype=torch.uint8)
    >>> augmented(np.random.default_rng(0), white)[0, 0]  # three up, one to the left, mirrored
    tensor([[  0, 255, 255, 255, 255],
            [  0, 255, 255, 255, 255],
            [  0,   0,   0,   0,   0],
            [  0,   0,   0,   0,   0],
            [  0,   0,   0,   0,   0]], dtype=torch.uint8)
    """
    if images.ndim != 4:
        raise ValueError("only pictures (b, channels, height, width) can be cropped and mirrored, "
                         f"got shape {tuple(images.shape)}")
    (count, _, height, width), device = images.shape, images.device
    place = rng.integers(2 * PADDING + 1, size=(2, count, 1))
    mirrored = rng.random((count, 1)) < 0.5
    rows = place[0] + np.arange(height)  # (b, height), of the padded picture
    columns = np.arange(width)
    columns = place[1] + np.where(mirrored, columns[::-1], columns)  # (b, width)
    rows, columns = (torch.from_numpy(index).to(device) for index in (rows, columns))
    padded = pad(images, (PADDING,) * 4, value=0 if images.dtype == torch.uint8 else -1)
    picture = torch.arange(count, device=device)[:, None, None]
    # the two axes that are indexed come first: (b, height, width, channels)
    cut = padded.permute(0, 2, 3, 1)[picture, rows[:, :, None], columns[:, None]]
    return cut.permute(0, 3, 1, 2).contiguous()
