"""Roads of Gaussian tasks against closed forms, integrals by other means, and scikit-learn."""

import numpy as np
import ot
import pytest
from scipy import stats
from scipy.integrate import quad, simpson
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from tdist.exact_roads import MIXING, best, paired_road, predict, shares
from tdist.fisher_rao import distance
from tdist.gaussians import GaussianTask, between, entropic_correlation, known_road, plane
from tests import gaussians

CROSSED = [[0.35, 0.15], [0.15, 0.35]]


@pytest.mark.parametrize("pair", gaussians.KNOWN)
@pytest.mark.parametrize("mixing", MIXING)
def test_the_known_lengths(pair, mixing):
    road = known_road(*gaussians.tasks(*pair), mixing)
    assert road.length == pytest.approx(gaussians.KNOWN[pair][mixing], abs=3e-4)
    assert road.error < 2.5e-3 and road.length < road.riemannian_length
    coarse = known_road(*gaussians.tasks(*pair), mixing, steps=12)
    assert abs(coarse.length - road.length) < coarse.error


def test_a_turn_by_an_integral_along_the_kink():
    """The coupled road: da = 2 (m_t - m_s) x, and the angle of a prediction moves by |da| sqrt(p(1
    - p)). In coordinates along and across m_t - m_s the sign of da changes on a line, x = 0."""
    s, t = (task.means[1] for task in gaussians.tasks(1, 120))
    way, along = np.linalg.norm(t - s), (t - s) / np.linalg.norm(t - s)
    across = np.array([-along[1], along[0]])
    v, mass = np.polynomial.hermite_e.hermegauss(60)
    x = np.concatenate([half := np.linspace(0, 9, 1001), -half[1:]])  # a corner at 0
    total, (nodes, weight) = 0, np.polynomial.legendre.leggauss(8)
    for tau, w in zip((1 + nodes) / 2, weight / 2, strict=True):
        m = (1 - tau) * s + tau * t
        y = m @ across + v
        p = expit(2 * (np.outer(x, [m @ along] * 60) + m @ across * y))
        speed = 2 * way * np.abs(x) * (np.sqrt(p * (1 - p)) @ mass) / mass.sum()
        f = speed * stats.norm.pdf(x - m @ along)
        total += w * (simpson(f[:1001], x=half) + simpson(f[[0, *range(1001, 2001)]], x=half))
    assert known_road(*gaussians.tasks(1, 120)).length == pytest.approx(total, abs=1e-4)


def test_a_shift_of_two_and_of_three_classes():
    """The predictions of a moving point stay; the speed of a softmax is the standard deviation of
    the change of its logits."""
    source = GaussianTask.two(1, 0)
    target = GaussianTask.two(1, 0, centre=(1, 0))
    root = quad(lambda u: stats.norm.pdf(u) * np.sqrt(np.prod(expit([2 + 2 * u, -2 - 2 * u]))),
                -9, 9)[0]
    assert known_road(source, target).length == pytest.approx(2 * root, rel=2e-4)

    three, shift = GaussianTask.ring(3, 1.2, 20), np.array([0.6, -0.3])
    nodes, weight = np.polynomial.hermite_e.hermegauss(60)
    z = np.stack(np.meshgrid(nodes, nodes), -1).reshape(-1, 2)
    mass = np.outer(weight, weight).ravel() / weight.sum() ** 2
    change = -three.means @ shift  # of the logits, at a point that is held still
    speeds = []
    for mean in three.means:
        p = predict(three.classifier(), mean + z)
        speeds.append(np.sqrt(p @ change**2 - (p @ change) ** 2))
    moved = known_road(three, GaussianTask(three.means + shift))
    assert moved.length == pytest.approx(mass @ np.mean(speeds, 0), rel=2e-4)


def test_uncoupled_classes_that_are_exchanged():
    """No input changes and every prediction goes one way: from its first to its last value."""
    m = GaussianTask.two(1, 0)
    back = GaussianTask.two(1, 180)

    def apart(u):
        return distance(*(predict(task.classifier(), np.array([[1 + u, 0]])) for task in (m, back)))

    ends = quad(lambda u: stats.norm.pdf(u) * apart(u)[0], -9, 9)[0]
    road = known_road(m, back, "bernoulli")
    assert road.length == pytest.approx(ends, abs=3e-4)
    # a coupling that joins every point to itself is that road too: it only changes labels
    crossing = known_road(m, back, flow=[[0, 0.5], [0.5, 0]])
    assert crossing.length == pytest.approx(ends, abs=3e-4)


