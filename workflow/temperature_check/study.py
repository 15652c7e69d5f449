"""What a study is: its typed configuration, the runs of its grids, and the shards that group them into jobs.

The string under a field describes it; `temperature-check schema` puts the descriptions into the JSON schema. No stage
imports this module: a stage is given the settings that bear on it, and runs again when their values change.
"""

from __future__ import annotations

import importlib.util
import itertools
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from temperature_check.errors import UserError
from temperature_check.experiments import EarlyLearning
from temperature_check.runs import EXPERIMENTS, PHASES, SHARD_KEYS, WHOLE, Run, digest
from temperature_check.settings import (
    Count,
    Grid,
    Level,
    Name,
    NotNegative,
    Pixels,
    Positive,
    Seed,
    Seeds,
    Settings,
    Share,
    distinct,
)

if TYPE_CHECKING:
    from temperature_check.evaluation.select import Cell, ChosenRate

DIGITS_SIZE = 1797
TEXT_SOURCES, TEXT_NETWORKS = ("imdb",), ("text_gru",)
CONVOLUTIONAL_NETWORKS = ("wide_resnet", "resnet50")
STREAMED_SOURCES = ("imagenet",)
SHIPPED_SOURCES = ("digits",)
SIDES = {"digits": 8, "cifar10": 32}
LARGEST_BETA_OF_BFLOAT16 = 1.0
CLASSES = {"digits": 10, "cifar10": 10, "imdb": 2, "imagenet": 1000}
RESERVED = ("store", "reference")


def _not_reserved(name: str) -> str:
    if name in RESERVED:
        raise ValueError(f"should be none of {', '.join(RESERVED)}, which results/ has for itself")
    return name


class DigitsData(Settings):
    """scikit-learn's digits: 1,797 scans of 8×8 pixels, 10 classes, shipped with the library."""

    source: Literal["digits"]
    """Where the examples come from."""
    train: Count
    """Number of training examples."""
    validation: Count
    """Number of validation examples; learning rates are chosen on them."""
    test: Count
    """Number of test examples; read in the report phase only."""
    split_seed: Seed = 0
    """Seed of the split into training, validation and test examples."""

    @model_validator(mode="after")
    def _fits(self) -> DigitsData:
        if (asked := self.train + self.validation + self.test) > DIGITS_SIZE:
            raise ValueError(
                f"train + validation + test = {asked:,} should be at most {DIGITS_SIZE:,}, all that digits has"
            )
        return self


class HalvedData(Settings):
    """A data set with a training half and a test half, that TensorFlow Datasets prepares."""

    HALVES: ClassVar[tuple[int, int]]

    train: Count
    """Number of training examples."""
    validation: Count
    """Number of validation examples, of the training half; learning rates are chosen on them."""
    data_dir: Path | None = None
    """Data directory of TensorFlow Datasets; if absent, TFDS_DATA_DIR of the environment, or else its default."""

    @model_validator(mode="after")
    def _fits(self) -> HalvedData:
        training, test = self.HALVES
        if (asked := self.train + self.validation) > training:
            raise ValueError(f"train + validation = {asked:,} should be at most {training:,}, all that there is")
        if self.test > test:
            raise ValueError(f"test = {self.test:,} should be at most {test:,}, all that there is")
        return self


class DrawnData(HalvedData):
    """A data set whose examples are drawn at random from their halves."""

    split_seed: Seed = 0
    """Seed that draws training, validation and test examples from their halves."""


class CIFAR10Data(DrawnData):
    """CIFAR-10: 50,000 + 10,000 photos of 32×32 pixels, 10 classes."""

    HALVES = (50_000, 10_000)

    source: Literal["cifar10"]
    """Where the examples come from."""
    test: Count = HALVES[1]
    """Number of test examples, by default all; read in the report phase only."""


