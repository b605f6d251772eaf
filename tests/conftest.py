"""Fixtures that several files share."""

import pytest
import torch


@pytest.fixture(params=["joint colours", "indicators"])
def way(request, monkeypatch):
    """Both ways to sum features by colour: the second is a GPU's."""
    if request.param == "indicators":
        monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: False)
    return request.param
