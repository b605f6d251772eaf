r"""A small ray caster: many rooms of boxes, spheres and upright cylinders at once, in torch, on any device.

All rays of one room start at one point, the camera or a light: a point is in shadow if the ray from the light meets
something before it. Lengths are in metres; y is up, and a camera looks along z.

Rays are cast a tile of the picture at a time, and each tile tries only the solids whose bounding sphere meets the
cone around its rays. What decides between numbers is itself a number, 1 or 0: on a CPU `torch.where` takes as long as
ten products.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch

BOX, CYLINDER, SPHERE = range(3)
WALLS, FLOOR, CEILING = range(3)  # the first solids of every room
TILE = 8  # pixels along the edge of a tile, at most
PAIRS = 1024  # tiles with a solid at a time
NEAR = 1e-3  # nothing closer to the start of a ray is seen
FAR = 1e30  # where a ray meets a solid that it misses
TINY = 1e-12  # keeps 1 / direction finite where a ray is parallel to a face


@dataclass(frozen=True)
class Solids:
    """The solids of n rooms, padded to s a room: the walls (a box seen from inside), floor, ceiling, then the rest.

    Attributes
    ----------
    kind : torch.Tensor, shape (n, s), int64
        BOX, CYLINDER or SPHERE.
    centre, half : torch.Tensor, shape (n, s, 3)
        Middle, and half edges of a box; of a cylinder radius, half height, radius; of a sphere the radius three times.
        Padding has half = 0 and is never hit.
    turn : torch.Tensor, shape (n, s, 2)
        Cosine and sine of the angle about y.
    """

    kind: torch.Tensor
    centre: torch.Tensor
    half: torch.Tensor
    turn: torch.Tensor


def camera_rays(size, field=1.2, pitch=None, yaw=None):
    """Unit rays (n, 3, size, size) through the centres of the pixels; rows run down, columns to the right.

    Parameters
    ----------
    size : int
        Pixels along an edge of the picture.
    field : float
        Angle of view in radians, from edge to edge.
    pitch, yaw : torch.Tensor, shape (n,)
        Angles in radians up and to the right; one level camera that looks along z if not given.
    """
    pitch, yaw = torch.zeros(1) if pitch is None else pitch, torch.zeros(1) if yaw is None else yaw
    x, y, z = _level_rays(size, field, pitch.device)
    (cp, sp), (cy, sy) = ([f(a)[:, None, None] for f in (torch.cos, torch.sin)] for a in (pitch, yaw))
    rays = torch.empty(len(pitch), 3, size, size, device=pitch.device)
    torch.add(cp * y, sp * z, out=rays[:, 1])
    z = (cp * z).sub_(sp * y)
    torch.add(cy * x, sy * z, out=rays[:, 0])
    torch.sub(z.mul_(cy), sy * x, out=rays[:, 2])
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
    o, half = (a[..., None, None] for a in (start - solids.centre[:, WALLS], solids.half[:, WALLS]))
    along = rays + TINY
    x, y, z = (along.reciprocal().mul_(half).abs_() - o / along).unbind(1)  # where it leaves each pair of walls
    sides = torch.minimum(x, z)
    number = is_true(torch.lt, y, sides) * (FLOOR + (CEILING - FLOOR) * is_true(torch.ge, rays[:, 1], 0))
    shape, best, number = sides.shape, _to_tiles(torch.minimum(y, sides)), _to_tiles(number)
    usable = torch.ones_like(solids.kind, dtype=torch.bool)
    usable[:, : CEILING + 1] = False
    _nearest(start, _to_tiles(rays), solids, usable, best, number)
    return _from_tiles(best, shape), _from_tiles(number, shape).long()


def lit(light, points, solids, casters):
    """Whether a light (n, 3) reaches points (n, 3, h, w) past the solids in `casters` (n, s): (n, h, w) bool."""
    rays = _to_tiles(points)
    rays.unflatten(0, (len(light), -1)).sub_(light[:, None, :, None])
    clear = 1 - 1e-3  # nothing but the point's own surface lies beyond
    best = torch.full_like(rays[:, 0], clear)
    _nearest(light, rays, solids, casters, best, reach=1)
    return _from_tiles(best, points[:, 0].shape) == best.new_tensor(clear)


def is_true(compare, a, b):
    """1.0 where compare(a, b), 0.0 elsewhere."""
    return compare(a, b, out=torch.empty_like(a))


def _edges(shape):
    """Edges of the tiles that cut a picture (..., h, w): the largest divisors of h and w up to TILE."""
    return (max(t for t in range(1, TILE + 1) if size % t == 0) for size in shape[-2:])


def _to_tiles(x):
    """Pictures (n, h, w) or (n, 3, h, w) as tiles of neighbouring pixels: (groups, g) or (groups, 3, g)."""
    h, w = _edges(x.shape)
    lines = x.reshape(len(x), -1, w).index_select(1, _lines(x.shape[1:], x.device))
    return lines.view(-1, *x.shape[1:-2], h * w)


def _from_tiles(x, shape):
    """Tiles (groups, g) as pictures of a shape (n, h, w)."""
    _, w = _edges(shape)
    return x.view(shape[0], -1, w).index_select(1, _lines(shape[1:], x.device).argsort()).view(shape)


@lru_cache
def _lines(shape, device):
    """Where the lines of the tiles, one tile after the other, lie in a picture (h, w) or (3, h, w)."""
    h, w = _edges(shape)
    number = torch.arange(math.prod(shape) // w, device=device).view(-1, shape[-2] // h, h, shape[-1] // w)
    return number.permute(1, 3, 0, 2).flatten()  # (rows, columns, 3, h)


def _nearest(start, rays, solids, usable, best, number=None, reach=torch.inf):
    """Lower best (groups, g), and set number, where a usable solid (n, s) is met closer than best."""
    groups, _, g = rays.shape
    about = torch.cat([start[:, None] - solids.centre, solids.half, solids.turn], 2).flatten(0, 1)  # (n s, 8)
    tile, solid, kind = _tries(start, rays, solids, usable, about, reach)
    met, parts = torch.empty(len(tile), g, device=best.device), list(_by_kind(kind, PAIRS))
    for (part, meet), rows in zip(parts, met.split([len(part) for part, _ in parts]), strict=True):
        o, half, turn = about.index_select(0, solid[part]).T[..., None].split((3, 3, 2))
        near, far = meet(o, rays.index_select(0, tile[part]).unbind(1), half, turn)
        missed = far.le_(near).add_(is_true(torch.le, near, NEAR))
        torch.add(near, missed, alpha=FAR, out=rows)
    # the first solids of all tiles, then the second ones of those that try two, ...: each turn is a piece of `order`
    counts = torch.bincount(tile, minlength=groups)
    order, turn = counts.argsort(descending=True), torch.arange(len(tile), device=tile.device)
    turn = turn - (counts.cumsum(0) - counts)[tile]
    tile, solid, turn = (a[torch.cat([part for part, _ in parts])] for a in (tile, solid, turn))  # in the order of met
    by_turn = (turn * groups + order.argsort()[tile]).argsort()
    lengths = turn.bincount().tolist()
    new, name = met.index_select(0, by_turn).split(lengths), (solid % usable.shape[1])[by_turn, None].split(lengths)
    _keep_nearest(new, name, order, best, number)


def _keep_nearest(met, names, order, best, number):
    """Lower best, and set number, by what the first tiles in `order` met at each turn."""
    found = best.index_select(0, order)
    name = None if number is None else number.index_select(0, order)
    for new, new_name in zip(met, names, strict=True):
        old = found[: len(new)]
        if number is not None:
            name[: len(new)].lerp_(new_name.to(new.dtype).expand_as(new), is_true(torch.lt, new, old))
        torch.minimum(old, new, out=old)
    best.index_copy_(0, order, found)
    if number is not None:
        number.index_copy_(0, order, name)


def _by_kind(kind, most):
    """Places of the boxes, cylinders and spheres in kind (m,), at most so many at a time, each with what meets them."""
    for of, meet in ((BOX, _box), (CYLINDER, _cylinder), (SPHERE, _sphere)):
        yield from ((part, meet) for part in (kind == of).nonzero()[:, 0].split(most))


def _tries(start, rays, solids, usable, about, reach):
    """Tiles (m,) of the rays (groups, 3, g), solids (m,) that they may meet, counted over all rooms, and their kinds.

    A tile's rays lie in a cone about their mean. It first tries the bounding sphere of each solid, then the solid
    itself, made larger by as far as a ray can be from the axis there, along the axis.
    """
    (n, s), g = usable.shape, rays.shape[2]
    length = _length(rays)
    axis = rays.bmm(length.reciprocal()[..., None])[..., 0]
    axis = axis / _length(axis)[:, None]  # (groups, 3)
    cos_a = dot(rays, axis[..., None]).div_(length).amin(1).clamp_(0, 1).sub_(1e-6)
    sin_a = (1 - cos_a * cos_a).sqrt_().masked_fill_(cos_a < 0, 1e6)  # rays all around try every solid
    centre = about[:, :3].neg()  # as seen from the start
    distance, radius = _length(centre) + TINY, _length(about[:, 3:6])
    sin_b = (radius / distance).clamp_(max=1)
    cos_b = (1 - sin_b * sin_b).sqrt_()
    # cos(axis, centre) - cos(a + b), more than 0 where the sphere and the cone meet, as one matrix product
    cone = torch.cat([axis, torch.stack([cos_a, sin_a, torch.ones_like(cos_a)], dim=1)], dim=1)
    extra = torch.where(usable.flatten(), 3 * is_true(torch.gt, radius, distance) + 1e-4, -torch.inf)  # start inside
    sphere = torch.cat([centre / distance[:, None], torch.stack([-cos_b, sin_b, extra], dim=1)], dim=1)
    overlap = cone.view(n, -1, 6) @ sphere.view(n, s, 6).transpose(1, 2)  # (n, tiles, s)
    tile, solid = (overlap > 0).flatten(0, 1).nonzero(as_tuple=True)
    solid = solid + tile // (len(rays) // n) * s
    kind, keep = solids.kind.flatten()[solid], torch.zeros_like(tile, dtype=torch.bool)
    margin = (distance + radius)[solid] * sin_a[tile] + 1e-4
    longest = length.amax(1)[tile] * reach
    for part, meet in _by_kind(kind, PAIRS * g):
        o, half, turn = about.index_select(0, solid[part]).T[..., None].split((3, 3, 2))
        near, far = meet(o, axis.index_select(0, tile[part]).T[..., None], half + margin[part, None], turn)
        keep[part] = ((far > near.clamp(min=0)) & (near < longest[part, None]))[:, 0]
    return tile[keep], solid[keep], kind[keep]


def dot(a, b):
    """Scalar products of vectors whose coordinates are on axis 1; torch's sum over such an axis is slower."""
    return (a[:, 0] * b[:, 0]).add_(a[:, 1] * b[:, 1]).add_(a[:, 2] * b[:, 2])


