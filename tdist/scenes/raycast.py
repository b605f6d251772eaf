"""A small ray caster: many rooms of boxes, spheres and upright cylinders at once, on any device.

All rays of one room start at one point, the camera or a light: a point is in shadow if the ray from
the light meets something before it. Lengths are in metres; y is up, and a camera looks along z.

Rays are cast a tile of the picture at a time, and each tile tries only the solids whose bounding
sphere meets the cone around its rays. What decides between numbers is itself a number, 1 or 0: on a
CPU `torch.where` takes as long as ten products.

Shapes: n rooms, s solids a room (padded), g rays a tile, "groups" tiles of all rooms together.
"""

import math
from functools import lru_cache

import torch

from tdist.scenes.solids import (
    BOX,
    CEILING,
    CYLINDER,
    FLOOR,
    SPHERE,
    TINY,
    WALLS,
    dot,
    is_true,
    length_of,
    meet_box,
    meet_cylinder,
    meet_sphere,
)

TILE = 8  # pixels along the edge of a tile, at most
PAIRS = 1024  # tiles with a solid at a time
NEAR = 1e-3  # nothing closer to the start of a ray is seen
FAR = 1e30  # where a ray meets a solid that it misses


def camera_rays(size, field=1.2, pitch=None, yaw=None):
    """Unit rays through the centres of the pixels; rows run down, columns to the right.

    Parameters
    ----------
    size : int
        Pixels along an edge of the picture.
    field : float
        Angle of view in radians, from edge to edge.
    pitch, yaw : torch.Tensor, shape (n,)
        Angles in radians up and to the right; one level camera that looks along z if not given.

    Returns
    -------
    torch.Tensor, shape (n, 3, size, size)
    """
    pitch = torch.zeros(1) if pitch is None else pitch
    yaw = torch.zeros(1) if yaw is None else yaw
    x, y, z = _level_rays(size, field, pitch.device)  # (size, size) each
    (cos_pitch, sin_pitch), (cos_yaw, sin_yaw) = (
        [f(angle)[:, None, None] for f in (torch.cos, torch.sin)] for angle in (pitch, yaw))
    rays = torch.empty(len(pitch), 3, size, size, device=pitch.device)
    torch.add(cos_pitch * y, sin_pitch * z, out=rays[:, 1])  # first up,
    z = (cos_pitch * z).sub_(sin_pitch * y)
    torch.add(cos_yaw * x, sin_yaw * z, out=rays[:, 0])  # then to the side
    torch.sub(z.mul_(cos_yaw), sin_yaw * x, out=rays[:, 2])
    return rays


@lru_cache
def _level_rays(size, field, device):
    """Unit rays (3, size, size) of a level camera that looks along z."""
    grid = (torch.arange(size, device=device) + 0.5) / size * 2 - 1
    half = torch.tan(torch.tensor(field / 2)).item()
    y, x = torch.meshgrid(-grid * half, grid * half, indexing="ij")
    return torch.nn.functional.normalize(torch.stack([x, y, torch.ones_like(x)]), dim=0)


def first_hit(start, rays, solids):
    """The first solid that each ray meets.

    Parameters
    ----------
    start : torch.Tensor, shape (n, 3)
        A point inside the walls.
    rays : torch.Tensor, shape (n, 3, h, w)
        Directions; those of neighbouring pixels should be near each other.
    solids : Solids

    Returns
    -------
    distance : torch.Tensor, shape (n, h, w)
        In units of the ray's length.
    number : torch.Tensor, shape (n, h, w), int64
        The solid; every ray meets the walls, the floor or the ceiling.
    """
    origin, half = (a[..., None, None] for a in (start - solids.centre[:, WALLS],
                                                 solids.half[:, WALLS]))  # (n, 3, 1, 1)
    along = rays + TINY
    # how far it is to where a ray leaves each pair of walls, (n, h, w)
    x, y, z = (along.reciprocal().mul_(half).abs_() - origin / along).unbind(1)
    sides = torch.minimum(x, z)
    up = is_true(torch.ge, rays[:, 1], 0)
    number = is_true(torch.lt, y, sides) * (FLOOR + (CEILING - FLOOR) * up)  # WALLS is 0
    shape, best, number = sides.shape, _to_tiles(torch.minimum(y, sides)), _to_tiles(number)
    usable = torch.ones_like(solids.kind, dtype=torch.bool)
    usable[:, : CEILING + 1] = False
    _nearest(start, _to_tiles(rays), solids, usable, best, number)
    return _from_tiles(best, shape), _from_tiles(number, shape).long()


