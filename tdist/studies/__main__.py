"""python -m tdist.studies NAME --scale paper: run an experiment and store its result; a second start goes on."""

import argparse

from tdist.networks import SOURCES
from tdist.studies import layers

STUDIES = {"layers": layers.paper}


def main():
    parser = argparse.ArgumentParser(prog="python -m tdist.studies", description=__doc__)
    parser.add_argument("name", choices=STUDIES)
    parser.add_argument("--scale", choices=["paper"], default="paper",
                        help="the papers' data and sizes; the live scale runs inside the notebooks")
    parser.add_argument("--source", choices=SOURCES, default="efficientnet_lite0", help="the trained network")
    args = parser.parse_args()
    STUDIES[args.name](args.source)


if __name__ == "__main__":
    main()