def _length(x):
    """Length of vectors whose coordinates are on axis 1."""
    return dot(x, x).sqrt_()


def _box(o, rays, half, turn):
    (x, y, z), (cos, sin) = rays, turn
    o = cos * o[0] + sin * o[2], o[1], cos * o[2] - sin * o[0]
    return _slabs(o, (torch.addcmul(cos * x, sin, z), y, torch.addcmul(cos * z, sin, x, value=-1)), half)


def _cylinder(o, rays, half, _turn):
    ends = _slabs(o[1:2], rays[1:2], half[1:2])
    side = _round((o[0], o[2]), (rays[0], rays[2]), half[0])
    return torch.maximum(side[0], ends[0]), torch.minimum(side[1], ends[1])


def _sphere(o, rays, half, _turn):
    return _round(o, rays, half[0])


def _slabs(o, d, half):
    """Where rays o + t d enter and leave the intersection of slabs |coordinate| <= half; o and half are (n, 1) each."""
    near = far = None
    for a, b, h in zip(o, d, half, strict=True):
        inverse = (b + TINY).reciprocal_()
        middle, reach = inverse * -a, inverse.abs_().mul_(h)
        enter, leave = middle - reach, middle.add_(reach)
        near = enter if near is None else torch.maximum(near, enter, out=near)
        far = leave if far is None else torch.minimum(far, leave, out=far)
    return near, far


