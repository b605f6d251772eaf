"""The scatter of pairs, read back from its axes."""

import matplotlib.pyplot as plt
import numpy as np

from tdist.plots import COMPUTED, PRINTED
from tdist.studies.drawings import scatters


def test_every_target_has_its_sources_and_no_diagonal():
    x, y = np.random.default_rng(0).random((2, 3, 3))
    fig = scatters({"ours": (x, y), "theirs": (y, x)}, ("a", "b", "c"), "far", "long", columns=2,
                   printed=["theirs"])
    ours, theirs = fig.axes
    points = [line for line in ours.lines if line.get_marker() != "None"]
    assert len(points) == 3
    for t, line in enumerate(points):
        assert np.array_equal(line.get_xdata(), np.delete(x[:, t], t))
        assert np.array_equal(line.get_ydata(), np.delete(y[:, t], t))
    for line in ours.lines:
        if line.get_marker() == "None":
            assert (np.diff(line.get_xdata()) > 0).all()
    assert {line.get_color() for line in ours.lines} == {COMPUTED}
    assert {line.get_color() for line in theirs.lines} == {PRINTED}
    assert ours.get_ylabel() == "long" and len(fig.legends[0].get_texts()) == 3
    plt.close(fig)
