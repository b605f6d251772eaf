"""tdist.scenes and tdist.scenes.ground_truth against closed forms, SciPy's filters and counts by brute force."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from tdist import scenes
from tdist.scenes import MAPS, OBJECTS, SCENES, TASKS, render
from tdist.scenes.furniture import PIECES, ROOMS, box, place
from tdist.scenes.ground_truth import (
    SCALES,
    edges_2d,
    keypoints_2d,
    keypoints_3d,
    occlusion_edges,
    reshading,
)
from tdist.scenes.layouts import Layout
from tdist.scenes.raycast import camera_rays, first_hit, lit
from tests.test_raycast import BOX, SPHERE, START, WALL, look

FIELD = 1.2


@pytest.fixture(scope="module")
def rooms():
    return render(48, 32, seed=5)


def same(a, b):
    """Two sets of rooms agree bit by bit."""
    return (torch.equal(a.images, b.images) and all(torch.equal(a.maps[m], b.maps[m]) for m in MAPS)
            and torch.equal(a.object, b.object) and torch.equal(a.scene, b.scene))


# --- from the picture ---------------------------------------------------------------------------------------


def picture(size=40, seed=0):
    return ndimage.gaussian_filter(np.random.default_rng(seed).random((3, size, size + 7)), (0, 1.5, 1.5)) * 0.2


def by_scipy(image, sigma, order):
    """SciPy's derivative of a Gaussian; its filters do not correct the sampled kernels."""
    return ndimage.gaussian_filter(image, sigma, order=order, axes=(1, 2), mode="nearest", truncate=4.0)


def test_edges_2d_of_a_ramp():
    x = torch.arange(20.0)
    for image, slope in ((0.03 * x.expand(1, 20, 20), 0.03), (0.03 * x[:, None].expand(1, 20, 20), 0.03),
                         ((0.03 * x + 0.04 * x[:, None])[None], 0.05)):
        assert torch.allclose(edges_2d(image)[0, 4:-4, 4:-4], torch.tensor(4 * slope), atol=1e-5)
    assert torch.allclose(edges_2d(torch.full((1, 20, 20), 0.7)), torch.tensor(0.0), atol=1e-5)


def test_edges_2d_of_a_step():
    step = (torch.arange(20) >= 10).float().expand(1, 20, 20) * 0.5
    found = edges_2d(step)[0]
    assert torch.allclose(found[:, 9], found[:, 10]) and torch.allclose(found[0], found[10], atol=1e-6)
    # the kernel x exp(-x^2 / 2), 1 on a slope of 1: its upper half meets the step
    weight = [math.exp(-x * x / 2) for x in range(1, 5)]
    upper = sum(x * w for x, w in enumerate(weight, 1)) / (2 * sum(x * x * w for x, w in enumerate(weight, 1)))
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
    """Second derivatives of a quadratic picture are exact: 8 sigma^2 sqrt(a b - (0.9 c)^2) at the larger sigma."""
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


# --- from the geometry --------------------------------------------------------------------------------------


def corner(sizes):
    """Normals (1, 3, 12, 12) of three faces that meet in the middle, two of them or one."""
    normals = torch.zeros(1, 3, 12, 12)
    normals[:, 0, :6, :6] = 1
    normals[:, sizes[0], :6, 6:] = 1
    normals[:, sizes[1], 6:, :6] = 1
    normals[:, sizes[1], 6:, 6:] = 1
    return normals


def test_keypoints_3d_of_planes_creases_and_corners():
    assert keypoints_3d(torch.tensor([0.6, 0, 0.8])[None, :, None, None].expand(1, 3, 12, 12)).max() < 1e-4
    crease = torch.where(torch.arange(12) < 6, torch.tensor([[1.0], [0], [0]]), torch.tensor([[0.0], [0.6], [0.8]]))
    for normals in (crease[None, :, None].expand(1, 3, 12, 12), crease[None, :, :, None].expand(1, 3, 12, 12)):
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
    assert np.allclose(keypoints_3d(normals), expected, atol=1e-5) and expected.std() > 0.02 and expected.max() < 1


def test_reshading_of_a_frontal_wall():
    _, _, points, normals, rays = look(24)
    back = (points[:, 2] - 8).abs() < 1e-4
    r = points - START[..., None, None]
    cosine = WALL / (r * r).sum(1).sqrt()
    assert torch.allclose(reshading(normals, rays)[back], cosine[back], atol=1e-5) and back.sum() > 100


def test_reshading_of_a_sphere():
    """The cosine at the rim is 0, in the middle 1: sqrt(1 - (D sin a / R)^2) at the angle a off the axis."""
    distance, radius = 3.0, 0.9
    _, number, _, normals, rays = look(33, (SPHERE, (3, 1.5, 1 + distance), (radius,) * 3))
    here = number == 3
    sine = (1 - rays[:, 2] ** 2).sqrt()
    expected = (1 - (distance * sine / radius) ** 2).clamp(min=0).sqrt()
    found = reshading(normals, rays)
    assert torch.allclose(found[here], expected[here], atol=2e-3) and found[0, 16, 16] == pytest.approx(1, abs=1e-5)
    assert (reshading(-normals, rays) == 0).all()  # lit from behind


