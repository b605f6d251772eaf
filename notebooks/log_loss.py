# %% [markdown]
# # Log-loss
#
# **Question.** In practice features are judged by freezing them, training a softmax layer on top,
# and reading its log-loss. Can the H-score tell that loss before the training?
#
# Appendix E of {cite:t}`hscore2019` says that the two are linearly related. This page finds the
# line, with its slope and its intercept, checks how fast it becomes exact, and repeats the
# experiment of Figure 11 in a form that is well defined.

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from tdist import Joint
from tdist.plots import COMPUTED, WRONG, orders, use_book_style

use_book_style()
rng = np.random.default_rng(0)

# %% [markdown]
# ## Softmax regression without samples
#
# A softmax layer on a feature $f : \X \to \R^k$ models $P_{Y|X}$ by
#
# $$
# Q_{Y|X}(y \mid x)
# = \frac{e^{\theta_y^\top f(x) + b_y}}{\sum_{y'} e^{\theta_{y'}^\top f(x) + b_{y'}}},
# \qquad
# L(f) = \min_{\theta, b} \; -\E_{P_{YX}}\bigl[\log Q_{Y|X}(Y \mid X)\bigr] .
# $$ (eq-softmax)
#
# $L(f)$ is the **log-loss** of $f$, in nats: what the layer reaches with unlimited data and perfect
# training. On a finite alphabet the expectation is a sum, so we minimise it exactly, with SciPy's
# BFGS and the gradient $\sum_x P_X(x) (Q_{Y|X} - P_{Y|X})\, [1, f(x)]$.

# %%
def log_loss(P, f, intercept=True):
    """L(f) of eq-softmax, and the weights (1 + k, |Y|) that reach it: b above theta."""
    f = f - P.sum(0) @ f
    z = np.column_stack([np.ones(len(f)), f]) if intercept else f

    def loss(weights):
        log_q = log_softmax(z @ weights.reshape(z.shape[1], -1), axis=1)  # (|X|, |Y|)
        gradient = z.T @ (P.sum(0)[:, None] * np.exp(log_q) - P.T)
        return -np.sum(P.T * log_q), gradient.ravel()

    run = minimize(loss, np.zeros(z.shape[1] * len(P)), jac=True, method="BFGS",
                   options={"gtol": 1e-10})
    return run.fun, run.x.reshape(z.shape[1], -1)

# %% [markdown]
# A second opinion: scikit-learn's logistic regression without a penalty, with one weighted row for
# every cell of the table.

# %%
P = rng.dirichlet(np.ones(24)).reshape(4, 6)
f = rng.standard_normal((6, 2))
y, x = np.indices(P.shape).reshape(2, -1)
peer = LogisticRegression(C=np.inf, tol=1e-10, max_iter=2000).fit(f[x], y, sample_weight=P.ravel())
peer_loss = -np.sum(P.T * peer.predict_log_proba(f))
print(f"log-loss: ours {log_loss(P, f)[0]:.8f}, scikit-learn {peer_loss:.8f} nats")
assert abs(log_loss(P, f)[0] - peer_loss) < 1e-8

