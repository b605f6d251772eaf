# %% [markdown]
# # Two sources are better than one?
#
# **Question.** A new task may build on two trained networks at once, with their features side by
# side. How much is the second one worth, and how much of that is chance?
#
# **Answer.** The second source adds the score of what the first does not explain of it
# ({prf:ref}`prop-second-order`): no upper bound follows from the two single scores. A useless one
# adds to the raw score as well, by a known amount ({prf:ref}`prop-useless-source`), and rare
# classes of unusual samples raise even the adjusted score ({prf:ref}`prop-leverage`).
#
# {cite:t}`hscore2019` extend the score to several sources "by computing the H-score of the
# concatenated features" and apply it to all pairs of eight sources (Section 5.2). This page has the
# theory; {doc}`pairs_of_sources` has the pairs.

# %% tags=["hide-input"]
from itertools import permutations

import numpy as np
import pandas as pd
import torch
from myst_nb import glue
from sklearn.datasets import load_iris

from tdist import Joint, h_score
from tdist.pixelwise import whiten
from tdist.pixelwise.chance import corrected, leverage

torch.set_num_threads(1)
rng = np.random.default_rng(0)

# %% [markdown]
# ## What the second source adds
#
# :::{prf:proposition} The score of two sources
# :label: prop-second-order
#
# *Exact, for any sample.* Let $a$ and $b$ be the features of two sources on the same $m$ samples,
# and $r = b - \hat b(a)$ the residual of the linear regression of $b$ on $a$. Then the features
# side by side have
#
# $$
# H(a, b) = H(a) + H(r) ,
# $$ (eq-second-order)
#
# the ranks of $a$ and $r$ add up to that of $(a, b)$, and $\max\bigl(H(a), H(b)\bigr) \le H(a, b)
# \le |\Y| - 1$. If $a$ and $b$ are uncorrelated, $H(a, b) = H(a) + H(b)$.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# Write $F_a$ for the projection of $\R^m$ on the span of the centred columns of $a$, and $G$ for
# the one on the span of the centred class indicators. Then $\hat H(a) = \tr(F_a G)$, and only the
# span of the features matters. The columns of $(a, b)$ span the same space as those of $(a, r)$,
# and $r$ is orthogonal to $a$. So $F_{ab} = F_a + F_r$: traces with $G$ add, and so do ranks.
# $\tr(F_r G) \ge 0$, hence $H(a, b) \ge H(a)$; the roles of $a$ and $b$ can be exchanged. And
# $\tr(F_{ab} G) \le \tr G = |\Y| - 1$. If $a$ and $b$ are uncorrelated, $r = b$.
# :::
# ::::
#
# So the pair costs no new covariance matrix of twice the size: whiten $a$, regress $b$ on it,
# whiten what is left. Here are the sepals and the petals of the iris data as two sources.

# %% tags=["claim H-124: holds"]
iris, species = load_iris(return_X_y=True)
sepal, petal = iris[:, :2], iris[:, 2:]
fit, *_ = np.linalg.lstsq(sepal - sepal.mean(0), petal - petal.mean(0), rcond=None)
residual = petal - petal.mean(0) - (sepal - sepal.mean(0)) @ fit
H = {name: float(h_score(x, species))
     for name, x in (("sepal", sepal), ("petal", petal), ("residual", residual),
                     ("both", iris))}
assert abs(H["sepal"] + H["residual"]
           - H["both"]) < 1e-9, "it holds for any two sources"
print({name: round(value, 4) for name, value in H.items()})

# %% [markdown]
# Sepals and the residual of the petals add up to all four. Sepals and petals as they are do not:
# they share much of what they know, and their sum would exceed the bound $|\Y| - 1 = 2$.
#
# ### Less than the sum, and more
#
# Is the score of a pair never more than the sum of the two? That would be so if the second source
# could only repeat. But it can also *clean* the first. Let $Y = \pm 1$ and let $N = \pm 1$ be a
# nuisance without any relation to $Y$, both fair coins. Take $a = N + sY$ and $b = N$.