class IMDBData(DrawnData):
    """IMDB: 25,000 + 25,000 film reviews, 2 classes, as sequences of words."""

    HALVES = (25_000, 25_000)

    source: Literal["imdb"]
    """Where the examples come from."""
    test: Count = HALVES[1]
    """Number of test examples, by default all; read in the report phase only."""
    vocabulary: Annotated[Count, Field(gt=2)] = 10_000
    """Largest number of different tokens: padding, unknown, and the most frequent words of the training examples."""
    length: Count = 200
    """Tokens of a review: shorter ones are padded at the end, longer ones cut."""
    keep: Literal["first", "last"] = "first"
    """Which tokens a longer review keeps."""


class ImageNetData(HalvedData):
    """ImageNet (ILSVRC 2012): 1,281,167 + 50,000 photos, 1,000 classes, read and cropped while a network learns.

    There is no split_seed: the records are in the order of a hash of their names, random already. The first of the
    training half are training examples, its last validation examples, the first of the other half test examples.
    """

    HALVES = (1_281_167, 50_000)
    # The examples on which the initial logit norm is measured.
    IN_MEMORY: ClassVar[int] = 256

    source: Literal["imagenet"]
    """Where the examples come from."""
    train: Count = HALVES[0] - 50_000
    """Number of training examples, by default all but the validation examples' default."""
    validation: Count = 50_000
    """Number of validation examples, of the training half; learning rates are chosen on them."""
    test: Count = HALVES[1]
    """Number of test examples, by default all of TFDS's `validation`; read in the report phase only."""
    image_size: Count = 224
    """Side of the images that networks are given, in pixels."""
    manual_dir: Path | None = None
    """Where the two archives lie from which ImageNet is prepared; if absent, downloads/manual of the data directory."""


DataSettings = Annotated[DigitsData | CIFAR10Data | IMDBData | ImageNetData, Field(discriminator="source")]


class MLP(Settings):
    """A multi-layer perceptron on the flattened input."""

    kind: Literal["mlp"]
    """Which network."""
    widths: Annotated[tuple[Count, ...], Field(min_length=1)]
    """Units of each hidden layer."""
    activation: Literal["relu", "tanh", "gelu"] = "relu"
    """Non-linearity of the hidden layers."""


def _wide_resnet_depth(depth: int) -> int:
    if depth % 6 != 4:
        lower = max(depth - (depth - 4) % 6, 10)
        raise ValueError(f"should be 6n+4, such as {lower} or {lower + 6}")
    return depth


class WideResNet(Settings):
    """A wide residual network, WRN-depth-width."""

    kind: Literal["wide_resnet"]
    """Which network."""
    depth: Annotated[Count, AfterValidator(_wide_resnet_depth)]
    """Number of layers, 6n+4 for n blocks in each of the three groups."""
    width: Count
    """Multiple of the channels 16, 32, 64."""
    batch_norm: bool = True
    """Whether layers are normalized by the statistics of the batch; without, the branches of a block are scaled."""


class ResNet50(Settings):
    """ResNet-50, version 1.5: for images of 224×224 pixels, and of any other size."""

    kind: Literal["resnet50"]
    """Which network."""
    batch_norm: bool = True
    """Whether layers are normalized by the statistics of the batch; without, the branches of a block are scaled."""


class GRU(Settings):
    """Gated recurrent units that read an image row by row."""

    kind: Literal["gru"]
    """Which network."""
    units: Count
    """Size of the state."""


class TextGRU(Settings):
    """Learned word vectors and gated recurrent units over a text."""

    kind: Literal["text_gru"]
    """Which network."""
    embedding: Count
    """Size of the vector of a word."""
    units: Count
    """Size of the state."""


Network = Annotated[MLP | WideResNet | ResNet50 | GRU | TextGRU, Field(discriminator="kind")]