# %% [markdown]
# ## The line
#
# :::{prf:proposition} Log-loss and H-score
# :label: prop-log-loss
#
# Let the conditionals $P_{X|Y=y}$ lie in the $\eps$-ball {eq}`eq-neighbourhood` around $P_X$. Then,
# in nats,
#
# $$
# \begin{aligned}
# L(f) &= H(Y \mid X) + \tfrac12\bigl(\lVert\Bt\rVert_F^2 - H(f)\bigr) + O(\eps^3) \\
# &= H(Y) - \tfrac12 H(f) + O(\eps^3) ,
# \end{aligned}
# $$ (eq-log-loss)
#
# where $H(Y)$ and $H(Y \mid X)$ are entropies and $H(f)$ is the H-score. In the limit the minimum
# is reached, for $\E f = 0$ and up to a shift common to all labels, at
#
# $$
# b_y = \log P_Y(y), \qquad \theta_y = \cov(f)^{-1} \E[f(X) \mid Y = y] .
# $$ (eq-softmax-weights)
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# Take $\E f = 0$; a shift of $f$ goes into $b$. The loss is
# $H(Y \mid X) + D(P_{YX} \Vert P_X Q_{Y|X})$, so the minimum over $(\theta, b)$ is that of a
# divergence. At $\theta = 0$, $b = \log P_Y$ it is $I(X; Y) = O(\eps^2)$, so only $Q$ within
# $O(\eps)$ of $P_Y$ matter. Such a $Q$ has $b = \log P_Y + O(\eps)$, $\theta = O(\eps)$ up to a
# common shift, and $Q_{Y|X} = P_Y\,(1 + c_y + \theta_y^\top f) + O(\eps^2)$ with
# $\sum_y P_Y(y)\, c_y = 0$ and $\sum_y P_Y(y)\, \theta_y = 0$.
#
# For two joints within $O(\eps)$ of $P_Y P_X$ the divergence is
# $\frac12\sum (P_{YX} - P_X Q)^2 / (P_Y P_X) + O(\eps^3)$. With $\Psi = [\sqrt{P_Y}]\theta$ and
# $\Xi = [\sqrt{P_X}] f$ this is
# $\frac12\lVert \Bt - \Psi\Xi^\top\rVert_F^2 + \frac12\sum_y P_Y c_y^2 + O(\eps^3)$, as the columns
# of $\Xi$ are orthogonal to $\sqrt{P_X}$. So $c = 0$, $\Psi = \Bt\,\Xi(\Xi^\top\Xi)^{-1}$, which is
# {eq}`eq-softmax-weights`, and the minimum is
# $\frac12(\lVert\Bt\rVert_F^2 - \lVert\Bt\,\Xi(\Xi^\top\Xi)^{-1/2}\rVert_F^2)
# = \frac12(\lVert\Bt\rVert_F^2 - H(f))$
# by {eq}`eq-appendix-d`. The second form of {eq}`eq-log-loss` uses
# $H(Y \mid X) = H(Y) - I(X; Y) = H(Y) - \frac12\lVert\Bt\rVert_F^2 + O(\eps^3)$
# {eq}`eq-mutual-information`.
# :::
# ::::
#
# To check it, fix two marginals, a direction $M$ with $\Bt = \eps M$, and a feature. Then shrink
# $\eps$.

# %%
rng = np.random.default_rng(3)
py, px = rng.dirichlet(np.full(4, 8.0)), rng.dirichlet(np.full(6, 8.0))
root = np.sqrt(np.outer(py, px))
M = root * rng.choice([-1, 1], size=(4, 6))
M -= np.outer(np.sqrt(py), np.sqrt(py) @ M)
M -= np.outer(M @ np.sqrt(px), np.sqrt(px))
M /= np.abs(M / root).max()  # then every conditional is in the eps-ball
entropy = -py @ np.log(py)  # H(Y)


def weak(eps):
    """The joint with marginals py, px and DTM eps M."""
    return Joint(np.outer(py, px) + eps * root * M)


assert np.abs(weak(0.5).dtm - 0.5 * M).max() < 1e-12
print("labels:", py.round(3), " squared length of M:", np.sum(M**2).round(4))

# %%
f, rows = rng.standard_normal((6, 2)), []
for eps in 2.0 ** -np.arange(1, 8):
    joint = weak(eps)
    L, H = log_loss(joint.P, f)[0], joint.h_score(f)
    conditional = entropy - joint.mutual_information()  # H(Y|X)
    rows.append([eps, H, L, L - (entropy - H / 2),
                 L - conditional - (np.sum(joint.dtm**2) - H) / 2])
table = pd.DataFrame(rows, columns=["eps", "H", "L", "first", "second"])
slopes = {name: np.diff(np.log2(table[name].abs()))[-1] / -1 for name in ("first", "second")}
print(table[["eps", "H", "L"]].round({"eps": 4, "H": 6, "L": 6}).to_string(index=False))
assert all(abs(slope - 3) < 0.1 for slope in slopes.values())
glue("loss-slope", f"{slopes['first']:.2f}", display=False)
glue("loss-slope-second", f"{slopes['second']:.2f}", display=False)

# %% mystnb={"figure": {"caption": "What the two forms of the log-loss formula leave over falls like the third power of epsilon, down to 1e-10 nats.", "name": "fig-log-loss-order"}}
fig, ax = plt.subplots()
labels = {"first": r"$L - H(Y) + H(f)/2$", "second": r"$L - H(Y|X) - (\|B\|^2 - H(f))/2$"}
_ = orders(ax, table.eps, {text: table[name].abs().to_numpy() for name, text in labels.items()})
plt.show()

# %% [markdown]
# Between the two smallest $\eps$ the residuals fall with slopes {glue:text}`loss-slope` and
# {glue:text}`loss-slope-second`. They are the terms of third order in {eq}`eq-log-loss`.
#
# The fitted weights are also known in advance: {eq}`eq-softmax-weights` is the best $g$ of soft HGR
# ({prf:ref}`prop-soft-hgr`). Training the head computes the H-score's projection.

