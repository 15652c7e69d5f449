"""ResNet-50 beside its formula and torchvision's."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from temperature_check.initialization.correlated import CorrelatedPair, LogitNorm, correlated_weights
from temperature_check.initialization.draw import draw_weights, logit_norm
from temperature_check.networks.resnet50 import build as resnet50
from temperature_check.study.engine import EngineSettings
from temperature_check.training.tensorflow import use_device

# TensorFlow's threads are fixed at its first computation, and other tests may come later in this process.
use_device(EngineSettings())


def resnet50_parameters(classes: int, batch_norm: bool) -> int:
    """Trainable parameters by formula, for 3 channels: convolutions, and two a channel of batch norm, or a bias."""

    def convolution(inputs, outputs, size):
        return (size**2 * inputs + (2 if batch_norm else 1)) * outputs

    total, inputs = convolution(3, 64, 7), 64
    for channels, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        outputs = 4 * channels
        total += convolution(inputs, outputs, 1)
        for before in (inputs, *[outputs] * (blocks - 1)):
            total += convolution(before, channels, 1) + convolution(channels, channels, 3)
            total += convolution(channels, outputs, 1)
        inputs = outputs
    return total + (inputs + 1) * classes


@pytest.mark.parametrize("batch_norm", [True, False])
def test_parameters(batch_norm):
    network = resnet50(batch_norm, (224, 224, 3), 1000)
    trainable = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    assert trainable == resnet50_parameters(1000, batch_norm)
    assert not batch_norm or trainable == 25_557_032


def test_images_of_any_size():
    assert resnet50(True, (8, 13, 1), 10)(np.ones((2, 8, 13, 1), np.float32)).shape == (2, 10)


def test_logits_without_batch_norm_are_of_order_one():
    images = np.random.default_rng(0).normal(size=(4, 64, 64, 3)).astype(np.float32)
    keras.utils.set_random_seed(0)
    norm = float(logit_norm(resnet50(False, (64, 64, 3), 10)(images)))
    assert 0.3 < norm / np.sqrt(10) < 10


def test_correlated_copies_have_the_logit_norm_asked_for():
    def build():
        return resnet50(True, (8, 8, 1), 10)

    images = np.random.default_rng(0).normal(size=(16, 8, 8, 1)).astype(np.float32)
    pair, draw = CorrelatedPair(build(), build()), draw_weights(build(), seed=3)
    pair(images[:1])
    pair.set_weights(correlated_weights(draw, LogitNorm(pair, draw, images).solve(0.01)))
    assert float(logit_norm(pair(images, training=True))) == pytest.approx(0.01, rel=0.01)


def test_forward_pass_is_torchvisions():
    models = pytest.importorskip("torchvision.models", reason="torchvision is in the extra `compare`")
    import torch

    torch.manual_seed(0)
    peer, network = models.resnet50().eval(), resnet50(True, (64, 64, 3), 1000)
    randomize_batch_norm(peer)
    copy_weights(peer, network)
    images = np.random.default_rng(0).normal(size=(2, 64, 64, 3)).astype(np.float32)
    with torch.no_grad():
        expected = peer(torch.tensor(images).permute(0, 3, 1, 2)).numpy()
    np.testing.assert_allclose(network(images, training=False), expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def randomize_batch_norm(peer) -> None:
    """Draw the scales, shifts and moving averages of batch norm at random."""
    import torch

    for module in peer.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for values in (module.weight.data, module.running_var):
                values.uniform_(0.5, 1.5)
            for values in (module.bias.data, module.running_mean):
                values.normal_(std=0.2)


def copy_weights(peer, network) -> None:
    """Give the network the weights of torchvision's, whose layers of each kind have the same order."""
    import torch

    kinds = ((torch.nn.Conv2d, layers.Conv2D), (torch.nn.BatchNorm2d, layers.BatchNormalization))
    for theirs, ours in (*kinds, (torch.nn.Linear, layers.Dense)):
        modules = [module for module in peer.modules() if isinstance(module, theirs)]
        for module, layer in zip(modules, [layer for layer in network.layers if isinstance(layer, ours)], strict=True):
            layer.set_weights([arranged(tensor.numpy()) for tensor in module.state_dict().values() if tensor.dim()])


def arranged(array: np.ndarray) -> np.ndarray:
    """PyTorch's kernels, outputs first, as Keras has them: outputs last."""
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T
