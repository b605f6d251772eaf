"""The drawings that pages share: what stands where on the axes."""

import subprocess
import sys

import numpy as np
import pytest

mpl = pytest.importorskip("matplotlib")
mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

from tdist import plots  # noqa: E402

NAMES = ("cats", "dogs", "ships")
MATRIX = np.array([[0, 1.234, 20], [3, 0, 0.5], [0.0421, 600, 0]])


@pytest.fixture(autouse=True)
def closed():
    with mpl.rc_context():
        yield
    plt.close("all")


def test_a_matrix_is_drawn_with_sources_down_and_targets_across():
    fig = plots.matrices({"lengths": MATRIX}, NAMES, columns=1)
    [ax] = fig.axes
    drawn = ax.images[0].get_array()
    off = ~np.eye(3, dtype=bool)
    assert np.array_equal(drawn[off], MATRIX[off])
    assert np.isnan(np.ma.filled(drawn, np.nan)[~off]).all()
    numbers = {text.get_position(): text.get_text() for text in ax.texts}
    assert numbers.pop((0, 1.03)) == "lengths"
    assert numbers == {(1, 0): "1.23", (2, 0): "20", (0, 1): "3", (2, 1): "0.5",
                       (0, 2): "0.0421", (1, 2): "600"}  # (target, source)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("target", "source")
    for axis in (ax.xaxis, ax.yaxis):
        assert [label.get_text() for label in axis.get_ticklabels()] == list(NAMES)
        assert list(axis.get_ticklocs()) == [0, 1, 2]
    low, high = ax.get_ylim()
    assert low > high  # the first source is on top
    assert ax.get_xlim()[0] < ax.get_xlim()[1]


def test_panels_stand_in_order_and_what_is_printed_is_grey():
    panels = {"a": MATRIX, "b": MATRIX.T, "": None, "c": 2 * MATRIX, "d": MATRIX}
    fig = plots.matrices(panels, NAMES, columns=3, printed=("b", "d"))
    assert len(fig.axes) == 6
    labels = [[text.get_text() for text in ax.texts if text.get_position() == (0, 1.03)]
              for ax in fig.axes]
    assert labels == [["a"], ["b"], [], ["c"], ["d"], []]
    assert [ax.axison for ax in fig.axes] == [True, True, False, True, True, False]
    maps = [ax.images[0].get_cmap().name for ax in fig.axes if ax.axison]
    assert maps == ["Blues", "Greys", "Blues", "Greys"]
    assert fig.axes[1].images[0].get_array()[0, 2] == MATRIX[2, 0]
    assert [ax.get_ylabel() for ax in fig.axes] == ["source", "", "", "source", "", ""]


def test_the_lowest_panel_of_each_column_names_the_targets():
    fig = plots.matrices({"a": MATRIX, "b": MATRIX, "c": MATRIX}, NAMES, columns=2)
    assert [ax.get_xlabel() for ax in fig.axes[:3]] == ["", "target", "target"]


def test_each_panel_has_its_own_scale():
    fig = plots.matrices({"a": MATRIX, "b": 100 * MATRIX}, NAMES)
    one, two = (np.array(ax.images[0].get_clim()) for ax in fig.axes)
    assert np.allclose(100 * one, two)


def test_orders_draws_a_line_of_the_slope():
    _, ax = plt.subplots()
    epsilon = np.array([0.1, 0.01])
    plots.orders(ax, epsilon, {"exact": [1e-3, 1e-6], "first order": [2e-3, 5e-5]}, power=3)
    *errors, slope = ax.lines
    assert [line.get_label() for line in errors] == ["exact", "first order"]
    assert list(errors[1].get_ydata()) == [2e-3, 5e-5]
    assert np.allclose(slope.get_ydata(), [1e-1, 1e-4])  # twice the largest, and a thousandfold
    assert slope.get_color() == plots.PRINTED and slope.get_label() == "slope 3"
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert ax.get_ylabel() == "absolute error (nats)"


def test_the_books_style_and_what_is_printed():
    plots.use_book_style()
    assert mpl.rcParams["axes.prop_cycle"].by_key()["color"][0] == plots.COMPUTED
    _, ax = plt.subplots()
    [line] = ax.plot([1, 2], [1, 2], **plots.printed_style())
    assert line.get_markerfacecolor() == "none" and line.get_linestyle() == "None"


def test_colours_are_there_without_matplotlib():
    code = "import sys; sys.modules['matplotlib'] = None; from tdist import plots; plots.WRONG"
    subprocess.run([sys.executable, "-c", code], check=True)