# %%
# four inputs x = (y, n), each with probability 1/4
y, n = np.repeat([-1, 1], 2), np.tile([-1, 1], 2)
joint = Joint(np.array([[0.25, 0.25, 0, 0], [0, 0, 0.25, 0.25]]))
rows = []
for s in (1, 0.5, 0.1, 0.01):
    a, b = n + s * y, n
    rows.append([s, *(joint.h_score(f.reshape(4, -1)) for f in (a, b, np.c_[a, b]))])
found = pd.DataFrame(rows, columns=["s", "H(a)", "H(b)", "H(a, b)"]).set_index("s")
message = "in the book's example of fair coins; edit freely"
assert np.allclose(found["H(a)"], found.index**2 / (1 + found.index**2)), message
assert np.allclose(found["H(b)"], 0) and np.allclose(found["H(a, b)"], 1), message
found.round(4)

# %% [markdown]
# $H(a) = s^2/(1 + s^2)$ is as small as we like and $H(b) = 0$, yet together they know the label:
# $a - b = sY$. So **no upper bound follows from the two single scores**, apart from $|\Y| - 1$ and
# the number of features. A source that is worth nothing alone can be worth everything in a pair.
#
# One exception: if both scores are exactly 0, all class means are equal, and then those of the pair
# are as well. So 0 and 0 make 0, even where the two together determine the label, as for $Y = a b$
# with fair coins $a$ and $b$. A second-order score is still a score of linear functions.

# %%
both = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])  # (4, 2)
product = both.prod(1, keepdims=True)
xor = Joint(np.array([[0, 0.25, 0.25, 0], [0.25, 0, 0, 0.25]]))
assert np.allclose(xor.h_score(both), 0), message
assert np.isclose(xor.h_score(product), 1), message
print(f"H(a, b) = {xor.h_score(both):.1f}, H(ab) = {xor.h_score(product):.1f}, "
      f"I(X; Y) = {xor.mutual_information():.4f} nats")

# %% [markdown]
# ## What chance adds
#
# By {eq}`eq-second-order` a second source never lowers the score. Even pure noise raises it.
#
# :::{prf:proposition} A useless second source
# :label: prop-useless-source
#
# *Exact in the mean, for any sample.* Let $a$ have rank $k_a$, and let $r$ span a random space of
# dimension $k_b$, uniform in the complement of $a$, as for Gaussian noise $b$. Then
#
# $$
# \E H(a, b) = H(a) + \frac{k_b\,(|\Y| - 1 - H(a))}{m - 1 - k_a} ,
# $$ (eq-useless-source)
#
# and the mean of the adjusted score {eq}`eq-adjusted` of $(a, b)$ is the adjusted score of $a$.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# The centred complement of $a$ has dimension $m - 1 - k_a$, and $G$ has the trace $|\Y| - 1 - H(a)$
# there. A uniform projection of rank $k_b$ has the mean $k_b/(m - 1 - k_a)$ times the identity of
# that space, which gives {eq}`eq-useless-source`. Hence $|\Y| - 1 - \E H(a, b) = (|\Y| - 1 -
# H(a))\,\frac{m - 1 - k_a - k_b}{m - 1 - k_a}$; put it into
# $H_{\text{adj}} = |\Y| - 1 - (|\Y| - 1 - H)\frac{m - 1}{m - 1 - k}$ with $k = k_a + k_b$.
# :::
# ::::
#
# Twenty columns of noise beside the iris petals, 300 times:

# %% tags=["hide-input"]
a = float(h_score(petal, species))
with_noise = [h_score(np.c_[petal, rng.standard_normal((150, 20))], species) for _ in range(300)]
raw, adjusted = np.array([[float(r), r.adjusted] for r in with_noise]).T
expected = a + 20 * (2 - a) / (149 - 2)
error = raw.std() / np.sqrt(300)
message = "the mean of 300 runs is within four of its standard errors of the formula"
assert abs(raw.mean() - expected) < 4 * error, message
assert abs(adjusted.mean() - h_score(petal, species).adjusted) < 4 * error * 149 / 127, message
print(f"petals alone {a:.4f}, with noise {raw.mean():.4f}, by the formula {expected:.4f}")
print(f"adjusted: alone {h_score(petal, species).adjusted:.4f}, with noise {adjusted.mean():.4f}")

