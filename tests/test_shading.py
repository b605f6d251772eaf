"""Surfaces, textures and light in rendered rooms, against slow twins: one pixel at a time in
float64, written from the definitions."""

import numpy as np
import pytest
import torch

from tdist.scenes import rooms as rendering
from tdist.scenes.furniture import PLAIN, SPECKLE, STRIPES, TILES, WOOD
from tdist.scenes.layouts import Layout
from tdist.scenes.raycast import camera_rays, first_hit
from tdist.scenes.solids import BOX, CYLINDER, SPHERE, surface
from tests.geometry import look, slow, slow_surface, slow_texture

SIZE = 14
CLEAR = 2e-4  # a point is on one face, in one tile: so far from the next


def lists(layout):
    """Each room's solids as (kind, centre, half, turn), in float64."""
    s = layout.solids
    return [list(zip(kind.tolist(), centre, half, turn, strict=True)) for kind, centre, half, turn
            in zip(s.kind, *(x.double().numpy() for x in (s.centre, s.half, s.turn)), strict=True)]


@pytest.fixture(scope="module")
def scene():
    """16 rooms: the layout, the solids, and points, numbers, normals, local, half and colours of
    every pixel."""
    layout = Layout.draw(range(16), seed=9)
    rays = camera_rays(SIZE, 1.2, layout.pitch, layout.yaw)
    depth, number = first_hit(layout.camera, rays, layout.solids)
    points = layout.camera[..., None, None] + depth[:, None] * rays
    normals, local, half = surface(points, number, layout.solids)
    kept = normals.clone(), local.clone(), torch.stack(half, 1)
    image = rendering._shade(layout, points, normals, local, half, number)
    return layout, points.double().numpy(), number.numpy(), *kept, image


def test_every_surface_is_that_of_the_slow_twin(scene):
    layout, points, number, normals, local, half, _ = scene
    solids, unclear, kinds = lists(layout), 0, []
    for i, v, u in np.ndindex(number.shape):
        n = number[i, v, u]
        normal, own, clear = slow_surface(points[i, :, v, u], *solids[i][n], inward=n == 0)
        assert np.allclose(local[i, :, v, u], own, atol=1e-4)
        assert np.array_equal(half[i, :, v, u], solids[i][n][2])
        unclear += clear < CLEAR
        if clear >= CLEAR:
            assert np.allclose(normals[i, :, v, u], normal, atol=1e-4)
            kinds.append((n == 0, solids[i][n][0]))
    assert unclear < 0.005 * number.size
    assert all(kinds.count(kind) > 15 for kind in ((True, BOX), (False, BOX), (False, SPHERE),
                                                   (False, CYLINDER)))


def slow_light(layout, room, solids, point, normal):
    """Light on a point but for the first lamp's, the first lamp's if it reaches the point, and
    whether it does."""
    from_lamps = []
    for *place, strength in layout.lights[room].double().tolist():
        way = np.array(place) - point
        distance = np.linalg.norm(way)
        from_lamps.append(strength * max(0, normal @ way / distance) / (1 + distance**2 / 9))
    lamp = layout.lights[room, 0, :3].double().numpy()
    casters = zip(solids, layout.piece[room].tolist(), strict=True)
    hidden = any(slow(lamp, point - lamp, *solid) < 1 - 1e-3
                 for solid, piece in casters if piece >= 0)
    return 0.35 + sum(from_lamps[1:]), from_lamps[0], not hidden


def test_every_colour_is_that_of_the_slow_twin(scene):
    """Ambient light, Lambert's cosine, two lamps that fade, shadows of the first, a pattern, what
    glows, and gamma."""
    layout, points, number, _, _, _, image = scene
    solids, seen, lit, grazing = lists(layout), [], [], 0
    for i, v, u in np.ndindex(number.shape):
        n, point = number[i, v, u], points[i, :, v, u]
        normal, local, on_a_face = slow_surface(point, *solids[i][n], inward=n == 0)
        texture, frequency, glow, *share = (
            float(x) for x in (layout.texture[i, n], layout.frequency[i, n], layout.glow[i, n],
                               *layout.colour[i, n]))
        pattern, in_a_tile = slow_texture(texture, local, solids[i][n][2], frequency)
        if min(on_a_face, in_a_tile) < CLEAR:
            continue
        others, first, reaches = slow_light(layout, i, solids[i], point, normal)
        expected, other_way = (
            np.clip(np.array(share) * (1 if glow else light * (1 + pattern)), 0, 1) ** (1 / 2.2)
            for light in (others + reaches * first, others + (not reaches) * first))
        found = image[i, :, v, u].numpy()
        if not np.allclose(found, expected, atol=1e-4):  # a ray to the lamp that grazes something
            assert np.allclose(found, other_way, atol=1e-4), (i, v, u)
            grazing += 1
        seen.append((texture, glow))
        lit.append(reaches)
    assert grazing < 0.005 * len(seen) and len(seen) > 0.97 * number.size
    assert 0.05 < np.mean(lit) < 0.95
    patterns, glowing = [texture for texture, _ in seen], [glow for _, glow in seen]
    assert all(patterns.count(kind) > 50 for kind in (PLAIN, TILES, STRIPES, WOOD, SPECKLE))
    assert glowing.count(1.0) > 20


@pytest.mark.parametrize("texture", [PLAIN, TILES, STRIPES, WOOD, SPECKLE])
@pytest.mark.parametrize("kind", [BOX, CYLINDER, SPHERE])
def test_every_pattern_on_every_solid(texture, kind):
    _, number, points, _, _ = look(40, (kind, (3.1, 1.4, 3.0), (0.9, 0.7, 0.9)))
    v, u = (number[0] == 3).nonzero(as_tuple=True)
    half = (0.9, 0.7, 0.9)
    local = (points[0, :, v, u].T - torch.tensor([3.1, 1.4, 3.0])) / torch.tensor(half)
    pixels = len(local)
    row = [torch.full((1, 1, pixels), float(x)) for x in (*half, texture, 3.3)]
    found = rendering._texture(local.T[None, :, None].clone(), row[:3], *row[3:])[0, 0]
    twins = [slow_texture(texture, one, np.array(half), 3.3) for one in local.double().numpy()]
    clear = np.array([clear for _, clear in twins]) > CLEAR
    assert np.allclose(found[clear], np.array([twin for twin, _ in twins])[clear], atol=1e-4)
    assert clear.mean() > 0.95 and pixels > 200
    assert (found.std() < 1e-9) == (texture == PLAIN)
