"""The status page: a row a notebook, from the record of the run that made its outputs."""

import shutil
from datetime import date
from importlib.metadata import version
from types import SimpleNamespace

import nbformat
import pytest

from book import execute, status

FILES = {
    "_toc.yml": "parts:\n- numbered: true\n  chapters:\n  - file: notebooks/b\n"
                "  - file: notebooks/a\n",
    "requirements.txt": "numpy==2.0.0\n",
    "tdist/__init__.py": "three = 3\n",
    "notebooks/a.py": "# %%\nimport tdist\n\nprint(tdist.three)\n",
    "notebooks/b.py": "# %%\nprint(4)\n",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book").resolve()
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    shutil.copy(execute.ROOT / "notebooks" / "jupytext.toml", folder / "notebooks")
    assert execute.main([], root=folder) == 0
    return folder


@pytest.fixture
def book(run, tmp_path):
    return shutil.copytree(run, tmp_path.resolve() / "book")


def change(book, name, seconds):
    """As if the run had been another day."""
    path = book / "notebooks" / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["tdist"]["ran"] |= {"date": "2020-02-02", "seconds": seconds}
    nbformat.write(notebook, path)


def test_a_row_a_page_in_the_books_order(book):
    change(book, "a", 90)
    change(book, "b", 30)
    (name, chapter, ran, state), (second, *_) = status.rows(book)
    assert (name, chapter, state, second) == ("b", 1, "fresh", "a")
    assert (ran["date"], ran["torch"]) == ("2020-02-02", version("torch"))
    text = status.table(book)
    assert text.startswith("2 notebooks; none stale; the runs of 2 are recorded, 2 minutes in all.")
    row = next(line for line in text.splitlines() if "/notebooks/a`" in line)
    assert row.startswith("| 2. {doc}`/notebooks/a` | 2020-02-02 | 90 | ")
    assert f"NumPy {version('numpy')}, torch" in row and row.endswith("| fresh |")


def test_a_run_records_today_and_keeps_the_day_of_what_it_finds_again(book):
    ran = dict(next(status.rows(book))[2])
    assert date.fromisoformat(ran["date"]) <= date.today() and 0 <= ran["seconds"] < 300
    change(book, "b", 30)
    assert execute.main(["b"], root=book) == 0  # the same outputs
    assert next(status.rows(book))[2]["seconds"] == 30
    script = book / "notebooks" / "b.py"
    script.write_text("# %% [markdown]\n# prose\n\n# %%\nprint(4)\n", encoding="utf-8")
    assert execute.main([], root=book) == 0  # prose alone
    assert next(status.rows(book))[2]["seconds"] == 30
    script.write_text("# %%\nprint(5)\n", encoding="utf-8")
    assert execute.main([], root=book) == 0
    assert next(status.rows(book))[2]["date"] != "2020-02-02"


def test_stale_and_unrecorded_pages_say_so(book):
    (book / "tdist" / "__init__.py").write_text("three = 3.5\n", encoding="utf-8")
    path = book / "notebooks" / "b.ipynb"
    notebook = nbformat.read(path, as_version=4)
    del notebook.metadata["tdist"]["ran"]
    nbformat.write(notebook, path)
    first, second = status.table(book).splitlines()[-2:]
    assert f"| {status.UNKNOWN} |" in first and first.endswith("| fresh |")
    assert second.endswith("| stale |")
    assert status.table(book).startswith("2 notebooks; 1 stale; the runs of 1 are recorded")
    path.unlink()
    assert next(status.rows(book))[2:] == ({}, "stale")


def test_the_page_is_made_at_each_build():
    source = [f"words\n\n{status.PLACE}\n"]
    status.fill(None, "book/errata", source)
    assert source == [f"words\n\n{status.PLACE}\n"]
    status.fill(None, "book/status", source)
    assert "| page |" in source[0] and status.PLACE not in source[0]
    env = SimpleNamespace(found_docs={"book/status", "book/api"})
    assert status.outdated(None, env, set(), set(), set()) == {"book/status"}
    page = (status.ROOT / "book" / "status.md").read_text(encoding="utf-8")
    assert page.count(status.PLACE) == 1