def lit(light, points, solids, casters):
    """Whether a light reaches points past the solids that cast shadows.

    Parameters
    ----------
    light : torch.Tensor, shape (n, 3)
    points : torch.Tensor, shape (n, 3, h, w)
    solids : Solids
    casters : torch.Tensor, shape (n, s), bool

    Returns
    -------
    torch.Tensor, shape (n, h, w), bool
    """
    rays = _to_tiles(points)  # a copy: (groups, 3, g)
    rays.unflatten(0, (len(light), -1)).sub_(light[:, None, :, None])
    clear = 1 - 1e-3  # nothing but the point's own surface lies beyond
    best = torch.full_like(rays[:, 0], clear)
    _nearest(light, rays, solids, casters, best, reach=1)
    return _from_tiles(best, points[:, 0].shape) == best.new_tensor(clear)


def _edges(shape):
    """Edges of the tiles of a picture (..., h, w): the largest divisors of h and w up to TILE."""
    return (max(t for t in range(1, TILE + 1) if size % t == 0) for size in shape[-2:])


def _to_tiles(x):
    """Pictures (n, h, w) or (n, 3, h, w) as tiles of neighbouring pixels, (groups, g) or
    (groups, 3, g)."""
    h, w = _edges(x.shape)  # of a tile
    lines = x.reshape(len(x), -1, w).index_select(1, _lines(x.shape[1:], x.device))
    return lines.view(-1, *x.shape[1:-2], h * w)


def _from_tiles(x, shape):
    """Tiles (groups, g) as pictures of a shape (n, h, w)."""
    _, w = _edges(shape)
    lines = x.view(shape[0], -1, w)  # (n, lines of tiles, w)
    return lines.index_select(1, _lines(shape[1:], x.device).argsort()).view(shape)


