"""Folders of images as people have them: one sub-folder a class, whatever else lies about, pictures
of any mode and depth as RGB, broken files by name."""

import os
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tdist.manners import line, need

ENDINGS = {".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm",
           ".pgm", ".pbm"}
SPLITS = {"train", "training", "val", "valid", "validation", "dev", "test", "testing", "eval"}
SYSTEM = {"thumbs.db", "desktop.ini", "__macosx"}  # and whatever begins with a dot


@dataclass(frozen=True, eq=False, repr=False)
class Folder:
    """Images of a folder with one sub-folder a class; ``folder[i]`` is (RGB image of PIL, label).

    Attributes
    ----------
    path : Path
    files : tuple of Path
        By class and by name; those of nested folders belong to the class at the top.
    labels : numpy.ndarray, shape (n,)
    classes : tuple of str
    notes : tuple of str
        What was left out, and what to know of the classes.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> path = Path(tempfile.mkdtemp())
    >>> for name in ("cats", "dogs"):
    ...     (path / name).mkdir()
    ...     Image.new("L", (20, 30)).save(path / name / "1.PNG")
    >>> folder = read_folder(path)
    >>> len(folder), folder.classes, folder[0][0].mode
    (2, ('cats', 'dogs'), 'RGB')
    """

    path: Path
    files: tuple
    labels: np.ndarray
    classes: tuple
    notes: tuple = ()

    __repr__ = line

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        return picture(self.files[i]), int(self.labels[i])

    def identity(self, i):
        """What tells that a file is the one it was: its place, size and time of change."""
        file = self.files[i]
        found = file.stat()
        return os.fsencode(file.relative_to(self.path)) + (
            f"\0{found.st_size}\0{found.st_mtime_ns}".encode())

    def sample(self, images=None, seed=0):
        """At most so many images, each class with its share."""
        if images is None or images >= len(self):
            return self
        return self.of(sample(self.labels, images, seed))

    def of(self, rows):
        """The images of some rows; classes keep their numbers."""
        return replace(self, files=tuple(self.files[i] for i in rows), labels=self.labels[rows])

    def read(self, use=lambda image: None, skip_broken=False, progress=True):
        """The folder of the files that can be read to their end, and use(picture) of each of them,
        {row: what use gave}.

        Raises ValueError if a file cannot be read and none is to be skipped, or if what is left is
        of one class.
        """
        found, broken = {}, []
        for i, file in enumerate(tqdm(self.files, desc=f"reading {self.path.name}", unit=" files",
                                      disable=not progress)):
            try:
                found[i] = use(picture(file))
            except (OSError, ValueError) as error:
                broken.append(str(error))
        if not broken:
            return self, found
        what = "\n  ".join(broken[:5] + ["..."] * (len(broken) > 5))
        if not skip_broken:
            raise ValueError(f"{len(broken)} of {len(self)} files cannot be used; mend or delete "
                             f"them, or leave them out by skip_broken (--skip-broken):\n  {what}")
        left = self.of(list(found))
        if len(np.unique(left.labels)) < 2:
            raise ValueError(f"{self.path} is left with images of one class only; it takes two to "
                             "be told apart")
        notes = (*left.notes, f"{len(broken)} broken files left out:\n  {what}")
        if gone := set(self.labels.tolist()) - set(left.labels.tolist()):
            notes += (f"no images left in {_some([self.classes[y] for y in sorted(gone)])}: left "
                      "out of the classes",)
        return replace(left, notes=notes), found

    def numbered(self):
        """Without the classes that have no files, and the others numbered from 0."""
        present, codes = np.unique(self.labels, return_inverse=True)
        return replace(self, labels=codes, classes=tuple(self.classes[y] for y in present))