def test_occlusion_edge_where_two_boxes_overlap():
    """The near box ends at x = 3; the far one behind it reaches from 2.5 to 3.5 and higher and lower."""
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
    turned = occlusion_edges(points.transpose(2, 3), normals.transpose(2, 3), depth.transpose(1, 2), FIELD / 32)
    assert torch.equal(turned, found.transpose(1, 2)) and found.max() > 0.3


# --- rooms --------------------------------------------------------------------------------------------------


def test_shapes_types_and_ranges(rooms):
    assert len(rooms) == 48 and rooms.images.shape == (48, 3, 32, 32) and rooms.images.dtype == torch.uint8
    assert set(rooms.maps) == set(MAPS) and TASKS == (*MAPS, "object", "scene") and len(TASKS) == 8
    for name in MAPS:
        values = rooms.target(name)
        assert values.shape == (48, 32, 32) and values.dtype == torch.float16 and values.isfinite().all()
        assert values.min() >= 0 and values.float().std() > 0.01 and values.max() <= (12 if name == "depth" else 1)
    assert rooms.maps["depth"].min() > 0.05
    for name, classes in (("object", len(OBJECTS) + 1), ("scene", len(SCENES))):
        labels = rooms.target(name)
        assert labels.shape == (48,) and labels.dtype == torch.int64 and 0 <= labels.min() <= labels.max() < classes
    assert rooms.images.float().std() > 20
    with pytest.raises(ValueError, match="no task 'edges'; the tasks are edge2d, keypoint2d"):
        rooms.target("edges")


def test_a_room_depends_on_its_seed_and_number_only(rooms, monkeypatch):
    assert same(render(48, 32, seed=5), rooms)
    threads = torch.get_num_threads()
    for pixels, workers in ((2 * 32**2, 1), (5 * 32**2, 2), (1, 3)):
        monkeypatch.setattr(scenes.rooms, "BATCH", pixels)
        torch.set_num_threads(workers)
        found = render(7, 32, seed=5, first=10)
        assert torch.get_num_threads() == workers
        torch.set_num_threads(threads)
        assert torch.equal(found.images, rooms.images[10:17]) and torch.equal(found.object, rooms.object[10:17])
        for name in MAPS:
            assert torch.allclose(found.maps[name].float(), rooms.maps[name][10:17].float(), atol=2e-3), name
    assert not torch.equal(render(2, 32, seed=6).images, rooms.images[:2])
    assert len({image.numpy().tobytes() for image in rooms.images}) == 48


def test_other_defaults_change_nothing(rooms):
    torch.manual_seed(1)
    state = torch.get_rng_state()
    for device in ("cpu", torch.device("cpu")):
        assert same(render(48, 32, seed=5, device=device), rooms)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("size", [1, 6, 20, 33])
def test_other_sizes(size):
    found = render(3, size, seed=5)
    assert found.images.shape == (3, 3, size, size) and found.maps["keypoint3d"].shape == (3, size, size)
    assert all(m.isfinite().all() for m in found.maps.values())


def test_other_sizes_look_at_the_same_room(rooms):
    large = render(12, 64, seed=5)
    for name, tolerance in (("depth", 0.06), ("reshading", 0.03)):
        small = torch.nn.functional.avg_pool2d(large.maps[name].float(), 2)
        assert (small - rooms.maps[name][:12].float()).abs().mean() < tolerance
        wrong = (small.flip(-1) - rooms.maps[name][:12].float()).abs().mean()
        assert wrong > 3 * tolerance
    small = torch.nn.functional.avg_pool2d(large.images.float(), 2)
    assert (small - rooms.images[:12].float()).abs().mean() < 6
    assert torch.equal(large.scene, rooms.scene[:12]) and (large.object == rooms.object[:12]).sum() >= 10


def test_maps_are_those_of_the_geometry(rooms):
    layout = Layout.draw(range(48), seed=5)
    rays = camera_rays(32, FIELD, layout.pitch, layout.yaw)
    depth, number = first_hit(layout.camera, rays, layout.solids)
    assert torch.equal(rooms.maps["depth"], depth.half())
    grey = (rooms.images.float() / 255).mean(1)
    assert torch.allclose(rooms.maps["edge2d"].float(), edges_2d(grey), atol=0.02)
    close = (rooms.maps["keypoint2d"].float() - keypoints_2d(grey)).abs()
    assert close.mean() < 0.01
    assert torch.equal(rooms.scene, layout.scene)
    for i in range(48):
        pixels = {}
        for solid in number[i].flatten().tolist():
            piece = int(layout.piece[i, solid])
            if piece >= 0:
                pixels[piece] = pixels.get(piece, 0) + 1
        most = max(pixels.values(), default=0)
        largest = {int(layout.object[i, piece]) for piece, count in pixels.items() if count == most} or {len(OBJECTS)}
        assert int(rooms.object[i]) in largest


