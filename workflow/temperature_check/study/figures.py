"""Figures and tables: their settings, and which tasks each shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, AliasChoices, Field
from pydantic.fields import FieldInfo

from temperature_check.base.paths import FIGURE_TABLES
from temperature_check.study.tasks import Task
from temperature_check.study.types import Name, OpenFraction, Positive, Settings, distinct


def _hexadecimal_color(color: str) -> str:
    if not re.fullmatch("#[0-9a-fA-F]{6}", color):
        raise ValueError("should be #rrggbb, such as #2a6f97, in quotes")
    return color


@dataclass(frozen=True)
class Panel:
    """A task in a figure.

    task: its key. title: its title in the figure. z0: the ‖Z0‖ shown, one or several; None if none is selected.
    degree: that of the network, `NetworkSettings.degree`. pairs: of β, between which runs switch.
    """

    task: str
    title: str
    z0: float | tuple[float, ...] | None
    degree: int | None = None
    pairs: tuple[tuple[float, float], ...] = ()


class FigureOfSomeTasks(Settings):
    """A figure that shows tasks."""

    needs: ClassVar[str | None] = None
    """What tasks must have to be shown; None if every study has the figure."""
    tasks: Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(distinct)] | None = None
    """Tasks to show; by default all that the figure can show."""

    def _having(self, tasks: Mapping[str, Task], has: Callable[[Task], object], needed: str) -> dict[str, Task]:
        """The tasks to show, of those for which `has` is true. Raises ValueError if `tasks` has others."""
        found = {name: task for name, task in tasks.items() if has(task)}
        for name in self.tasks or ():
            if name not in found:
                raise ValueError(f"tasks = {name!r}: should have {needed}")
        return {name: found[name] for name in self.tasks or found}


class FigureOfTasks(FigureOfSomeTasks):
    """A figure with a panel for each task."""

    color: Annotated[str, AfterValidator(_hexadecimal_color)] = "#2a6f97"
    """Color of the values, #rrggbb."""
    confidence: OpenFraction = 0.95
    """Confidence level of intervals."""


class FigureOverBeta(FigureOfTasks):
    """A figure whose panels show a task at one ‖Z0‖ against inverse temperature."""

    z0: Positive | None = None
    """‖Z0‖ to show; by default the first in the grid of each task."""

    def panels(self, tasks: Mapping[str, Task]) -> list[Panel]:
        """One panel per task. Raises ValueError if a task does not have this ‖Z0‖."""
        shown = {name: tasks[name] for name in self.tasks or tasks}
        for name, task in shown.items():
            if self.z0 and task.grid.z0 and self.z0 not in task.grid.z0:
                raise ValueError(f"z0 = {self.z0}: should be one of {list(task.grid.z0)}, which task {name} has")
        norms = {name: task.grid.z0 and (self.z0 or task.grid.z0[0]) for name, task in shown.items()}
        return [Panel(name, task.title, norms[name]) for name, task in shown.items()]


class BetaSweep(FigureOverBeta):
    """Test accuracy at the chosen rate against inverse temperature."""


class PhasePlane(FigureOfTasks):
    """Test accuracy and time to learn at the chosen rates over the plane of β and ‖Z0‖."""

    def panels(self, tasks: Mapping[str, Task]) -> list[Panel]:
        """One panel per task with several ‖Z0‖. Raises ValueError if a task in `tasks` does not have several."""
        several = self._having(tasks, lambda task: len(task.grid.z0 or ()) > 1, "several values of grid.z0")
        return [Panel(name, task.title, task.grid.z0) for name, task in several.items()]


class ChosenRateFigure(FigureOverBeta):
    """The chosen rate against inverse temperature, with a fitted power law."""


class Stability(FigureOverBeta):
    """Failures by kind, how far above the chosen rate runs fail, and spread between seeds, against β."""


class LearningSpeed(FigureOverBeta):
    """Time to learn at the chosen rate against inverse temperature."""


class Confidence(FigureOverBeta):
    """Accuracy, cross-entropy, calibration error and confidence against β, before and after temperature scaling."""

    scaled_color: Annotated[str, AfterValidator(_hexadecimal_color)] = "#ca6702"
    """Color of values after temperature scaling, #rrggbb."""


class KernelChangeFigure(FigureOverBeta):
    """Relative change of the kernel from the start to the end of report runs against inverse temperature."""

    needs: ClassVar[str] = "kernel_change"

    def panels(self, tasks: Mapping[str, Task]) -> list[Panel]:
        """One panel per task that measures it. Raises ValueError if a task in `tasks` does not."""
        return super().panels(self._having(tasks, lambda task: task.kernel_change, self.needs))


