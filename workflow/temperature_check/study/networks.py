"""Kinds of networks: their settings, and facts about them that are known without building one.

Each kind is a class. The module of `networks` with the name of the kind builds it.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from temperature_check.study.types import Count, Settings


class NetworkSettings(Settings):
    """Settings and facts that all kinds have."""

    reads: ClassVar[tuple[Literal["images", "sequences", "text", "numbers"], ...]] = ("images",)
    """What the network can read; examples of its task's data must be one of these."""
    convolutional: ClassVar[bool] = False
    """Whether it has convolutions, which take longest on a CPU."""

    @property
    def module(self) -> str:
        """The module that builds the network, by its name below the package."""
        return f"networks.{self.kind}"

    @property
    def degree(self) -> int | None:
        """The degree L in which logits are homogeneous in the weights, if biases are zero; None if they are not."""
        return None


class MLP(NetworkSettings):
    """A multi-layer perceptron on the flattened input."""

    reads = ("images", "sequences", "numbers")

    kind: Literal["mlp"]
    """Kind of network."""
    widths: Annotated[tuple[Count, ...], Field(min_length=1)]
    """Units of each hidden layer."""
    activation: Literal["relu", "tanh", "gelu"] = "relu"
    """Non-linearity of the hidden layers."""

    @property
    def degree(self) -> int | None:
        """The number of layers with weights, if units are ReLUs."""
        return len(self.widths) + 1 if self.activation == "relu" else None


def _wide_resnet_depth(depth: int) -> int:
    if depth % 6 != 4:
        lower = max(depth - (depth - 4) % 6, 10)
        raise ValueError(f"should be 6n+4, such as {lower} or {lower + 6}")
    return depth


class WideResNet(NetworkSettings):
    """A wide residual network, WRN-depth-width, whose convolutions are over images or along sequences."""

    reads = ("images", "sequences")
    convolutional = True

    kind: Literal["wide_resnet"]
    """Kind of network."""
    depth: Annotated[Count, AfterValidator(_wide_resnet_depth)]
    """Number of layers, 6n+4 for n blocks in each of the three groups."""
    width: Count
    """Multiple of the channels 16, 32, 64."""
    batch_norm: bool = True
    """Whether layers have batch norm. Without it, the sum of a block's branches is scaled."""


class ResNet50(NetworkSettings):
    """ResNet-50, version 1.5, for images of any size."""

    convolutional = True

    kind: Literal["resnet50"]
    """Kind of network."""
    batch_norm: bool = True
    """Whether layers have batch norm. Without it, the sum of a block's branches is scaled."""


class GRU(NetworkSettings):
    """Gated recurrent units that read an image or a sequence, one or several rows a step."""

    reads = ("images", "sequences")

    kind: Literal["gru"]
    """Kind of network."""
    units: Count
    """Size of the state."""
    rows: Count = 1
    """Rows of an image, or numbers of a sequence, that a step reads. They divide those of an example."""


class TextGRU(NetworkSettings):
    """Learned word vectors and gated recurrent units over a text."""

    reads = ("text",)

    kind: Literal["text_gru"]
    """Kind of network."""
    embedding: Count
    """Size of a word vector."""
    units: Count
    """Size of the state."""


Network = Annotated[MLP | WideResNet | ResNet50 | GRU | TextGRU, Field(discriminator="kind")]
