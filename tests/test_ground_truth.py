"""tdist.scenes.ground_truth against closed forms, SciPy's filters and counts by brute force."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from tdist.scenes.ground_truth import (
    SCALES,
    edges_2d,
    keypoints_2d,
    keypoints_3d,
    occlusion_edges,
    reshading,
)
from tdist.scenes.solids import BOX, SPHERE
from tests.geometry import START, WALL, look

FIELD = 1.2

# --- from the picture ---------------------------------------------------------------------------


def picture(size=40, seed=0):
    noise = np.random.default_rng(seed).random((3, size, size + 7))
    return ndimage.gaussian_filter(noise, (0, 1.5, 1.5)) * 0.2


def by_scipy(image, sigma, order):
    """SciPy's derivative of a Gaussian; its filters do not correct the sampled kernels."""
    return ndimage.gaussian_filter(image, sigma, order=order, axes=(1, 2), mode="nearest",
                                   truncate=4.0)


def test_edges_2d_of_a_ramp():
    x = torch.arange(20.0)
    for image, slope in ((0.03 * x.expand(1, 20, 20), 0.03),
                         (0.03 * x[:, None].expand(1, 20, 20), 0.03),
                         ((0.03 * x + 0.04 * x[:, None])[None], 0.05)):
        assert torch.allclose(edges_2d(image)[0, 4:-4, 4:-4], torch.tensor(4 * slope), atol=1e-5)
    assert torch.allclose(edges_2d(torch.full((1, 20, 20), 0.7)), torch.tensor(0.0), atol=1e-5)


def test_edges_2d_of_a_step():
    step = (torch.arange(20) >= 10).float().expand(1, 20, 20) * 0.5
    found = edges_2d(step)[0]
    assert torch.allclose(found[:, 9], found[:, 10])
    assert torch.allclose(found[0], found[10], atol=1e-6)
    # the kernel x exp(-x^2 / 2), 1 on a slope of 1: its upper half meets the step
    weight = [math.exp(-x * x / 2) for x in range(1, 5)]
    upper = (sum(x * w for x, w in enumerate(weight, 1))
             / (2 * sum(x * x * w for x, w in enumerate(weight, 1))))
    assert found[5, 9] == pytest.approx(4 * 0.5 * upper, rel=1e-4)
    assert found[:, :5].max() < 1e-4 and found[5, 9] > found[5, 8] > found[5, 7]


def test_edges_2d_of_scipy():
    image = picture()
    gradient = [by_scipy(image, 1.0, order) for order in ((1, 0), (0, 1))]
    expected = np.minimum(1, 4 * np.hypot(*gradient))
    assert np.allclose(edges_2d(torch.tensor(image).float()), expected, atol=0.01 * expected.max())
    assert expected.std() > 0.005
    assert edges_2d(torch.tensor(50 * image).float()).max() == 1


def test_keypoints_2d_of_scipy():
    image = picture(seed=1)
    response = np.zeros_like(image)
    for sigma in SCALES:
        yy, xx, xy = (by_scipy(image, sigma, order) for order in ((2, 0), (0, 2), (1, 1)))
        response = np.maximum(response, sigma**4 * (yy * xx - (0.9 * xy) ** 2))
    expected = np.minimum(1, 8 * np.sqrt(np.maximum(0, response)))
    found = keypoints_2d(torch.tensor(image).float()).numpy()
    inside = (slice(None), slice(8, -8), slice(8, -8))
    assert expected.std() > 0.01 and np.abs(found - expected)[inside].max() < 0.08 * expected.max()
    assert np.corrcoef(found[inside].ravel(), expected[inside].ravel())[0, 1] > 0.999


def test_keypoints_2d_of_a_paraboloid_and_a_saddle():
    """Second derivatives of a quadratic picture are exact: 8 sigma^2 sqrt(a b - (0.9 c)^2) at the
    larger sigma."""
    y, x = torch.meshgrid(torch.arange(-20.0, 21), torch.arange(-20.0, 21), indexing="ij")
    a, b, c = 4e-3, 6e-3, 1e-3
    middle = keypoints_2d(((a * x**2 + b * y**2) / 2 + c * x * y)[None])[0, 20, 20]
    assert middle == pytest.approx(8 * SCALES[1] ** 2 * math.sqrt(a * b - (0.9 * c) ** 2), rel=1e-3)
    assert keypoints_2d(((a * x**2 - b * y**2) / 2)[None])[0, 20, 20] == 0


