"""A survey: the road between two tasks over several seeds, beside what it is read against."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from tdist.networks import SmallCNN
from tdist.transfer import Settings, Spread, Survey, coupled, survey, surveys, uncoupled
from tdist.transfer.spreads import ROADS
from tests.transfers import QUICK, halves, points

TEN = tuple("0123456789")
FEW = replace(QUICK, iterations=2)


def linear(outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(2, outputs))


def small(network=linear, **given):
    """A survey of points in the plane; no more than a second."""
    a, b = points(), points(classes=("c", "d"), seed=1, name="others")
    return survey(a, b, network, **{"settings": FEW, "seeds": 2, "progress": False} | given)


@pytest.fixture(scope="module")
def digits():
    low, high = halves(100)
    return low, high, survey(low, high, SmallCNN, FEW, seeds=(0, 3), progress=False)


def test_means_and_intervals_are_those_of_scipy():
    a, b = Spread((2.7, 3.3, 2.4, 2.9)), Spread((0.7, 0.9, 0.7, 0.6))
    assert float(a) == a.mean == pytest.approx(11.3 / 4)
    assert a.spread == pytest.approx(stats.tstd(a.values))
    assert a.error == pytest.approx(stats.sem(a.values))
    found = stats.ttest_rel(a.values, b.values).confidence_interval(0.95)
    assert (a - b).interval == pytest.approx((found.low, found.high))
    assert (b - a).mean == pytest.approx(-(a - b).mean) == pytest.approx(-2.1)
    assert [type(value) for value in (a.mean, a.spread, a.error, *a.interval)] == [float] * 5


@pytest.mark.parametrize("values", [
    (1.0, 3.0, 2.0), (0.0, 4.0, -1.0), (-0.1, 2.0, -2.0), (2.0, 2.0), (5.0, 5.1, 5.05)])
def test_seeds_that_a_difference_needs(values):
    """The first number of seeds at which SciPy's interval has no 0 in it."""
    mean, spread = np.mean(values), np.std(values, ddof=1)
    wanted = next(n for n in range(2, 10**5) if 0 == spread or stats.t.interval(
        0.95, n - 1, abs(mean), spread / n**0.5)[0] >= 0)
    assert Spread(values).needed == wanted and isinstance(Spread(values).needed, float)


def test_seeds_that_cannot_be_told():
    assert np.isnan(Spread((1.0,)).needed) and Spread((1.0, -1.0)).needed == np.inf


@pytest.mark.parametrize("values, told", [
    ((2.7, 3.3, 2.4), "2.80 ± 0.46"), ((0.51, 0.52), "0.5150 ± 0.0071"), ((31.0, 58.0), "44 ± 19"),
    ((1.23456,), "1.23"), ((1.5, 1.5), "1.5 ± 0"), ((1200.0, 3400.0), "2300 ± 1556")])
def test_a_spread_is_told_with_two_digits_of_it(values, told):
    assert repr(Spread(values)) == told


@pytest.mark.parametrize("i, seed", [(0, 0), (1, 3)])
def test_each_road_is_the_one_that_a_call_by_itself_gives(digits, i, seed):
    """Bit for bit, with the pretraining in it: only once in the survey."""
    low, high, found = digits
    torch.manual_seed(seed)
    given = {"network": SmallCNN(10), "classes": TEN, "settings": FEW, "seed": seed,
             "progress": False}
    there, stay = coupled(low, high, **given), coupled(low, low, **given)
    free = uncoupled(low, high, **given)
    assert found.coupled.values[i] == there.length and found.itself.values[i] == stay.length
    assert found.uncoupled.values[i] == free.length and found.accuracy.values[i] == there.accuracy
    assert found.of("uncoupled", "loss").values[i] == free.loss
    assert found.of("to itself", "riemannian_length").values[i] == stay.riemannian_length


