"""What stands in a room of each kind: the parts of every piece of furniture, and where it goes.

Lengths are in metres. A piece is a list of parts about the middle of its footprint, with its back
towards +z; a part is (shape, centre, half sizes, material). A material names a colour of the room's
palette and a texture.
"""

import math

from tdist.scenes.solids import BOX, CYLINDER, SPHERE

PLAIN, TILES, STRIPES, WOOD, SPECKLE = range(5)
WHITE, DARK = (0.92, 0.92, 0.9), (0.08, 0.08, 0.1)
METAL, LEAF = (0.65, 0.67, 0.7), (0.16, 0.42, 0.14)


def box(x, y, z, width, height, depth, colour, texture=PLAIN, frequency=1.0):
    """A box that stands at height y, given by its whole edges."""
    half = width / 2, height / 2, depth / 2
    return BOX, (x, y + height / 2, z), half, (colour, texture, frequency)


def cylinder(x, y, z, radius, height, colour, texture=PLAIN, frequency=1.0):
    """An upright cylinder that stands at height y."""
    half = radius, height / 2, radius
    return CYLINDER, (x, y + height / 2, z), half, (colour, texture, frequency)


def sphere(x, y, z, radius, colour, texture=PLAIN, frequency=1.0):
    """A sphere with its middle at (x, y, z)."""
    return SPHERE, (x, y, z), (radius, radius, radius), (colour, texture, frequency)


def bed(u):
    w, d = u(1.2, 1.8), u(1.9, 2.1)
    return w, d, [box(0, 0, 0, w, 0.3, d, "wood", WOOD, 3),
                  box(0, 0.3, 0, w - 0.05, 0.22, d - 0.05, "cloth", STRIPES, u(1, 6)),
                  box(0, 0, d / 2 - 0.04, w, u(0.8, 1.2), 0.08, "wood", WOOD, 3),
                  *[box(x * w / 4, 0.5, d / 2 - 0.3, w / 2.6, 0.12, 0.35, WHITE)
                    for x in (-1, 1)]]


def wardrobe(u):
    w, h = u(1.0, 1.7), u(1.8, 2.2)
    return w, 0.6, [box(0, 0, 0.02, w, h, 0.56, "wood", WOOD, 2),
                    *[box(x * w / 4, 0.08, -0.28, w / 2 - 0.04, h - 0.14, 0.03, "wood", WOOD, 5)
                      for x in (-1, 1)],
                    box(0.08, h / 2, -0.31, 0.03, 0.25, 0.03, METAL)]


def sofa(u):
    w, d, h = u(1.5, 2.3), 0.9, u(0.75, 0.95)
    t = ("cloth", u.choice((PLAIN, STRIPES, TILES, SPECKLE)), u(2, 8))
    return w, d, [box(0, 0.08, 0, w, 0.34, d, *t), box(0, 0.3, d / 2 - 0.12, w, h - 0.3, 0.24, *t),
                  *[box(x, 0.1, 0, 0.2, 0.52, d, *t) for x in (-w / 2 + 0.1, w / 2 - 0.1)],
                  box(u(-0.4, 0.4), 0.42, d / 2 - 0.32, 0.4, 0.35, 0.14, "accent", SPECKLE, 9)]


def table(u):
    w, d, h = u(1.0, 1.7), u(0.7, 1.0), u(0.68, 0.78)
    legs = [cylinder(x * (w / 2 - 0.08), 0, z * (d / 2 - 0.08), 0.035, h, "wood")
            for x in (-1, 1) for z in (-1, 1)]
    return w, d, [box(0, h, 0, w, 0.05, d, "wood", WOOD, 4), *legs,
                  cylinder(u(-0.2, 0.2), h + 0.05, 0, 0.09, u(0.1, 0.25), "accent")]


def low_table(u):
    r, h = u(0.35, 0.55), u(0.35, 0.45)
    return 2 * r, 2 * r, [cylinder(0, h, 0, r, 0.05, "wood", WOOD, 4),
                          cylinder(0, 0, 0, 0.06, h, METAL),
                          cylinder(0, 0, 0, r / 2, 0.03, METAL)]


