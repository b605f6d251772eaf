"""Rendered rooms with the ground truth of eight tasks: pictures that anyone can make from a seed.

The tasks are those of section 5.2 of the H-score paper, defined as Taskonomy (Zamir et al., 2018)
defines them: two from the picture, four from the geometry, two of classification.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from tqdm import tqdm

from tdist.manners import line, whole
from tdist.scenes.furniture import OBJECTS, SCENES, SPECKLE, STRIPES, TILES, WOOD
from tdist.scenes.ground_truth import (
    edges_2d,
    keypoints_2d,
    keypoints_3d,
    occlusion_edges,
    reshading,
)
from tdist.scenes.layouts import Layout
from tdist.scenes.raycast import camera_rays, first_hit, lit
from tdist.scenes.solids import is_true, pick, surface

__all__ = ["MAPS", "OBJECTS", "SCENES", "TASKS", "Rooms", "render"]

MAPS = ("edge2d", "keypoint2d", "edge3d", "keypoint3d", "reshading", "depth")
TASKS = (*MAPS, "object", "scene")
FIELD = 1.2  # angle of view in radians
BATCH = 2**18  # pixels at a time: more share the cost of a call, fewer share out among threads
# Once a block of so many bytes was freed, glibc's malloc keeps smaller ones for the next step in
# place of giving them back to the system; it heeds blocks of up to 32 MiB. 400 rooms of 64 x 64
# take 10% less processor time (0.51 s against 0.57 s, four runs each in turn).
KEPT = 31 * 2**20
AMBIENT = 0.35


@dataclass(frozen=True, repr=False, eq=False)
class Rooms:
    """n pictures and their ground truth, on the CPU; made by :func:`render`.

    Attributes
    ----------
    images : torch.Tensor, shape (n, 3, size, size), uint8
    maps : dict of torch.Tensor, shape (n, size, size), float16
        By name in MAPS; depth in metres, the others from 0 to 1.
    object : torch.Tensor, shape (n,), int64
    scene : torch.Tensor, shape (n,), int64
        Class of the largest visible object (of OBJECTS, or len(OBJECTS) if there is none) and kind
        of room (of SCENES).

    Examples
    --------
    >>> from tdist.scenes import render
    >>> rooms = render(2, 16, progress=False)
    >>> len(rooms), sorted(rooms.maps)[:2]
    (2, ['depth', 'edge2d'])
    """

    images: torch.Tensor
    maps: dict
    object: torch.Tensor
    scene: torch.Tensor

    __repr__ = line

    def __len__(self):
        return len(self.images)

    def target(self, task):
        """The ground truth of a task.

        Parameters
        ----------
        task : str
            One of TASKS.

        Returns
        -------
        torch.Tensor, shape (n, size, size) or (n,)
            A map of each picture, or its class.

        Raises
        ------
        ValueError
            If there is no such task.

        Examples
        --------
        >>> from tdist.scenes import SCENES, render
        >>> rooms = render(3, 16, progress=False)
        >>> rooms.target("depth").shape
        torch.Size([3, 16, 16])
        >>> [SCENES[kind] for kind in rooms.target("scene")]
        ['office', 'playroom', 'bedroom']
        """
        if task not in TASKS:
            raise ValueError(f"there is no task {task!r}; the tasks are {', '.join(TASKS)}")
        return self.maps[task] if task in MAPS else getattr(self, task)


def render(n, size=64, *, seed=0, first=0, device=None, progress=True):
    """Render rooms number `first` to `first + n - 1` of a seed.

    A room depends on the seed and its number only, so a set can be made in pieces, and at any size.
    On a CPU, as many batches are rendered side by side as torch has threads
    (`torch.set_num_threads`).

    Parameters
    ----------
    n : int
        Number of rooms.
    size : int
        Pixels along an edge; multiples of 8 are the fastest.
    seed, first : int
        Which rooms.
    device : torch.device or str, optional
        Where to render, by default the CPU; the result comes back to the CPU.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Rooms

    Raises
    ------
    TypeError
        If n, size, seed or first is not a number.
    ValueError
        If n or size is less than 1, or seed or first is negative.

    Examples
    --------
    >>> from tdist.scenes import render
    >>> rooms = render(4, 32, seed=5, progress=False)
    >>> rooms
    Rooms(images=Tensor (4, 3, 32, 32), maps=6 of Tensor, object=Tensor (4,), scene=Tensor (4,))
    >>> rooms.images.shape, rooms.images.dtype
    (torch.Size([4, 3, 32, 32]), torch.uint8)
    """
    n, size = whole("n", n, 1), whole("size", size, 1)
    seed, first, device = whole("seed", seed, 0), whole("first", first, 0), device or "cpu"
    torch.empty(KEPT, dtype=torch.uint8)  # freed at once
    batch = max(1, BATCH // size**2)
    batches = [range(i, min(i + batch, first + n)) for i in range(first, first + n, batch)]
    parts = []
    with tqdm(total=n, desc="rooms", unit="room", disable=not progress) as bar:
        def picture(numbers):
            return _render(Layout.draw(numbers, seed), size, device)

        for part in _side_by_side(picture, batches, device):
            parts.append(part)
            bar.update(len(part[0]))
    images, maps, objects, kinds = zip(*parts, strict=True)
    return Rooms(torch.cat(images), {name: torch.cat([m[name] for m in maps]) for name in MAPS},
                 torch.cat(objects), torch.cat(kinds))


def _side_by_side(function, items, device):
    """function of each item, in order; on a CPU in as many threads as torch has, each with one of
    torch's.

    The tensors are too small for torch to share one operation among threads.
    """
    threads = min(torch.get_num_threads(), len(items)) if torch.device(device).type == "cpu" else 1
    if threads == 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        yield from pool.map(function, items)


def _render(layout, size, device):
    """Pictures, maps and labels of a batch of rooms."""
    layout = layout.to(device)
    rays = camera_rays(size, FIELD, layout.pitch, layout.yaw)  # (n, 3, size, size)
    depth, number = first_hit(layout.camera, rays, layout.solids)  # (n, size, size)
    points = layout.camera[..., None, None] + depth[:, None] * rays
    normals, local, half = surface(points, number, layout.solids)
    image = _shade(layout, points, normals, local, half, number)
    grey = image.mean(1)
    maps = {"edge2d": edges_2d(grey), "keypoint2d": keypoints_2d(grey),
            "edge3d": occlusion_edges(points, normals, depth, FIELD / size),
            "keypoint3d": keypoints_3d(normals), "reshading": reshading(normals, rays),
            "depth": depth}
    return (image.mul_(255).round_().to(torch.uint8).cpu(),
            {name: m.half().cpu() for name, m in maps.items()},
            _largest(layout, number).cpu(), layout.scene.cpu())


# Fresh memory costs as much as arithmetic: a line of the next two functions that needs a tensor for
# the last time overwrites it (name_, out=). So the order of their lines matters.


def _shade(layout, points, normals, local, half, number):
    """Lambert's shading with shadows: colours (n, 3, h, w) from 0 to 1; local is overwritten.

    A lamp of some strength at distance d gives strength max(0, cosine) / (1 + d^2 / 9); ambient
    light is added, the pattern of the surface multiplies, and what glows has light 1.
    """
    values = torch.stack([layout.texture, layout.frequency, layout.glow], dim=2)
    # each pixel's own, (n, h, w) each
    *colour, texture, frequency, glow = pick(torch.cat([layout.colour, values], dim=2), number)
    light = torch.full_like(points[:, 0], AMBIENT)
    lamps = layout.lights.permute(1, 2, 0)[..., None, None]  # (lamps, 4, n, 1, 1)
    for lamp, (*place, strength) in enumerate(lamps.unbind()):
        x, y, z = (a - b for a, b in zip(place, points.unbind(1), strict=True))  # to the lamp
        square = (x * x).add_(y * y).add_(z * z)
        cosine = x.mul_(normals[:, 0]).add_(y.mul_(normals[:, 1])).add_(z.mul_(normals[:, 2]))
        cosine.clamp_(min=0).mul_(torch.rsqrt(square, out=y))
        if lamp == 0:  # the other one is beside the camera, which hardly sees its shadows
            casters = layout.piece >= 0
            cosine *= lit(layout.lights[:, lamp, :3], points, layout.solids, casters)
        light += cosine.mul_(strength).div_(square.div_(9).add_(1))
    light *= _texture(local, half, texture, frequency).add_(1)
    light.lerp_(light.new_ones(()), glow)
    image = torch.empty_like(points)
    for reflected, share in zip(image.unbind(1), colour, strict=True):
        torch.mul(share, light, out=reflected)
    return image.clamp_(0, 1).pow_(1 / 2.2)


def _texture(local, half, texture, frequency):
    """Relative brightness (n, h, w) of the pattern on each surface, about 0.

    It is seen along the axis on which a point is the farthest out: u runs across and v along, in
    metres from the middle of the solid times the frequency, and tile (a, b) is where
    a <= u < a + 1 and b <= v < b + 1.
    """
    sizes = [a.abs() for a in local.unbind(1)]
    along_y = is_true(torch.ge, sizes[1], sizes[2])  # which axis: y before z,
    along_x = sizes[0].ge_(torch.maximum(sizes[1], sizes[2], out=sizes[1]))  # x before both
    along_y.gt_(along_x)
    u, v, z = (a * b for a, b in zip(local.unbind(1), half, strict=True))  # x, y, z in metres
    u.lerp_(z, along_x).mul_(frequency)
    v.lerp_(z, along_y).mul_(frequency)
    a, b = u.floor(), v.floor()
    # WOOD overwrites u and v, SPECKLE neither a nor b, STRIPES neither, TILES a
    patterns = {WOOD: v.mul_(9).add_(u.mul_(2).sin_().mul_(2)).sin_().mul_(0.12),
                SPECKLE: (12.9898 * a).add_(78.233 * b).sin_().mul_(437.585).abs_().frac_()
                .sub_(0.5).mul_(0.5),
                STRIPES: _alternate(a).mul_(0.16), TILES: _alternate(a.add_(b)).mul_(0.16)}
    shades = torch.zeros_like(texture)
    for kind, pattern in patterns.items():
        shades += pattern.mul_(is_true(torch.eq, texture, kind))
    return shades


def _alternate(x):
    """1 for an even number, -1 for an odd one."""
    return (x / 2).floor_().mul_(2).sub_(x).mul_(2).add_(1)


def _largest(layout, number):
    """Class (n,) of the piece of furniture that covers the most pixels; len(OBJECTS) if none is
    in sight."""
    n, s = layout.piece.shape
    rows = number + torch.arange(0, n * s, s, device=number.device)[:, None, None]
    pixels = torch.bincount(rows.flatten(), minlength=n * s).view(n, s)  # of each solid
    # (n, 1 + pieces), first those of no piece
    count = torch.zeros(n, layout.object.shape[1] + 1, dtype=torch.long, device=number.device)
    most, which = count.scatter_add_(1, layout.piece + 1, pixels)[:, 1:].max(1)
    return torch.where(most > 0, layout.object.gather(1, which[:, None])[:, 0], len(OBJECTS))