class TaskGrid(Settings):
    """The grid of a task; every combination is a run of the tuning phase."""

    beta: Grid
    """Inverse temperatures β."""
    z0: Grid | None = None
    """Initial logit norms ‖Z0‖, per example, of Z = βz; given with correlated initialization, absent with plain."""
    scaled_learning_rate: Grid
    """Learning rates times inverse temperature, ηβ."""
    tuning_seeds: Seeds
    """Seeds of the runs that choose the learning rate."""
    report_seeds: Seeds
    """Fresh seeds, of the runs at the chosen rate; none may be a tuning seed."""

    @model_validator(mode="after")
    def _fresh(self) -> TaskGrid:
        if shared := sorted(set(self.tuning_seeds) & set(self.report_seeds)):
            raise ValueError(f"report_seeds should hold no tuning seed; {shared[0]} is both")
        return self

    def size(self) -> int:
        """Number of runs of both phases."""
        cells = len(self.beta) * len(self.z0 or (None,))
        return cells * (len(self.scaled_learning_rate) * len(self.tuning_seeds) + len(self.report_seeds))


class Augmentation(Settings):
    """Random changes of training images, drawn anew for each image and epoch: a shift, and a mirror image."""

    padding: Pixels = 4
    """Largest shift, in pixels, up, down, left or right; beyond the edge an image is black."""
    flip: bool = True
    """Whether every second image, at random, is mirrored left to right."""


class Schedule(Settings):
    """The factor s(t) on the learning rate in the course of a run."""

    decay: Literal["none", "cosine", "steps"] = "none"
    """`cosine`: from 1 down to 0, half a wave; `steps`: times `factor` at each of `milestones`; `none`: 1."""
    warmup_epochs: NotNegative = 0
    """Epochs in which the factor first grows from 0, in proportion to the step."""
    milestones: tuple[Positive, ...] = ()
    """Epochs after which `steps` lower the rate."""
    factor: Share = 0.1
    """By which `steps` lower the rate."""

    @model_validator(mode="after")
    def _milestones_where_used(self) -> Schedule:
        if (self.decay == "steps") != bool(self.milestones):
            raise ValueError("milestones should be given with decay: steps, and with no other")
        return self


class Recipe(Settings):
    """A network and the optimizer of its runs."""

    model: Network
    """The network."""
    momentum: Share = 0.9
    """Momentum of stochastic gradient descent (heavy ball)."""
    epochs: Count
    """Passes over the training examples."""
    batch_size: Count
    """Examples in a batch; a last, smaller batch of an epoch is left out."""
    schedule: Schedule = Schedule()
    """How the learning rate changes in the course of a run."""
    weight_decay: Share = 0
    """ηλ, the share of kernels and word vectors that a step takes, times the schedule's factor; the same at every β."""
    label_smoothing: Share = 0
    """Share of a label's probability that training spreads over all classes."""
    clip_norm: Positive | None = None
    """Largest norm of a gradient, to which a larger one is scaled; no limit if absent."""
    augmentation: Augmentation | None = None
    """Random changes of training images; none if absent."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """`bfloat16`: all but the last layer, the loss and the weights, where β is at most 1; float32 at larger β."""

    @model_validator(mode="after")
    def _schedule_fits(self) -> Recipe:
        if (last := max(self.schedule.warmup_epochs, *self.schedule.milestones, 0)) >= self.epochs:
            raise ValueError(f"schedule has {last:g} epochs: should be fewer than epochs = {self.epochs}")
        return self


class Training(Recipe):
    """How a run is trained: what determines its numbers, beside its own values, the data and the engine."""

    initialization: Literal["correlated", "plain", "shifted"]
    """How the initial weights are drawn."""
    examples: Count | None = None
    """The training examples used, from the first on; all if absent."""
    linearized: bool = False
    """Whether the network is replaced by its linearization about the initial weights."""
    kernel_vectors: int | None = None
    """In experiments on early learning, the number of random vectors on which the kernel's change is measured."""

    def at(self, beta: float) -> Training:
        """The same in the precision that runs at β have: where the noise of bfloat16 in Z = βz is small enough."""
        return self if beta <= LARGEST_BETA_OF_BFLOAT16 else self.model_copy(update={"precision": "float32"})

    @property
    def engine(self) -> str:
        """The module of `training` whose engine trains."""
        return "engine" if self.kernel_vectors is None else "early_learning"


