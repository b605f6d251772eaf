"""Tasks, data with labels, and the data sets that they come from."""

from tdist.tasks.sets import (
    cifar10,
    cifar100,
    clothing,
    data_folder,
    digits,
    download,
    fashion_mnist,
    mnist,
)
from tdist.tasks.task import Task, floats

__all__ = ["Task", "cifar10", "cifar100", "clothing", "data_folder", "digits", "download",
           "fashion_mnist", "floats", "mnist"]