def test_with_shares_of_0_and_1_the_coupling_drops_out():
    pair = gaussians.tasks(1, 70)
    free = known_road(*pair, "bernoulli", steps=8)
    for option in ({"flow": CROSSED}, {"correlation": 0.3}, {"flow": CROSSED, "correlation": 0}):
        assert known_road(*pair, "bernoulli", steps=8, **option).length == pytest.approx(
            free.length, rel=1e-9)
        assert abs(known_road(*pair, "linear", steps=8, **option).length - known_road(
            *pair, "linear", steps=8).length) > 0.01


@pytest.mark.parametrize("tau", [0.001, 0.3, 0.5, 0.9])
@pytest.mark.parametrize(("mixing", "ab"), [("beta", 1), ("half-beta", 0.5)])
def test_the_nodes_of_a_random_share(mixing, ab, tau):
    """Moments of Beta(a, b) up to the sixth, and an expectation by SciPy."""
    law = stats.beta(ab * tau, ab * (1 - tau))
    m, p = shares(mixing, tau)
    assert p.sum() == pytest.approx(1) and (p > 0).all() and (0 <= m).all() and (m <= 1).all()
    for power in range(1, 7):
        assert p @ m**power == pytest.approx(law.moment(power), rel=1e-6)
    assert shares("bernoulli", tau)[1] @ shares("bernoulli", tau)[0] == pytest.approx(tau)


def test_a_cloud_is_what_its_pairs_are():
    """Moments of pairs that are drawn, with crossing, correlation and unequal widths."""
    s, t = GaussianTask([[-1, 0], [1, 0.5]]), GaussianTask([[0, -2], [0.5, 1]], sd=2)
    rng, n, tau, rho = np.random.default_rng(0), 400_000, 0.4, 0.6
    y = rng.integers(2, size=n)
    there = np.where(rng.random(n) < 0.3, 1 - y, y)
    z, other = rng.normal(size=(2, n, 2))
    m = rng.beta(tau, 1 - tau, size=(n, 1))
    x = (1 - m) * (s.means[y] + z) + m * (t.means[there] + 2 * (
        rho * z + np.sqrt(1 - rho**2) * other))
    label = (1 - m[:, 0]) * y + m[:, 0] * there
    points = plane(s, t, 0.2)
    joint = between(s, t, tau, "beta", CROSSED, rho).density(points) * 0.04
    assert joint.sum() == pytest.approx(1, abs=1e-5)
    assert joint[:, 1].sum() == pytest.approx(label.mean(), abs=5e-3)
    weight = joint.sum(1)
    assert weight @ points == pytest.approx(x.mean(0), abs=0.01)
    assert np.cov(points.T, aweights=weight, ddof=0) == pytest.approx(np.cov(x.T), abs=0.02)
    assert joint[:, 1] @ points == pytest.approx((label[:, None] * x).mean(0), abs=0.01)


def test_the_best_classifier_is_scikit_learns():
    """Three classes, halfway on the uncoupled road, where no closed form is known."""
    pair = GaussianTask.ring(3, 1), GaussianTask.ring(3, 1.5, 70)
    points = plane(*pair, 0.3)
    joint = between(*pair, 0.4, "bernoulli").density(points)
    ours = best(points, joint, pair[0].classifier())
    x, y = np.tile(points, (3, 1)), np.repeat(range(3), len(points))
    weight = joint.T.ravel() / joint.sum() * len(points)
    theirs = LogisticRegression(C=np.inf, tol=1e-9, max_iter=500).fit(x, y, weight)
    rows = np.column_stack([theirs.coef_, theirs.intercept_])
    assert ours == pytest.approx(rows - rows[0], abs=1e-4)
    assert (ours[0] == 0).all()


def test_a_task_has_the_classifier_of_bayes():
    task = GaussianTask([[-1, 0.2], [0.4, 1], [0.8, -1]], sd=1.3)
    x = np.random.default_rng(0).normal(size=(9, 2))
    joint = np.column_stack([stats.multivariate_normal(mean, 1.69).pdf(x) for mean in task.means])
    assert predict(task.classifier(), x) == pytest.approx(joint / joint.sum(1, keepdims=True))
    points = plane(task, task)
    fitted = best(points, between(task, task, 0).density(points), np.zeros((3, 3)))
    assert fitted == pytest.approx(task.classifier(), abs=1e-6)


