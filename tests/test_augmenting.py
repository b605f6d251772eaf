"""Crops and mirrored pictures, against torchvision's own and by hand."""

import numpy as np
import pytest
import torch
from torchvision.transforms import functional, v2

from tdist.tasks import floats
from tdist.transfer.augmenting import augmented


def pictures(dtype, shape=(50, 3, 7, 10)):
    drawn = torch.randint(1, 256, shape, generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    return drawn if dtype == torch.uint8 else floats(drawn).to(dtype)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64])
def test_as_torchvision_with_the_same_draws(dtype):
    images = pictures(dtype)
    before = images.clone()
    found = augmented(np.random.default_rng(5), images)
    rng = np.random.default_rng(5)
    tops, lefts = rng.integers(9, size=(2, len(images), 1))[..., 0]
    mirrored = rng.random(len(images)) < 0.5
    for i, image in enumerate(images):
        fill = 0 if dtype == torch.uint8 else -1
        expected = functional.crop(functional.pad(image, [4], fill=fill), int(tops[i]),
                                   int(lefts[i]), 7, 10)
        assert torch.equal(found[i], functional.hflip(expected) if mirrored[i] else expected)
    assert (found.dtype, found.shape) == (dtype, images.shape) and torch.equal(images, before)
    assert set(tops) == set(lefts) == set(range(9)) and 0 < mirrored.sum() < len(images)


def test_black_before_and_after_scaling_is_the_same():
    images = pictures(torch.uint8)
    raw = floats(augmented(np.random.default_rng(1), images))
    assert torch.equal(raw, augmented(np.random.default_rng(1), floats(images)))
    assert raw.min() == -1 < floats(images).min()


def test_shares_of_each_place_and_of_mirrored_ones_are_the_random_crops():
    """A picture with one bright pixel off the middle: in both programs it comes to each of 9 x 9
    places, mirrored or not, equally often."""
    count = 4000
    image = torch.zeros(1, 1, 16, 16, dtype=torch.uint8)
    image[0, 0, 8, 6] = 255
    theirs = v2.Compose([v2.RandomCrop(16, padding=4), v2.RandomHorizontalFlip()])
    torch.manual_seed(0)
    many = image.expand(count, -1, -1, -1)
    places = []
    cropped = torch.stack([theirs(x) for x in many])
    for found in (augmented(np.random.default_rng(0), many), cropped):
        place = found.flatten(1).float().argmax(1)
        assert (found.flatten(1) > 0).sum(1).eq(1).all()
        places.append(torch.bincount(place, minlength=256).double() / count)
    ours, other = places
    # a place that both ways lead to has the share 1 / 81: its error is sqrt(.0123 / 4000) = .0018
    assert (ours - other).abs().max() < 4.5 * 2**0.5 * 0.0018
    assert torch.equal(ours > 0, other > 0)


def test_the_same_seed_gives_the_same_pictures_and_another_does_not():
    images = pictures(torch.uint8)
    one, two, other = (augmented(np.random.default_rng(seed), images) for seed in (0, 0, 1))
    assert torch.equal(one, two) and not torch.equal(one, other)


def test_vectors_are_refused():
    with pytest.raises(ValueError, match=r"only pictures .* got shape \(4, 2\)"):
        augmented(np.random.default_rng(0), torch.zeros(4, 2))