def test_every_kind_of_room_and_object_occurs():
    found = render(400, 8, seed=0)
    assert found.scene.bincount(minlength=8).min() > 20
    assert set(found.object.tolist()) >= set(range(len(OBJECTS)))
    assert OBJECTS[PIECES.index(ROOMS["bedroom"]["back"][0])] == "bed"
    beds = found.object == OBJECTS.index("bed")
    assert (found.scene[beds] == SCENES.index("bedroom")).all()


def test_everything_stands_in_the_room():
    """The camera and the lamp are inside the walls, nothing of the furniture covers the camera."""
    layout = Layout.draw(range(100), seed=2)
    size = 2 * layout.solids.half[:, 0]
    for where in (layout.camera, *layout.lights[..., :3].unbind(1)):
        assert (where > 0).all() and (where < size).all()
    assert (layout.solids.turn.square().sum(-1) - 1).abs().max() < 1e-6
    depth, _ = first_hit(layout.camera, camera_rays(8, FIELD, layout.pitch, layout.yaw), layout.solids)
    assert depth.mean() > 1.5


def test_place():
    """A quarter turn takes the back of a piece, at +z, to -x, and its right side to the back."""
    (shape, centre, half, cos, sin, _), = place([box(1, 0, 2, 0.4, 0.6, 0.8, "wood")], 5, 7, math.pi / 2)
    assert (shape, half) == (BOX, (0.2, 0.3, 0.4)) and np.allclose(centre, (3, 0.3, 8))
    assert np.allclose((cos, sin), (0, 1))
    layout = Layout.draw(range(60), seed=4)
    cos, sin = layout.solids.turn.abs().unbind(-1)
    half = layout.solids.half
    x, y, z = half.unbind(-1)
    reach = torch.stack([cos * x + sin * z, y, cos * z + sin * x], -1)
    low, high = layout.solids.centre - reach, layout.solids.centre + reach - 2 * half[:, :1]
    fixed = (layout.piece >= 0) & ((sin < 1e-3) | (cos < 1e-3))
    assert low[fixed].min() > -0.15 and high[fixed].max() < 0.15  # what stands at a wall goes no deeper into it


def test_a_picture_by_hand():
    """One pixel on the floor: ambient light, two lamps by Lambert's cosine and their distances, texture, gamma 2.2."""
    layout = Layout.draw(range(150), seed=11)
    found = render(150, 8, seed=11)
    rays = camera_rays(8, FIELD, layout.pitch, layout.yaw)
    depth, number = first_hit(layout.camera, rays, layout.solids)
    points = layout.camera[..., None, None] + depth[:, None] * rays
    clear = lit(layout.lights[:, 0, :3], points, layout.solids, layout.piece >= 0)
    checked = []
    for i in range(150):
        v, u = 7, 4
        if number[i, v, u] != 1 or layout.texture[i, 1] != 0:
            continue
        light = 0.35
        for (*where, strength), reaches in zip(layout.lights[i].tolist(), (clear[i, v, u], True), strict=True):
            to = np.array(where) - points[i, :, v, u].numpy()
            light += bool(reaches) * strength * to[1] / np.linalg.norm(to) / (1 + to @ to / 9)
        expected = 255 * np.clip(layout.colour[i, 1].numpy() * light, 0, 1) ** (1 / 2.2)
        assert np.abs(found.images[i, :, v, u].numpy() - expected).max() <= 1
        checked.append(bool(clear[i, v, u]))
    assert len(checked) >= 8 and {True, False} == set(checked)


@pytest.mark.parametrize("change, message", [
    ({"n": 0}, "n must be a whole number, at least 1; got 0"), ({"n": 2.5}, "n must be .* got 2.5"),
    ({"size": 0}, "size must be a whole number, at least 1"), ({"seed": -1}, "seed must be .* at least 0; got -1"),
    ({"first": -2}, "first must be .* at least 0; got -2")])
def test_errors(change, message):
    with pytest.raises(ValueError, match=message):
        render(**{"n": 2, "size": 8, **change})


def test_progress_counts_rooms(capsys, monkeypatch):
    monkeypatch.setattr(scenes.rooms, "BATCH", 3 * 8**2)
    render(7, 8, progress=True)
    assert "7/7" in capsys.readouterr().err
    render(7, 8)
    assert not capsys.readouterr().err


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_gpu():
    here, there = render(20, 32, seed=5), render(20, 32, seed=5, device="cuda")
    assert (here.images.int() - there.images.int()).abs().float().mean() < 0.1
    assert torch.equal(here.scene, there.scene) and (here.object == there.object).sum() >= 18
    assert (here.maps["depth"].float() - there.maps["depth"].float()).abs().mean() < 1e-2
