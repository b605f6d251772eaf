"""tdist.scenes: rendered rooms, their labels and what render takes and gives."""

import copy
import pickle

import numpy as np
import pytest
import torch

from tdist import scenes
from tdist.scenes import MAPS, OBJECTS, SCENES, TASKS, render
from tdist.scenes.furniture import PIECES, ROOMS
from tdist.scenes.ground_truth import edges_2d, keypoints_2d
from tdist.scenes.layouts import Layout
from tdist.scenes.raycast import camera_rays, first_hit, lit

FIELD = 1.2


@pytest.fixture(scope="module")
def rooms():
    return render(48, 32, seed=5, progress=False)


def same(a, b):
    """Two sets of rooms agree bit by bit."""
    return (torch.equal(a.images, b.images) and torch.equal(a.object, b.object)
            and all(torch.equal(a.maps[m], b.maps[m]) for m in MAPS)
            and torch.equal(a.scene, b.scene))


def test_shapes_types_and_ranges(rooms):
    assert len(rooms) == 48 and rooms.images.shape == (48, 3, 32, 32)
    assert rooms.images.dtype == torch.uint8 and set(rooms.maps) == set(MAPS)
    assert TASKS == (*MAPS, "object", "scene") and len(TASKS) == 8
    for name in MAPS:
        values = rooms.target(name)
        assert values.shape == (48, 32, 32) and values.dtype == torch.float16
        assert values.isfinite().all() and values.float().std() > 0.01
        assert 0 <= values.min() <= values.max() <= (12 if name == "depth" else 1)
    assert rooms.maps["depth"].min() > 0.05
    for name, classes in (("object", len(OBJECTS) + 1), ("scene", len(SCENES))):
        labels = rooms.target(name)
        assert labels.shape == (48,) and labels.dtype == torch.int64
        assert 0 <= labels.min() <= labels.max() < classes
    assert rooms.images.float().std() > 20
    with pytest.raises(ValueError, match="no task 'edges'; the tasks are edge2d, keypoint2d"):
        rooms.target("edges")


def test_a_room_depends_on_its_seed_and_number_only(rooms, monkeypatch):
    assert same(render(48, 32, seed=5, progress=False), rooms)
    threads = torch.get_num_threads()
    for pixels, workers in ((2 * 32**2, 1), (5 * 32**2, 2), (1, 3)):
        monkeypatch.setattr(scenes.rooms, "BATCH", pixels)
        torch.set_num_threads(workers)
        found = render(7, 32, seed=5, first=10, progress=False)
        assert torch.get_num_threads() == workers
        torch.set_num_threads(threads)
        assert torch.equal(found.images, rooms.images[10:17])
        assert torch.equal(found.object, rooms.object[10:17])
        for name in MAPS:
            whole = rooms.maps[name][10:17].float()
            assert torch.allclose(found.maps[name].float(), whole, atol=2e-3), name
    assert not torch.equal(render(2, 32, seed=6, progress=False).images, rooms.images[:2])
    assert len({image.numpy().tobytes() for image in rooms.images}) == 48


def test_other_defaults_change_nothing(rooms):
    torch.manual_seed(1)
    state = torch.get_rng_state()
    for device in ("cpu", torch.device("cpu")):
        assert same(render(48, 32, seed=5, device=device, progress=False), rooms)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("size", [1, 6, 20, 33])
def test_other_sizes(size):
    found = render(3, size, seed=5, progress=False)
    assert found.images.shape == (3, 3, size, size)
    assert found.maps["keypoint3d"].shape == (3, size, size)
    assert all(m.isfinite().all() for m in found.maps.values())


