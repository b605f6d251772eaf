"""tdist.scenes.furniture: what the pieces are made of and where they stand, by geometry."""

import math

import numpy as np
import pytest
import torch

from tdist.scenes.furniture import METAL, PIECES, bed, box, place
from tdist.scenes.layouts import Layout
from tdist.scenes.solids import BOX


class Drawn:
    """In place of random numbers: the same share of the way from low to high, the first item."""

    def __init__(self, share):
        self.share = share

    def __call__(self, low, high):
        return low + self.share * (high - low)

    def choice(self, items):
        return items[0]


def corners(parts):
    """Lowest and highest corners of the parts, (parts, 3) each."""
    centre, half = (np.array(x, float) for x in list(zip(*parts, strict=True))[1:3])
    return centre - half, centre + half


def test_a_bed_by_hand():
    """1.5 x 2 m: a frame, a narrower mattress on it, a board at the back, and two pillows sunk into
    the mattress before the board."""
    width, depth, parts = bed(Drawn(0.5))
    low, high = corners(parts)
    assert (width, depth) == (1.5, 2.0) and all(part[0] == BOX for part in parts)
    frame, mattress, board, *pillows = zip(low.tolist(), high.tolist(), strict=True)
    assert np.allclose(frame, [(-0.75, 0, -1), (0.75, 0.3, 1)])
    assert np.allclose(mattress, [(-0.725, 0.3, -0.975), (0.725, 0.52, 0.975)])
    assert np.allclose(board, [(-0.75, 0, 0.92), (0.75, 1, 1)])
    assert len(pillows) == 2
    for (start, end), side in zip(pillows, (-1, 1), strict=True):
        assert np.allclose((start[1], end[1]), (0.5, 0.62)) and start[1] < mattress[1][1] < end[1]
        assert np.allclose((start[2], end[2]), (0.525, 0.875)) and end[2] < board[0][2]
        assert np.isclose((start[0] + end[0]) / 2, side * 1.5 / 4)
        assert np.isclose(end[0] - start[0], 1.5 / 2.6)
    assert [part[3][0] for part in parts[:3]] == ["wood", "cloth", "wood"]


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.__name__)
def test_a_piece_stands_and_holds_together(piece, share):
    """Each part stands on the floor, touches the wall behind, or touches a part that does, within
    3 cm; none goes below the floor, nor far out of the footprint."""
    width, depth, parts = piece(Drawn(share))
    low, high = corners(parts)
    assert 0 <= low[:, 1].min() < 0.1 and high[:, 1].max() < 2.4  # a sofa's feet are not drawn
    footprint = np.array([width, depth]) / 2 + 0.11
    assert (np.abs(low[:, [0, 2]]) < footprint).all() and (high[:, [0, 2]] < footprint).all()
    held = (low[:, 1] < 1e-9) | (high[:, 2] > depth / 2 - 0.02)
    for _ in parts:
        touch = (low[:, None] <= high + 0.031).all(2) & (high[:, None] >= low - 0.031).all(2)
        held |= (touch & held).any(1)
    assert held.all(), np.flatnonzero(~held)
    assert (high > low).all()


def test_place():
    """A quarter turn takes the back of a piece, at +z, to -x, and its right side to the back."""
    part = box(1, 0, 2, 0.4, 0.6, 0.8, METAL)
    [(shape, centre, half, cos, sin, _)] = place([part], 5, 7, math.pi / 2)
    assert (shape, half) == (BOX, (0.2, 0.3, 0.4)) and np.allclose(centre, (3, 0.3, 8))
    assert np.allclose((cos, sin), (0, 1))


def test_what_stands_at_a_wall_goes_no_deeper_into_it():
    layout = Layout.draw(range(60), seed=4)
    cos, sin = layout.solids.turn.abs().unbind(-1)
    half = layout.solids.half
    x, y, z = half.unbind(-1)
    reach = torch.stack([cos * x + sin * z, y, cos * z + sin * x], -1)
    low, high = layout.solids.centre - reach, layout.solids.centre + reach - 2 * half[:, :1]
    fixed = (layout.piece >= 0) & ((sin < 1e-3) | (cos < 1e-3))
    assert low[fixed].min() > -0.15 and high[fixed].max() < 0.15