# %% [markdown]
# The adjusted score does not reward noise. What would a useless second source add in the paper's
# experiment, with 20,000 images, 2,048 features a source and 16 colours, to the first-order score
# of 1.8216 that its Table 1 prints for 2D Edges?

# %%
useless = 2048 * (15 - 1.8216) / (19_999 - 2048)
glue("pairs-useless", f"{useless:.2f}", display=False)
print(f"{useless:.4f}")

# %% [markdown]
# About {glue:text}`pairs-useless`: nearly as much again. A raw second-order score is comparable
# with other pairs, not with single sources.
#
# **Change this and run**: how much noise makes the petals look perfect?

# %%
NOISE = 100  # ← change this: 1 to 140 columns beside the two of the petals
draws = np.random.default_rng(1)
noisy = [h_score(np.c_[petal, draws.standard_normal((150, NOISE))], species)
         for _ in range(20)]
print(f"bound 2; petals alone {a:.3f}, with noise "
      f"{np.mean([r.statistic for r in noisy]):.3f}, "
      f"by the formula {a + NOISE * (2 - a) / (149 - 2):.3f}, "
      f"adjusted {np.mean([r.adjusted for r in noisy]):.3f}")

# %% [markdown]
# ### Rare colours
#
# There is a second way for chance to enter, and {eq}`eq-adjusted` does not see it. With whitened
# features $z_i$ the score is a sum of products within classes,
#
# $$
# \hat H = \frac1m \sum_c \frac{1}{n_c} \sum_{i, j \in c} z_i^\top z_j ,
# $$ (eq-own-products)
#
# where $n_c$ is the number of samples of class $c$. The products of a sample with *itself*, its
# **leverage** $\ell_i = \lVert z_i \rVert^2$, know nothing about classes. They average $k$, and
# {eq}`eq-chance` supposes that they do so in each class. But a rare colour, such as that of an
# edge, sits in unusual pictures, whose features are large.
#
# :::{prf:proposition} Chance with unequal leverages
# :label: prop-leverage
#
# *Exact, for any sample.* Let $\bar\ell_c$ be the mean leverage of class $c$. Then $\hat H$
# contains $\frac1m \sum_c
# \bar\ell_c$ of products of samples with themselves. Adjusting for these in place of $\frac1m
# \sum_c k$ gives
#
# $$
# H_{\text{lev}} = H_{\text{adj}} - \frac{m - 1}{m - 1 - k}\,\frac1m
#                  \sum_c \bigl(\bar\ell_c - k\bigr) ,
# $$ (eq-leverage)
#
# which has mean 0 over shuffled labels. If the features have a known mean 0, are whitened without
# centring, and are independent and symmetric about 0 in every class, *with whatever spread*, then
# the products of different samples have mean exactly 0.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# The first statement is {eq}`eq-own-products` with $i = j$. Under shuffling $\bar\ell_c$ has mean
# $\frac1m \sum_i \ell_i = \tr(Z^\top Z)/m = k$, so the correction has mean 0, and so has
# $H_{\text{adj}}$. For the last statement change the sign of one sample $x_i$: this leaves the
# distribution and $\sum_j x_j x_j^\top$ as they were, and turns $z_i$ into $-z_i$. So $z_i^\top
# z_j$ has the mean of $-z_i^\top z_j$, which is 0.
# :::
# ::::
#
# Centring breaks the last statement a little; $H_{\text{adj}}$ takes the mean of that into account.
# We try features without any signal: 400 samples, 60 features, a background class and six rare
# classes of ten samples whose features are 1.3 times as large.

# %% tags=["hide-input"]
label = np.r_[np.zeros(340, int), 1 + np.arange(60) % 6]
spread = np.where(label == 0, 1, 1.3)[:, None]
nothing = []
for _ in range(100):
    white = whiten(rng.standard_normal((400, 60)) * spread)
    score = white.h_score(label, progress=False)
    nothing.append([float(score), float(score.adjusted),
                    float(corrected(score, label, leverage(white)))])