def test_numbers_and_differences_belong_to_their_seeds(digits):
    _, _, found = digits
    assert (found.source, found.target, found.seeds) == ("01234", "56789", (0, 3))
    assert float(found) == found.coupled.mean == np.mean(found.coupled.values)
    assert len(set(found.coupled.values)) == 2
    for i in (0, 1):
        assert found.excess.values[i] == found.coupled.values[i] - found.itself.values[i]
        assert found.saving.values[i] == found.uncoupled.values[i] - found.coupled.values[i]
    assert pickle.loads(pickle.dumps(found)) == found
    with pytest.raises(ValueError, match=r"no 'width' of the road 'coupled'; there are \['length'"):
        found.of("coupled", "width")
    with pytest.raises(ValueError, match="of the road 'itself'"):
        found.of("itself")


def test_a_source_is_trained_once_a_seed_and_features_seen_once_a_task(monkeypatch):
    trained, looked = [], []
    monkeypatch.setattr(surveys, "pretrained", lambda *args, seed, **rest: trained.append(seed)
                        or args[1])
    small(features=lambda task: looked.append(task.name) or task.images.flatten(1))
    assert trained == [0, 1] and sorted(looked) == ["others", "points"]


def test_each_seed_has_its_own_weights_and_the_callers_random_state_stays():
    made = []

    def network(outputs):
        made.append(linear(outputs))
        return made[-1]

    torch.manual_seed(5)
    state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    survey(points(classes=("a", "b")), points(classes=("c", "d"), seed=1), network, FEW, seeds=2,
           progress=False)
    assert torch.equal(torch.get_rng_state(), state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    assert len(made) == 2 and made[0][1].out_features == 4  # a to d
    torch.manual_seed(1)
    again = linear(4)
    assert not torch.equal(made[0][1].weight, made[1][1].weight)
    assert torch.equal(made[1][1].weight, again[1].weight)  # not modified either


@pytest.mark.parametrize("network, words", [
    (linear(4), "a function from the number of outputs.*got Sequential"),
    (3, "got int"), (lambda: linear(4), "one argument, the number of outputs"),
    (lambda outputs: outputs, "must be a torch.nn.Module, got int")])
def test_a_network_that_would_be_the_same_for_all_seeds_is_refused(network, words):
    with pytest.raises(TypeError, match=words):
        survey(points(), points(seed=1), network, FEW, progress=False)


@pytest.mark.parametrize("given, kind, words", [
    ({"seeds": 0}, ValueError, "seeds must be a whole number, at least 1"),
    ({"seeds": ()}, ValueError, "different seeds"), ({"seeds": (1, 1)}, ValueError, "different"),
    ({"seeds": (-1,)}, ValueError, "a seed must be a whole number"),
    ({"seeds": "two"}, TypeError, "a seed must be"), ({"features": 3}, TypeError, "a function"),
    ({"classes": ("a", "b")}, ValueError, "classes has no output for"),
    ({"settings": 3}, TypeError, r"must be a tdist\.transfer\.Settings, got 3")])
def test_what_cannot_be_meant_is_refused(given, kind, words):
    with pytest.raises(kind, match=words):
        small(**given)


def test_what_is_no_task_is_refused():
    with pytest.raises(TypeError, match=r"must be a tdist\.Task, got int"):
        survey(3, points(), linear)


@pytest.mark.parametrize("head", ["union", "index"])
def test_other_heads(head):
    found = small(settings=replace(FEW, head=head), seeds=1)
    assert 0 < found.itself.mean < 10 and 0 < found.coupled.mean < 10
    if head == "index":
        with pytest.raises(ValueError, match=r"no road to itself .* has more classes"):
            survey(points(classes=("a", "b")), points(), linear, replace(FEW, head=head))
        even = surveys._outputs(points(), points(seed=1), linear, replace(FEW, head=head), None)
        assert even.size == 3  # as many classes have a road


def test_test_images_judge_the_target():
    test = points(seed=7), points(classes=("c", "d"), seed=8, name="others")
    judged, plain = small(test=test, seeds=1), small(seeds=1)
    assert (judged.source, judged.target) == ("points", "others")
    for road in ("coupled", "uncoupled"):
        assert judged.of(road, "loss") != plain.of(road, "loss")
        assert judged.of(road) == plain.of(road)
    assert judged.of("to itself", "loss") == plain.of("to itself", "loss")


def test_a_network_has_an_output_for_every_class_that_is_given():
    sizes = []
    small(classes=("e", "d", "c", "b", "a"), seeds=1,
          network=lambda outputs: sizes.append(outputs) or linear(outputs))
    assert sizes == [5]


# what is kept


def test_what_is_done_is_not_done_again_and_more_seeds_join(tmp_path, monkeypatch):
    place = tmp_path / "run"
    first = small(save=place)
    assert first == small() and sorted(p.name for p in place.glob("*.json")) == [
        "seed-0.json", "seed-1.json"]
    trained, original = [], surveys.pretrained
    monkeypatch.setattr(surveys, "pretrained", lambda *args, seed, **rest: trained.append(seed)
                        or original(*args, seed=seed, **rest))
    assert small(save=place) == first and trained == []
    more = small(save=place, seeds=3)
    assert trained == [2] and more.records[:2] == first.records
    assert small(save=place, seeds=(2, 0)).records == (more.records[2], more.records[0])


def test_a_run_that_was_stopped_goes_on_in_the_middle_of_a_seed(tmp_path, monkeypatch):
    whole, original = small(), surveys.uncoupled

    def stopped(*args, **given):
        if given["seed"] == 1:
            raise KeyboardInterrupt
        return original(*args, **given)

    monkeypatch.setattr(surveys, "uncoupled", stopped)
    with pytest.raises(KeyboardInterrupt):
        small(save=tmp_path)
    assert {p.name for p in tmp_path.glob("*-1*")} == {"seed-1-coupled.pt", "seed-1-itself.pt"}
    monkeypatch.setattr(surveys, "uncoupled", original)
    assert small(save=tmp_path) == whole


def test_each_road_has_a_file_and_the_features(tmp_path, monkeypatch):
    given = []
    for road in ("coupled", "uncoupled"):
        original = getattr(surveys, road)
        monkeypatch.setattr(surveys, road, lambda *args, original=original, **options:
                            given.append(options) or original(*args, **options))
    small(save=tmp_path, seeds=1, features=lambda task: task.images.flatten(1))
    names = [f"seed-0-{name}.pt" for name in ("coupled", "itself", "uncoupled")]
    assert [options["save"] for options in given] == [tmp_path / name for name in names]
    assert given[0]["features"] is given[1]["features"] is not None


@pytest.mark.parametrize("change, words", [
    ({"settings": replace(FEW, lr=0.01)}, "another survey, by its settings"),
    ({"settings": replace(FEW, iterations=3)}, "by its iterations"),
    ({"replicas": 2}, "by its replicas"),
    ({"classes": ("d", "c", "b", "a")}, "by its classes"),
    ({"features": lambda task: task.images.flatten(1) ** 2}, "by its features"),
    ({"test": (points(seed=5), points(classes=("c", "d"), seed=6))}, "by its test")])
def test_another_survey_does_not_go_on_in_the_folder(tmp_path, change, words):
    small(save=tmp_path, seeds=1)
    with pytest.raises(ValueError, match=words):
        small(save=tmp_path, seeds=1, **change)


def test_the_file_of_one_seed_is_not_that_of_another(tmp_path):
    small(save=tmp_path, seeds=1)
    (tmp_path / "seed-0.json").rename(tmp_path / "seed-1.json")
    with pytest.raises(ValueError, match="by its seed"):
        small(save=tmp_path, seeds=(1,))


@pytest.mark.parametrize("text", ["", "[]", "3", "{}", '{"identity": 3, "record": {}}'])
def test_a_damaged_file_is_named(tmp_path, text):
    (tmp_path / "seed-0.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"seed-0\.json holds no seed of a survey; delete it"):
        small(save=tmp_path)


def test_what_is_stored_is_plain(tmp_path):
    small(save=tmp_path, seeds=1)
    text = (tmp_path / "seed-0.json").read_text(encoding="utf-8")
    found = json.loads(text)["record"]
    assert max(map(len, text.splitlines())) < 100  # lines to read
    assert set(found) == {"coupled", "to itself", "uncoupled"}
    assert {type(value) for road in found.values() for value in road.values()} == {float}


# what is said


def made(there, stay, free):
    """A survey of given lengths."""
    return Survey("low", "high", tuple(range(len(there))), tuple(
        {road: {"length": length, "accuracy": 0.815}
         for road, length in zip(("coupled", "to itself", "uncoupled"), each, strict=True)}
        for each in zip(there, stay, free, strict=True)))


APART, FREE = (2.7, 3.3, 2.4), (2.8, 3.2, 2.6)


@pytest.mark.parametrize("lengths, words", [
    ((APART, (0.7, 0.8, 0.7), FREE), ("the tasks are apart", "not told apart from nothing")),
    ((APART, (2.6, 3.4, 2.4), FREE), ("not told apart from noise",)),
    ((APART, APART, (3.7, 4.31, 3.4)), ("the uncoupled road is longer",)),
    ((APART, APART, (1.7, 2.31, 1.4)), ("the uncoupled road is shorter",))])
def test_the_words_are_those_of_the_interval(lengths, words):
    text = str(made(*lengths))
    assert all(word in text for word in words)
    table = text.splitlines()[:5]
    assert table[0] == "low to high, 3 seeds, mean ± standard deviation"
    assert table[2].split() == ["coupled", "2.80", "±", "0.46", "0.81"] and len(table[2]) < 60


def test_roads_that_do_not_arrive_are_told():
    found = made(APART, (0.7, 0.8, 0.7), FREE)
    for record, settled in zip(found.records, (1.0, 0.0, 0.0), strict=True):
        record["coupled"]["settled"] = settled
    assert "the end of 2 of 3 coupled roads the target's loss still falls" in str(found)
    found.records[1]["coupled"]["settled"] = found.records[2]["coupled"]["settled"] = 1.0
    assert "still falls" not in str(found)


def test_replicas_give_drifts():
    found = small(replicas=2)
    a, b = points(), points(classes=("c", "d"), seed=1, name="others")
    torch.manual_seed(1)
    one = coupled(a, b, linear(4), FEW, seed=1, replicas=2, progress=False)
    assert found.of("coupled", "drift").values[1] == one.drift
    assert repr(found.of("coupled", "drift")) in str(found).splitlines()[2]
    free, there = (found.of(road, "drift") for road in ("uncoupled", "coupled"))
    low = f"{(free - there).interval[0]:.2g}"
    assert f"saved by the coupling {(free - there).mean:.2g}, 95% from {low}" in str(found)
    assert "SGD" in str(found) and "SGD" not in str(small())
    assert "drift" not in small().records[0]["coupled"]


def test_the_line_and_one_seed():
    found = made(APART, (0.7, 0.8, 0.7), FREE)
    assert repr(found) == ("low to high: 2.80 ± 0.46 over 3 seeds; to itself 0.733 ± 0.058; "
                           "uncoupled 2.87 ± 0.31; accuracy 0.81")
    one = made((2.5,), (0.7,), (2.6,))
    assert repr(one).startswith("low to high: 2.5 over the one seed 0; to itself 0.7;")
    assert "one seed has no spread" in str(one)


def test_two_seeds_have_words_and_one_has_none():
    two, one = made((2.7, 3.3), (0.7, 0.8), (2.8, 3.2)), made((2.5,), (0.7,), (2.6,))
    assert "over 2 seeds" in repr(two) and "less the way to itself" in str(two)
    assert str(two).startswith("low to high, 2 seeds, mean ± standard deviation\n")
    assert str(one).startswith("low to high, one seed\n") and "less the way" not in str(one)


def test_no_difference_is_not_one():
    """Intervals of no width at 0; and one from 0.43 to 0.67, of which all is above 0."""
    same, few = made(APART, APART, APART), (0.5, 0.6, 0.55)
    near = made(few, (0.0, 0.0, 0.0), few)
    assert "itself 0, 95% from 0 to 0: not told apart from noise" in str(same)
    assert "coupling 0, 95% from 0 to 0: not told apart from nothing" in str(same)
    assert "95% from 0.43 to 0.67: the tasks are apart" in str(near)
    assert "still falls" not in str(same)  # of roads of which it is not known


def test_where_there_are_drifts_the_words_are_about_them():
    found = made(APART, APART, APART)
    for record in found.records:
        for number, road in enumerate(("to itself", "coupled", "uncoupled")):
            record[road]["drift"] = 1.25 * number
    rows = [line.split() for line in str(found).splitlines()[2:5]]
    assert [row[-7:-1] for row in rows] == [["2.80", "±", "0.46", drift, "±", "0"]
                                            for drift in ("1.25", "0", "2.5")]
    assert "itself 1.2, 95% from 1.2 to 1.2: the tasks are apart" in str(found)
    assert "coupling 1.2, 95% from 1.2 to 1.2: the uncoupled road is longer" in str(found)


def chart(survey, grid=True):
    """Its axes; on pages that draw a grid, or none."""
    mpl = pytest.importorskip("matplotlib")
    mpl.use("Agg")
    with mpl.rc_context({"axes.grid": grid}):
        fig = survey.plot()
        fig.canvas.draw()
    mpl.pyplot.close(fig)
    return fig.axes[0]


@pytest.mark.parametrize("lengths", [(APART, (0.7, 0.8, 0.7), FREE), ((2.5,), (0.7,), (2.6,))])
def test_the_chart_has_a_circle_a_seed_and_a_bar_of_their_spread(lengths):
    ax = chart(made(*lengths))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["uncoupled", "to itself",
                                                                    "coupled"]
    assert list(ax.get_yticks()) == [0, 1, 2]
    circles = [line for line in ax.lines if line.get_marker() == "o"]
    order = ("uncoupled", "to itself", "coupled")
    for row, (road, drawn, bar, values) in enumerate(zip(order, circles, ax.containers,
                                                         lengths[::-1], strict=True)):
        mean, half = np.mean(values), np.std(values, ddof=1) if len(values) > 1 else 0.0
        assert tuple(drawn.get_xdata()) == values and set(drawn.get_ydata()) == {row}
        assert (drawn.get_color(), drawn.get_mfc(), drawn.get_ls()) == (ROADS[road], "none", "None")
        middle, caps, (across,) = bar
        assert (middle.get_xdata(), middle.get_ydata()) == (pytest.approx([mean]), [row])
        assert (middle.get_marker(), middle.get_color()) == ("|", ROADS[road])
        assert middle.get_markersize() > caps[0].get_markersize() > 4  # points: all can be seen
        assert np.allclose(across.get_segments(), [[[mean - half, row], [mean + half, row]]])
        assert sorted(cap.get_xdata()[0] for cap in caps) == pytest.approx([mean - half,
                                                                            mean + half])


def test_the_chart_fits_a_page_and_starts_at_nothing():
    ax = chart(made(APART, (0.7, 0.8, 0.7), FREE))
    (low, high), (left, right) = ax.get_ylim(), ax.get_xlim()
    assert left == 0 and 3.3 < right < 4 and low < -0.4 and low + high == pytest.approx(2)
    assert "length" in ax.get_xlabel() and "nats" in ax.get_xlabel()
    assert tuple(ax.figure.get_size_inches()) == (6, 1.7)  # inches, for three rows
    box, words = ax.figure.bbox, ax.get_tightbbox()
    assert box.x0 <= words.x0 and words.x1 <= box.x1 and box.y0 <= words.y0 and words.y1 <= box.y1
    assert all(line.get_visible() for line in ax.xaxis.get_gridlines())
    for axes in (ax, chart(made(APART, APART, FREE), grid=False)):
        assert not any(line.get_visible() for line in axes.yaxis.get_gridlines())


def test_settings_are_taken_by_default(monkeypatch):
    taken = []
    monkeypatch.setattr(surveys, "_roads", lambda source, target, network, settings, *rest:
                        taken.append((settings, rest[-1]["seed"], rest[-1]["progress"])) or {})
    survey(points(), points(seed=1), linear)
    assert taken == [(Settings(), seed, True) for seed in range(3)]