# %%
for eps in (0.5, 0.05):
    joint, centred = weak(eps), f - px @ f
    b, theta = np.split(log_loss(joint.P, f)[1], [1])
    theta = theta - (theta @ py)[:, None]  # a shift common to all labels changes nothing
    predicted = np.linalg.solve((centred.T * px) @ centred, joint.conditional_mean(centred).T)
    error = np.linalg.norm(theta - predicted) / np.linalg.norm(predicted)
    print(f"eps = {eps}: relative distance of the fitted weights from the formula {error:.3f}")
    assert error < 0.5 * eps

# %% [markdown]
# ## Many features, one task
#
# {eq}`eq-log-loss` says that for one task all features lie on one line: slope $-\frac12$, intercept
# $H(Y)$. We draw 60 random features of dimension 2, score each, train each, and fit a line, at a
# small and at a large $\eps$.

# %%
features = rng.standard_normal((60, 6, 2))


def fit(eps, intercept=True):
    joint = weak(eps)
    H = np.array([joint.h_score(f) for f in features])
    L = np.array([log_loss(joint.P, f, intercept)[0] for f in features])
    slope, constant = np.polyfit(H, L, 1)
    line = {"eps": eps, "slope": slope, "intercept - H(Y)": constant - entropy,
            "Pearson": np.corrcoef(H, L)[0, 1]}
    return H, L, line


fits = {eps: fit(eps) for eps in (0.125, 0.9)}
small, large = (fits[eps][2] for eps in fits)
assert abs(small["slope"] + 0.5) < 0.01 and abs(small["intercept - H(Y)"]) < 1e-5
assert small["Pearson"] < -0.9995
assert abs(large["slope"] + 0.5) < 0.05 and large["Pearson"] < -0.99
for line in (small, large):
    print(f"eps = {line['eps']:5}: slope {line['slope']:.4f}, "
          f"intercept - H(Y) {line['intercept - H(Y)']:.1e}, "
          f"Pearson {line['Pearson']:.5f}")

# %% [markdown]
# At the small $\eps$ the intercept is $H(Y)$ within $10^{-5}$ and the slope $-\frac12$ within
# $0.01$. At the large one, where some conditional probabilities are nearly zero, the points spread
# a little about the same line. In bits the slope is $-1/(2\ln 2) = -0.72$.
#
# ## Without the intercept
#
# Equation 9 of the paper writes the softmax with $\theta_k^\top f$ and no $b$. That is another
# model. At $\theta = 0$ it predicts the uniform distribution instead of $P_Y$, and a centred
# feature cannot repair this.

# %%
H, L, with_b = fits[0.9]
_, L_without, without_b = fit(0.9, intercept=False)
for name, line in (("with b", with_b), ("without b", without_b)):
    print(f"{name:>9}: slope {line['slope']:.3f}, "
          f"intercept {line['intercept - H(Y)'] + entropy:.4f}, "
          f"Pearson {line['Pearson']:.4f}")
print(f"H(Y) = {entropy:.4f}, ln |Y| = {np.log(4):.4f}")
assert abs(without_b["intercept - H(Y)"] + entropy - np.log(4)) < 0.01
assert without_b["Pearson"] > -0.95

# %% mystnb={"figure": {"caption": "Log-loss against H-score of 60 features. With the intercept (blue) they lie on the predicted line; without it (dark orange) the loss is larger by ln |Y| - H(Y) and the points scatter.", "name": "fig-log-loss-intercept"}}
fig, ax = plt.subplots()
ax.plot(H, L, "o", color=COMPUTED, label="with intercept")
ax.plot(H, L_without, "s", color=WRONG, label="without intercept")
line = np.array([0, H.max()])
ax.plot(line, entropy - line / 2, "--", color="black", lw=1, label="H(Y) - H(f) / 2")
ax.set(xlabel="H-score of the feature", ylabel="log-loss (nats)")
ax.legend(loc="center right")
plt.show()

# %% [markdown]
# The same expansion around the uniform distribution says what the loss without $b$ measures:
#
# $$
# L_0(f) \approx \ln|\Y| - \tfrac12 \sum_y |\Y|\,P_Y(y)^2\; m_y^\top \cov(f)^{-1} m_y,
# \qquad m_y = \E[f \mid Y = y] .
# $$ (eq-no-intercept)
#
# The H-score is the same sum with the weights $P_Y(y)$ in place of $|\Y| P_Y(y)^2$. The two agree
# when the labels are uniform; otherwise the loss without an intercept counts frequent labels too
# much.