def test_keypoints_2d_of_a_blob_and_an_edge():
    y, x = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    blob = 0.2 * torch.exp(-((x - 12) ** 2 + (y - 20) ** 2) / 8)[None]
    found = keypoints_2d(blob)[0]
    assert found.argmax() == 20 * 32 + 12 and found[20, 12] > 0.3
    for edge in ((x > 15).float()[None], (y > 15).float()[None]):
        assert keypoints_2d(edge)[0, 10:-10, 10:-10].max() < 0.02


# --- from the geometry --------------------------------------------------------------------------


def corner(sizes):
    """Normals (1, 3, 12, 12) of three faces that meet in the middle, two of them or one."""
    normals = torch.zeros(1, 3, 12, 12)
    normals[:, 0, :6, :6] = 1
    normals[:, sizes[0], :6, 6:] = 1
    normals[:, sizes[1], 6:, :6] = 1
    normals[:, sizes[1], 6:, 6:] = 1
    return normals


def test_keypoints_3d_of_planes_creases_and_corners():
    plane = torch.tensor([0.6, 0, 0.8])[None, :, None, None]
    assert keypoints_3d(plane.expand(1, 3, 12, 12)).max() < 1e-4
    crease = torch.where(torch.arange(12) < 6, torch.tensor([[1.0], [0], [0]]),
                         torch.tensor([[0.0], [0.6], [0.8]]))  # (3, 12)
    for normals in (crease[None, :, None].expand(1, 3, 12, 12),
                    crease[None, :, :, None].expand(1, 3, 12, 12)):
        assert keypoints_3d(normals).max() < 1e-4
    found = keypoints_3d(corner((1, 2)))[0]
    assert found[5:7, 5:7].min() > 0.3 and found[0].max() < 1e-4 and found[:, 0].max() < 1e-4


def test_keypoints_3d_by_eigenvalues():
    normals = torch.tensor(np.random.default_rng(0).standard_normal((2, 3, 9, 11))).float()
    normals = torch.nn.functional.normalize(normals, dim=1)
    padded = np.pad(normals.double().numpy(), ((0, 0), (0, 0), (2, 2), (2, 2)), mode="edge")
    expected = np.zeros((2, 9, 11))
    for i, v, u in np.ndindex(expected.shape):
        window = padded[i, :, v : v + 5, u : u + 5].reshape(3, -1)
        values = np.linalg.eigvalsh(np.cov(window, bias=True))
        pairs = values[0] * values[1] + values[0] * values[2] + values[1] * values[2]
        expected[i, v, u] = 3 * pairs / values.sum()
    assert np.allclose(keypoints_3d(normals), expected, atol=1e-5)
    assert expected.std() > 0.02 and expected.max() < 1


def test_reshading_of_a_frontal_wall():
    _, _, points, normals, rays = look(24)
    back = (points[:, 2] - 8).abs() < 1e-4
    r = points - START[..., None, None]
    cosine = WALL / (r * r).sum(1).sqrt()
    assert torch.allclose(reshading(normals, rays)[back], cosine[back], atol=1e-5)
    assert back.sum() > 100


def test_reshading_of_a_sphere():
    """The cosine at the rim is 0, in the middle 1: sqrt(1 - (D sin a / R)^2) at the angle a off
    the axis."""
    distance, radius = 3.0, 0.9
    _, number, _, normals, rays = look(33, (SPHERE, (3, 1.5, 1 + distance), (radius,) * 3))
    here = number == 3
    sine = (1 - rays[:, 2] ** 2).sqrt()
    expected = (1 - (distance * sine / radius) ** 2).clamp(min=0).sqrt()
    found = reshading(normals, rays)
    assert torch.allclose(found[here], expected[here], atol=2e-3)
    assert found[0, 16, 16] == pytest.approx(1, abs=1e-5)
    assert (reshading(-normals, rays) == 0).all()  # lit from behind


