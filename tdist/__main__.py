"""The command line: ``tdist rank`` and ``tdist score``; see ``tdist --help``."""

import argparse
import sys
import warnings
from pathlib import Path

GENERAL = """\
Which model, which layer to build on for your labelled images - before anything is trained.

  tdist rank photos --model lite0 --model torchvision:resnet50
  tdist score features.npy labels.csv

photos is a folder with a sub-folder for each class. `tdist rank --help` says the rest."""

RANK = """\
Score the layers of models on a folder of labelled images, best first.

FOLDER has a sub-folder of images for each class; nested folders belong to the class at the top.
Files that are no images are left out and named. Give training and validation images together, and
keep the test images out: what chose the model cannot judge it."""

RANK_MORE = """\
examples:
  tdist rank photos --model lite0
        the layers of one network, whose weights are installed: no download
  tdist rank photos --model lite0 --model timm:resnet50.a1_in1k --model torchvision:vit_b_16
        three networks, each with its own preprocessing; weights are downloaded once
  tdist rank photos --model lite0 --score knn
        another score of the same features, which were kept: no pass
  tdist rank photos --model lite0 --images 2000 --out table.csv --plot chart.png
        a sample of 2,000 images, class by class; the table as CSV, the chart as a picture

scores (higher is better):
  loo       accuracy of the least-squares map, each image guessed from all others (default)
  knn       accuracy of the nearest neighbours, likewise; when in doubt try both
  mean      accuracy of the nearest class mean, likewise
  h         the H-score; compares layers of one width only
  adjusted  the H-score without what chance gives
  held_out  the H-score that a map fitted to so many images reaches on new ones
  shrunk    the H-score with shrinkage
  logme, transrate   rivals of it

how many images: candidates that differ on a tenth of the images are told apart by 3 points of
accuracy with 1,000 images, by 13 with 60; '=' marks what cannot be told apart from the best.

memory: one batch while a model runs, then one layer at a time: some copies of 8 bytes x images x
features. On disk: 4 bytes x images x features of all layers; for 100,000 images and lite0 0.8 GB.

exit codes: 0 something was ranked, 1 nothing was, 2 the command or the data cannot be meant."""

SCORE = """\
Score features that you have: a matrix with one row a sample, and its labels."""

SCORE_MORE = """\
features.npy    a matrix (samples, features); or .npz with one, or .csv of numbers
labels.csv      a label a line, with or without a header; of several columns the one named label,
                class or target, or the last; or .npy

example:
  tdist score features.npy labels.csv --score h --score loo"""


