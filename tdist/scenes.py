r"""Rendered rooms with the ground truth of eight tasks: pictures that anyone can make again from a seed.

The tasks are those of section 5.2 of the H-score paper, defined as Taskonomy (Zamir et al., 2018) defines them: two
from the picture, four from the geometry, two of classification.
"""

import math
from dataclasses import dataclass, fields

import numpy as np
import torch
from tqdm import tqdm

from tdist.furniture import OBJECTS, PIECES, PLAIN, ROOMS, SCENES, SPECKLE, STRIPES, TILES, WOOD, fixtures, furnish, shell
from tdist.ground_truth import edges_2d, keypoints_2d, keypoints_3d, occlusion_edges, reshading
from tdist.raycast import BOX, CYLINDER, SPHERE, Solids, camera_rays, first_hit, lit, surface

MAPS = ("edge2d", "keypoint2d", "edge3d", "keypoint3d", "reshading", "depth")
TASKS = (*MAPS, "object", "scene")
FIELD = 1.2  # angle of view in radians
TILE = 8  # pixels along the edge of a tile
BATCH = 2**16  # pixels at a time: the working set stays in a processor's cache
AMBIENT = 0.35


@dataclass(frozen=True)
class Rooms:
    """n pictures and their ground truth.

    Attributes
    ----------
    images : torch.Tensor, shape (n, 3, size, size), uint8
    maps : dict of torch.Tensor, shape (n, size, size), float16
        By name in MAPS; depth in metres, the others from 0 to 1.
    object, scene : torch.Tensor, shape (n,), int64
        Class of the largest visible object (of OBJECTS, or len(OBJECTS) if there is none) and kind of room (of SCENES).
    """

    images: torch.Tensor
    maps: dict
    object: torch.Tensor
    scene: torch.Tensor

    def __len__(self):
        return len(self.images)

    def target(self, task):
        """The ground truth of one of TASKS: maps (n, size, size) or labels (n,)."""
        if task not in TASKS:
            raise ValueError(f"there is no task {task!r}; the tasks are {', '.join(TASKS)}")
        return self.maps[task] if task in MAPS else getattr(self, task)


class Draw:
    """Random numbers of one room: many drawn at once, since one at a time is slow."""

    def __init__(self, seed, index):
        self.numbers = iter(np.random.default_rng([seed, index]).random(256).tolist())

    def __call__(self, low, high):
        return low + (high - low) * next(self.numbers)

    def choice(self, items):
        return items[int(next(self.numbers) * len(items))]