def _round(o, d, radius):
    """Where rays o + t d enter and leave |coordinates| <= radius; both are the same if they miss."""
    square = sum(i * i for i in d) + TINY
    b = sum(a * i for a, i in zip(o, d, strict=True))
    root = (b * b - square * (sum(a * a for a in o) - radius * radius)).clamp_(min=0).sqrt_()
    return (-b - root) / square, (root - b) / square


def pick(values, number):
    """Each pixel's own row of values (n, s, c), by the number of its solid (n, h, w): (c, n, h, w)."""
    n, s, c = values.shape
    rows = number + torch.arange(0, n * s, s, device=number.device)[:, None, None]
    return values.flatten(0, 1).T.contiguous().index_select(1, rows.flatten()).view(c, *number.shape)


def surface(points, number, solids):
    """Outward normals of the solids at points on them; those of the walls point inward.

    Parameters
    ----------
    points : torch.Tensor, shape (n, 3, h, w)
    number : torch.Tensor, shape (n, h, w), int64
        The solid on which each point lies.
    solids : Solids

    Returns
    -------
    normals : torch.Tensor, shape (n, 3, h, w)
        Of length 1.
    local : torch.Tensor, shape (n, 3, h, w)
        The points as seen from the middle of the solid, turned with it, in units of its half sizes.
    half : tuple of three torch.Tensor, shape (n, h, w)
        These half sizes.
    """
    outward = torch.ones_like(solids.turn[..., :1])
    outward[:, WALLS] = -1
    values = torch.cat([solids.centre, solids.half, solids.turn, outward, solids.kind[..., None]], dim=2)
    *centre, width, height, depth, cos, sin, outward, kind = pick(values, number)
    x, y, z = (torch.sub(a, b, out=b) for a, b in zip(points.unbind(1), centre, strict=True))
    local = torch.empty_like(points)
    torch.div((cos * x).add_(sin * z), width, out=local[:, 0])
    torch.div(y, height, out=local[:, 1])
    torch.div(z.mul_(cos).sub_(x.mul_(sin)), depth, out=local[:, 2])
    x, y, z = local.unbind(1)
    # a face of a box is where one coordinate, in units of the half edges, is the largest
    sizes = [a.abs() for a in (x, y, z)]
    largest = torch.maximum(torch.maximum(sizes[0], sizes[1]), sizes[2])
    cap = (y * y).gt_((x * x).add_(z * z))  # of a cylinder
    box, sphere = is_true(torch.eq, kind, BOX), kind.eq_(SPHERE)
    upright, level = torch.maximum(cap, sphere), torch.maximum(cap.neg_().add_(1), sphere, out=sphere)
    x, y, z = ((a * keep).lerp_(size.eq_(largest).mul_(a.sign()), box)
               for a, keep, size in zip((x, y, z), (level, upright, level), sizes, strict=True))
    scale = outward.div_((x * x).add_(y * y).add_(z * z).sqrt_())
    x, y, z = x.mul_(scale), y.mul_(scale), z.mul_(scale)
    normals = torch.empty_like(points)
    torch.sub(cos * x, sin * z, out=normals[:, 0])
    normals[:, 1] = y
    torch.add(z.mul_(cos), x.mul_(sin), out=normals[:, 2])
    return normals, local, (width, height, depth)