class Task(Recipe):
    """A network, the data it learns and how it is trained."""

    title: str
    """Name of the task in figures."""
    data: Name
    """Key of an entry of `data`."""
    initialization: Literal["correlated", "plain"] = "correlated"
    """`correlated`: two copies of the network, ‖Z0‖ set by their correlation; `plain`: one network as it is drawn."""
    grid: TaskGrid
    """The values that are tried."""
    shard_by: Annotated[tuple[Literal[SHARD_KEYS], ...], AfterValidator(distinct)] = ()
    """Runs that share the values of these keys are trained by one job; [] trains all by one."""
    early_learning: EarlyLearning | None = None
    """Experiments on early learning; none if absent."""

    @model_validator(mode="after")
    def _norm_where_set(self) -> Task:
        if (self.initialization == "correlated") != (self.grid.z0 is not None):
            raise ValueError("grid.z0 should be given with correlated initialization, and with no other")
        return self

    def training(self, phase: str) -> Training:
        """How the runs of a phase are trained. Raises UserError where the task has no such phase."""
        entry(dict.fromkeys(self.phases()), phase, f"phase of {self.title}")
        if phase in EXPERIMENTS:
            return self._early_training(phase, self.early_learning)
        recipe = {name: getattr(self, name) for name in Recipe.model_fields}
        return Training(**recipe, initialization=self.initialization)

    def _early_training(self, phase: str, settings: EarlyLearning) -> Training:
        experiment = EXPERIMENTS[phase]
        return Training(
            model=self.model,
            initialization=experiment.initialization,
            momentum=0,
            epochs=getattr(settings, experiment.part).steps,
            batch_size=settings.examples,
            examples=settings.examples,
            linearized=experiment.linearized,
            kernel_vectors=settings.kernel_vectors if phase == "departure" else 0,
        )

    def phases(self) -> tuple[str, ...]:
        """The phases of the task: the choice of rates, the report, and the experiments on early learning it has."""
        return (*PHASES, *(self.early_learning.phases() if self.early_learning else ()))


def _installed(backend: str) -> str:
    if not importlib.util.find_spec(backend):
        raise ValueError(f"{backend} is not installed; install it with: pip install -e '.[{backend}]'")
    return backend


class EngineSettings(Settings):
    """What trains the networks."""

    backend: Annotated[Literal["tensorflow", "jax"], AfterValidator(_installed)] = Field(
        default_factory=lambda: os.environ.get("KERAS_BACKEND", "tensorflow"), validate_default=True
    )
    """Keras backend; if absent, that of the environment variable KERAS_BACKEND, or else tensorflow."""
    device: Literal["cpu", "gpu"] = "cpu"
    """What training jobs compute on; `gpu` takes the first one that a job sees, and is an error where there is none."""
    threads: Count = 1
    """Cores of a training job. Results change in their last bits with this number."""
    deterministic: bool = True
    """Whether a GPU is kept to algorithms that give the same bits each time, which may be slower; a CPU always is."""
    checkpoint_minutes: NotNegative = 5.0
    """A run is saved after so many minutes, and so on; interrupted, it goes on from there. No number depends on it."""

    def identity(self) -> dict:
        """The settings that bear on the numbers of a run."""
        return self.model_dump(exclude={"checkpoint_minutes"})


class EvaluationSettings(Settings):
    """How finished runs are judged."""

    failed_below: Positive = 2.0
    """A run has failed if its final validation accuracy is at most this multiple of chance, 1/classes."""
    calibration_bins: Count = 15
    """Bins of equal width of the expected calibration error."""


def _hexadecimal_color(color: str) -> str:
    if not re.fullmatch("#[0-9a-fA-F]{6}", color):
        raise ValueError("should be #rrggbb, such as #2a6f97, in quotes")
    return color


