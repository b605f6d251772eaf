"""Small changes of the package that no test notices, by mutmut: the rooms are in pyproject.toml.

    make mutants                             # all of them; a second call goes on
    .venv-mutants/bin/python tests/mutants.py run 'tdist.hgr*'
    .venv-mutants/bin/python tests/mutants.py show tdist.hgr.x_ace__mutmut_1

Left alone, besides what mutmut leaves alone (functions with a decorator, docstrings): words, which
are for people, in errors, warnings and elsewhere, and so an argument that only spells the one
before it, as in numbers(f, "f"), for an error to name; the arguments of zip, whose strict=True only
guards what the lines before it have made equal; doors that load a room on demand, which have
done so when the tests are collected, before a change is made; devices that are not said, or
chosen, which without a GPU is the same; and blocks that only a GPU runs.
"""

import re
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import libcst as cst
from mutmut.__main__ import cli
from mutmut.mutation import file_mutation, mutators

skip = file_mutation.MutationVisitor._skip_node_and_children
elsewhere = set()  # blocks that do not run on the CPU


def skip_words(self, node):
    """Skip errors, warnings, zips, doors, the choice of a device and what only a GPU runs."""
    if isinstance(node, cst.If):
        case = cst.Module([]).code_for_node(node.test)
        if case.endswith('device.type == "cpu"'):
            elsewhere.add(node.orelse)
        elif case.endswith('device.type != "cpu"'):
            elsewhere.add(node.body)
    if node in elsewhere:
        return True
    call = node.func if isinstance(node, cst.Call) else None
    warns = isinstance(call, cst.Attribute) and call.attr.value == "warn"
    zips = isinstance(call, cst.Name) and call.value == "zip"
    door = isinstance(node, cst.FunctionDef) and node.name.value == "__getattr__"
    target = node.targets[0].target if isinstance(node, cst.Assign) else None
    chooses = isinstance(target, cst.Name) and target.value == "device"
    return (isinstance(node, cst.Raise) or warns or zips or door or chooses
            or skip(self, node))


file_mutation.MutationVisitor._skip_node_and_children = skip_words


def arguments(node):
    """A call without one of its arguments, or with None in its place, but for devices and names."""
    codes = [cst.Module([]).code_for_node(arg).strip(", ") for arg in node.args]
    names = {code for before, code in pairwise(codes) if code == f'"{before}"'}
    for changed in mutators.operator_arg_removal(node):
        lost = [code for arg, code in zip(node.args, codes, strict=True) if arg not in changed.args]
        if not any(code in names or re.search(r"\b(devices?|_home)\b", code) for code in lost):
            yield changed


mutators.mutation_operators[:] = [
    (kind, arguments if operator is mutators.operator_arg_removal else operator)
    for kind, operator in mutators.mutation_operators if operator is not mutators.operator_string]


def report(results):
    """How many mutants of each room were killed; results is what `results --all true` prints."""
    found = re.findall(r"^\s*tdist\.([\w.]+?)\.x\S*: ([\w ]+)$", results, re.M)
    rooms = Counter(room for room, _ in found)
    left = Counter(room for room, verdict in found if verdict not in ("killed", "timeout"))
    for room, count in sorted(rooms.items()):
        print(f"{room:25} {count:5} mutants, {left[room]:4} survive")
    total, alive = sum(rooms.values()), sum(left.values())
    print(f"{'all':25} {total:5} mutants, {alive:4} survive: {1 - alive / total:.1%} killed")


if __name__ == "__main__":
    if sys.argv[1:2] == ["report"]:
        report(Path(sys.argv[2]).read_text(encoding="utf-8"))
    else:
        cli()