def render(n, size=64, seed=0, first=0, device="cpu", progress=False):
    """Render rooms number `first` to `first + n - 1` of a seed.

    A room depends on the seed and its number only, so a set can be made in pieces, and at any size.

    Parameters
    ----------
    n : int
        Number of rooms.
    size : int
        Pixels along an edge.
    seed, first : int
        Which rooms.
    device : torch.device
        Where to render; the result comes back to the CPU.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Rooms

    Raises
    ------
    ValueError
        If n or size is less than 1, or seed or first is negative.
    """
    for name, value, least in (("n", n, 1), ("size", size, 1), ("seed", seed, 0), ("first", first, 0)):
        if value != int(value) or value < least:
            raise ValueError(f"{name} must be a whole number, at least {least}; got {value!r}")
    batch = max(1, BATCH // size**2)
    starts = tqdm(range(first, first + n, batch), desc="rooms", unit="batch", disable=not progress)
    parts = [_render(Layout.draw(range(i, min(i + batch, first + n)), seed), size, device) for i in starts]
    images, maps, objects, kinds = zip(*parts, strict=True)
    return Rooms(torch.cat(images), {name: torch.cat([m[name] for m in maps]) for name in MAPS}, torch.cat(objects),
                 torch.cat(kinds))


@dataclass(frozen=True)
class Layout:
    """What is in n rooms, as arrays: the solids, what they are made of, the camera, the lights.

    colour (n, s, 3), texture and frequency (n, s), glow (n, s), piece (n, s) = number of the piece of furniture or -1,
    object (n, pieces) = its class; camera (n, 3), pitch and yaw (n,), lights (n, 2, 4) = place and strength, scene (n,).
    """

    solids: Solids
    colour: torch.Tensor
    texture: torch.Tensor
    frequency: torch.Tensor
    glow: torch.Tensor
    piece: torch.Tensor
    object: torch.Tensor
    camera: torch.Tensor
    pitch: torch.Tensor
    yaw: torch.Tensor
    lights: torch.Tensor
    scene: torch.Tensor

    @classmethod
    def draw(cls, numbers, seed):
        """The layouts of rooms with these numbers."""
        rooms = [_room(Draw(seed, i)) for i in numbers]
        slots = [0] * 3
        for room in rooms:
            for shape in (BOX, CYLINDER, SPHERE):
                slots[shape] = max(slots[shape], sum(part[0] == shape for part in room["parts"]))
        table = np.zeros((len(rooms), sum(slots), 16), np.float32)
        table[..., 2], table[..., 7], table[..., 15] = -1e3, 1, -1  # padding lies far below the floor
        offset = {BOX: 0, CYLINDER: slots[BOX], SPHERE: slots[BOX] + slots[CYLINDER]}
        for shape in offset:
            table[:, offset[shape] : offset[shape] + slots[shape], 0] = shape
        for row, room in zip(table, rooms, strict=True):
            free = dict(offset)
            for part in room["parts"]:
                row[free[part[0]]] = part
                free[part[0]] += 1
        table = torch.from_numpy(table)
        objects = np.full((len(rooms), max(len(room["objects"]) for room in rooms)), len(OBJECTS))
        for row, room in zip(objects, rooms, strict=True):
            row[: len(room["objects"])] = room["objects"]
        camera = torch.tensor([room["camera"] for room in rooms])
        return cls(Solids(table[..., 0].long(), table[..., 1:4], table[..., 4:7], table[..., 7:9]), table[..., 9:12],
                   table[..., 12].long(), table[..., 13], table[..., 14], table[..., 15].long(), torch.from_numpy(objects),
                   camera[:, :3], camera[:, 3], camera[:, 4], torch.tensor([room["lights"] for room in rooms]),
                   torch.tensor([room["scene"] for room in rooms]))

    def to(self, device):
        """The same on another device."""
        def move(value):
            if isinstance(value, Solids):
                return Solids(*(move(getattr(value, f.name)) for f in fields(Solids)))
            return value.to(device)
        return Layout(*(move(getattr(self, f.name)) for f in fields(Layout)))


def _room(draw):
    """One room: its parts as rows of numbers, and its camera, lights and classes."""
    scene = int(draw(0, len(SCENES)))
    kind, (low, high) = SCENES[scene], ROOMS[SCENES[scene]]["size"]
    width, depth, height = draw(low, high), draw(max(low, 3.0), high + 1.5), draw(2.3, 2.9)
    palette = _palette(draw, kind)
    pieces = furnish(kind, width, depth, draw)
    placed = [(part, -1) for part in shell(kind, width, depth, height, draw) + fixtures(kind, width, depth, draw)]
    placed += [(part, number) for number, (_, parts) in enumerate(pieces) for part in parts]
    parts = []
    for (shape, centre, half, cos, sin, (colour, texture, frequency)), number in placed:
        parts.append((shape, *centre, *half, cos, sin, *palette.get(colour, colour), texture, frequency,
                      colour in ("glow", "screen"), number))
    camera = (width * draw(0.25, 0.75), draw(1.2, 1.7), draw(0.15, 0.4))
    aim = width / 2 + draw(-0.45, 0.45) * width - camera[0]
    lights = ((width * draw(0.3, 0.7), height - 0.15, depth * draw(0.35, 0.65), draw(0.7, 1.0)),
              (camera[0] + draw(-0.5, 0.5), height - 0.3, 0.2, draw(0.1, 0.35)))
    return {"parts": parts, "objects": [PIECES.index(piece) for piece, _ in pieces], "scene": scene, "lights": lights,
            "camera": (*camera, draw(-0.32, -0.12), math.atan2(aim, 0.7 * depth))}


def _palette(draw, kind):
    """The colours of a room: named materials, and the walls and floor."""
    def tint(value, strength):  # a random hue
        hue = draw(0, 2 * math.pi)
        return tuple(value * (1 + strength * math.cos(hue + a)) for a in (0.0, 2.1, 4.2))

    wood = draw(0.25, 0.75)
    return {"wood": (0.75 * wood + 0.1, 0.5 * wood + 0.06, 0.3 * wood + 0.03), "cloth": tint(draw(0.25, 0.6), 0.6),
            "accent": tint(draw(0.3, 0.6), 0.85), "cabinet": tint(draw(0.4, 0.75), 0.25), "stone": (draw(0.2, 0.6),) * 3,
            "water": (0.55, 0.75, 0.8), "glow": (0.95, 0.97, 1.0), "screen": (0.25, 0.4, 0.6), "glass": (0.6, 0.7, 0.75),
            "wall": tint(draw(0.6, 0.85), 0.13), "floor": tint(draw(0.3, 0.7), 0.2)}


def _render(layout, size, device):
    """Pictures, maps and labels of a batch of rooms."""
    layout = layout.to(device)
    tile = math.gcd(size, TILE)
    rays = _to_tiles(camera_rays(size, FIELD, layout.pitch, layout.yaw), size, tile)
    depth, number = first_hit(layout.camera, rays, layout.solids, tile**2)
    points = layout.camera[..., None] + depth[:, None] * rays
    normals, local = surface(points, number, layout.solids)
    grey, images = _shade(layout, points, normals, local, number, tile**2)

    def square(x):
        return _from_tiles(x, size, tile)

    grey, depth, normals = square(grey), square(depth), square(normals)
    maps = {"edge2d": edges_2d(grey), "keypoint2d": keypoints_2d(grey),
            "edge3d": occlusion_edges(square(points), normals, depth, FIELD / size),
            "keypoint3d": keypoints_3d(normals), "reshading": reshading(normals, square(rays)), "depth": depth}
    return (square(images).cpu(), {name: m.half().cpu() for name, m in maps.items()}, _largest(layout, number).cpu(),
            layout.scene.cpu())


def _to_tiles(x, size, tile):
    """Pixels (..., size * size), row by row, in the order of square tiles, whose rays point about the same way."""
    return x.unflatten(-1, (size // tile, tile, size // tile, tile)).transpose(-3, -2).flatten(-4)


def _from_tiles(x, size, tile):
    """Back to pictures (..., size, size)."""
    return x.unflatten(-1, (size // tile, size // tile, tile, tile)).transpose(-3, -2).reshape(*x.shape[:-1], size, size)


def _shade(layout, points, normals, local, number, group):
    """Lambert's shading with shadows: grey values (n, p) in 0 to 1 and bytes (n, 3, p)."""
    light = torch.full_like(points[:, 0], AMBIENT)
    for number_of, (place, strength) in enumerate(zip(layout.lights[..., :3].unbind(1), layout.lights[..., 3:].unbind(1), strict=True)):
        x, y, z = (place[..., None] - points).unbind(1)
        square = x * x + y * y + z * z
        cosine = (normals[:, 0] * x + normals[:, 1] * y + normals[:, 2] * z).clamp(min=0) * square.rsqrt()
        if number_of == 0:  # the other one is beside the camera, which hardly sees its shadows
            cosine *= lit(place, points, layout.solids, group, layout.piece >= 0)
        light += strength * cosine / (1 + square / 9)
    glow = layout.glow.gather(1, number)
    light = torch.where(glow > 0, 1.0, light * (1 + _texture(layout, local, number)))
    colour = layout.colour.gather(1, number[..., None].expand(-1, -1, 3)).transpose(1, 2)
    image = (colour * light[:, None]).clamp(0, 1) ** (1 / 2.2)
    return image.mean(1), (255 * image).round().to(torch.uint8)


def _texture(layout, local, number):
    """Relative brightness (n, p) of the pattern on each surface, about 0."""
    half = layout.solids.half.gather(1, number[..., None].expand(-1, -1, 3)).transpose(1, 2)
    size = local.abs()
    along_x, along_y = size[:, 0] >= size[:, 1:].amax(1), size[:, 1] >= size[:, 2]
    x, y, z = (local * half).unbind(1)  # metres from the middle of the solid
    u, v = torch.where(along_x, z, x), torch.where(along_y & ~along_x, z, y)
    f = layout.frequency.gather(1, number)
    kind = layout.texture.gather(1, number)
    a, b = torch.floor(f * u), torch.floor(f * v)
    tiles = 0.16 * (1 - 2 * torch.remainder(a + b, 2))
    stripes = 0.16 * (1 - 2 * torch.remainder(a, 2))
    wood = 0.12 * torch.sin(9 * f * v + 2 * torch.sin(2 * f * u))
    speckle = 0.5 * (torch.frac((torch.sin(12.9898 * a + 78.233 * b) * 437.585).abs()) - 0.5)
    pattern = torch.zeros_like(u)
    for value, texture in ((tiles, TILES), (stripes, STRIPES), (wood, WOOD), (speckle, SPECKLE)):
        pattern = torch.where(kind == texture, value, pattern)
    return pattern


def _largest(layout, number):
    """Class of the piece of furniture that covers the most pixels; len(OBJECTS) if none is in sight."""
    piece = layout.piece.gather(1, number) + 1
    count = torch.zeros(len(piece), layout.object.shape[1] + 1, device=piece.device)
    count.scatter_add_(1, piece, torch.ones_like(piece, dtype=count.dtype))
    most, which = count[:, 1:].max(1)
    return torch.where(most > 0, layout.object.gather(1, which[:, None])[:, 0], len(OBJECTS))
