r"""A small ray caster: many rooms of boxes, spheres and upright cylinders at once, in torch, on any device.

All rays of one room start at one point, the camera or a light: a point is in shadow if the ray from the light meets
something before it. Lengths are in metres; y is up, and a camera looks along z.

Rays are cast a tile of the picture at a time, and each tile tries only the solids whose bounding sphere meets the
cone around its rays. What decides between numbers is itself a number, 1 or 0: on a CPU `torch.where` takes as long as
ten products.
"""

from dataclasses import dataclass

import torch

BOX, CYLINDER, SPHERE = range(3)
WALLS, FLOOR, CEILING = range(3)  # the first solids of every room
TILE = 8  # pixels along the edge of a tile, at most
PAIRS = 1024  # tiles with a solid at a time: the working set stays in a processor's cache
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
    grid = (torch.arange(size, device=pitch.device) + 0.5) / size * 2 - 1
    half = torch.tan(torch.tensor(field / 2)).item()
    y, x = torch.meshgrid(-grid * half, grid * half, indexing="ij")
    x, y, z = torch.nn.functional.normalize(torch.stack([x, y, torch.ones_like(x)]), dim=0)
    (cp, sp), (cy, sy) = ([f(a)[:, None, None] for f in (torch.cos, torch.sin)] for a in (pitch, yaw))
    y, z = cp * y + sp * z, cp * z - sp * y
    return torch.stack([cy * x + sy * z, y, cy * z - sy * x], dim=1)


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
    rays = _to_tiles(points - light[..., None, None])
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
    x = x.unflatten(-1, (-1, w)).unflatten(-3, (-1, h))  # (n, ..., rows, h, columns, w)
    return x.transpose(-3, -2).movedim((-4, -3), (1, 2)).flatten(-2).flatten(0, 2)


def _from_tiles(x, shape):
    """Tiles (groups, g) as pictures of a shape (n, h, w)."""
    h, w = _edges(shape)
    return x.view(shape[0], shape[1] // h, shape[2] // w, h, w).transpose(2, 3).reshape(shape)


def _nearest(start, rays, solids, usable, best, number=None, reach=torch.inf):
    """Lower best (groups, g), and set number, where a usable solid (n, s) is met closer than best."""
    groups, _, g = rays.shape
    about = torch.cat([start[:, None] - solids.centre, solids.half, solids.turn], 2).flatten(0, 1)  # (n s, 8)
    tile, solid, kind = _tries(start, rays, solids, usable, about, reach)
    met = torch.empty(len(tile), g, device=best.device)
    for part, meet in _by_kind(kind, PAIRS):
        o, half, turn = about.index_select(0, solid[part]).T[..., None].split((3, 3, 2))
        near, far = meet(o, rays.index_select(0, tile[part]).unbind(1), half, turn)
        missed = far.le_(near).add_(is_true(torch.le, near, NEAR))
        met.index_copy_(0, part, torch.add(near, missed, alpha=FAR))
    # the first solids of all tiles, then the second ones of those that try two, ...: each turn is a piece of `order`
    counts = torch.bincount(tile, minlength=groups)
    order, turn = counts.argsort(descending=True), torch.arange(len(tile), device=tile.device)
    turn = turn - (counts.cumsum(0) - counts)[tile]
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
    axis = (rays / length[:, None]).mean(2)
    axis = axis / _length(axis)[:, None]  # (groups, 3)
    cos_a = (dot(rays, axis[..., None]) / length).amin(1).clamp(0, 1) - 1e-6
    sin_a = (1 - cos_a * cos_a).sqrt_()
    centre = about[:, :3].neg()  # as seen from the start
    distance, radius = _length(centre) + TINY, _length(about[:, 3:6])
    sin_b = (radius / distance).clamp(max=1)
    cos_b, sin_b = (1 - sin_b * sin_b).sqrt().view(n, 1, s), sin_b.view(n, 1, s)
    cos_to = axis.view(n, -1, 3) @ (centre / distance[:, None]).view(n, s, 3).transpose(1, 2)  # (n, tiles, s)
    beside = cos_to - (cos_a.view(n, -1, 1) * cos_b - sin_a.view(n, -1, 1) * sin_b)
    beside = torch.maximum(beside + 1e-4, (radius - distance).view(n, 1, s))
    beside.masked_fill_((cos_a < 0).view(n, -1, 1), 1)  # rays all around try every solid
    ahead = length.amax(1).view(n, -1, 1) * reach - (distance - radius).view(n, 1, s)
    tile, solid = ((torch.minimum(beside, ahead) > 0) & usable[:, None]).flatten(0, 1).nonzero(as_tuple=True)
    solid = solid + tile // (len(rays) // n) * s
    kind, keep = solids.kind.flatten()[solid], torch.zeros_like(tile, dtype=torch.bool)
    margin = (distance + radius)[solid] * sin_a[tile] + 1e-4
    for part, meet in _by_kind(kind, PAIRS * g):
        o, half, turn = about.index_select(0, solid[part]).T[..., None].split((3, 3, 2))
        near, far = meet(o, axis.index_select(0, tile[part]).T[..., None], half + margin[part, None], turn)
        keep[part] = (far > near.clamp(min=0))[:, 0]
    return tile[keep], solid[keep], kind[keep]


def dot(a, b):
    """Scalar products of vectors whose coordinates are on axis 1; torch's sum over such an axis is slower."""
    return a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1] + a[:, 2] * b[:, 2]


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
    """
    outward = torch.ones_like(solids.turn[..., :1])
    outward[:, WALLS] = -1
    values = torch.cat([solids.centre, solids.half, solids.turn, outward, solids.kind[..., None]], dim=2)
    *centre, width, height, depth, cos, sin, outward, kind = pick(values, number)
    x, y, z = (a - b for a, b in zip(points.unbind(1), centre, strict=True))
    local = x, y, z = (cos * x + sin * z) / width, y / height, (cos * z - sin * x) / depth
    # a face of a box is where one coordinate, in units of the half edges, is the largest
    sizes = [a.abs() for a in local]
    largest = torch.maximum(torch.maximum(sizes[0], sizes[1]), sizes[2])
    cap = is_true(torch.gt, y * y, x * x + z * z)  # of a cylinder
    box, sphere = is_true(torch.eq, kind, BOX), is_true(torch.eq, kind, SPHERE)
    kept = torch.maximum(1 - cap, sphere), torch.maximum(cap, sphere), torch.maximum(1 - cap, sphere)
    x, y, z = (torch.lerp(a * keep, is_true(torch.eq, size, largest) * a.sign(), box)
               for a, keep, size in zip(local, kept, sizes, strict=True))
    scale = outward / (x * x + y * y + z * z).sqrt_()
    x, y, z = x * scale, y * scale, z * scale
    return torch.stack([cos * x - sin * z, y, cos * z + sin * x], dim=1), torch.stack(local, dim=1)
