r"""A small ray caster: many rooms of boxes, spheres and upright cylinders at once, in torch, on any device.

All rays of one room start at one point, the camera or a light: a point is in shadow if the ray from the light meets
something before it. Lengths are in metres; y is up, and a camera looks along z.
"""

from dataclasses import dataclass

import torch

BOX, CYLINDER, SPHERE = range(3)
WALLS, FLOOR, CEILING = range(3)  # the first solids of every room
PAIRS = 1024  # groups of rays with a solid at a time: the working set stays in a processor's cache
NEAR = 1e-3  # nothing closer to the start of a ray is seen
TINY = 1e-12  # keeps 1 / direction finite where a ray is parallel to a face


@dataclass(frozen=True)
class Solids:
    """The solids of n rooms, padded to s a room: the walls, a box seen from inside, its floor, its ceiling, then what is in it.

    kind (n, s) int64; centre, half (n, s, 3) with half = the half edges, or the radius three times, or the radius
    and the half height; turn (n, s, 2) = cosine and sine of the angle about y. A padded solid has half = 0 and is
    never hit.
    """

    kind: torch.Tensor
    centre: torch.Tensor
    half: torch.Tensor
    turn: torch.Tensor


def camera_rays(size, field=1.2, pitch=None, yaw=None):
    """Unit rays (n, 3, size * size) through the centres of the pixels, row by row from the upper left.

    field : float
        Angle of view in radians, from edge to edge.
    pitch, yaw : torch.Tensor, shape (n,)
        Angles in radians up and to the right; one level camera if not given.
    """
    pitch, yaw = torch.zeros(1) if pitch is None else pitch, torch.zeros(1) if yaw is None else yaw
    grid = (torch.arange(size, device=pitch.device) + 0.5) / size * 2 - 1
    half = torch.tan(torch.tensor(field / 2)).item()
    y, x = torch.meshgrid(-grid * half, grid * half, indexing="ij")
    rays = torch.nn.functional.normalize(torch.stack([x, y, torch.ones_like(x)]).flatten(1), dim=0)
    x, y, z = rays
    (cp, sp), (cy, sy) = ([f(a)[:, None] for f in (torch.cos, torch.sin)] for a in (pitch, yaw))
    y, z = cp * y + sp * z, cp * z - sp * y
    return torch.stack([cy * x + sy * z, y, cy * z - sy * x], dim=1)


def first_hit(start, rays, solids, group):
    """Distance (n, p) to the first solid that each ray meets, in units of the ray, and the solid's number (n, p).

    start (n, 3) and rays (n, 3, p). `group` rays that follow each other should point about the same way: only solids
    whose bounding sphere meets the cone around them are tried. Every ray meets a wall, the floor or the ceiling.
    """
    o = (start - solids.centre[:, 0]).T[..., None]
    half = solids.half[:, 0].T[..., None]
    x, y, z = (((1 / (d + TINY)) * h).abs() - a / (d + TINY) for a, d, h in zip(o, rays.unbind(1), half, strict=True))
    sides = torch.minimum(x, z)
    number = torch.where(y < sides, torch.where(rays[:, 1] < 0, FLOOR, CEILING), WALLS)
    best = torch.minimum(y, sides).view(-1, group)
    usable = torch.ones_like(solids.kind, dtype=torch.bool)
    usable[:, : CEILING + 1] = False
    number = number.view(-1, group)
    _nearest(start, rays, solids, group, usable, best, number)
    return best.view_as(sides), number.view_as(sides)


def lit(light, points, solids, group, casters):
    """Whether a light (n, 3) reaches points (n, 3, p) past the solids in `casters` (n, s): (n, p) bool."""
    rays = points - light[..., None]
    best = torch.full_like(rays[:, 0], 1 - 1e-3).view(-1, group)  # nothing but the point's own surface lies beyond
    clear = best.clone()
    _nearest(light, rays, solids, group, casters, best, reach=1)
    return (best == clear).view_as(rays[:, 0])