@dataclass(frozen=True)
class Panel:
    """A task in a figure: its key, what the figure calls it, which ‖Z0‖ is shown: one, several, or None (plain)."""

    task: str
    title: str
    z0: float | tuple[float, ...] | None


class FigureOfTasks(Settings):
    """A figure with a panel for each task."""

    tasks: Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(distinct)] | None = None
    """Tasks to show, a panel each; if absent, all that the figure can show."""
    color: Annotated[str, AfterValidator(_hexadecimal_color)] = "#2a6f97"
    """Color of what is shown, #rrggbb."""


class FigureOverBeta(FigureOfTasks):
    """A figure whose panels show a task at one ‖Z0‖ against inverse temperature."""

    z0: Positive | None = None
    """Which ‖Z0‖ to show of tasks that have several; the first of their grid if absent."""
    confidence: Level = 0.95
    """Level of intervals."""

    def panels(self, tasks: Mapping[str, Task]) -> list[Panel]:
        """The tasks shown, and how. Raises ValueError where one has no such ‖Z0‖."""
        shown = {name: tasks[name] for name in self.tasks or tasks}
        for name, task in shown.items():
            if self.z0 and task.grid.z0 and self.z0 not in task.grid.z0:
                raise ValueError(f"z0 = {self.z0}: should be one of {list(task.grid.z0)}, which task {name} has")
        norms = {name: task.grid.z0 and (self.z0 or task.grid.z0[0]) for name, task in shown.items()}
        return [Panel(name, task.title, norms[name]) for name, task in shown.items()]


class BetaSweep(FigureOverBeta):
    """Test accuracy at the chosen learning rate against inverse temperature."""


class PhasePlane(FigureOfTasks):
    """Test accuracy and time to learn at the chosen learning rates over the plane of β and ‖Z0‖."""

    def panels(self, tasks: Mapping[str, Task]) -> list[Panel]:
        """The tasks shown, and how; none where none has several ‖Z0‖. Raises ValueError where one asked for has not."""
        several = [name for name, task in tasks.items() if len(task.grid.z0 or ()) > 1]
        for name in self.tasks or ():
            if name not in several:
                raise ValueError(f"tasks = {name!r}: should have several values of grid.z0")
        return [Panel(name, tasks[name].title, tasks[name].grid.z0) for name in self.tasks or several]


class OptimalLearningRate(FigureOverBeta):
    """The chosen learning rate against inverse temperature, with a fitted power law."""


class Stability(FigureOverBeta):
    """Share of failed runs, and spread of test accuracy between seeds, against inverse temperature."""

    decades: NotNegative = 1.0
    """Tuning runs count whose learning rate is within this many decades of the chosen one."""


class LearningSpeed(FigureOverBeta):
    """Time to learn at the chosen learning rate against inverse temperature."""


class Confidence(FigureOverBeta):
    """Accuracy, cross-entropy, calibration error and confidence against β, before and after temperature scaling."""

    scaled_color: Annotated[str, AfterValidator(_hexadecimal_color)] = "#ca6702"
    """Color of values after temperature scaling, #rrggbb."""


class FigureOfExperiment(FigureOfTasks):
    """A figure of experiments on early learning, with a panel for each task that has them."""

    part: ClassVar[str]
    palette: Literal["viridis", "cividis", "plasma", "magma", "crest", "flare"] = "viridis"
    """Colors of values of β."""
    confidence: Level = 0.95
    """Level of intervals."""

    def panels(self, tasks: Mapping[str, Task]) -> list[Panel]:
        """The tasks shown, and how. Raises ValueError where one asked for has no such experiment."""
        with_part = [name for name, task in tasks.items() if getattr(task.early_learning, self.part, None)]
        for name in self.tasks or ():
            if name not in with_part:
                raise ValueError(f"tasks = {name!r}: should have early_learning.{self.part}")
        return [Panel(name, tasks[name].title, None) for name in self.tasks or with_part]