@lru_cache
def _lines(shape, device):
    """Where the lines of the tiles, tile after tile, lie in a picture (h, w) or (3, h, w)."""
    h, w = _edges(shape)
    rows, columns = shape[-2] // h, shape[-1] // w  # of tiles
    number = torch.arange(math.prod(shape) // w, device=device).view(-1, rows, h, columns)
    return number.permute(1, 3, 0, 2).flatten()  # (rows, columns, 3, h)


def _nearest(start, rays, solids, usable, best, number=None, reach=torch.inf):
    """Lower best (groups, g), and set number, where a usable solid (n, s) is met closer than best.

    The rays are (groups, 3, g); what is farther than `reach` of their lengths does not count.
    """
    groups, _, g = rays.shape
    about = torch.cat([start[:, None] - solids.centre, solids.half, solids.turn],
                      dim=2).flatten(0, 1)  # (n s, 8): the start as seen from each solid, ...
    tile, solid, kind = _tries(start, rays, solids, usable, about, reach)  # (m,) each
    met, parts = torch.empty(len(tile), g, device=best.device), list(_by_kind(kind, PAIRS))
    for (part, meet), rows in zip(parts, met.split([len(part) for part, _ in parts]), strict=True):
        origin, half, turn = about.index_select(0, solid[part]).T[..., None].split((3, 3, 2))
        near, far = meet(origin, rays.index_select(0, tile[part]).unbind(1), half, turn)
        missed = far.le_(near).add_(is_true(torch.le, near, NEAR))  # far ends here
        torch.add(near, missed, alpha=FAR, out=rows)
    # A tile keeps the nearest of what it met, one solid a turn: first the first solids of all
    # tiles, then the second ones of those that try two, ... The tiles that try most come first in
    # `order`, so those that still have a turn are always its beginning.
    counts = torch.bincount(tile, minlength=groups)
    order = counts.argsort(descending=True)
    turn = torch.arange(len(tile), device=tile.device) - (counts.cumsum(0) - counts)[tile]
    places = torch.cat([part for part, _ in parts])  # met lies kind by kind, tile and solid do not
    tile, solid, turn = tile[places], solid[places], turn[places]
    by_turn = (turn * groups + order.argsort()[tile]).argsort()
    lengths = turn.bincount().tolist()
    distances = met.index_select(0, by_turn).split(lengths)
    names = (solid % usable.shape[1])[by_turn, None].split(lengths)  # numbers within the room
    _keep_nearest(distances, names, order, best, number)


def _keep_nearest(distances, names, order, best, number):
    """Lower best, and set number, by what the first tiles in `order` met at each turn."""
    found = best.index_select(0, order)
    name = None if number is None else number.index_select(0, order)
    for new, new_name in zip(distances, names, strict=True):  # (tiles with this turn, g), (.., 1)
        old = found[: len(new)]
        if number is not None:  # before the minimum, which overwrites old
            closer = is_true(torch.lt, new, old)
            name[: len(new)].lerp_(new_name.to(new.dtype).expand_as(new), closer)
        torch.minimum(old, new, out=old)
    best.index_copy_(0, order, found)
    if number is not None:
        number.index_copy_(0, order, name)


def _by_kind(kind, most):
    """Places of the boxes, cylinders and spheres in kind (m,), at most so many at a time, each
    with what meets them."""
    for of, meet in ((BOX, meet_box), (CYLINDER, meet_cylinder), (SPHERE, meet_sphere)):
        yield from ((part, meet) for part in (kind == of).nonzero()[:, 0].split(most))


def _tries(start, rays, solids, usable, about, reach):
    """Tiles (m,) of the rays (groups, 3, g), solids (m,) that they may meet, counted over all
    rooms, and their kinds (m,).

    A tile's rays lie in a cone about their mean. It first tries the bounding sphere of each solid,
    then the solid itself, made larger by as far as a ray can be from the axis there, along the
    axis.
    """
    axis, cos, sin, longest = _cones(rays)
    centre = about[:, :3].neg()  # (n s, 3), as seen from the start
    distance, radius = length_of(centre) + TINY, length_of(about[:, 3:6])  # (n s,)
    tile, solid = _overlaps(axis, cos, sin, centre, distance, radius, usable)
    kind, keep = solids.kind.flatten()[solid], torch.zeros_like(tile, dtype=torch.bool)
    margin = (distance + radius)[solid] * sin[tile] + 1e-4  # (tries,)
    longest = longest[tile] * reach
    for part, meet in _by_kind(kind, PAIRS * rays.shape[2]):
        origin, half, turn = about.index_select(0, solid[part]).T[..., None].split((3, 3, 2))
        near, far = meet(origin, axis.index_select(0, tile[part]).T[..., None],
                         half + margin[part, None], turn)
        keep[part] = ((far > near.clamp(min=0)) & (near < longest[part, None]))[:, 0]
    return tile[keep], solid[keep], kind[keep]


def _cones(rays):
    """The cones around the rays (groups, 3, g) of each tile: axis (groups, 3), cosine and sine of
    half the opening, and the length of the longest ray, (groups,) each."""
    length = length_of(rays)  # (groups, g)
    axis = rays.bmm(length.reciprocal()[..., None])[..., 0]  # the sum of unit rays
    axis = axis / length_of(axis)[:, None]
    cos = dot(rays, axis[..., None]).div_(length).amin(1).clamp_(0, 1).sub_(1e-6)
    sin = (1 - cos * cos).sqrt_().masked_fill_(cos < 0, 1e6)  # rays all around try every solid
    return axis, cos, sin, length.amax(1)


def _overlaps(axis, cos_a, sin_a, centre, distance, radius, usable):
    """Tiles (tries,) and solids (tries,), counted over all rooms, where the cone of the tile, of
    half opening a, meets the bounding sphere of the solid, seen under a half angle b."""
    n, s = usable.shape
    sin_b = (radius / distance).clamp_(max=1)
    cos_b = (1 - sin_b * sin_b).sqrt_()
    # cos(axis, centre) - cos(a + b), more than 0 where they meet, as one matrix product
    cone = torch.cat([axis, torch.stack([cos_a, sin_a, torch.ones_like(cos_a)], dim=1)], dim=1)
    inside = is_true(torch.gt, radius, distance)  # where the start is: it meets every cone
    extra = torch.where(usable.flatten(), 3 * inside + 1e-4, -torch.inf)
    sphere = torch.cat([centre / distance[:, None], torch.stack([-cos_b, sin_b, extra], dim=1)],
                       dim=1)
    overlap = cone.view(n, -1, 6) @ sphere.view(n, s, 6).transpose(1, 2)  # (n, tiles, s)
    tile, solid = (overlap > 0).flatten(0, 1).nonzero(as_tuple=True)
    return tile, solid + tile // (len(axis) // n) * s