def main(arguments=None):
    """Run the command line; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # names of files may be anything
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda said, *_, **__: print(f"note: {said}", file=sys.stderr)
            return options.run(options)
    except KeyboardInterrupt:
        print("stopped; the same command goes on where it was", file=sys.stderr)
        return 130
    except (OSError, TypeError, ValueError, ModuleNotFoundError) as error:
        print(f"tdist: {error}", file=sys.stderr)
        return 2


def _parser():
    how = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("tdist", description=GENERAL, formatter_class=how)
    commands = parser.add_subparsers(metavar="rank | score", required=True)
    ranks = commands.add_parser("rank", help="which model, which layer, for a folder of images",
                                description=RANK, epilog=RANK_MORE, formatter_class=how)
    ranks.set_defaults(run=_rank)
    ranks.add_argument("folder", metavar="FOLDER", type=Path)
    ranks.add_argument("--model", metavar="NAME", action="append", required=True, dest="models",
                       help="lite0, lite1, lite2, timm:NAME or torchvision:NAME; again for more")
    ranks.add_argument("--layers", default="auto", metavar="NAMES",
                       help="auto (default): the ends of the stages and what the classifier sees; "
                       "or names with commas between them, as layer3,layer4")
    ranks.add_argument("--score", default="loo", metavar="NAME", help="loo (default); see below")
    ranks.add_argument("--images", type=_count, metavar="N", help="score N images only")
    ranks.add_argument("--seed", type=int, default=0, metavar="N", help="of that draw")
    ranks.add_argument("--out", type=Path, metavar="TABLE.csv", help="write the table, row by row")
    ranks.add_argument("--plot", type=Path, metavar="CHART.png", help="draw the ranking")
    ranks.add_argument("--cache", type=Path, metavar="FOLDER",
                       help="keep features here; by default in the user's cache folder")
    ranks.add_argument("--skip-broken", action="store_true",
                       help="leave files out that cannot be read")
    ranks.add_argument("--batch", type=_count, default=64, metavar="N",
                       help="images that go through a model at once (64)")
    ranks.add_argument("--workers", type=int, default=0, metavar="N",
                       help="processes that read images (0: none but this)")
    ranks.add_argument("--device", metavar="cuda", help="where the models run")
    ranks.add_argument("--quiet", action="store_true", help="the table alone")
    scores = commands.add_parser("score", help="how good given features are for given labels",
                                 description=SCORE, epilog=SCORE_MORE, formatter_class=how)
    scores.set_defaults(run=_score)
    scores.add_argument("features", metavar="FEATURES", type=Path)
    scores.add_argument("labels", metavar="LABELS", type=Path)
    scores.add_argument("--score", metavar="NAME", action="append", dest="scores",
                        help="h, loo, knn, logme (default), adjusted, held_out, shrunk, mean, "
                             "transrate")
    return parser


def _count(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def _rank(options):
    from tdist.manners import need
    from tdist.ranking import rank

    if options.plot:
        need("matplotlib").use("Agg")
        if not options.plot.parent.is_dir():
            raise FileNotFoundError(f"{options.plot.parent} does not exist; create it first")
    layers = options.layers if options.layers == "auto" else options.layers.split(",")
    found = rank(options.models, options.folder, layers, options.score, images=options.images,
                 seed=options.seed, out=options.out, cache=options.cache,
                 skip_broken=options.skip_broken, batch=options.batch, workers=options.workers,
                 device=options.device, progress=not options.quiet)
    print(found)
    if not found.table["score"].notna().any():
        return 1
    if options.plot:
        found.plot().savefig(options.plot, dpi=150)
    for path in (options.out, options.plot):
        if path:
            print(f"written: {path}")
    return 0


def _score(options):
    from tdist.scores import compare

    features, labels = _features(options.features), _labels(options.labels)
    if len(labels) == len(features) + 1 and options.labels.suffix.lower() != ".npy":
        print(f"note: {labels[0]!r} is taken for the header of {options.labels}", file=sys.stderr)
        labels = labels[1:]
    if len(features) != len(labels):
        raise ValueError(f"{options.features} has {len(features)} rows, and {options.labels} "
                         f"{len(labels)} labels")
    found = compare(features, labels, options.scores or ("h", "loo", "knn", "logme"))
    print(f"{len(features):,} samples, {features.shape[1]:,} features, {len(set(labels)):,} "
          "classes")
    for name, result in found.items():
        print(f"{name:10}{float(result):8.4f}  {_beside(result)}".rstrip())
    return 0


def _beside(result):
    """What it takes to read a score."""
    if hasattr(result, "bound"):
        p = f"; p = {result.pvalue:.2g}" if result.pvalue == result.pvalue else ""
        return (f"of at most {result.bound}; by chance {result.chance:.4f}; adjusted "
                f"{result.adjusted:.4f}{p}")
    if hasattr(result, "error"):
        return f"± {result.error:.4f}; by chance {result.chance:.4f}"
    return ""


def _features(path):
    """A matrix (n, k) of a file."""
    import numpy as np

    if path.suffix.lower() == ".csv":
        return _csv(path, "features").to_numpy()
    values = _numpy(path, np)
    if values.ndim != 2 or values.dtype.kind not in "fiub":
        raise ValueError(f"{path} holds {values.dtype} of shape {values.shape}; features are "
                         "numbers (samples, features)")
    return values


def _labels(path):
    """Labels (n,) of a file, as a list."""
    import numpy as np

    if path.suffix.lower() not in (".csv", ".txt", ".tsv"):
        return _numpy(path, np).reshape(-1).tolist()
    frame = _csv(path, "labels")
    named = [name for name in frame.columns
             if str(name).lower() in ("label", "labels", "class", "target", "y")]
    return frame[named[0] if named else frame.columns[-1]].tolist()


def _numpy(path, np):
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there")
    try:
        values = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path} is no .npy, .npz or .csv file: {error}") from None
    if hasattr(values, "files"):
        if len(values.files) != 1:
            raise ValueError(f"{path} holds {', '.join(values.files)}; it must hold one array")
        values = values[values.files[0]]
    return values


def _csv(path, what):
    """A table, whose first line is a header if it is unlike the others."""
    from tdist.manners import need

    pd = need("pandas")
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there")
    options = {"sep": "\t" if path.suffix.lower() == ".tsv" else ",", "header": None, "dtype": str,
               "keep_default_na": False, "skipinitialspace": True}
    try:
        frame = pd.read_csv(path, **options)
    except (ValueError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    numbers = frame.apply(pd.to_numeric, errors="coerce")
    rest = numbers.iloc[1:].notna().any(axis=0)
    header = bool((numbers.iloc[0].isna() & rest).any()) or (
        what == "labels" and str(frame.iloc[0, -1]).lower() in ("label", "labels", "class",
                                                                "target", "y"))
    if header:
        frame.columns = frame.iloc[0]
        frame, numbers = frame.iloc[1:], numbers.iloc[1:]
    if what == "labels":
        return frame
    if numbers.isna().any(axis=None):
        row, column = (int(i[0]) for i in numbers.isna().to_numpy().nonzero())
        raise ValueError(f"{path} holds {frame.iloc[row, column]!r} in row {row + 1}, column "
                         f"{column + 1}; features are numbers")
    return numbers


if __name__ == "__main__":
    sys.exit(main())
