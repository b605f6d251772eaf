"""What a room looks like before it is rendered: furniture, colours, camera and lights, drawn from a
seed and a number.

Lengths are in metres, angles in radians; x runs from the left wall to the right, y up, z from the
camera to the back.
"""

import math
from dataclasses import dataclass, fields
from itertools import chain

import numpy as np
import torch

from tdist.scenes.furniture import OBJECTS, PIECES, ROOMS, SCENES, fixtures, furnish, shell
from tdist.scenes.solids import Solids


class Draw:
    """Random numbers of one room: many drawn at once, since one at a time is slow."""

    def __init__(self, seed, index):
        self.numbers = iter(np.random.default_rng([seed, index]).random(160).tolist())

    def __call__(self, low, high):
        return low + (high - low) * next(self.numbers)

    def choice(self, items):
        return items[int(next(self.numbers) * len(items))]


@dataclass(frozen=True)
class Layout:
    """What is in n rooms, padded to s solids a room.

    Attributes
    ----------
    solids : Solids
    colour : torch.Tensor, shape (n, s, 3)
        Share of red, green and blue light that comes back.
    texture : torch.Tensor, shape (n, s)
    frequency : torch.Tensor, shape (n, s)
    glow : torch.Tensor, shape (n, s)
        Pattern (of furniture's PLAIN to SPECKLE), its repeats a metre, and 1 for what shines by
        itself, else 0.
    piece : torch.Tensor, shape (n, s), int64
        Number of the piece of furniture in its room, or -1.
    object : torch.Tensor, shape (n, pieces), int64
        Class of each piece of furniture, of OBJECTS.
    camera : torch.Tensor, shape (n, 3)
        Where the camera stands.
    pitch : torch.Tensor, shape (n,)
    yaw : torch.Tensor, shape (n,)
        Where it looks: angles up and to the right.
    lights : torch.Tensor, shape (n, 2, 4)
        Place and strength of a lamp and of a weaker light beside the camera.
    scene : torch.Tensor, shape (n,), int64
        Kind of room, of SCENES.
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
        table = torch.from_numpy(_padded([room["parts"] for room in rooms]))
        objects = np.full((len(rooms), max(len(room["objects"]) for room in rooms)), len(OBJECTS))
        for row, room in zip(objects, rooms, strict=True):
            row[: len(room["objects"])] = room["objects"]
        camera = torch.tensor([room["camera"] for room in rooms])
        solids = Solids(table[..., 0].long(), table[..., 1:4], table[..., 4:7], table[..., 7:9])
        return cls(solids, table[..., 9:12], table[..., 12], table[..., 13], table[..., 14],
                   table[..., 15].long(), torch.from_numpy(objects),
                   camera[:, :3], camera[:, 3], camera[:, 4],
                   torch.tensor([room["lights"] for room in rooms]),
                   torch.tensor([room["scene"] for room in rooms]))

    def to(self, device):
        """The same on another device."""
        def move(value):
            if isinstance(value, Solids):
                return Solids(*(move(getattr(value, f.name)) for f in fields(Solids)))
            return value.to(device)
        return Layout(*(move(getattr(self, f.name)) for f in fields(Layout)))


def _padded(rooms):
    """Rows of numbers, a list for each room, as one array (n, s, 16); padding lies far below the
    floor."""
    lengths = [len(parts) for parts in rooms]
    numbers = chain.from_iterable(chain.from_iterable(rooms))
    table = np.zeros((len(rooms), max(lengths), 16), np.float32)
    table[..., 2], table[..., 7], table[..., 15] = -1e3, 1, -1
    used = np.arange(max(lengths)) < np.array(lengths)[:, None]  # (n, s)
    table[used] = np.fromiter(numbers, np.float32).reshape(-1, 16)
    return table


def _room(draw):
    """One room: its parts as rows of numbers, and its camera, lights and classes."""
    scene = int(draw(0, len(SCENES)))
    kind, (low, high) = SCENES[scene], ROOMS[SCENES[scene]]["size"]
    width, depth, height = draw(low, high), draw(max(low, 3.0), high + 1.5), draw(2.3, 2.9)
    palette = _palette(draw, kind)
    pieces = furnish(kind, width, depth, draw)
    placed = [(-1, shell(kind, width, depth, height, draw)),
              (-1, fixtures(kind, width, depth, draw))]
    placed += [(number, parts) for number, (_, parts) in enumerate(pieces)]
    parts = [(shape, *centre, *half, cos, sin, *palette.get(colour, colour), texture, frequency,
              colour in ("glow", "screen"), number)
             for number, group in placed
             for shape, centre, half, cos, sin, (colour, texture, frequency) in group]
    camera = (width * draw(0.25, 0.75), draw(1.2, 1.7), draw(0.15, 0.4))
    aim = width / 2 + draw(-0.45, 0.45) * width - camera[0]
    lights = ((width * draw(0.3, 0.7), height - 0.15, depth * draw(0.35, 0.65), draw(0.7, 1.0)),
              (camera[0] + draw(-0.5, 0.5), height - 0.3, 0.2, draw(0.1, 0.35)))
    return {"parts": parts, "objects": [PIECES.index(piece) for piece, _ in pieces],
            "scene": scene, "lights": lights,
            "camera": (*camera, draw(-0.32, -0.12), math.atan2(aim, 0.7 * depth))}


def _palette(draw, kind):
    """The colours of a room: named materials, and the walls and floor."""
    def tint(value, strength):  # a random hue
        hue = draw(0, 2 * math.pi)
        return tuple(value * (1 + strength * math.cos(hue + a)) for a in (0.0, 2.1, 4.2))

    wood = draw(0.25, 0.75)
    return {"wood": (0.75 * wood + 0.1, 0.5 * wood + 0.06, 0.3 * wood + 0.03),
            "cloth": tint(draw(0.25, 0.6), 0.6),
            "accent": tint(draw(0.3, 0.6), 0.85), "cabinet": tint(draw(0.4, 0.75), 0.25),
            "stone": (draw(0.2, 0.6),) * 3, "water": (0.55, 0.75, 0.8),
            "glow": (0.95, 0.97, 1.0), "screen": (0.25, 0.4, 0.6),
            "glass": (0.6, 0.7, 0.75),
            "wall": tint(draw(0.6, 0.85), 0.13), "floor": tint(draw(0.3, 0.7), 0.2)}
