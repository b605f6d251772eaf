"""The map: every room of the package, from the ground up. A room imports only from rooms above it
in this list; CONTRIBUTING.md shows the same list to people."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "tdist"
FLOORS = """
manners
alphabet neighbourhoods joint tilting exponents softhgr hgr
fisher_rao geodesics shortest descent couplings
agreement.matrices agreement.rankings agreement.orders agreement.whole_matrices
agreement.same_target agreement selection affinities
inputs
folders plots
hscore.repeats hscore.moments hscore.whitening hscore.samples hscore.whitened
hscore.classsums hscore.results hscore.score hscore.intervals hscore.leverages hscore.canonical
hscore.metric hscore.canonical_metric hscore
scores.results scores.samples scores.least_squares scores.neighbours scores.evidence
scores.coding_rate scores.source_classes scores.comparison scores
pixelwise.targets pixelwise.palettes
pixelwise.whitened pixelwise.scores pixelwise.chance pixelwise
tasks.checks tasks.task tasks.sets tasks.superclasses tasks
sources networks loading pooling features
exact_roads gaussians
scenes.solids scenes.furniture scenes.layouts scenes.raycast scenes.ground_truth scenes.rooms scenes
transfer.heads transfer.settings transfer.randomness transfer.augmenting transfer.training
transfer.checks transfer.states transfer.readings transfer.drifts transfer.blocks transfer.gauges
transfer.roads transfer.results transfer.iterations transfer.distances transfer.weights
transfer.spreads transfer.surveys transfer
rivals.clouds rivals.labelled rivals.embeddings rivals.fisher rivals
vae vae_paths baselines
images auto_layers candidates kept_features ranked ranking
studies.results studies.study studies.pairs studies.drawings
studies.layers studies.which_model studies.blocks studies.budgets
studies.rooms studies.rooms_paper studies.rooms_seeds studies.rooms_tables studies.rooms_colours
studies.experiments studies.distances studies.discrepancies
studies.noise studies.noise_tables studies.looks studies.knobs studies.known_lengths
studies.block_sizes studies.trunks studies.few_shot studies.twenty_tasks
studies.twenty_tables studies.twenty_rivals
studies.spaces studies.fitted_vae studies.regime studies.at_home studies.regime_tables
studies.bridge studies.costs
studies.intervals studies.estimates studies.predictive studies.sample_needs studies.growth
studies.growth_tables
studies.shelf studies.runs studies studies.__main__
__main__
"""
ORDER = FLOORS.split()


def name_of(path):
    """The room that a file is: "hscore" for tdist/hscore/__init__.py."""
    return ".".join(
        part for part in path.relative_to(PACKAGE).with_suffix("").parts if part != "__init__"
    )


ROOMS = {name_of(path): path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"}


def imports(path):
    """Rooms that a file imports from: a name inside a room counts as the room."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for dotted in found:
            if dotted.split(".")[0] == "tdist":
                parts = dotted.split(".")[1:]
                yield next((room for end in range(len(parts), 0, -1)
                            if (room := ".".join(parts[:end])) in ROOMS), "the front door")


def test_every_room_is_on_the_map():
    assert sorted(ORDER) == sorted(ROOMS)


@pytest.mark.parametrize("room", ORDER)
def test_a_room_imports_only_from_above(room):
    above = ORDER[: ORDER.index(room)]
    assert [found for found in imports(ROOMS[room]) if found not in above] == []


def test_no_file_bears_the_name_of_a_function_that_its_package_hands_on():
    for room in ORDER:
        path = ROOMS[room]
        if path.name == "__init__.py":
            door = ast.parse(path.read_text(encoding="utf-8"))
            handed_on = {alias.asname or alias.name for node in door.body
                         if isinstance(node, ast.ImportFrom) for alias in node.names}
            assert not handed_on & {other.stem for other in path.parent.glob("*.py")}


def test_rooms_are_short():
    long = {room: count for room, path in ROOMS.items()
            if (count := len(path.read_text(encoding="utf-8").splitlines())) > 320}
    assert not long, "two ideas in one room?"


def test_the_map_in_contributing_is_this_one():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- floors -->\s*```\n(.*?)```", page, re.S)
    assert shown.group(1).split() == ORDER
