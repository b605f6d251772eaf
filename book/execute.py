"""Run the notebooks whose outputs are stale and store what they print.

    python book/execute.py            # run what is stale
    python book/execute.py 01 04      # run these, stale or not
    python book/execute.py --all      # run everything
    python book/execute.py --check    # run nothing, exit 1 if anything is stale

The text of a notebook is notebooks/NAME.py; its outputs are in NAME.ipynb, which only this program writes.
The .ipynb carries a stamp: a hash of its code cells, of the rooms of tdist/ that they reach by import, of the
stored results they name, and of requirements.txt. A change of prose alone keeps the outputs.
"""

import argparse
import ast
import hashlib
import os
import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
PACKAGE, RESULTS = ROOT / "tdist", ROOT / "notebooks" / "results"


def scripts():
    """The notebooks' .py files."""
    return sorted((ROOT / "notebooks").glob("*.py"))


def room(name):
    """The file of a dotted name inside tdist, or None: "tdist.joint.Joint" is defined in tdist/joint.py."""
    parts = name.split(".")
    for end in range(len(parts), 1, -1):
        path = ROOT.joinpath(*parts[:end])
        for candidate in (path.with_suffix(".py"), path / "__init__.py"):
            if candidate.exists():
                return candidate
    return None


def names(source):
    """Dotted names of tdist that a piece of code uses, through imports or as tdist.attribute."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("tdist."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tdist":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute):
            dotted = ast.unparse(node)
            if dotted.startswith("tdist."):
                yield dotted


def lobby():
    """What the package's front door hands on: {"tdist.ace": "tdist.hgr.ace", ...}."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    return {f"tdist.{alias.asname or alias.name}": f"{node.module}.{alias.name}"
            for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}


def reached(source):
    """Files of tdist/ that a notebook's code depends on, by following imports."""
    doors, files, todo = lobby(), set(), list(names(source))
    while todo:
        name = todo.pop()
        head = ".".join(name.split(".")[:2])
        path = room(doors.get(head, head) + name[len(head):])
        if path and path not in files:
            files.add(path)
            todo += names(path.read_text())
    return sorted(files)


def stamp(notebook):
    """Hash of everything that the outputs of a notebook depend on."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    source = "\n".join(code)
    stored = [path for path in sorted(RESULTS.glob("*.json")) if path.stem in source]
    digest = hashlib.sha256("\0".join(code).encode())
    for path in [*reached(source), *stored, ROOT / "requirements.txt"]:
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def inputs(notebook):
    """What the two files of a pair must share."""
    return [(cell.cell_type, cell.source, sorted(cell.metadata.get("tags", [])), cell.metadata.get("mystnb"))
            for cell in notebook.cells]


def read(script):
    """The script as a notebook with fixed cell ids."""
    notebook = jupytext.read(script)
    for i, cell in enumerate(notebook.cells):
        cell.id = f"cell-{i:02d}"
    return notebook


def stale(script):
    """Why NAME.ipynb does not hold the outputs of NAME.py; '' if it does, 'text differs' if only prose moved."""
    ipynb = script.with_suffix(".ipynb")
    if not ipynb.exists():
        return "never run"
    source, stored = read(script), nbformat.read(ipynb, as_version=4)
    if stored.metadata.get("tdist", {}).get("stamp") != stamp(source):
        return "code, rooms, results or pins changed"
    if any(cell.cell_type == "code" and cell.execution_count is None for cell in stored.cells):
        return "has cells that were never run"
    return "" if inputs(source) == inputs(stored) else "text differs"


def store(notebook, script):
    """Write NAME.ipynb without anything that differs between two runs."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    notebook.metadata = nbformat.from_dict({
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "tdist": {"stamp": stamp(notebook)}})
    nbformat.write(notebook, script.with_suffix(".ipynb"))


def run(script):
    """Execute the notebook in a clean kernel and store it."""
    notebook = read(script)
    # coalesced, or two runs differ in how they cut one stream into pieces
    NotebookClient(notebook, timeout=900, kernel_name="python3", coalesce_streams=True,
                   resources={"metadata": {"path": str(script.parent)}}).execute()
    store(notebook, script)


def keep_outputs(script):
    """Bring new prose into NAME.ipynb and keep the outputs, whose code is the same."""
    notebook, stored = read(script), nbformat.read(script.with_suffix(".ipynb"), as_version=4)
    old = iter([cell for cell in stored.cells if cell.cell_type == "code"])
    for cell in notebook.cells:
        if cell.cell_type == "code":
            before = next(old)
            cell.outputs, cell.execution_count = before.outputs, before.execution_count
    store(notebook, script)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="run these, by the start of their names")
    parser.add_argument("--all", action="store_true", help="run everything")
    parser.add_argument("--check", action="store_true", help="run nothing; exit 1 if anything is stale")
    args = parser.parse_args()
    os.environ["PYTHONHASHSEED"] = "0"
    failed = False
    for script in scripts():
        why = stale(script)
        asked = args.all or any(script.name.startswith(name) for name in args.names)
        if args.check:
            failed |= bool(why)
            print(f"{script.name}: {why or 'fresh'}")
        elif asked or (why and not args.names):
            print(f"{script.name}: {why or 'asked for'}", flush=True)
            keep_outputs(script) if why == "text differs" and not asked else run(script)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