# %%
def no_intercept(eps):
    """Largest residual of eq-no-intercept over 20 of the features."""
    joint, out = weak(eps), []
    for f in features[:20]:
        f = f - px @ f
        means = joint.conditional_mean(f)
        share = np.sum(means @ np.linalg.inv((f.T * px) @ f) * means, axis=1)  # m_y^T cov(f)^-1 m_y
        out.append(log_loss(joint.P, f, intercept=False)[0] - np.log(4) + 2 * py**2 @ share)
    return np.abs(out).max()


coarse, fine = no_intercept(0.25), no_intercept(0.125)
print(f"largest residual at eps = 0.25: {coarse:.1e}, at 0.125: {fine:.1e}, "
      f"slope {np.log2(coarse / fine):.2f}")
assert np.log2(coarse / fine) > 2.7

# %% [markdown]
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Appendix E. (9) is a softmax without intercept, summed over samples, and is then set
# equal to the average in (11). (12) equates the fit with
# $\frac12\lVert\Bt - \Psi\Phi^\top\rVert_F^2$ for any $\Psi, \Phi$. (13) prints the norm without
# its square. (15) gives the loss as
# $\lVert\Bt^\top\Bt\rVert_F^2 - \lVert\Bt\,\Phi_S(\Phi_S^\top\Phi_S)^{-1/2}\rVert_F^2$.
#
# **Decided by.** {numref}`fig-log-loss-order` for the formula with $\frac12$ and
# $\lVert\Bt\rVert_F^2$, and {numref}`fig-log-loss-intercept` for the intercept.
#
# **True.** (9) needs the factor $1/m$ and an intercept $b_y$. (12) holds for $\Phi$ orthogonal to
# $\sqrt{P_X}$ (centred features) and $\Psi$ orthogonal to $\sqrt{P_Y}$, which the intercept and the
# shift common to all $\theta_y$ provide. (15) is $\frac12\bigl(\lVert\Bt\rVert_F^2 - H(f)\bigr)$,
# with $\lVert\Bt\rVert_F^2 = \tr(\Bt^\top\Bt)$, and is the loss above $H(Y \mid X)$.
# :::

# %%
B = weak(0.9).dtm
print(f"||B||^2 = {np.sum(B**2):.5f} = tr(B^T B), but ||B^T B||^2 = {np.sum((B.T @ B) ** 2):.5f}")
assert np.isclose(np.sum(B**2), np.trace(B.T @ B)) and np.sum((B.T @ B) ** 2) < 0.7 * np.sum(B**2)

# %% [markdown]
# ## Figure 11: features of one task, loss on another
#
# The paper's experiment: one target task, 20 source tasks that drift away from it; the best
# features of each source, scored and trained on the target. The sources need a normalisation that
# the paper leaves out:
#
# $$
# P_{Y_i|X} = \frac{P_{Y_0|X} + i\lambda I}{1 + i\lambda}, \qquad i = 1, \dots, 20,
# \qquad |\X| = |\Y| = n, \quad P_X = 1/n ,
# $$ (eq-figure-11)
#
# with the columns of $P_{Y_0|X}$ drawn from a Dirichlet distribution. The source features are the
# first $k$ modes of source $i$.
#
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Appendix E: $P_{Y_i|X} = P_{Y_0|X} + i\lambda I$, with any number of features.
#
# **Decided by.** Its columns sum to $1 + i\lambda$, so it is not a conditional distribution, and
# $I$ asks for $|\X| = |\Y|$. With $k = n - 1$ features H does not vary at all, as a cell below
# shows.
#
# **True.** {eq}`eq-figure-11`, with $k < n - 1$.
# :::

# %%
def tasks(seed, n=8, concentration=3.0, step=0.1):
    """The target joint and its 20 sources."""
    # P(y|x): columns sum to 1
    target = np.random.default_rng(seed).dirichlet(np.full(n, concentration), size=n).T
    sources = [(target + i * step * np.eye(n)) / (1 + i * step) for i in range(1, 21)]
    return Joint(target / n), [Joint(source / n) for source in sources]


def transfer(seed, k=4):
    """H-score and log-loss, on the target, of the features of each source."""
    target, sources = tasks(seed)
    pairs = [(target.h_score(f), log_loss(target.P, f)[0])
             for f in (source.modes(k).f for source in sources)]
    return target, np.transpose(pairs)


results, rows = [transfer(seed) for seed in range(5)], []
for seed, (target, (H, L)) in enumerate(results):
    r, slope = np.corrcoef(H, L)[0, 1], np.polyfit(H, L, 1)[0]
    rows.append({"seed": seed, "Pearson": r, "slope": slope, "smallest H": H.min(),
                 "largest H": H.max(),
                 "best H, k = 4": np.sum(target.singular_values[:4] ** 2)})
    assert -0.65 <= slope <= -0.40 and H.max() < rows[-1]["best H, k = 4"]