def read_folder(path):
    """The :class:`Folder` at a path, its files listed and not yet read.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or it has no images in sub-folders.
    ValueError
        If it has one class only, or holds splits (train, test) in place of classes.
    """
    path = Path(path).expanduser()
    if not path.is_dir():
        what = "is a file" if path.exists() else "is not there"
        raise FileNotFoundError(f"{path.absolute()} {what}; name a folder that has a sub-folder of "
                                "images for each class")
    entries = [entry for entry in sorted(path.iterdir()) if not _hidden(entry.name)]
    folders = [entry for entry in entries if entry.is_dir()]
    _refuse_splits(path, folders)
    pictures, others = {}, [entry for entry in entries if not entry.is_dir()]
    for folder in folders:
        pictures[folder.name], left = _listed(folder)
        others += left
    classes = tuple(name for name, files in pictures.items() if files)
    if not classes:
        loose = sum(_is_picture(file) for file in others)
        raise FileNotFoundError(f"{path.absolute()} has no images in sub-folders" + (
            f", and {loose} beside them: put the images of each class into a folder of its own"
            if loose else f"; endings that count: {' '.join(sorted(ENDINGS))}"))
    if len(classes) == 1:
        inside = [entry for entry in (path / classes[0]).iterdir() if entry.is_dir()]
        raise ValueError(f"{path.absolute()} has one class, {classes[0]!r}; it takes two to "
                         "be told apart" + (
                             f". Did you mean {path / classes[0]}?" if len(inside) > 1 else ""))
    files = tuple(file for name in classes for file in pictures[name])
    labels = np.repeat(np.arange(len(classes)), [len(pictures[name]) for name in classes])
    return Folder(path, files, labels, classes, tuple(_notes(pictures, others)))


def picture(file):
    """A file as an RGB image of PIL: the first frame, turned as its camera says, 16 bits brought
    to 8, and what is transparent put on white.

    Raises
    ------
    ValueError, OSError
        If it cannot be read to its end; with its path.
    """
    Image, ImageOps = need("PIL.Image"), need("PIL.ImageOps")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of palettes and of EXIF that is not quite right
            with Image.open(file) as image:
                image.load()
                image = ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{file} cannot be read: {error}") from error
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65_535:
            raise ValueError(f"{file} has more than 16 bits a pixel; store it with 8")
        return Image.fromarray((values // 257).astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        raise ValueError(f"{file} holds fractions, whose white is not known; store it with 8 bits")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def sample(labels, images, seed=0):
    """Rows (images,) of a sample in which each class has its share, and at least one image.

    >>> labels = np.repeat([0, 1, 2], [60, 30, 2])
    >>> np.bincount(labels[sample(labels, 10)])
    array([6, 3, 1])
    """
    counts = np.bincount(labels)
    present = np.flatnonzero(counts)
    if images < 2 * len(present):
        raise ValueError(f"images={images} is fewer than two for each of the {len(present)} "
                         "classes; take more")
    quota = np.zeros(len(counts))
    quota[present] = np.maximum(counts[present] * images / counts.sum(), 1)
    take = np.floor(quota).astype(int)
    while take.sum() > images:  # classes of one image have taken from the largest
        take[take.argmax()] -= 1
    rest = np.argsort(take - quota, kind="stable")[: images - take.sum()]
    take[rest] += 1
    rng = np.random.default_rng(seed)
    return np.sort(np.concatenate([rng.permutation(np.flatnonzero(labels == y))[: take[y]]
                                   for y in present]))


def _hidden(name):
    return name.startswith(".") or name.lower() in SYSTEM


def _is_picture(file):
    return file.suffix.lower() in ENDINGS


def _listed(folder):
    """Pictures below a folder, and files that are none, sorted; a loop of links is walked once."""
    pictures, others, seen = [], [], set()
    for here, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(here)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not _hidden(name))
        for name in sorted(files):
            if not _hidden(name):
                file = Path(here, name)
                (pictures if _is_picture(file) else others).append(file)
    return pictures, others


def _refuse_splits(path, folders):
    names = [folder.name for folder in folders]
    if len(names) < 2 or not {name.lower() for name in names} <= SPLITS or not all(
            any(entry.is_dir() for entry in folder.iterdir()) for folder in folders):
        return
    first = min(names, key=lambda name: "train" not in name.lower())
    raise ValueError(f"{path} holds the splits {', '.join(names)}, not classes: score "
                     f"{path / first}, and keep the test images for the end. To score training and "
                     "validation images together, put them into one folder")


def _notes(pictures, others):
    if empty := [name for name, files in pictures.items() if not files]:
        yield f"no images in {_some(empty)}: left out of the classes"
    if single := [name for name, files in pictures.items() if len(files) == 1]:
        yield (f"one image only in {_some(single)}: too few to learn it and to judge it")
    if others:
        yield f"{len(others)} files left out, no images in sub-folders: " + _some(
            [file.name for file in others])


def _some(names):
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