class FigureOfExperiment(FigureOfTasks):
    """A figure of experiments on early learning, with a panel for each task that has them."""

    parts: ClassVar[tuple[str, ...]]
    palette: Literal["viridis", "cividis", "plasma", "magma", "crest", "flare"] = "viridis"
    """Colors of values of β."""

    def panels(self, tasks: Mapping[str, Task]) -> list[Panel]:
        """One panel per task with one of the experiments. Raises ValueError if a task in `tasks` has none."""

        def has(task: Task) -> bool:
            return any(getattr(task.early_learning, part, None) for part in self.parts)

        shown = self._having(tasks, has, self.needs)
        return [Panel(name, task.title, None, task.model.degree) for name, task in shown.items()]


class LearningCurvesFigure(FigureOfExperiment):
    """Loss and accuracy against time, at equal η̃ and several β."""

    parts = ("curves",)
    needs = "early_learning.curves"


class TimeScalesFigure(FigureOfExperiment):
    """Time scales of runs against ‖Z0‖, β and η̃."""

    parts = ("onset", "departure")
    needs = "early_learning.onset or early_learning.departure"


class DepartureFigure(FigureOfExperiment):
    """Departure from the linearized network and change of the kernel."""

    parts = ("departure",)
    needs = "early_learning.departure"


class LargestRateFigure(FigureOfExperiment):
    """The largest rate of stable runs against β."""

    parts = ("largest_rate",)
    needs = "early_learning.largest_rate"


class BetaSwitch(FigureOfTasks):
    """Accuracy after a switch of β, and at equal confidence, for pairs of β."""

    needs: ClassVar[str] = "mechanism"
    control_color: Annotated[str, AfterValidator(_hexadecimal_color)] = "#ca6702"
    """Color of controls, and of the second β, #rrggbb."""

    def panels(self, tasks: Mapping[str, Task]) -> list[Panel]:
        """One panel per task that has pairs. Raises ValueError if a task in `tasks` has none."""
        shown = self._having(tasks, lambda task: task.mechanism, self.needs)
        return [Panel(name, task.title, None, pairs=task.mechanism.pairs) for name, task in shown.items()]


class ClaimsFigure(FigureOfSomeTasks):
    """The verdicts on the claims, and the effects that decide them."""

    def panels(self, tasks: Mapping[str, Task]) -> list[Panel]:
        """One panel per task."""
        return [Panel(name, tasks[name].title, None) for name in self.tasks or tasks]


RENAMED = {
    "optimal_lr": "chosen_rate",
    "timescales": "time_scales",
    "linearization": "departure",
    "max_learning_rate": "largest_rate",
}
"""Former names of figures, which targets and study files may still use."""


def _renamed(default: Settings, name: str) -> FieldInfo:
    """A field that also accepts its former name."""
    former = [old for old, new in RENAMED.items() if new == name]
    return Field(default, validation_alias=AliasChoices(name, *former))


class FigureSettings(Settings):
    """The figures of a study."""

    beta_sweep: BetaSweep = BetaSweep()
    """Test accuracy against β."""
    phase_plane: PhasePlane = PhasePlane()
    """Test accuracy and time to learn over β and ‖Z0‖."""
    chosen_rate: ChosenRateFigure = _renamed(ChosenRateFigure(), "chosen_rate")
    """Chosen rate against β."""
    stability: Stability = Stability()
    """Failed runs and spread between seeds against β."""
    learning_speed: LearningSpeed = LearningSpeed()
    """Time to learn against β."""
    confidence: Confidence = Confidence()
    """Accuracy, cross-entropy, calibration and confidence against β."""
    kernel_change: KernelChangeFigure = KernelChangeFigure()
    """Change of the kernel in report runs against β."""
    beta_switch: BetaSwitch = BetaSwitch()
    """Accuracy after a switch of β, and at equal confidence."""
    learning_curves: LearningCurvesFigure = LearningCurvesFigure()
    """Learning curves at equal η̃."""
    time_scales: TimeScalesFigure = _renamed(TimeScalesFigure(), "time_scales")
    """Time scales of runs."""
    departure: DepartureFigure = _renamed(DepartureFigure(), "departure")
    """Departure from the linear regime."""
    largest_rate: LargestRateFigure = _renamed(LargestRateFigure(), "largest_rate")
    """Largest rate of stable runs."""
    claims: ClaimsFigure = ClaimsFigure()
    """Verdicts on the claims."""


FIGURES = tuple(FigureSettings.model_fields)
SWEEP_FIGURES = tuple(name for name in FIGURES if name not in FIGURE_TABLES)
"""Figures that show the table of all runs."""


class TunedBeta(Settings):
    """Test accuracy at the β chosen on validation data, compared with that at β = 1."""

    confidence: OpenFraction = 0.95
    """Confidence level of the interval of the difference."""


class TableSettings(Settings):
    """The tables of a study that are made for reading."""

    tuned_beta: TunedBeta = TunedBeta()
    """Gain in test accuracy from the choice of β."""


TABLES = tuple(TableSettings.model_fields)