def chair(u):
    h = u(0.42, 0.48)
    return 0.45, 0.45, [box(0, h, 0, 0.45, 0.05, 0.45, "accent"),
                        box(0, h, 0.2, 0.45, u(0.4, 0.55), 0.04, "accent"),
                        *[box(x, 0, 0, 0.03, h, 0.42, "wood") for x in (-0.2, 0.2)]]


def counter(u):
    w, top = u(1.8, 3.0), u(1.45, 1.6)
    return w, 0.65, [box(0, 0, 0, w, 0.86, 0.6, "cabinet", STRIPES, 1.8),
                     box(0, 0.86, 0, w, 0.05, 0.65, "stone", SPECKLE, 14),
                     box(0, top, 0.15, w, 0.65, 0.35, "cabinet", STRIPES, 1.8),
                     box(u(-0.5, 0.5), 0.91, 0, 0.55, 0.02, 0.45, DARK),
                     cylinder(u(-0.5, 0.5), 0.92, 0, 0.1, 0.16, METAL)]


def fridge(u):
    h = u(1.6, 2.0)
    return 0.7, 0.7, [box(0, 0, 0, 0.7, h * 0.62, 0.68, METAL),
                      box(0, h * 0.63, 0, 0.7, h * 0.37, 0.68, METAL),
                      box(-0.28, h * 0.35, -0.36, 0.03, 0.4, 0.04, DARK),
                      box(-0.28, h * 0.68, -0.36, 0.03, 0.3, 0.04, DARK)]


def bathtub(u):
    w, h = u(1.5, 1.8), u(0.5, 0.62)
    rim = [box(0, 0, z * 0.36, w, h, 0.06, WHITE) for z in (-1, 1)]
    rim += [box(x * (w / 2 - 0.03), 0, 0, 0.06, h, 0.72, WHITE) for x in (-1, 1)]
    return w, 0.78, [*rim, box(0, 0, 0, w - 0.1, h * 0.6, 0.7, "water"),
                     cylinder(w / 2 - 0.12, h, 0, 0.03, 0.22, METAL)]


def toilet(u):
    h = u(0.38, 0.44)
    return 0.42, 0.68, [cylinder(0, 0, -0.1, 0.13, h, WHITE),
                        cylinder(0, h - 0.1, -0.12, 0.21, 0.12, WHITE),
                        box(0, h, 0.24, 0.4, 0.4, 0.18, WHITE)]


def basin(u):
    h = u(0.72, 0.82)
    return 0.6, 0.5, [cylinder(0, 0, 0.05, 0.09, h, WHITE),
                      box(0, h, 0, u(0.5, 0.7), 0.16, 0.46, WHITE),
                      cylinder(0, h + 0.16, 0.17, 0.02, 0.16, METAL),
                      box(0, h + 0.5, 0.22, u(0.5, 0.7), 0.7, 0.03, "glass")]


def desk(u):
    w, h, s = u(1.2, 1.7), u(0.7, 0.77), u(-0.2, 0.2)
    return w, 0.7, [box(0, h, 0, w, 0.04, 0.7, "wood", WOOD, 4),
                    box(-w / 2 + 0.03, 0, 0, 0.05, h, 0.66, "wood"),
                    box(w / 2 - 0.2, 0, 0, 0.38, h, 0.6, "cabinet"),
                    box(s, h + 0.12, 0.15, 0.6, 0.36, 0.04, DARK),
                    box(s, h + 0.15, 0.125, 0.54, 0.3, 0.01, "screen"),
                    box(s, h, 0.17, 0.06, 0.15, 0.06, DARK)]


def shelf(u):
    w, h = u(0.8, 1.4), u(1.6, 2.1)
    books = [box(u(-w / 5, w / 5), 0.04 + h * i / 4, -0.02, w * u(0.4, 0.55),
                 h / 4 * u(0.5, 0.8), 0.2, colour, STRIPES, u(14, 25))
             for i, colour in enumerate(("accent", "cloth", "accent", "cloth"))]
    boards = [box(0, h * i / 4, 0, w, 0.035, 0.3, "wood") for i in range(5)]
    return w, 0.32, [box(0, 0, 0.15, w, h, 0.02, "wood", WOOD, 3), *boards, *books]