def test_other_sizes_look_at_the_same_room(rooms):
    large = render(12, 64, seed=5, progress=False)
    for name, tolerance in (("depth", 0.06), ("reshading", 0.03)):
        small = torch.nn.functional.avg_pool2d(large.maps[name].float(), 2)
        assert (small - rooms.maps[name][:12].float()).abs().mean() < tolerance
        wrong = (small.flip(-1) - rooms.maps[name][:12].float()).abs().mean()
        assert wrong > 3 * tolerance
    small = torch.nn.functional.avg_pool2d(large.images.float(), 2)
    assert (small - rooms.images[:12].float()).abs().mean() < 6
    assert torch.equal(large.scene, rooms.scene[:12])
    assert (large.object == rooms.object[:12]).sum() >= 10


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
        largest = {int(layout.object[i, piece])
                   for piece, count in pixels.items() if count == most}
        assert int(rooms.object[i]) in (largest or {len(OBJECTS)})


def test_every_kind_of_room_and_object_occurs():
    found = render(400, 8, seed=0, progress=False)
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
    rays = camera_rays(8, FIELD, layout.pitch, layout.yaw)
    depth, _ = first_hit(layout.camera, rays, layout.solids)
    assert depth.mean() > 1.5


def test_a_picture_by_hand():
    """One pixel on the floor: ambient light, two lamps by Lambert's cosine and their distances,
    texture, gamma 2.2."""
    layout = Layout.draw(range(150), seed=11)
    found = render(150, 8, seed=11, progress=False)
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
        for (*where, strength), reaches in zip(layout.lights[i].tolist(), (clear[i, v, u], True),
                                               strict=True):
            to = np.array(where) - points[i, :, v, u].numpy()
            light += bool(reaches) * strength * to[1] / np.linalg.norm(to) / (1 + to @ to / 9)
        expected = 255 * np.clip(layout.colour[i, 1].numpy() * light, 0, 1) ** (1 / 2.2)
        assert np.abs(found.images[i, :, v, u].numpy() - expected).max() <= 1
        checked.append(bool(clear[i, v, u]))
    assert len(checked) >= 8 and {True, False} == set(checked)


@pytest.mark.parametrize("change, error, message", [
    ({"n": 0}, ValueError, "n must be a whole number, at least 1; got 0"),
    ({"n": 2.5}, ValueError, r"n must be .* got 2.5"),
    ({"n": float("nan")}, ValueError, r"n must be .* got nan"),
    ({"n": "3"}, TypeError, r"n must be a whole number, at least 1; got '3'"),
    ({"size": 0}, ValueError, "size must be a whole number, at least 1"),
    ({"size": (8, 8)}, TypeError, "size must be a whole number"),
    ({"seed": -1}, ValueError, r"seed must be .* at least 0; got -1"),
    ({"seed": None}, TypeError, r"seed must be .* got None"),
    ({"first": -2}, ValueError, r"first must be .* at least 0; got -2")])
def test_errors(change, error, message):
    with pytest.raises(error, match=message):
        render(**{"n": 2, "size": 8, "progress": False, **change})


def test_rooms_keep_their_fields(rooms):
    for again in (copy.deepcopy(rooms), pickle.loads(pickle.dumps(rooms))):
        assert same(again, rooms) and repr(again) == repr(rooms)
    assert repr(rooms) == ("Rooms(images=Tensor (48, 3, 32, 32), maps=6 of Tensor, "
                           "object=Tensor (48,), scene=Tensor (48,))")


@pytest.mark.parametrize("like", [np.int64, float])
def test_whole_numbers_of_every_kind(rooms, like):
    found = render(like(2), like(32), seed=like(5), first=like(3), progress=False)
    assert torch.equal(found.images, rooms.images[3:5])


def test_progress_counts_rooms(capsys, monkeypatch):
    monkeypatch.setattr(scenes.rooms, "BATCH", 3 * 8**2)
    render(7, 8)
    assert "7/7" in capsys.readouterr().err
    render(7, 8, progress=False)
    assert not capsys.readouterr().err


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_gpu():
    here, there = (render(20, 32, seed=5, device=device, progress=False)
                   for device in (None, "cuda"))
    assert (here.images.int() - there.images.int()).abs().float().mean() < 0.1
    assert torch.equal(here.scene, there.scene) and (here.object == there.object).sum() >= 18
    assert (here.maps["depth"].float() - there.maps["depth"].float()).abs().mean() < 1e-2
