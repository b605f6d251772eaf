"""Table 1 of the H-score paper, for the tests."""

from importlib.resources import files

import pandas as pd

table = pd.read_csv(files("tdist") / "data" / "table1.csv")
TASKS = list(table["target"].unique())


def printed(name):
    """An 8 x 8 matrix of Table 1, (sources, targets)."""
    return table.pivot(index="source", columns="target", values=name).loc[TASKS, TASKS].to_numpy()
