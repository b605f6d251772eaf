"""Which output stands for which class: against hand-made losses and lengths."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from tdist import fisher_rao
from tdist.transfer.heads import Head


def test_gated_head_by_hand():
    head = Head(("a", "b"), ("b", "c"))
    assert head.classes == ("a", "b", "c")
    before, after = torch.tensor([[0.3, -1.0, 2.0]]), torch.tensor([[1.0, 0.5, -0.7]])
    d_s, d_t = (fisher_rao.distance(before[:, own].softmax(1), after[:, own].softmax(1)).item()
                for own in ([0, 1], [1, 2]))
    found = head.step(before, after, 0.3).item()
    assert found == pytest.approx(np.sqrt(0.7 * d_s**2 + 0.3 * d_t**2), rel=1e-5)
    kl = fisher_rao.root_kl(before[:, [0, 1]].softmax(1), after[:, [0, 1]].softmax(1))
    assert head.step(before, after, 0.0, "kl").item() == pytest.approx(kl.item(), rel=1e-5)
    # source label 1 is b, target label 1 is c
    of_source, of_target = -before[0, [0, 1]].log_softmax(0), -before[0, [1, 2]].log_softmax(0)
    one = torch.tensor([1])
    assert head.loss(before, one, one, torch.tensor([0.2])).item() == pytest.approx(
        (0.8 * of_source[1] + 0.2 * of_target[1]).item())
    assert head.target_loss(before, one).item() == pytest.approx(of_target[1].item())
    assert head.source_loss(before, torch.tensor([0])).item() == pytest.approx(of_source[0].item())


def test_one_softmax_has_the_mixed_labels_of_equation_8():
    logits = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    mix = torch.linspace(0, 1, 6)
    y_s, y_t = torch.tensor([0, 1, 0, 1, 0, 1]), torch.tensor([1, 1, 0, 0, 1, 0])
    for kind, place in (("union", 2), ("index", 0)):
        size = 4 if kind == "union" else 2
        head = Head(("a", "b"), ("c", "d"), kind)
        one_hot = torch.eye(size)
        mixed = (1 - mix)[:, None] * one_hot[y_s] + mix[:, None] * one_hot[y_t + place]
        expected = cross_entropy(logits[:, :size], mixed).item()
        found = head.loss(logits[:, :size], y_s, y_t, mix).item()
        assert found == pytest.approx(expected, rel=1e-5)


def test_of_two_tasks_of_different_sizes_index_has_the_larger_ones_softmax():
    head, logits = Head(("a", "b", "c"), ("d", "e"), "index"), torch.tensor([[0.3, -1.0, 2.0]])
    assert (head.size, head.classes) == (3, None)
    for label in (0, 1):
        found = head.target_loss(logits, torch.tensor([label])).item()
        assert found == pytest.approx(-logits[0].log_softmax(0)[label].item())


def test_union_of_disjoint_tasks_is_pi_apart():
    """A sure classifier that moves from a class of the source to one of the target."""
    head, gated = Head(("a", "b"), ("c", "d"), "union"), Head(("a", "b"), ("c", "d"))
    before, after = torch.tensor([[60.0, 0, 0, 0]]), torch.tensor([[0, 0, 60.0, 0]])
    assert head.step(before, after, 0.5).item() == pytest.approx(np.pi, abs=1e-6)
    # from sure to undecided, twice
    assert gated.step(before, after, 0.5).item() == pytest.approx(np.pi / 2, abs=1e-6)


def test_correct_looks_at_the_targets_own_classes():
    logits, labels = torch.tensor([[9.0, 0.0, 1.0], [9.0, 1.0, 0.0]]), torch.tensor([1, 1])
    for kind in ("gated", "union"):
        assert Head(("a",), ("b", "c"), kind).correct(logits, labels).tolist() == [True, False]
    index = Head(("a",), ("b", "c"), "index")
    assert index.correct(logits[:, :2], torch.tensor([0, 1])).tolist() == [True, False]


def test_head_errors():
    with pytest.raises(ValueError, match="head must be one of"):
        Head(("a",), ("b",), "both")
    with pytest.raises(ValueError, match=r"no output for \['c'\]"):
        Head(("a",), ("c",), classes=("a", "b"))
    with pytest.raises(ValueError, match="an output twice"):
        Head(("a",), ("b",), classes=("a", "b", "a"))
    for given in ({"source": "ab", "target": ("c",)}, {"source": ("c",), "target": "ab"},
                  {"source": ("a",), "target": ("b",), "classes": "ab"}):
        with pytest.raises(TypeError, match=r"the string 'ab'; .* tuple\('ab'\)"):
            Head(**given)
