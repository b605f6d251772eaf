# %% [markdown]
# # The ledger of claims
#
# **Question.** What do the two papers claim, and what became of each claim here?
#
# One row for each: what is printed, in short and mostly in our words; what was computed here, and
# on what; the verdict, with a link to the cell that decides. Nobody typed the verdicts into a
# table. A cell that decides a claim says so, and this page collects them from all chapters; a row
# without a cell shows *no evidence*. Numbers in the third column are those of the chapters' runs.

# %% tags=["hide-input"]
import json
import sys
from pathlib import Path

import pandas as pd
import torch
from IPython.display import HTML
from myst_nb import glue
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path.cwd().parent))
from book.ledger import NO_EVIDENCE, VERDICTS, collect, counts, slug, to_csv, to_html
from tdist.hgr import soft_hgr
from tdist.manners import write_aside
from tdist.studies.results import where

ledger = collect()
write_aside("../book/_static/ledger.csv", lambda file: file.write(to_csv(ledger).encode()))
glue("ledger-rows", len(ledger), display=False)
glue("ledger-claims", int(ledger.ids.str.split().str.len().sum()), display=False)
for verdict in (*VERDICTS, NO_EVIDENCE):
    glue(f"ledger-{slug(verdict)}", int((ledger.verdict == verdict).sum()), display=False)
counts(ledger)

# %% [markdown]
# The {glue:text}`ledger-rows` rows account for {glue:text}`ledger-claims` sentences, formulas and
# figures of the papers; where several say the same, they share a row. The verdicts:
#
# - **holds**: as printed; a definition or a protocol, if it is adopted here;
# - **holds when corrected**: true once a condition, a constant or a reading is put right;
# - **does not hold**: false as printed, by proof or by count;
# - **not reproduced here**: it may hold where it was measured, and did not in our runs, or was not
#   followed;
# - **depends on the measure**: true or false according to what is measured, which the paper leaves
#   open;
# - **cannot be settled**: the text, the data or the scale that it would take are not at hand, or
#   nothing is claimed that a computation could decide.
#
# The kinds: *exact* statements; *local* ones, true in the limit of weak dependence or of short
# steps; statements on *finite samples*; and *empirical* ones, about data and trained networks. What
# is *no result* is a motive or a remark on other work.
#
# The menus choose rows. The same table as text: [ledger.csv](../book/_static/ledger.csv).

# %% tags=["hide-input"]
HTML(to_html(ledger))

# %% [markdown]
# ## Three claims about cost
#
# No chapter is about these, so they are decided here. The H-score paper says that most of the time
# of a score goes into the sample covariance. A stored race, 20,000 samples of 2,048 features:

# %% tags=["claim H-056: holds"]
race = next(iter(json.loads((where() / "h_score_speed.json").read_text("utf-8")).values()))
seconds = race["median_seconds"]
share = seconds["X^T X"] / seconds["h_score"]
print(f"the product X^T X {seconds['X^T X']:.2f} s of {seconds['h_score']:.2f} s: {share:.0%}")
assert share > 0.5, "in the stored race the product is most of the time"

# %% [markdown]
# It also says that the loss of soft HGR costs $O(m k^2)$ for a batch of $m$ samples and $k$
# features. We count the operations of its matrix products, which needs no clock.


# %% tags=["claim H-062: holds"]
def operations(m, k):
    with FlopCounterMode(display=False) as counter:
        soft_hgr(torch.ones(m, k), torch.ones(m, k))
    return counter.get_total_flops()


print(f"twice the samples: {operations(2000, 50) / operations(1000, 50):.3f} times; "
      f"twice the features: {operations(1000, 100) / operations(1000, 50):.3f} times")
assert abs(operations(2000, 50) / operations(1000, 50) - 2) < 0.1, "linear in the samples"
assert abs(operations(1000, 100) / operations(1000, 50) - 4) < 0.2, "quadratic in the features"

# %% [markdown]
# And the coupled-transfer paper handles up to 19,200 images a task. The largest stored run between
# real tasks here has 10,000. A stored benchmark took 19,200 of them along two roads:

# %% tags=["claim C-069: holds"]
speed = next(iter(json.loads((where() / "transfer_speed.json").read_text("utf-8")).values()))
large = pd.Series(speed["CNN of width 8, many images"]).drop("command")
assert large["images"] == large["block"] * large["blocks"], "every image has its place in a block"
large.to_frame("stored")

# %% [markdown]
# ## What no computation here decides
#
# Motives, remarks on other work, and what would take data or texts that are not at hand. Each with
# the reason.

# %% tags=["hide-input", "claim H-006: cannot be settled", "claim H-007: cannot be settled", "claim H-028: cannot be settled", "claim H-080: cannot be settled", "claim H-096: cannot be settled", "claim H-132: cannot be settled", "claim H-171: cannot be settled", "claim C-006: cannot be settled", "claim C-021: cannot be settled", "claim C-027: cannot be settled", "claim C-070: cannot be settled", "claim C-072: cannot be settled", "claim C-097: cannot be settled", "claim C-153: cannot be settled", "claim C-165: cannot be settled", "claim C-169: cannot be settled", "claim C-170: cannot be settled", "claim C-171: cannot be settled", "claim C-172: cannot be settled", "claim C-174: cannot be settled", "claim C-135: cannot be settled", "claim H-218: cannot be settled", "claim C-182: cannot be settled", "claim C-183: cannot be settled", "claim C-158: cannot be settled"]
said = ledger[ledger.kind == "no result"]
pd.set_option("display.max_colwidth", None)
said[["printed", "computed"]].rename(columns={"computed": "why it stays open"}).rename_axis(None)

# %% [markdown]
# ## What the page found
#
# Of {glue:text}`ledger-rows` rows {glue:text}`ledger-holds` hold as printed and
# {glue:text}`ledger-holds-when-corrected` when corrected; {glue:text}`ledger-does-not-hold` do not
# hold. {glue:text}`ledger-not-reproduced-here` were not reproduced in our runs,
# {glue:text}`ledger-depends-on-the-measure` depend on a measure that the paper does not name,
# {glue:text}`ledger-cannot-be-settled` cannot be settled here, and
# {glue:text}`ledger-no-evidence` have no cell that decides. What does not hold has a row in
# {doc}`../book/errata` as well.
