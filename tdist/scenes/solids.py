"""Boxes, spheres and upright cylinders: where rays enter and leave them, the surface at a point.

Lengths are in metres; y is up. What decides between numbers is itself a number, 1 or 0: on a CPU
`torch.where` takes as long as ten products.
"""

from dataclasses import dataclass

import torch

BOX, CYLINDER, SPHERE = range(3)
WALLS, FLOOR, CEILING = range(3)  # the first solids of every room
TINY = 1e-12  # keeps 1 / direction finite where a ray is parallel to a face


@dataclass(frozen=True)
class Solids:
    """The solids of n rooms, padded to s a room: the walls (a box seen from inside), floor,
    ceiling, then the rest.

    Attributes
    ----------
    kind : torch.Tensor, shape (n, s), int64
        BOX, CYLINDER or SPHERE.
    centre : torch.Tensor, shape (n, s, 3)
    half : torch.Tensor, shape (n, s, 3)
        Middle, and half edges of a box; of a cylinder radius, half height, radius; of a sphere the
        radius three times. Padding has half = 0 and is never hit.
    turn : torch.Tensor, shape (n, s, 2)
        Cosine and sine of the angle about y.
    """

    kind: torch.Tensor
    centre: torch.Tensor
    half: torch.Tensor
    turn: torch.Tensor


def is_true(compare, a, b):
    """1.0 where compare(a, b), 0.0 elsewhere."""
    return compare(a, b, out=torch.empty_like(a))


def dot(a, b):
    """Scalar products of vectors whose coordinates are on axis 1; torch's own sum is slower."""
    return (a[:, 0] * b[:, 0]).add_(a[:, 1] * b[:, 1]).add_(a[:, 2] * b[:, 2])


def length_of(x):
    """Length of vectors whose coordinates are on axis 1."""
    return dot(x, x).sqrt_()


# Where m tiles of g rays enter and leave a solid each, (m, g): they start at `origin` as seen from
# its middle, three of (m, 1), in the directions `rays`, three of (m, g); half and turn are three
# and two of (m, 1). A ray that misses enters no sooner than it leaves.


def meet_box(origin, rays, half, turn):
    (x, y, z), (cos, sin) = rays, turn
    origin = cos * origin[0] + sin * origin[2], origin[1], cos * origin[2] - sin * origin[0]
    own = torch.addcmul(cos * x, sin, z), y, torch.addcmul(cos * z, sin, x, value=-1)
    return _slabs(origin, own, half)


def meet_cylinder(origin, rays, half, _turn):
    ends = _slabs(origin[1:2], rays[1:2], half[1:2])
    side = _round((origin[0], origin[2]), (rays[0], rays[2]), half[0])
    return torch.maximum(side[0], ends[0]), torch.minimum(side[1], ends[1])


def meet_sphere(origin, rays, half, _turn):
    return _round(origin, rays, half[0])


def _slabs(origin, rays, half):
    """Where rays enter and leave the intersection of slabs |coordinate| <= half."""
    near = far = None
    for start, along, size in zip(origin, rays, half, strict=True):
        inverse = (along + TINY).reciprocal_()
        middle, reach = inverse * -start, inverse.abs_().mul_(size)  # overwrites inverse
        enter, leave = middle - reach, middle.add_(reach)
        near = enter if near is None else torch.maximum(near, enter, out=near)
        far = leave if far is None else torch.minimum(far, leave, out=far)
    return near, far


def _round(origin, rays, radius):
    """Where rays enter and leave |coordinates| <= radius; both are the same if they miss."""
    # t of |o + t d|^2 = r^2: a t^2 + 2 b t + c = 0
    a = sum(d * d for d in rays) + TINY
    b = sum(o * d for o, d in zip(origin, rays, strict=True))
    c = sum(o * o for o in origin) - radius * radius
    root = (b * b - a * c).clamp_(min=0).sqrt_()
    return (-b - root) / a, (root - b) / a


def pick(values, number):
    """Each pixel's row (c, n, h, w) of values (n, s, c), by the number of its solid (n, h, w)."""
    n, s, c = values.shape
    rows = number + torch.arange(0, n * s, s, device=number.device)[:, None, None]
    table = values.flatten(0, 1).T.contiguous()  # (c, n s)
    return table.index_select(1, rows.flatten()).view(c, *number.shape)


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
    values = torch.cat([solids.centre, solids.half, solids.turn, outward, solids.kind[..., None]],
                       dim=2)  # (n, s, 10)
    # each pixel's own solid, (n, h, w) each
    *centre, width, height, depth, cos, sin, outward, kind = pick(values, number)
    # Fresh memory costs as much as arithmetic: a line that needs a tensor for the last time
    # overwrites it (name_, out=). So the order of the lines matters, from here on.
    x, y, z = (torch.sub(a, b, out=b) for a, b in zip(points.unbind(1), centre, strict=True))
    local = torch.empty_like(points)
    torch.div((cos * x).add_(sin * z), width, out=local[:, 0])
    torch.div(y, height, out=local[:, 1])
    torch.div(z.mul_(cos).sub_(x.mul_(sin)), depth, out=local[:, 2])
    x, y, z = local.unbind(1)  # views
    # the face of a box is that where a coordinate, in units of the half edges, is the largest
    sizes = [a.abs() for a in (x, y, z)]
    largest = torch.maximum(torch.maximum(sizes[0], sizes[1]), sizes[2])
    cap = (y * y).gt_((x * x).add_(z * z))  # of a cylinder, where it is not its side
    box, sphere = is_true(torch.eq, kind, BOX), kind.eq_(SPHERE)
    # which coordinates point outward: all on a sphere, y on a cap, x and z on a side
    upright = torch.maximum(cap, sphere)
    level = torch.maximum(cap.neg_().add_(1), sphere, out=sphere)
    # ... and on a box the sign of the largest alone
    x, y, z = ((a * keep).lerp_(size.eq_(largest).mul_(a.sign()), box)
               for a, keep, size in zip((x, y, z), (level, upright, level), sizes, strict=True))
    scale = outward.div_((x * x).add_(y * y).add_(z * z).sqrt_())
    x, y, z = x.mul_(scale), y.mul_(scale), z.mul_(scale)
    normals = torch.empty_like(points)  # turned back to the axes of the room
    torch.sub(cos * x, sin * z, out=normals[:, 0])
    normals[:, 1] = y
    torch.add(z.mul_(cos), x.mul_(sin), out=normals[:, 2])
    return normals, local, (width, height, depth)
