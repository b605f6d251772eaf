"""python -m tdist.studies NAME --scale paper: run an experiment and store its result; a second start goes on."""

import argparse
from functools import partial

from tdist.networks import SOURCES
from tdist.studies import discrepancies, distances, layers, rooms

STUDIES = {"layers": layers.paper, "rooms": rooms.paper} | {
    name: partial(discrepancies.paper, name) for name in discrepancies.STORED} | {
    name: partial(distances.paper, name) for name in distances.EXPERIMENTS}


def main():
    parser = argparse.ArgumentParser(prog="python -m tdist.studies", description=__doc__)
    parser.add_argument("name", choices=STUDIES)
    parser.add_argument("--scale", choices=["paper"], default="paper",
                        help="the papers' data and sizes; the live scale runs inside the notebooks")
    parser.add_argument("--source", choices=SOURCES, help="the trained network, of layers only (efficientnet_lite0)")
    args = parser.parse_args()
    if args.source and args.name != "layers":
        parser.error(f"--source belongs to layers, not to {args.name}")
    STUDIES[args.name](*([args.source] if args.source else []))


if __name__ == "__main__":
    main()
