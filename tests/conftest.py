"""Fixtures that several files share."""

import pytest
import torch

from tdist.networks import SmallCNN
from tdist.transfer import coupled
from tests.transfers import QUICK, halves


def pytest_ignore_collect(collection_path):
    """With --doctest-modules pytest imports every file that it meets; scripts must not run."""
    is_script = collection_path.suffix == ".py" and not collection_path.name.startswith("test_")
    return True if is_script else None


@pytest.fixture(params=["joint colours", "indicators"])
def way(request, monkeypatch):
    """Both ways to sum features by colour: the second is a GPU's."""
    if request.param == "indicators":
        monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: False)
    return request.param


@pytest.fixture(scope="module")
def one_thread():
    """Sums of one order, so that the same numbers come bit for bit."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def digit_pair(one_thread):
    """Two tasks of digits, a network, and the coupled transfer of QUICK settings between them."""
    source, target = halves()
    torch.manual_seed(0)
    network = SmallCNN(10)
    return source, target, network, coupled(source, target, network, QUICK, progress=False)