def _nearest(start, rays, solids, group, usable, best, number=None, reach=torch.inf):
    """Lower best (groups, g), and set number, where a usable solid (n, s) is met closer than best."""
    n, _, p = rays.shape
    rays = rays.view(n, 3, -1, group).transpose(1, 2).reshape(-1, 3, group)
    mask = _near_cone(start, rays, solids, reach)
    room = torch.arange(len(best), device=best.device) // (p // group)
    mask &= usable[room]
    for kind, meet in ((BOX, _box), (CYLINDER, _cylinder), (SPHERE, _sphere)):
        tries = mask & (solids.kind == kind)[room]
        counts, order = tries.sum(1).sort(descending=True)  # groups that try a k-th solid come before those that do not
        who, which = tries[order].nonzero(as_tuple=True)
        k = torch.arange(len(who), device=who.device) - (counts.cumsum(0) - counts)[who]
        k, by_k = k.sort(stable=True)
        who, which = order[who[by_k]], which[by_k]
        met = torch.empty(len(who), group, device=best.device)
        for first in range(0, len(who), PAIRS):
            part = slice(first, first + PAIRS)
            of, solid = who[part], (room[who[part]], which[part])
            o = start[solid[0]] - solids.centre[solid]  # (pairs, 3)
            near, far = meet(o.T[..., None], rays[of].unbind(1), solids.half[solid].T[..., None], solids.turn[solid].T[..., None])
            met[part] = torch.where((near < far) & (near > NEAR), near, torch.inf)
        found = best[order]
        names = None if number is None else number[order]
        first = 0
        for m in k.bincount().tolist():
            new = met[first : first + m]
            if names is not None:
                names[:m] = torch.where(new < found[:m], which[first : first + m, None], names[:m])
            torch.minimum(found[:m], new, out=found[:m])
            first += m
        best[order] = found
        if names is not None:
            number[order] = names


def _near_cone(start, rays, solids, reach):
    """Whether a solid's bounding sphere meets the cone around a group of rays (groups, 3, g), cut at `reach`
    times the longest ray: (groups, s)."""
    length = _length(rays)
    axis = (rays / length[:, None]).mean(2)
    axis = axis / _length(axis)[:, None]  # (groups, 3)
    cos_a = ((rays * axis[..., None]).sum(1) / length).amin(1).view(len(start), -1, 1).clamp(-1, 1)
    to = solids.centre - start[:, None]
    distance = _length(to.transpose(1, 2)) + TINY  # (n, s)
    radius = _length(solids.half.transpose(1, 2))
    sin_b = (radius / distance).clamp(max=1)
    cos_ab = cos_a * (1 - sin_b**2).sqrt()[:, None] - (1 - cos_a**2).sqrt() * sin_b[:, None]
    cos_to = axis.view(len(start), -1, 3) @ (to / distance[..., None]).transpose(1, 2)  # (n, t, s)
    near = (cos_to > cos_ab - 1e-4) | (radius >= distance)[:, None]
    near &= length.amax(1).view(len(start), -1, 1) * reach > (distance - radius)[:, None]
    return near.flatten(0, 1)


def _length(x):
    """Length of vectors whose coordinates are on axis 1; torch's norm over such an axis is ten times slower."""
    return (x[:, 0] * x[:, 0] + x[:, 1] * x[:, 1] + x[:, 2] * x[:, 2]).sqrt()


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
    """Where rays o + t d enter and leave |coordinates| <= radius; enter > leave if they miss."""
    square = sum(i * i for i in d) + TINY
    b = sum(a * i for a, i in zip(o, d, strict=True))
    gap = b * b - square * (sum(a * a for a in o) - radius * radius)
    root = gap.clamp(min=0).sqrt()
    return torch.where(gap > 0, (-b - root) / square, torch.inf), (root - b) / square


def surface(points, number, solids):
    """Outward unit normals (n, 3, p) of the solids at points (n, 3, p) on them, and the points as seen from the solid:
    in units of its half sizes (n, 3, p), turned with it."""
    def of(values):  # (n, s, c) -> (n, c, p), each pixel's own
        return values.gather(1, number[..., None].expand(-1, -1, values.shape[2])).transpose(1, 2)

    kind, (cos, sin) = solids.kind.gather(1, number)[:, None], of(solids.turn).unbind(1)
    half = of(solids.half)
    x, y, z = (points - of(solids.centre)).unbind(1)
    local = torch.stack([cos * x + sin * z, y, cos * z - sin * x], dim=1) / half
    # a face of a box is where one coordinate, in units of the half edges, is the largest
    face = (local.abs() == local.abs().amax(1, keepdim=True)) * local.sign()
    cap = (local[:, 1:2] ** 2 > local[:, 0:1] ** 2 + local[:, 2:] ** 2) == local.new_tensor([0, 1, 0]).bool()[:, None]
    flat = torch.where(cap, local, 0)
    normal = torch.where(kind == BOX, face, torch.where(kind == SPHERE, local, flat))
    x, y, z = (normal / _length(normal)[:, None]).unbind(1)
    normal = torch.stack([cos * x - sin * z, y, cos * z + sin * x], dim=1)
    return torch.where((number == WALLS)[:, None], -normal, normal), local