nothing = np.array(nothing)
error = nothing.std(0) / 10
assert abs(nothing[:, 2].mean()) < 4 * error[2], "features without signal, of any spread"
assert nothing[:, 1].mean() > 20 * error[1], "in the book's example the rare classes stand out"
print("H {:.2f}, adjusted {:.2f}, with leverages {:.2f}".format(*nothing.mean(0)))
glue("pairs-nothing", f"{nothing[:, 1].mean():.2f}", display=False)

# %% [markdown]
# The adjusted score reports {glue:text}`pairs-nothing` where there is nothing; with
# {eq}`eq-leverage` it is gone. Where all classes are of a kind, the two scores agree. The
# correction is a sum of $|\Y|$ terms divided by $m$: like the chance level it falls with $k/m$.
# Leverages of two sources add, as their scores do, so {eq}`eq-leverage` holds for pairs as it
# stands.
#
# ## What the page found
#
# | the paper says | this page finds |
# | --- | --- |
# | the score extends to several sources by concatenation | yes, and {eq}`eq-second-order` gives it without a larger covariance |
# | (not asked) is a pair bounded by its two scores? | only from below: two sources of scores near 0 can know the label together |
# | (not asked) what does a useless source add? | to the raw score what {eq}`eq-useless-source` says, at the paper's size {glue:text}`pairs-useless`; to the adjusted one nothing on average |
# | (not asked) is the adjusted score safe for rare colours? | no: unequal leverages need {eq}`eq-leverage` |

# %% [markdown]
# ## Exercises
#
# :::{exercise}
# :label: ex-pairs-half
#
# How many columns of noise beside a source bring the raw score, on average, half of the way from
# $H(a)$ to its bound? On what does that depend?
# :::
#
# ````{solution-start} ex-pairs-half
# :class: dropdown
# ````
# By {eq}`eq-useless-source` half of $\lvert\Y\rvert - 1 - H(a)$ is added at
# $k_b = (m - 1 - k_a)/2$: half of the samples that are left, whatever the features, the labels and
# the number of classes. For the petals $(149 - 2)/2 = 73.5$:

# %%
rng = np.random.default_rng(0)
way = {}
for name, source in (("petals", petal), ("sepals", sepal)):
    start = float(h_score(source, species))
    ends = [float(h_score(np.c_[source, rng.standard_normal((150, k))], species))
            for k in (73, 74) for _ in range(50)]
    way[name] = (np.mean(ends) - start) / (2 - start)
    error = np.std(ends) / 10 / (2 - start)
    assert abs(way[name] - 0.5) < 4 * error, "for any features and labels"
print({name: round(float(share), 3) for name, share in way.items()})

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-pairs-orders
#
# Add the four measures of the iris one after the other, in all 24 orders; each gains what
# {eq}`eq-second-order` says. What do all orders have in common? How far apart are the largest and
# the smallest gain of one measure, and when would they be equal?
# :::
#
# ````{solution-start} ex-pairs-orders
# :class: dropdown
# ````
# The gains of an order add up to the score of all four, for any order. What a measure gains depends
# on who came before: least where others have said it already, most where they have said nothing, or
# where they clean it. All its gains are equal if the measures are uncorrelated. So "how much of the
# score is due to this source" has no answer without an order; the mean over orders is one
# convention.

# %%
gains = {column: [] for column in range(4)}
for order in permutations(range(4)):
    totals = [0.0] + [float(h_score(iris[:, order[: i + 1]], species))
                      for i in range(4)]
    assert abs(np.sum(np.diff(totals))
               - H["both"]) < 1e-9, "for any order of any features"
    for column, gain in zip(order, np.diff(totals), strict=True):
        gains[column].append(gain)
names = ["sepal length", "sepal width", "petal length", "petal width"]
pd.DataFrame({"least": map(min, gains.values()), "mean": map(np.mean, gains.values()),
              "most": map(max, gains.values())}, names).round(3)

# %% [markdown]
# ````{solution-end}
# ````