class LearningCurvesFigure(FigureOfExperiment):
    """Loss and accuracy against time, at equal η̃ and several β."""

    part = "curves"


class TimeScalesFigure(FigureOfExperiment):
    """Time scales of runs against ‖Z0‖, β and η̃."""

    part = "onset"


class LinearizationFigure(FigureOfExperiment):
    """Departure from the linearized network and change of the kernel."""

    part = "departure"


class LargestRateFigure(FigureOfExperiment):
    """The largest stable learning rate against β."""

    part = "bisection"


class FigureSettings(Settings):
    """The figures of a study."""

    beta_sweep: BetaSweep = BetaSweep()
    """Test accuracy against β."""
    phase_plane: PhasePlane = PhasePlane()
    """Test accuracy and time to learn over β and ‖Z0‖."""
    optimal_lr: OptimalLearningRate = OptimalLearningRate()
    """Chosen learning rate against β."""
    stability: Stability = Stability()
    """Failed runs and spread between seeds against β."""
    learning_speed: LearningSpeed = LearningSpeed()
    """Time to learn against β."""
    confidence: Confidence = Confidence()
    """Accuracy, cross-entropy, calibration and confidence against β."""
    learning_curves: LearningCurvesFigure = LearningCurvesFigure()
    """Learning curves at equal η̃."""
    timescales: TimeScalesFigure = TimeScalesFigure()
    """Time scales of runs."""
    linearization: LinearizationFigure = LinearizationFigure()
    """Departure from the linear regime."""
    max_learning_rate: LargestRateFigure = LargestRateFigure()
    """Largest stable learning rate."""


FIGURES = tuple(FigureSettings.model_fields)
SWEEP_FIGURES = tuple(name for name in FIGURES if not isinstance(getattr(FigureSettings(), name), FigureOfExperiment))


class TunedBeta(Settings):
    """Test accuracy at the β chosen on validation data beside that at β = 1."""

    confidence: Level = 0.95
    """Level of the interval of the difference."""


class TableSettings(Settings):
    """The tables of a study that are made for reading."""

    tuned_beta: TunedBeta = TunedBeta()
    """Gain in test accuracy from the choice of β."""


TABLES = tuple(TableSettings.model_fields)


