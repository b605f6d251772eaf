"""What the outputs of a notebook depend on, as hashes: its code, the files of this project that its
run read, and the pins. All the same whether lines end in LF or CRLF."""

import ast
import hashlib
import json
import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import source_from_cache
from pathlib import Path

FOLDERS = "tdist", "notebooks", "book"  # whose files count when a run reads them
DATA = "data", "results"


def digest(*parts):
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def content(path):
    """Hash of a file, None if there is none."""
    if not path.is_file():
        return None
    data = path.read_bytes()
    data = data if b"\0" in data else data.replace(b"\r\n", b"\n")
    return hashlib.sha256(data).hexdigest()


def code(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def text(notebook):
    """Hash of what the two files of a pair share."""
    return digest([(cell.cell_type, cell.source, sorted(cell.metadata.get("tags", [])),
                    cell.metadata.get("mystnb"), cell.get("attachments") or None)
                   for cell in notebook.cells])


def outputs(notebook):
    """Hash of the code cells with what stands under each."""
    return digest([(cell.source, cell.execution_count, cell.outputs)
                   for cell in notebook.cells if cell.cell_type == "code"])


def stamp(notebook, files, root):
    """Hash of everything that the outputs depend on, given the files that a run read."""
    lines = (root / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = sorted(line for line in lines if line and not line.startswith("#"))
    paths = {root / file for file in files}
    paths = sorted(paths | named(notebook, paths, root))
    used = [(path.relative_to(root).as_posix(), content_of_door(path, paths) or content(path))
            for path in paths]
    return digest(code(notebook), pins, used)


def circumstances(seconds):
    """When, for how long, and on what a run that ends now ran."""
    return {"date": datetime.now(UTC).date().isoformat(), "seconds": round(seconds),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(), "numpy": version("numpy"),
            "torch": version("torch")}


def named(notebook, paths, root):
    """Results that the code names, data that it or the modules name, whether its run read them or
    not: a page may ask if a result is there, and another process is not watched."""
    written = "\n".join(code(notebook))
    found = {path for path in (root / "notebooks" / "results").glob("*.json")
             if path.stem in written}
    modules = [path.read_text(encoding="utf-8") for path in paths
               if path.suffix == ".py" and path.is_file()]
    found |= {path for path in (root / "tdist" / "data").glob("*")
              if any(path.name in source for source in (written, *modules))}
    if re.search(r"-m[\s\"',]+tdist\b", written):
        found |= set((root / "tdist").rglob("*.py"))
    return found


def read_by(opened, root):
    """Of the files that a kernel opened, those of this project, from its root."""
    found = set()
    for path in map(Path, opened):
        if path.suffix == ".pyc" and path.parent.name == "__pycache__":
            path = Path(source_from_cache(path))
        if path.is_relative_to(root) and "__pycache__" not in path.parts:
            path = path.relative_to(root)
            # one that is not there counts where another run may find it: data and results
            if path.parts[0] in FOLDERS and ((root / path).is_file() or path.parent.name in DATA):
                found.add(path.as_posix())
    return sorted(found)


def times(root):
    """When each file that may be read was changed; not bytecode and files in the making, which come
    and go."""
    paths = [path for folder in FOLDERS for path in (root / folder).rglob("[!.]*")
             if path.is_file() and "__pycache__" not in path.parts]
    return {path: path.stat().st_mtime_ns for path in paths}


def content_of_door(path, paths):
    """What counts of a package's door that hands on by lazy_loader.attach: its code without the
    version, and what the call says of the modules in use, so that a name added for another one
    changes nothing. None for other files, of which all counts."""
    if path.name != "__init__.py" or not path.exists():
        return None
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)
             and ast.unparse(node.func) == "lazy_loader.attach"]
    if len(calls) != 1:
        return None
    given = dict(zip(("package_name", "submodules", "submod_attrs"), calls[0].args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in calls[0].keywords}
    try:
        modules = ast.literal_eval(given["submodules"]) if "submodules" in given else ()
        names = ast.literal_eval(given["submod_attrs"]) if "submod_attrs" in given else {}
    except ValueError:
        return None  # computed, not written down
    used = {other.relative_to(path.parent).parts[0].removesuffix(".py")
            for other in paths if other.is_relative_to(path.parent)}
    calls[0].args, calls[0].keywords = [], []
    lines = [line for node in tree.body
             if not (line := ast.unparse(node)).startswith("__version__ =")]
    return lines, sorted((module, module in modules, sorted(names.get(module, ())))
                         for module in {*modules, *names} if module.split(".")[0] in used)