figure_11 = pd.DataFrame(rows).set_index("seed")
assert figure_11.Pearson.median() <= -0.99
glue("loss-pearson", f"{figure_11.Pearson.median():.4f}", display=False)
glue("loss-slope-low", f"{figure_11.slope.min():.2f}", display=False)
glue("loss-slope-high", f"{figure_11.slope.max():.2f}", display=False)
figure_11.round(4)

# %% mystnb={"figure": {"caption": "Figure 11 in a valid form: log-loss of the transferred features, less the entropy of the target's labels, against their H-score on the target, for five random targets with 20 sources each. The dashed line is the prediction, which has no free parameter.", "name": "fig-11"}}
fig, ax = plt.subplots(figsize=(6.0, 3.8))
for seed, ((target, (H, L)), marker) in enumerate(zip(results, "os^Dv", strict=True)):
    ax.plot(H, L + target.py @ np.log(target.py), marker, color=COMPUTED, alpha=0.7,
            label=f"target {seed}")
line = np.array([0.06, 0.29])
ax.plot(line, -line / 2, "--", color="black", lw=1, label="-H(f) / 2")
ax.set(xlabel="H-score on the target", ylabel="log-loss minus H(Y) (nats)")
ax.legend()
plt.show()

# %% [markdown]
# The median correlation is {glue:text}`loss-pearson`; the slopes lie between
# {glue:text}`loss-slope-low` and {glue:text}`loss-slope-high` around the predicted $-0.5$. These
# tasks are not weak, so the cubic terms of {eq}`eq-log-loss` show as small offsets between the
# targets. The paper shows the points and says that the relationship "is clearly linear"; its text
# gives neither slope nor correlation.
#
# ### Why $k$ must be smaller than $n - 1$
#
# A task with $n$ symbols has $n - 1$ zero-mean functions in all. With $k = n - 1$ features every
# source spans all of them: the H-score is $\lVert\Bt\rVert_F^2$ for every source, and there is
# nothing to correlate.

# %%
target, sources = tasks(seed=0)
for k in (4, 6, 7):
    H = [target.h_score(source.modes(k).f) for source in sources]
    print(f"k = {k}: H from {min(H):.4f} to {max(H):.4f}")
assert np.ptp(H) < 1e-12 and abs(H[0] - np.sum(target.dtm**2)) < 1e-12

# %% [markdown]
# ### The index is not the distance
#
# One expects a source with a larger $i$ to be farther and so worse. Mostly it is, but not always.

# %%
def h_along(seed):
    target, sources = tasks(seed)
    return np.array([target.h_score(source.modes(4).f) for source in sources])


risen = [seed for seed in range(200) if np.diff(h_along(seed)).max() > 1e-4]
print(f"in {len(risen)} of 200 targets H rises by more than 0.0001 from one source to the next, "
      f"as in seed 33:")
_, (H, L) = transfer(33)
gap = [source.singular_values[3] - source.singular_values[4] for source in tasks(33)[1]]
along = pd.DataFrame({"i": range(1, 21), "H": H, "log-loss": L,
                      "sigma_4 - sigma_5": gap}).set_index("i").round(4)
print(along.loc[[1, 10, *range(12, 18)]])
assert 33 in risen and 12 <= np.argmin(gap) <= 14 and np.argmax(np.diff(H)) in (12, 13)
assert np.corrcoef(H, L)[0, 1] < -0.99

# %% [markdown]
# Adding $i\lambda I$ moves the modes at different speeds. Near $i = 14$ the fourth and the fifth
# mode of the source pass each other: their singular values nearly meet, the features swap one mode
# for another, and the one that comes in happens to be better for the target. So H and the loss
# agree with each other, not with the index.
#
# ## What the page found
#
# With an intercept, centred features and nats, the log-loss of a softmax layer is
# $H(Y) - \frac12 H(f)$ up to terms of third order: the H-score tells the loss before the training,
# with slope and intercept known. The paper's claim of a linear relation stands; its formula needed
# the factor $\frac12$, the right norm and the intercept, and its experiment a normalisation and
# $k < n - 1$.

# %%
pd.DataFrame({"predicted": ["-0.5", "0", "3", "-0.5"],
              "found": [f"{small['slope']:.3f}", f"{small['intercept - H(Y)']:.0e}",
                        f"{slopes['first']:.2f}",
                        f"{figure_11.slope.median():.3f}"]},
             index=["slope, weak task", "intercept - H(Y), weak task (nats)",
                    "order of the residual",
                    "slope, Figure 11 (median)"])