class Study(Settings):
    """A complete study: results lie under results/<study>/."""

    study: Annotated[Name, AfterValidator(_not_reserved)]
    """Name of the study."""
    data: Annotated[dict[Name, DataSettings], Field(min_length=1)]
    """Data sets and their splits."""
    tasks: Annotated[dict[Name, Task], Field(min_length=1)]
    """What is trained."""
    engine: EngineSettings = Field(default_factory=EngineSettings)
    """Backend and threads of the training jobs."""
    evaluation: EvaluationSettings = EvaluationSettings()
    """Rules of failure and bins of metrics."""
    figures: FigureSettings = FigureSettings()
    """The figures of the study."""
    tables: TableSettings = TableSettings()
    """The tables of the study."""
    max_runs: Count = 20_000
    """A study of more runs than this is taken for a mistake; raise it where so many are meant."""

    @model_validator(mode="after")
    def _not_by_mistake(self) -> Study:
        if self.size() > self.max_runs:
            largest = max(self.tasks, key=lambda name: self.tasks[name].grid.size())
            raise ValueError(
                f"the tasks have {self.size():,} runs, {largest} alone {self.tasks[largest].grid.size():,}, more than"
                f" max_runs = {self.max_runs:,}; make grids smaller or, if so many are meant, raise max_runs"
            )
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Study:
        for name, task in self.tasks.items():
            _known(task.data, self.data, f"tasks.{name}.data")
            _augmentation_fits(name, task, self.data[task.data].source)
            _network_fits(name, task, self.data[task.data].source)
            _some_can_succeed(task, self.data[task.data].source, self.evaluation.failed_below)
            _batch_fits(name, task, self.data[task.data])
        for figure in FIGURES:
            _figure_fits(figure, self.figure(figure), self.tasks)
        return self

    def size(self) -> int:
        """Number of runs of all tasks and both phases."""
        return sum(task.grid.size() for task in self.tasks.values())

    def task(self, name: str) -> Task:
        """The task `name`. Raises UserError where there is none."""
        return entry(self.tasks, name, f"task of {self.study}")

    def dataset(self, name: str) -> DataSettings:
        """The data set `name`. Raises UserError where there is none."""
        return entry(self.data, name, f"data set of {self.study}")

    def figure(self, name: str) -> Settings:
        """The settings of figure `name`. Raises UserError where there is none."""
        return entry(dict(self.figures), name, "figure")

    def table(self, name: str) -> Settings:
        """The settings of table `name`. Raises UserError where there is none."""
        return entry(dict(self.tables), name, "table")

    def figures_made(self) -> list[str]:
        """The figures there are: all but those of experiments that no task has."""
        return [name for name in FIGURES if name in SWEEP_FIGURES or self.figure(name).panels(self.tasks)]

    def early_tasks(self) -> list[str]:
        """The tasks that have experiments on early learning."""
        return [name for name, task in self.tasks.items() if task.early_learning]

    def titles(self) -> dict[str, str]:
        """What figures and tables call each task."""
        return {name: task.title for name, task in self.tasks.items()}

    def panels(self, figure: str) -> list[Panel]:
        """The tasks that a figure shows, and how; none where it can show none.

        Raises UserError for a figure of experiments that no task has.
        """
        settings = self.figure(figure)
        if figure not in self.figures_made():
            raise UserError(f"no task of {self.study} has early_learning.{settings.part}, which {figure} shows")
        return settings.panels(self.tasks)

    def tuning_runs(self, name: str) -> list[Run]:
        """Every run of a task's tuning phase: β × ‖Z0‖ × ηβ × tuning seed."""
        grid = self.task(name).grid
        cells = itertools.product(grid.beta, grid.z0 or (None,), grid.scaled_learning_rate, grid.tuning_seeds)
        return [Run(name, "tune", *cell) for cell in cells]

    def report_runs(self, name: str, rates: Mapping[Cell, ChosenRate] | None = None) -> list[Run]:
        """Every run of a task's report phase: β × ‖Z0‖ × report seed at the chosen rate; none where no rate was found.

        Without `rates`, the runs as they are planned, their rate None.
        """
        grid = self.task(name).grid
        cells = itertools.product(grid.beta, grid.z0 or (None,))
        rated = [(*cell, _chosen(rates, (name, *cell)) if rates else None) for cell in cells]
        reached = [cell for cell in rated if cell[2] or not rates]
        return [Run(name, "report", *cell, seed) for cell in reached for seed in grid.report_seeds]

    def runs(self, name: str, phase: str, rates: Mapping[Cell, ChosenRate] | None = None) -> list[Run]:
        """Every run of a task and phase; of the bisection none, for each depends on the one before."""
        task = self.task(name)
        entry(dict.fromkeys(task.phases()), phase, f"phase of {name}")
        if phase in EXPERIMENTS:
            return task.early_learning.runs(name, phase)
        return self.tuning_runs(name) if phase == "tune" else self.report_runs(name, rates)

    def shards(self, name: str, phase: str, rates: Mapping[Cell, ChosenRate] | None = None) -> dict[str, list[Run]]:
        """The runs of a task and phase, grouped into those that one job trains, by the name of their shard."""
        runs = self.runs(name, phase, rates)
        if phase in EXPERIMENTS:
            return {WHOLE: runs}
        grouped: dict[str, list[Run]] = {}
        for run in runs:
            grouped.setdefault(run.shard(self.task(name).shard_by), []).append(run)
        return grouped

    def shard_runs(
        self, name: str, phase: str, shard: str, rates: Mapping[Cell, ChosenRate] | None = None
    ) -> list[Run]:
        """The runs of one shard. Raises UserError where the task has no such phase or shard, or rates are not given."""
        planned = entry(self.shards(name, phase), shard, f"shard of {name} in phase {phase}")
        if phase != "report":
            return planned
        if rates is None:
            raise UserError("phase report needs RATES, the file that `select` wrote")
        return self.shards(name, phase, rates).get(shard, [])

    def shard_digests(self, name: str, phase: str) -> dict[str, str]:
        """By shard, a digest of all settings that bear on its runs, so that a change of any is noticed."""
        task, planned = self.task(name), self.shards(name, phase)
        common = {"training": task.training(phase).model_dump(mode="json"), "engine": self.engine.identity()}
        if phase == "bisection":
            common["bisection"] = task.early_learning.model_dump(mode="json", include={"bisection", "seeds"})
        shared = digest(common)
        return {shard: digest([shared, [asdict(run) for run in runs]]) for shard, runs in planned.items()}


