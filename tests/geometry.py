"""A room by hand, what a camera in it sees, and slow twins of the renderer: one ray, one point at a
time in float64, written from the definitions."""

import math

import numpy as np
import torch

from tdist.scenes.furniture import SPECKLE, STRIPES, TILES, WOOD
from tdist.scenes.raycast import camera_rays, first_hit
from tdist.scenes.solids import BOX, CYLINDER, SPHERE, Solids, surface

ROOM = ((BOX, (3, 1.5, 4), (3, 1.5, 4)), (BOX, (3, -0.05, 4), (3, 0.05, 4)),
        (BOX, (3, 3.05, 4), (3, 0.05, 4)))  # walls, floor, ceiling
START = torch.tensor([[3.0, 1.5, 1.0]])
WALL = 8.0 - 1.0  # from START to the back


def solids(*things):
    """A room of 6 x 3 x 8 metres with (kind, centre, half[, angle]) in it."""
    rows = [(*thing, 0.0)[:4] for thing in (*ROOM, *things)]
    kind, centre, half, angle = zip(*rows, strict=True)
    turn = [(math.cos(a), math.sin(a)) for a in angle]
    return Solids(torch.tensor([kind]),
                  *(torch.tensor([x], dtype=torch.float32) for x in (centre, half, turn)))


def look(size, *things, start=START):
    """Depth, number, points, normals, rays of a level camera that looks along z."""
    room, rays = solids(*things), camera_rays(size)
    depth, number = first_hit(start, rays, room)
    points = start[..., None, None] + depth[:, None] * rays
    return depth, number, points, surface(points, number, room)[0], rays


def to_solid(turn):
    """The turn about y that takes vectors of the room to the solid's own axes."""
    cos, sin = turn
    return np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])


def slow(start, ray, kind, centre, half, turn):
    """Where one ray enters one solid, by roots and by each face of its own; inf if it does not."""
    o, d = to_solid(turn) @ (start - centre), to_solid(turn) @ ray
    found = []
    if kind == BOX:
        for axis in range(3):
            for side in (-half[axis], half[axis]):
                t = (side - o[axis]) / d[axis]
                if all(abs(o[i] + t * d[i]) <= half[i] for i in range(3) if i != axis):
                    found.append(t)
    else:
        axes = (0, 1, 2) if kind == SPHERE else (0, 2)
        a, b = sum(d[i] ** 2 for i in axes), sum(o[i] * d[i] for i in axes)
        gap = b * b - a * (sum(o[i] ** 2 for i in axes) - half[0] ** 2)
        found = [(-b + s * math.sqrt(gap)) / a for s in (-1, 1)] if gap > 0 else []
        if kind == CYLINDER:
            found = [t for t in found if abs(o[1] + t * d[1]) <= half[1]]
            ends = [(side - o[1]) / d[1] for side in (-half[1], half[1])]
            found += [t for t in ends
                      if math.hypot(o[0] + t * d[0], o[2] + t * d[2]) <= half[0]]
    return min(found) if found and min(found) > 1e-3 else np.inf


def slow_walls(start, ray, centre, half):
    """Where one ray leaves the box of the walls."""
    return min(max((centre[i] + s * half[i] - start[i]) / ray[i] for s in (-1, 1))
               for i in range(3))


def slow_surface(point, kind, centre, half, turn, inward):
    """The normal at a point of a solid, the point on the solid's own axes in units of its half
    sizes, and how clear it is which face it lies on (0: on an edge)."""
    own = to_solid(turn) @ (point - centre)
    local = own / half
    if kind == SPHERE:
        normal, clear = own, 1.0
    elif kind == CYLINDER:
        r, height = math.hypot(local[0], local[2]), abs(local[1])
        normal = np.array([0, own[1], 0]) if height > r else np.array([own[0], 0, own[2]])
        clear = abs(height - r)
    else:
        low, high = np.sort(np.abs(local))[1:]
        normal = np.where(np.abs(local) == high, own, 0)
        clear = high - low
    normal = to_solid(turn).T @ normal / np.linalg.norm(normal)
    return -normal if inward else normal, local, clear


def slow_texture(kind, local, half, frequency):
    """Relative brightness of a pattern at a point, and how clear it is which tile it lies in.

    A pattern is seen along the axis on which the point is the farthest out, in metres times its
    frequency; u runs across, v along.
    """
    x, y, z = local * half * frequency
    axis = np.abs(local).argmax()
    u, v = ((z, y), (x, z), (x, y))[axis]
    a, b = math.floor(u), math.floor(v)
    low, high = np.sort(np.abs(local))[1:]
    clear = min(high - low, *(abs(c - round(c)) for c in (u, v)))
    if kind == WOOD:
        return 0.12 * math.sin(9 * v + 2 * math.sin(2 * u)), high - low
    if kind == STRIPES:
        return 0.16 * (1 - 2 * (a % 2)), clear
    if kind == TILES:
        return 0.16 * (1 - 2 * ((a + b) % 2)), clear
    if kind == SPECKLE:  # a hash of the tile, which is defined in single precision
        angle = np.float32(12.9898) * np.float32(a) + np.float32(78.233) * np.float32(b)
        share = abs(math.sin(angle)) * 437.585 % 1
        return 0.5 * (share - 0.5), min(clear, share or 1, 1 - share)  # of the first tile it is 0
    return 0.0, 1.0
