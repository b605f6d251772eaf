"""tdist.scenes.raycast against closed forms and a slow caster of one ray that tries every solid."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from tdist.scenes.layouts import Layout
from tdist.scenes.raycast import camera_rays, first_hit, lit
from tdist.scenes.solids import BOX, CYLINDER, SPHERE, dot, pick
from tests.geometry import START, WALL, look, slow, slow_walls, solids


@pytest.mark.parametrize("size", [12, 13, 16])
def test_every_ray_against_the_slow_caster(size):
    layout = Layout.draw(range(6), seed=3)
    rays = camera_rays(size, 1.2, layout.pitch, layout.yaw)
    depth, number = first_hit(layout.camera, rays, layout.solids)
    points = layout.camera[..., None, None] + depth[:, None] * rays
    lamp, casters = layout.lights[:, 0, :3], layout.piece >= 0
    light = lit(lamp, points, layout.solids, casters)
    rng, shaded, wrong = np.random.default_rng(size), 0, 0
    for room in range(6):
        things = [x[room].double().numpy() for x in (layout.solids.kind, layout.solids.centre,
                                                     layout.solids.half, layout.solids.turn)]
        things[0] = things[0].astype(int)
        for _ in range(12):
            v, u = rng.integers(size, size=2)
            start, ray = layout.camera[room].double().numpy(), rays[room, :, v, u].double().numpy()
            walls = slow_walls(start, ray, things[1][0], things[2][0])
            hits = [walls, *(slow(start, ray, *thing)
                             for thing in list(zip(*things, strict=True))[3:])]
            best = int(np.argmin(hits))
            assert depth[room, v, u] == pytest.approx(hits[best], rel=1e-4)
            if best:
                near = [i for i, t in enumerate(hits) if t < hits[best] * (1 + 1e-4)]
                assert number[room, v, u] - 2 in near  # hits leaves out the floor and the ceiling
            else:
                assert number[room, v, u] <= 2
            start = lamp[room].double().numpy()
            ray = points[room, :, v, u].double().numpy() - start
            blocked = any(slow(start, ray, *thing) < 1 - 1e-3
                          for *thing, caster in zip(*things, casters[room].tolist(), strict=True)
                          if caster)
            shaded += blocked
            wrong += blocked == bool(light[room, v, u])
    assert shaded >= 3 and wrong <= 1  # one grazing ray may go either way


# --- the camera ---------------------------------------------------------------------------------


def test_level_camera():
    rays = camera_rays(8, field=1.0)
    assert rays.shape == (1, 3, 8, 8) and torch.allclose(dot(rays, rays), torch.ones(1, 8, 8))
    x, y, z = rays[0]
    assert (x[:, 0] < 0).all() and (x[:, -1] > 0).all()
    assert (y[0] > 0).all() and (y[-1] < 0).all() and (z > 0).all()
    edge = 7 / 8 * math.tan(0.5)  # the middle of the last pixel
    assert torch.allclose(x[:, -1] / z[:, -1], torch.tensor(edge))
    assert torch.allclose(y[0] / z[0], torch.tensor(edge))


def test_pitch_and_yaw():
    pitch, yaw = torch.tensor([0.3, 0.0, 0.2]), torch.tensor([0.0, 0.4, -0.5])
    for p, q, ray in zip(pitch, yaw, camera_rays(1, 1.2, pitch, yaw)[..., 0, 0], strict=True):
        expected = torch.stack([p.cos() * q.sin(), p.sin(), p.cos() * q.cos()])
        assert torch.allclose(ray, expected, atol=1e-6)


# --- depth and numbers --------------------------------------------------------------------------


def test_depth_of_a_frontal_wall():
    depth, number, points, normals, rays = look(24)
    back = (points[:, 2] - 8).abs() < 1e-4
    assert back.sum() > 100 and (number[back] == 0).all()
    assert torch.allclose(depth[back], WALL / rays[:, 2][back], rtol=1e-6)
    middle = look(25)[0][0, 12, 12]
    assert middle == pytest.approx(WALL, rel=1e-6)
    assert torch.allclose(normals.movedim(1, -1)[back], torch.tensor([0.0, 0, -1]))


def test_floor_and_ceiling():
    depth, number, _, normals, rays = look(24)
    for name, height, up in ((1, -1.5, 1.0), (2, 1.5, -1.0)):
        here = number == name
        assert here.sum() > 50 and torch.allclose(depth[here], height / rays[:, 1][here], rtol=1e-5)
        assert torch.allclose(normals.movedim(1, -1)[here], torch.tensor([0.0, up, 0]), atol=1e-6)


def test_sphere():
    centre, radius = torch.tensor([3.2, 1.3, 4.0]), 0.8
    depth, number, points, normals, rays = look(32, (SPHERE, centre.tolist(), (radius,) * 3))
    here = number == 3
    to, ray = centre - START[0], rays.movedim(1, -1)[0]
    along = ray @ to
    gap = along**2 - (to @ to - radius**2)
    assert torch.equal(here[0], gap > 0) and here.sum() > 40
    assert torch.allclose(depth[here], (along - gap.clamp(min=0).sqrt())[here[0]], rtol=1e-4)
    outward = (points.movedim(1, -1)[here] - centre) / radius
    assert torch.allclose(normals.movedim(1, -1)[here], outward, atol=1e-4)


def test_turned_box():
    """A cube turned by 30 degrees shows two faces to the level camera, with normals at -30 and 60
    degrees."""
    angle = math.pi / 6
    depth, number, points, normals, rays = look(32, (BOX, (3, 1.5, 4), (0.7, 2.0, 0.7), angle))
    here = number == 3
    cos, sin = math.cos(angle), math.sin(angle)
    expected = torch.tensor([[sin, 0, -cos], [-cos, 0, -sin], [cos, 0, sin], [-sin, 0, cos]])
    found = normals.movedim(1, -1)[here]
    which = (found @ expected.T).argmax(1)
    assert torch.allclose(found, expected[which], atol=1e-5)
    assert which.bincount().tolist()[:2] > [20, 20]
    offset = START[0] - torch.tensor([3, 1.5, 4.0])
    planes = (0.7 - expected[which] @ offset) / (rays.movedim(1, -1)[here] * expected[which]).sum(1)
    assert torch.allclose(depth[here], planes, rtol=1e-4)
    # the nearest edge of the cube is to the left, where the faces meet at 45 degrees - 30 degrees
    # from the z axis
    nearest = points.movedim(1, -1)[here][depth[here].argmin()]
    assert nearest[0] < 3


def test_cylinder():
    depth, number, points, normals, _ = look(48, (CYLINDER, (3, 0.5, 3.0), (0.6, 0.5, 0.6)))
    here = number == 3
    x, y, z = (points.movedim(1, -1)[here] - torch.tensor([3, 0.5, 3.0])).unbind(1)
    cap = y > 0.5 - 1e-4
    found = normals.movedim(1, -1)[here]
    assert cap.sum() > 30 and (~cap).sum() > 100
    assert torch.allclose(found[cap], torch.tensor([0.0, 1, 0]), atol=1e-6)
    outward = torch.stack([x, torch.zeros_like(x), z], 1) / 0.6
    assert torch.allclose(found[~cap], outward[~cap], atol=1e-4)
    r = (x * x + z * z).sqrt()
    assert torch.allclose(r[~cap], torch.tensor(0.6), atol=1e-4) and r[cap].max() <= 0.6
    assert (depth[here] < WALL).all()


def test_the_nearer_of_two_hides_the_other():
    near, far = (BOX, (3, 1.5, 3.0), (0.3, 0.3, 0.1)), (BOX, (3, 1.5, 5.0), (0.3, 0.3, 0.1))
    for things in ((near, far), (far, near)):
        depth, number, *_ = look(25, *things)
        assert depth[0, 12, 12] == pytest.approx(1.9, rel=1e-6)
        assert number[0, 12, 12] == 3 + things.index(near)


def test_what_is_behind_the_camera_or_padding_is_not_met():
    behind = (SPHERE, (3, 1.5, 0.2), (0.4, 0.4, 0.4))
    padding = (BOX, (0, -1000.0, 0), (0, 0, 0))
    assert (look(16, behind, padding)[1] <= 2).all()


def test_a_camera_inside_a_solid_does_not_see_it():
    assert (look(16, (SPHERE, START[0].tolist(), (0.5, 0.5, 0.5)))[1] <= 2).all()


# --- shadows ------------------------------------------------------------------------------------


def test_shadow_of_a_box():
    """A lamp at the ceiling, a box half way down: its shadow on the floor is twice as large."""
    room = solids((BOX, (3, 1.5, 4), (0.5, 0.01, 0.25)))
    x, z = torch.meshgrid(torch.linspace(1, 5, 64), torch.linspace(2, 6, 64), indexing="xy")
    points = torch.stack([x, torch.zeros_like(x), z])[None]
    light = torch.tensor([[3.0, 3.0, 4.0]])
    casters = torch.tensor([[False, False, False, True]])
    dark = ~lit(light, points, room, casters)[0]
    inside = ((x - 3).abs() < 0.98) & ((z - 4).abs() < 0.48)
    outside = ((x - 3).abs() > 1.03) | ((z - 4).abs() > 0.53)
    assert dark[inside].all() and not dark[outside].any() and inside.sum() > 200
    assert lit(light, points, room, torch.zeros_like(casters)).all()  # nothing casts
    above = points + torch.tensor([0, 2.0, 0])[:, None, None]
    assert lit(light, above, room, casters).all()


@pytest.mark.parametrize("thing", [(SPHERE, (3, 1.5, 4), (0.5,) * 3),
                                   (CYLINDER, (3, 1.5, 4), (0.5, 0.01, 0.5))])
def test_round_shadows(thing):
    x, z = torch.meshgrid(torch.linspace(1, 5, 64), torch.linspace(2, 6, 64), indexing="xy")
    points = torch.stack([x, torch.zeros_like(x), z])[None]
    casters = torch.tensor([[False] * 3 + [True]])
    dark = ~lit(torch.tensor([[3.0, 3.0, 4.0]]), points, solids(thing), casters)[0]
    r = ((x - 3) ** 2 + (z - 4) ** 2).sqrt()
    # the cone that touches the sphere has sine 1/3; the disc is cast twice as large, and a little
    # more by its upper rim
    edge = 3 * math.tan(math.asin(0.5 / 1.5)) if thing[0] == SPHERE else 1.0
    assert dark[r < edge - 0.02].all() and not dark[r > edge + 0.03].any()


def test_a_surface_does_not_shade_itself():
    layout = Layout.draw(range(4), seed=0)
    points = layout.solids.centre.transpose(1, 2)[..., None].clone()
    points[:, 1] += layout.solids.half[..., 1, None] + 0.02  # above every solid
    lamp = torch.tensor([[2.0, 2.9, 2.0]]).expand(4, 3)
    only = torch.zeros_like(layout.piece, dtype=torch.bool)
    for i in range(3, 12):
        only[:], only[:, i] = False, True
        here = points[:, :, i : i + 1]
        below = here[:, 1, 0, 0] < 2.8
        assert lit(lamp, here, layout.solids, only)[below].all()


def test_rays_all_around():
    """Points on every side of a lamp in one tile: the cone around them holds every solid."""
    things = [(SPHERE, (3 + x, 1.5, 4 + z), (0.3,) * 3)
              for x, z in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    angle = torch.linspace(0, 2 * math.pi, 65)[:-1].view(8, 8)
    points = torch.stack([3 + 2 * angle.cos(), torch.full_like(angle, 1.5),
                          4 + 2 * angle.sin()])[None]
    casters = torch.tensor([[False] * 3 + [True] * 4])
    found = lit(torch.tensor([[3.0, 1.5, 4.0]]), points, solids(*things), casters)[0]
    off = torch.remainder(angle + math.pi / 4, math.pi / 2) - math.pi / 4  # from the nearest sphere
    assert torch.equal(found, off.abs() > math.asin(0.3))


# --- order --------------------------------------------------------------------------------------


def test_pick():
    values = torch.arange(2 * 3 * 4.0).view(2, 3, 4)
    number = torch.tensor([[[0, 2]], [[1, 1]]])
    found = pick(values, number)
    assert found.shape == (4, 2, 1, 2)
    for room in range(2):
        for column in range(2):
            assert torch.equal(found[:, room, 0, column], values[room, number[room, 0, column]])


def test_pictures_that_tiles_do_not_fill():
    """The same rays in pictures of other shapes are met by the same solids."""
    layout = Layout.draw(range(2), seed=1)
    rays = camera_rays(24, 1.2, layout.pitch, layout.yaw)
    whole = first_hit(layout.camera, rays, layout.solids)
    for cuts in ((0, 24), (0, 7, 24), (0, 11, 13, 24)):
        parts = [first_hit(layout.camera, rays[:, :, a:b], layout.solids)
                 for a, b in pairwise(cuts)]
        for i in range(2):
            assert torch.equal(torch.cat([part[i] for part in parts], 1), whole[i])