def plant(u):
    h, r = u(0.3, 0.45), u(0.22, 0.34)
    return 0.6, 0.6, [cylinder(0, 0, 0, 0.16, h, "accent"), cylinder(0, h, 0, 0.02, r, "wood"),
                      sphere(0, h + 1.4 * r, 0, r, LEAF, SPECKLE, 12),
                      sphere(u(-0.15, 0.15), h + 2.4 * r, u(-0.1, 0.1), r * 0.75, LEAF,
                             SPECKLE, 12)]


def lamp(u):
    h = u(1.3, 1.6)
    return 0.4, 0.4, [cylinder(0, 0, 0, 0.14, 0.03, METAL), cylinder(0, 0, 0, 0.02, h, METAL),
                      sphere(0, h + 0.1, 0, u(0.14, 0.2), "glow")]


def television(u):
    w = u(1.0, 1.5)
    return 1.6, 0.45, [box(0, 0, 0, 1.6, 0.45, 0.42, "cabinet", STRIPES, 2),
                       box(0, 0.55, 0.02, w, w * 0.56, 0.05, DARK),
                       box(0, 0.58, -0.007, w - 0.06, w * 0.56 - 0.06, 0.01, "screen"),
                       box(0, 0.45, 0.02, 0.3, 0.12, 0.06, DARK)]


def door(u):
    h = u(1.95, 2.1)
    return 0.95, 0.06, [box(0, 0, 0.01, 0.95, h + 0.05, 0.04, WHITE),
                        box(0, 0, -0.01, 0.82, h - 0.02, 0.05, "wood", WOOD, 2),
                        sphere(0.32, 1.0, -0.06, 0.04, METAL)]


def ball(u):
    r = u(0.2, 0.42)
    return 2 * r, 2 * r, [sphere(0, r, 0, r, "accent", STRIPES, u(2, 5))]


def blocks(u):
    e = u(0.28, 0.42)
    return 1.0, 0.6, [box(-0.3, 0, 0, e, e, e, "accent"), box(0.2, 0, 0.05, e, e, e, "cloth"),
                      box(-0.05, e, 0, e * 0.9, e * 0.9, e * 0.9, "cabinet", TILES, 4)]


def bench(u):
    w = u(1.0, 1.5)
    return w, 0.4, [box(0, 0.4, 0, w, 0.06, 0.4, "wood", WOOD, 4),
                    *[box(x * (w / 2 - 0.1), 0, 0, 0.08, 0.4, 0.36, "wood") for x in (-1, 1)]]


PIECES = (bed, wardrobe, sofa, table, low_table, chair, counter, fridge, bathtub, toilet, basin,
          desk, shelf, plant, lamp, television, door, ball, blocks, bench)
OBJECTS = tuple(piece.__name__.replace("_", " ") for piece in PIECES)

# what a kind of room holds: pieces for the back wall, for the side walls, for the middle; each
# place is used once
ROOMS = {
    "bedroom": {"back": (bed,), "side": (wardrobe, lamp, chair, plant),
        "middle": (), "floor": (WOOD, PLAIN), "size": (3.2, 4.6)},
    "living room": {"back": (sofa, television), "side": (shelf, plant, lamp, sofa, television),
        "middle": (low_table,), "floor": (WOOD, TILES), "size": (3.6, 5.5)},
    "kitchen": {"back": (counter,), "side": (fridge, counter, chair),
        "middle": (table,), "floor": (TILES, SPECKLE), "size": (3.0, 4.6)},
    "bathroom": {"back": (basin, toilet, bathtub), "side": (bathtub, toilet, basin),
        "middle": (), "floor": (TILES,), "size": (2.3, 3.4)},
    "dining room": {"back": (shelf, plant, bench), "side": (plant, lamp, bench),
        "middle": (table,), "floor": (WOOD, PLAIN), "size": (3.4, 5.0)},
    "office": {"back": (desk, shelf), "side": (shelf, desk, wardrobe),
        "middle": (chair,), "floor": (PLAIN, SPECKLE), "size": (3.0, 4.6)},
    "corridor": {"back": (door,), "side": (door, bench, plant, wardrobe),
        "middle": (), "floor": (TILES, STRIPES), "size": (1.6, 2.2)},
    "playroom": {"back": (shelf, bench), "side": (ball, blocks, bench),
        "middle": (ball, blocks), "floor": (SPECKLE, STRIPES), "size": (3.2, 4.8)},
}
SCENES = tuple(ROOMS)


