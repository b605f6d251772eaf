"""python -m tdist.studies: the experiments of the book and your own, what is stored and what is
missing; run one, or compute its cheap units again."""

import argparse
import sys

from tdist.studies.results import FOLDERS, load, path_of
from tdist.studies.runs import BACKENDS, check, find, run, state
from tdist.studies.study import STUDIES, load_file


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tdist.studies", description=__doc__)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--from", dest="source", metavar="FILE.py",
                        help="a file of yours that registers a study")
    shared.add_argument("--out", metavar="FOLDER",
                        help=f"where results are stored ({' or '.join(FOLDERS)} here)")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("list", parents=[shared], help="what is stored and missing (the default)")
    runs = commands.add_parser("run", parents=[shared], help="compute what is not stored yet; a "
                               "killed run goes on")
    checks = commands.add_parser("check", parents=[shared], help="compute the cheap units again, "
                                 "and compare with what is stored")
    for one in (runs, checks):
        one.add_argument("name", help="of a study")
    runs.add_argument("--unit", action="append", metavar="KEY", help="this unit only; may repeat")
    runs.add_argument("--jobs", type=int, default=1, help="units side by side (1)")
    runs.add_argument("--backend", choices=BACKENDS, default="loky", help="joblib's, for --jobs "
                      "above 1: this machine, or a Dask or Ray cluster that you have")
    args = parser.parse_args(arguments)
    args.source, args.out = (getattr(args, name, None) for name in ("source", "out"))
    try:
        return {"run": _run, "check": _check}.get(args.command, _list)(args)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        print(f"tdist.studies: {error}", file=sys.stderr)
        return 1


def _list(args):
    if args.source:
        load_file(args.source)
    missing, here = {}, ""
    for name, study in STUDIES.items():
        try:
            found = state(name, folder=args.out)
            share = f"{len(found.done)} of {len(found.done) + len(found.left)} units stored"
        except FileNotFoundError as error:
            share, here = "", f"stored: {error}"
        print(f"{name:24} {share:28} {study.takes}")
        for data, look in study.needs.items():
            missing.setdefault(data, look)
    if here:
        print(here)
    for data, look in missing.items():
        try:
            look()
        except OSError as error:
            print(f"missing: {data}: {error}")
    return 0


def _run(args):
    before = set(state(args.name, source=args.source, folder=args.out).done)
    path = path_of(args.name, args.out)
    if before >= set(args.unit or find(args.name).jobs()):
        print(f"{path} has {'these units' if args.unit else 'all its units'}; nothing to do")
    else:
        after = run(args.name, source=args.source, keys=args.unit, folder=args.out, jobs=args.jobs,
                    backend=args.backend)
        print(f"{path}: {len(after.done)} units stored, {len(after.left)} left")
    for key in args.unit or ():
        print(f"{key}: {load(args.name, args.out)['units'][key]}")
    return 0


def _check(args):
    found = check(args.name, source=args.source, folder=args.out)
    for one in found:
        print(f"{'holds' if one.holds else 'FAILS'}: {one.key} differs from the stored one by "
              f"{one.deviation:.2%} at most; {one.tolerance:.2%} is allowed")
    return int(not all(one.holds for one in found))


if __name__ == "__main__":
    sys.exit(main())
