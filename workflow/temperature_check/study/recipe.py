"""How a network is trained: the recipe of a task, and the training settings of its runs."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from temperature_check.study.networks import Network
from temperature_check.study.types import Count, Fraction, NotNegative, Pixels, Positive, Settings

LARGEST_BETA_OF_BFLOAT16 = 1.0


class Augmentation(Settings):
    """Random shifts and mirror images of training images, which are drawn anew for each image and epoch."""

    padding: Pixels = 4
    """Largest shift in each direction, in pixels. Images are black beyond their edges."""
    flip: bool = True
    """Whether each image is mirrored left to right with probability 1/2."""


class Schedule(Settings):
    """The factor s(t) on the learning rate during a run."""

    decay: Literal["none", "cosine", "steps"] = "none"
    """`cosine`: half a wave from 1 down to 0; `steps`: times `factor` at each of `milestones`; `none`: 1."""
    warmup_epochs: NotNegative = 0
    """Epochs at the start in which the factor grows in proportion to the step."""
    milestones: tuple[Positive, ...] = ()
    """Epochs after which `steps` lowers the rate."""
    factor: Fraction = 0.1
    """Factor by which `steps` lowers the rate."""

    @model_validator(mode="after")
    def _milestones_where_used(self) -> Schedule:
        if (self.decay == "steps") != bool(self.milestones):
            raise ValueError("milestones should be given with decay: steps, and with no other")
        return self


class Recipe(Settings):
    """A network and the optimizer of its runs."""

    model: Network
    """The network."""
    momentum: Fraction = 0.9
    """Momentum of stochastic gradient descent (heavy ball)."""
    epochs: Count
    """Passes over the training examples."""
    batch_size: Count
    """Examples per batch. A smaller batch at the end of an epoch is left out."""
    schedule: Schedule = Schedule()
    """How the learning rate changes during a run."""
    weight_decay: Fraction = 0
    """ηλ, the same at every β. A step lowers kernels and word vectors by this fraction times the schedule's factor."""
    label_smoothing: Fraction = 0
    """Share of a label's probability that training spreads over all classes."""
    clip_norm: Positive | None = None
    """Largest norm of the gradient divided by β, to which a larger gradient is scaled; no limit if absent."""
    augmentation: Augmentation | None = None
    """Random changes of training images; none if absent."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """`bfloat16`: all except the last layer, the loss and the weights, if β is at most 1; float32 at larger β."""

    @model_validator(mode="after")
    def _schedule_fits(self) -> Recipe:
        if (last := max(self.schedule.warmup_epochs, *self.schedule.milestones, 0)) >= self.epochs:
            raise ValueError(f"schedule has {last:g} epochs: should be fewer than epochs = {self.epochs}")
        return self


class Training(Recipe):
    """How a run is trained. With its own values, the data and the engine, this determines its numbers."""

    initialization: Literal["correlated", "plain", "shifted"]
    """How the initial weights are drawn."""
    examples: Count | None = None
    """Number of training examples, counted from the first; all if absent."""
    linearized: bool = False
    """Whether the network is replaced by its linearization about the initial weights."""
    kernel_vectors: int | None = None
    """Number of random vectors on which the change of the kernel is measured; None if it is not."""
    kernel_examples: int | None = None
    """Number of training examples on which the change is measured once, at the end; None in experiments."""

    def at(self, beta: float) -> Training:
        """These settings in the precision of runs at β: float32 if bfloat16 would make Z = βz too noisy."""
        return self if beta <= LARGEST_BETA_OF_BFLOAT16 else self.model_copy(update={"precision": "float32"})

    def lasting(self, length: float) -> Training:
        """These settings for a run of `length` times as many epochs. The schedule is stretched with it."""
        if length == 1:
            return self
        milestones = tuple(epoch * length for epoch in self.schedule.milestones)
        stretched = {"milestones": milestones, "warmup_epochs": self.schedule.warmup_epochs * length}
        schedule = self.schedule.model_copy(update=stretched)
        return self.model_copy(update={"epochs": max(round(self.epochs * length), 1), "schedule": schedule})

    def resolved(self) -> dict:
        """All values, with defaults, as JSON values. Absent sections are left out."""
        return self.model_dump(mode="json", exclude_none=True)