def test_a_road_does_not_depend_on_the_axes_nor_on_the_order_of_classes():
    s, t = GaussianTask.ring(3, 1.2), GaussianTask.ring(3, 1, 50)
    length = known_road(s, t, "beta", steps=6).length
    c, d = np.cos(0.3), np.sin(0.3)
    order = [2, 0, 1]
    moved = [GaussianTask((task.means @ [[c, d], [-d, c]] + [3, 1])[order]) for task in (s, t)]
    assert known_road(*moved, "beta", steps=6).length == pytest.approx(length, rel=3e-4)
    assert known_road(*moved[::-1], "beta", steps=6).length == pytest.approx(length, rel=3e-4)


def test_the_correlation_of_an_entropic_coupling():
    """Sinkhorn's algorithm on a grid."""
    x = np.linspace(-5, 5, 201)
    mass = stats.norm.pdf(x) / stats.norm.pdf(x).sum()
    gamma = ot.sinkhorn(mass, mass, (x[:, None] - x) ** 2, 0.5)
    assert x @ gamma @ x / (mass @ x**2) == pytest.approx(entropic_correlation(0.5), abs=1e-4)


@pytest.mark.parametrize(("pair", "n", "within"), [((1, 120), 1000, 3e-3), ((2, 100), 2000, 4e-3)])
@pytest.mark.parametrize("mixing", ["linear", "beta", "bernoulli"])
def test_a_sample_has_the_length_of_its_tasks(pair, n, within, mixing):
    source, target, network, _ = gaussians.turned(*pair, n=n)
    x = target.images.double().numpy()
    assert x[target.labels == 1].mean(0) == pytest.approx(gaussians.tasks(*pair)[1].means[1])
    assert np.cov(x[target.labels == 0].T, ddof=0) == pytest.approx(np.eye(2), abs=1e-6)
    assert gaussians.exact(source, target, mixing) == pytest.approx(
        gaussians.KNOWN[pair][mixing], rel=within)
    odds = (network(source.images) @ network.weight.new_tensor([-1.0, 1.0])).detach().numpy()
    exact = gaussians.tasks(*pair)[0].classifier()[1]
    assert odds == pytest.approx(source.images.numpy() @ exact[:2] + exact[2], abs=1e-5)


def test_pairs_with_weights_are_pairs_that_come_again():
    rng = np.random.default_rng(0)
    x, there = rng.normal(size=(2, 60, 3))
    y, y_there, times = rng.integers(3, size=60), rng.integers(3, size=60), rng.integers(1, 4, 60)
    again = np.repeat(np.arange(60), times)
    once = paired_road(x, there, y, y_there, "half-beta", weights=times, steps=4)
    assert once.length == pytest.approx(paired_road(
        x[again], there[again], y[again], y_there[again], "half-beta", steps=4).length)
    assert once.lengths.sum() - once.length == pytest.approx(once.error, rel=1e-6) or (
        once.length - once.lengths.sum() == pytest.approx(once.error, rel=1e-6))


def test_refuses():
    s, t = gaussians.tasks()
    with pytest.raises(ValueError, match="same classes"):
        known_road(s, GaussianTask.ring(3, 1))
    with pytest.raises(ValueError, match="mixing must be"):
        known_road(s, t, "gamma")
    with pytest.raises(ValueError, match="rows and columns"):
        known_road(s, t, flow=[[0.5, 0], [0.1, 0.4]])
    with pytest.raises(ValueError, match="between 0 and 1"):
        known_road(s, t, correlation=2)
    with pytest.raises(ValueError, match="even number"):
        known_road(s, t, steps=3)
    with pytest.raises(ValueError, match="two points"):
        GaussianTask([1, 2])
    with pytest.raises(ValueError, match="positive"):
        GaussianTask([[0, 0], [1, 1]], sd=0)
    with pytest.raises(ValueError, match="multiple of 4"):
        s.sample(90, "s")
    with pytest.raises(RuntimeError, match="line part"):
        paired_road([[0.0], [1.0]], [[0.0], [1.0]], [0, 1], [0, 1])
