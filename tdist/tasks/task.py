"""A task: images or other data, and the class of each."""

import warnings
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn.functional import interpolate
from torch.utils.data import DataLoader, TensorDataset

from tdist.folders import read_folder
from tdist.manners import line, need, whole
from tdist.tasks.checks import checked_data, fewer, names_in_order, numbered


@dataclass(frozen=True, eq=False, repr=False)
class Task:
    """A classification task: images, or other data, and the class of each.

    Parameters
    ----------
    name : str
    images : torch.Tensor, numpy.ndarray or pandas.DataFrame
        uint8 of shape (n, channels, height, width), which networks see scaled to [-1, 1]; floats of
        any shape (n, ...), or vectors (n, k) of any real type, which they see as they are, in
        float32. Columns of different scales need standardising, by the source's means and spreads
        for both tasks.
    labels : torch.Tensor, numpy.ndarray, list or pandas.Series, shape (n,)
        Names, or whole numbers 0 to len(classes) - 1; kept as numbers, int64.
    classes : tuple, list or numpy.ndarray of str, optional
        What each label means; kept as a tuple. Where labels are names, by default these in
        alphabetical order. Tasks know their classes by these names: two tasks with a name in common
        share the class.

    Raises
    ------
    TypeError
        If a part is of the wrong kind.
    ValueError
        If the parts do not fit together, or the images hold NaN or infinity.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> points = Task("points", rng.standard_normal((4, 2)), [0, 1, 1, 0], ["in", "out"])
    >>> points
    Task(name='points', images=Tensor (4, 2), labels=Tensor (4,), classes=('in', 'out'))
    >>> len(points), points.images.dtype
    (4, torch.float32)
    >>> Task("points", [[0.1, 2.0], [0.3, 1.0], [0.2, 3.0]], ["out", "in", "out"])
    Task(name='points', images=Tensor (3, 2), labels=Tensor (3,), classes=('in', 'out'))
    """

    name: str
    images: torch.Tensor
    labels: torch.Tensor
    classes: tuple = None

    __repr__ = line

    def __post_init__(self):
        classes = self.classes if self.classes is None else names_in_order("classes", self.classes)
        labels, classes = numbered(self.labels, classes)
        for field, value in (("images", checked_data(self.name, self.images)),
                             ("labels", labels), ("classes", classes)):
            object.__setattr__(self, field, value)
        if self.labels.shape != self.images.shape[:1]:
            raise ValueError(f"{len(self.images)} images need as many labels, got labels of shape "
                             f"{tuple(self.labels.shape)}")
        if self.labels.min() < 0 or self.labels.max() >= len(self.classes):
            raise ValueError(f"labels must lie in 0 to {len(self.classes) - 1}, one for each name "
                             f"in classes; got {self.labels.min()} to {self.labels.max()}")
        if len(set(self.classes)) < len(self.classes):
            raise ValueError(f"two classes have the same name: {list(self.classes)}")

    def __len__(self):
        return len(self.labels)

    @classmethod
    def from_folder(cls, path, size=None, name=None, *, images=None, seed=0, skip_broken=False,
                    progress=True):
        """A task from a folder that has a sub-folder of pictures for each class, in colour.

        It reads what :func:`tdist.rank` reads: pictures of any mode and depth, nested folders and
        upper-case endings. What is left out, such as an empty class, is named by a warning.

        Parameters
        ----------
        path : str or pathlib.Path
        size : int, optional
            Resize each picture to size x size; by default all must have one shape.
        name : str, optional
            Of the task; by default the folder's.
        images : int, optional
            Read no more than these, each class with its share, drawn by `seed`.
        skip_broken : bool
            Leave out files that cannot be read, in place of an error.
        progress : bool
            Show a progress bar.

        Raises
        ------
        FileNotFoundError
            If there is no such folder, or no sub-folder with pictures in it.
        ValueError
            If a file cannot be read or the shapes differ, with its path; if there is one class
            only, or the folder holds splits (train, test) in place of classes.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from PIL import Image
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in ("cats", "dogs"):
        ...     (folder / name).mkdir()
        ...     Image.new("L", (20, 30)).save(folder / name / "1.png")
        >>> Task.from_folder(folder, size=8, name="pets", progress=False)
        Task(name='pets', images=Tensor (2, 3, 8, 8), labels=Tensor (2,), classes=('cats', 'dogs'))
        """
        size = None if size is None else whole("size", size, 1)
        folder = read_folder(path)

        def pixels(image):
            image = image if size is None else image.resize(
                (size, size), need("PIL.Image").Resampling.BILINEAR)
            return torch.from_numpy(np.array(image)).permute(2, 0, 1)

        folder, read = folder.sample(images, seed).read(pixels, skip_broken, progress)
        if folder.notes:
            warnings.warn(f"{folder.path.name}: " + "; ".join(folder.notes), stacklevel=2)
        read, folder = list(read.values()), folder.numbered()
        for file, image in zip(folder.files, read, strict=True):
            if image.shape != read[0].shape:
                raise ValueError(f"{file} is {tuple(image.shape[1:])}, and the first image "
                                 f"{tuple(read[0].shape[1:])}; pass size= to bring them to one")
        return cls(name or folder.path.absolute().name, torch.stack(read), folder.labels,
                   folder.classes)

    def subset(self, size, seed=0):
        """`size` images drawn without replacement.

        Parameters
        ----------
        size : int
        seed : int

        Examples
        --------
        >>> from tdist.tasks import digits
        >>> digits().subset(3).labels.tolist()
        [7, 7, 6]
        """
        if not 0 < size <= len(self):
            raise ValueError(f"size must be between 1 and {len(self)}, got {size}")
        generator = torch.Generator().manual_seed(int(seed))
        chosen = torch.randperm(len(self), generator=generator)[:size]
        return replace(self, images=self.images[chosen], labels=self.labels[chosen])

    def only(self, names, name=None):
        """The images of some classes, which are renumbered in the order of `names`.

        Parameters
        ----------
        names : sequence of str, or str
            A string is the name of one class.
        name : str, optional
            Renames the task.

        Examples
        --------
        >>> from tdist.tasks import digits
        >>> digits().only(["7", "3"], "seven or three")  # doctest: +NORMALIZE_WHITESPACE
        Task(name='seven or three', images=Tensor (239, 1, 8, 8), labels=Tensor (239,),
             classes=('7', '3'))
        """
        chosen = (names,) if isinstance(names, str) else names_in_order("names", names)
        if missing := [one for one in chosen if one not in self.classes]:
            letters = isinstance(names, str) and set(names) <= set(self.classes)
            raise ValueError(f"{self.name} has no class {missing}; it has {list(self.classes)}" + (
                f". A string is one name: for a class a letter pass tuple({names!r})"
                if letters else ""))
        if not chosen:
            raise ValueError("names is empty: name at least one class")
        number = torch.full((len(self.classes),), -1)
        number[[self.classes.index(one) for one in chosen]] = torch.arange(len(chosen))
        labels = number.to(self.labels.device)[self.labels]
        return replace(self, name=name or self.name, images=self.images[labels >= 0],
                       labels=labels[labels >= 0], classes=chosen)

    def resized(self, size, channels=None):
        """The task in another shape: size x size by bilinear interpolation with antialiasing, and
        grey copied to `channels` channels.

        Parameters
        ----------
        size : int
        channels : int, optional
            By default as many as there are.

        Examples
        --------
        >>> from tdist.tasks import digits
        >>> digits().subset(2).resized(32, channels=3).images.shape
        torch.Size([2, 3, 32, 32])
        """
        own = self._channels()
        if channels not in (None, own) and own != 1:
            raise ValueError(f"only grey images can be given other channels; {self.name} has {own}"
                             f"{fewer(own)}")
        images = torch.cat([interpolate(part.float(), (size, size), mode="bilinear", antialias=True)
                            for part in self.images.split(1000)])
        if self.images.dtype == torch.uint8:
            images = images.round().clamp(0, 255).to(torch.uint8)
        return replace(self, images=images.expand(-1, channels or -1, -1, -1).contiguous())

    def loader(self, size, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), batch_size=250):
        """Batches (images, labels) for an ImageNet network.

        Three channels, `size` x `size`, and (value - mean) / std of values that are uint8 / 255 or
        floats in [0, 1].

        Parameters
        ----------
        size : int
        mean, std : tuple of three floats
            What the network was trained with.
        batch_size : int

        Examples
        --------
        >>> from tdist.tasks import digits
        >>> images, labels = next(iter(digits().loader(96, batch_size=10)))
        >>> tuple(images.shape), len(labels)
        ((10, 3, 96, 96), 10)
        """
        if (own := self._channels()) not in (1, 3):
            raise ValueError(f"a loader takes images of 1 or 3 channels; {self.name} has {own}"
                             f"{fewer(own)}")
        low, high = self.images.min(), self.images.max()
        if self.images.dtype != torch.uint8 and not 0 <= low <= high <= 1:
            raise ValueError(f"{self.name} has floats from {low:.3g} to {high:.3g}; a loader takes "
                             "floats in [0, 1]: rescale the images, or store them as uint8")
        mean, std = torch.tensor(mean).view(3, 1, 1), torch.tensor(std).view(3, 1, 1)

        def prepare(batch):
            images, labels = map(torch.stack, zip(*batch, strict=True))
            images = images / 255 if images.dtype == torch.uint8 else images
            images = (images.expand(-1, 3, -1, -1) - mean) / std
            images = interpolate(images, (size, size), mode="bilinear", antialias=True)
            return images.contiguous(memory_format=torch.channels_last), labels

        return DataLoader(TensorDataset(self.images, self.labels), batch_size, collate_fn=prepare)

    def _channels(self):
        if self.images.ndim != 4:
            raise ValueError(f"{self.name} has no images (n, channels, height, width) but data of "
                             f"shape {tuple(self.images.shape)}")
        return self.images.shape[1]


def floats(images):
    """Images as networks take them: uint8 to [-1, 1], floats as they are."""
    return images.float() / 127.5 - 1 if images.dtype == torch.uint8 else images.float()
