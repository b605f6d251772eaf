"""The status page: when, how long and on what each notebook last ran, from the records that
book/execute.py leaves in the .ipynb files. Sphinx makes the table at each build, so it is as new as
they are, and nothing goes stale by it."""

import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
# Sphinx has this file's folder on the path, and not the book's
sys.path.insert(0, str(ROOT))

from book.execute import Trouble, book  # noqa: E402

PLACE = "STATUS-OF-THE-NOTEBOOKS"
UNKNOWN = "not recorded"


def rows(root=ROOT):
    """(page, chapter, its record of the last run or {}, "fresh" or "stale") in the book's order."""
    for pair, chapter in book(root).items():
        try:
            ran = nbformat.read(pair.ipynb, as_version=4).metadata["tdist"]["ran"]
        except (OSError, ValueError, KeyError, nbformat.ValidationError):
            ran = {}
        try:
            state = "stale" if pair.judge()[0] == "run" else "fresh"
        except Trouble:
            state = "stale"
        yield pair.name, chapter, ran, state


def table(root=ROOT):
    """The page's table and its sums, as Markdown."""
    found = list(rows(root))
    lines = ["| page | outputs of | seconds | machine | versions | outputs |",
             "| --- | --- | ---: | --- | --- | --- |"]
    for name, chapter, ran, state in found:
        page = f"{f'{chapter}. ' if chapter else ''}{{doc}}`/notebooks/{name}`"
        versions = ran and "Python {python}, NumPy {numpy}, torch {torch}".format(**ran)
        lines.append(f"| {page} | {ran.get('date', UNKNOWN)} | {ran.get('seconds', '')} | "
                     f"{ran.get('machine', '')} | {versions or ''} | {state} |")
    times = [ran["seconds"] for *_, ran, _ in found if ran]
    stale = sum(state == "stale" for *_, state in found)
    return "\n".join([
        f"{len(found)} notebooks; {stale or 'none'} stale; the runs of {len(times)} are recorded, "
        f"{sum(times) / 60:.0f} minutes in all.", "", *lines])


def fill(app, docname, source):
    if docname == "book/status":
        source[0] = source[0].replace(PLACE, table())


def outdated(app, env, added, changed, removed):
    """The page is made at each build."""
    return {"book/status"} & set(env.found_docs)


def setup(app):
    app.connect("source-read", fill)
    app.connect("env-get-outdated", outdated)
    return {"version": "1", "parallel_read_safe": True}