def _chosen(rates: Mapping[Cell, ChosenRate], cell: Cell) -> float | None:
    if cell not in rates:
        raise UserError(f"the file of rates has none for (task, β, ‖Z0‖) = {cell}; it is of another study or older")
    return rates[cell].scaled_learning_rate


def entry(known: Mapping, name: str, what: str):
    """The entry `name` of `known`. Raises UserError, saying `what` it is not and which there are."""
    if name not in known:
        raise UserError(f"{name!r} is no {what}; there is {', '.join(known)}")
    return known[name]


def _known(name: str, known: Iterable[str], where: str) -> None:
    if name not in known:
        raise ValueError(f"{where} = {name!r}: should be one of {', '.join(known)}")


def _network_fits(name: str, task: Task, source: str) -> None:
    if (task.model.kind in TEXT_NETWORKS) != (source in TEXT_SOURCES):
        inputs = "texts" if source in TEXT_SOURCES else "images"
        raise ValueError(
            f"tasks.{name}.model.kind = {task.model.kind!r}: should be a network of {inputs}, as data.{task.data} are"
        )


def _augmentation_fits(name: str, task: Task, source: str) -> None:
    if task.augmentation and source in (*TEXT_SOURCES, *STREAMED_SOURCES):
        reason = "are no images" if source in TEXT_SOURCES else "have crops and mirror images of their own"
        raise ValueError(f"tasks.{name}.augmentation: should be absent, for data.{task.data} {reason}")
    if task.augmentation and task.augmentation.padding >= (side := SIDES.get(source, math.inf)):
        raise ValueError(
            f"tasks.{name}.augmentation.padding = {task.augmentation.padding}: should be less than {side}, the pixels"
            f" of a side of data.{task.data}"
        )


def _some_can_succeed(task: Task, source: str, failed_below: float) -> None:
    if failed_below >= CLASSES[source]:
        raise ValueError(
            f"evaluation.failed_below = {failed_below:g}: should be below {CLASSES[source]}, the number of classes of"
            f" data.{task.data}, or every run has failed"
        )


def _batch_fits(name: str, task: Task, data: DataSettings) -> None:
    sizes = {"batch_size": task.batch_size}
    if task.early_learning:
        sizes["early_learning.examples"] = task.early_learning.examples
    for key, size in sizes.items():
        if size > data.train:
            raise ValueError(f"tasks.{name}.{key} = {size}: should be at most data.{task.data}.train = {data.train}")
    if isinstance(data, ImageNetData) and (size := sizes.get("early_learning.examples", 0)) > data.IN_MEMORY:
        raise ValueError(
            f"tasks.{name}.early_learning.examples = {size}: should be at most {data.IN_MEMORY}, the examples of"
            f" data.{task.data} that are kept in memory"
        )


def _figure_fits(figure: str, settings: FigureOfTasks, tasks: Mapping[str, Task]) -> None:
    for name in settings.tasks or ():
        _known(name, tasks, f"figures.{figure}.tasks")
    try:
        settings.panels(tasks)
    except ValueError as error:
        raise ValueError(f"figures.{figure}.{error}") from error