def place(parts, x, z, angle):
    """Parts of a piece, moved to (x, z) and turned by an angle: (shape, centre, half, cosine, sine,
    material)."""
    c, s = math.cos(angle), math.sin(angle)
    return [(shape, (x + c * px - s * pz, py, z + s * px + c * pz), half, c, s, material)
            for shape, (px, py, pz), half, material in parts]


def furnish(kind, width, depth, u):
    """The pieces of one room: [(piece, placed parts)]; u(a, b) draws a number, u.choice(items) an
    item."""
    room, pieces = ROOMS[kind], []

    def put(piece, x, z, angle, jitter=0.0):
        w, d, parts = piece(u)
        angle += u(-jitter, jitter)
        reach = d / 2 if not jitter else 0.0  # the back touches the wall
        x, z = x + math.sin(angle) * reach, z - math.cos(angle) * reach
        pieces.append((piece, place(parts, x, z, angle)))
        return w, d

    put(u.choice(room["back"]), width * u(0.4, 0.6), depth, 0.0)
    for side, angle in ((0.0, math.pi / 2), (width, -math.pi / 2)):
        if kind == "corridor" or u(0, 1) < 0.85:
            put(u.choice(room["side"]), side, depth * u(0.45, 0.62), angle)
    if room["middle"]:
        piece, x, z = u.choice(room["middle"]), width * u(0.4, 0.6), depth * u(0.45, 0.6)
        w, d = put(piece, x, z, u(-0.2, 0.2), jitter=0.3)
        if piece is table:
            for side in (-1, 1):
                put(chair, x + side * (w / 2 + 0.15), z, -side * math.pi / 2, jitter=0.2)
            if kind == "dining room":
                put(chair, x, z - d / 2 - 0.2, math.pi, jitter=0.2)
    return pieces


def shell(kind, width, depth, height, u):
    """The walls, a box seen from inside, then the floor below and the ceiling above it."""
    walls = (BOX, (width / 2, height / 2, depth / 2), (width / 2, height / 2, depth / 2), 1.0, 0.0,
             ("wall", u.choice((PLAIN, PLAIN, STRIPES, SPECKLE)), u(2, 6)))
    floor = box(0, -0.1, 0, width, 0.1, depth, "floor", u.choice(ROOMS[kind]["floor"]), u(1.5, 4))
    ceiling = box(0, height, 0, width, 0.1, depth, WHITE)
    return [walls, *place([floor, ceiling], width / 2, depth / 2, 0.0)]


def fixtures(kind, width, depth, u):
    """What hangs and lies: windows, pictures and rugs; they are no objects."""
    placed = []
    if kind in ("bathroom", "corridor") or u(0, 1) < 0.5:
        side, angle = u.choice(((0.0, math.pi / 2), (width, -math.pi / 2)))
        window = [box(0, 1.0, 0, u(0.8, 1.4), u(0.8, 1.1), 0.04, "glow"),
                  box(0, 0.95, 0, 0.06, 1.1, 0.07, WHITE)]
        placed += place(window, side, depth * u(0.7, 0.85), angle)
    if u(0, 1) < 0.7:
        picture = box(0, u(1.4, 1.6), 0, u(0.4, 0.8), u(0.3, 0.6), 0.04, "accent", SPECKLE,
                      u(3, 12))
        placed += place([picture], width * u(0.15, 0.85), depth, 0.0)
    if kind in ("living room", "bedroom", "playroom", "dining room") and u(0, 1) < 0.7:
        rug = box(0, 0, 0, u(1.2, 2.0), 0.015, u(1.0, 1.6), "cloth", u.choice((STRIPES, TILES)),
                  u(2, 6))
        placed += place([rug], width / 2, depth * u(0.4, 0.6), u(-0.2, 0.2))
    return placed