def test_occlusion_edge_where_two_boxes_overlap():
    """The near box ends at x = 3; the far one behind it reaches from 2.5 to 3.5, higher and
    lower."""
    size = 48
    depth, number, points, normals, _ = look(size, (BOX, (2.5, 1.5, 3.0), (0.5, 0.5, 0.05)),
                                             (BOX, (3.0, 1.5, 5.0), (0.5, 1.0, 0.05)))
    edges = occlusion_edges(points, normals, depth, FIELD / size)[0]
    rows = [v for v in range(size) if number[0, v, 23] == 3 and number[0, v, 24] == 4]
    assert len(rows) > 10
    for v in rows[2:-2]:
        assert edges[v, 23] == edges[v, 24] == pytest.approx(1 - 1.95 / 3.95, rel=1e-3)
        assert edges[v, 20:23].max() == 0 and edges[v, 25:27].max() == 0  # beside it there is none
    different = number[0].diff(dim=1).abs() + 0
    for v, u in different.nonzero().tolist():
        near, far = sorted((float(depth[0, v, u]), float(depth[0, v, u + 1])))
        if {int(number[0, v, u]), int(number[0, v, u + 1])} <= {0, 1, 2}:
            continue
        if far / near > 1.2:
            assert edges[v, u : u + 2].min() >= 1 - near / far - 1e-6  # both sides get the jump


def test_no_occlusion_edge_at_creases():
    """The room's own creases, and those of a box with all its sides on show."""
    for start in (START, torch.tensor([[1.0, 2.4, 0.5]])):
        depth, _, points, normals, _ = look(32, start=start)
        assert occlusion_edges(points, normals, depth, FIELD / 32).max() == 0
    depth, number, points, normals, _ = look(64, (BOX, (3, 0.8, 4), (1.0, 0.6, 1.0), 0.6))
    edges = occlusion_edges(points, normals, depth, FIELD / 64)[0]
    inner = ndimage.binary_erosion((number[0] == 3).numpy(), iterations=2)
    assert inner.sum() > 150 and edges[torch.from_numpy(inner)].max() == 0 and edges.max() > 0.1


def test_edges_run_both_ways():
    """A picture turned on its side has its edges turned."""
    depth, _, points, normals, _ = look(32, (BOX, (2.5, 1.2, 3.0), (0.4, 0.6, 0.05)))
    found = occlusion_edges(points, normals, depth, FIELD / 32)
    turned = occlusion_edges(points.transpose(2, 3), normals.transpose(2, 3),
                             depth.transpose(1, 2), FIELD / 32)
    assert torch.equal(turned, found.transpose(1, 2)) and found.max() > 0.3


def test_occlusion_edges_by_the_definition():
    """Pixel by pixel: jumps of every size, some below and some above the threshold."""
    rng, pixel = np.random.default_rng(0), 0.05
    depth = rng.uniform(2, 3, (2, 7, 9)) * np.where(rng.random((2, 7, 9)) < 0.3, 2, 1)
    points = rng.standard_normal((2, 3, 7, 9)) * 0.2
    points[:, 2] += depth
    normals = rng.standard_normal((2, 3, 7, 9))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    expected = np.zeros((2, 7, 9))
    for i, v, u in np.ndindex(2, 7, 9):
        for below, right in ((v + 1, u), (v, u + 1)):
            if below < 7 and right < 9:
                p, q = (i, slice(None), v, u), (i, slice(None), below, right)
                off = min(abs(normals[p] @ (points[q] - points[p])),
                          abs(normals[q] @ (points[q] - points[p])))
                near, far = sorted((depth[i, v, u], depth[i, below, right]))
                jump = (1 - near / far) * (off > 2.5 * pixel * near)
                for place in ((i, v, u), (i, below, right)):
                    expected[place] = max(expected[place], jump)
    found = occlusion_edges(*(torch.from_numpy(x).float() for x in (points, normals, depth)), pixel)
    assert np.allclose(found, expected, atol=1e-4)
    assert (expected == 0).any() and (expected > 0.3).any()


@pytest.mark.parametrize("widths, edge", [(2.4, False), (2.6, True)])
def test_an_occlusion_edge_leaves_the_plane_by_two_and_a_half_pixel_widths(widths, edge):
    """Two frontal surfaces at depth 2, one behind the other by so many widths of a pixel there."""
    pixel = 0.02
    step = widths * pixel * 2
    points = torch.tensor([[0.0, 0.04], [0, 0], [2, 2 + step]]).view(1, 3, 1, 2)
    normals = torch.tensor([0.0, 0, -1]).view(1, 3, 1, 1).expand(1, 3, 1, 2)
    found = occlusion_edges(points, normals, points[:, 2], pixel)
    assert torch.allclose(found, torch.tensor(1 - 2 / (2 + step) if edge else 0.0))
