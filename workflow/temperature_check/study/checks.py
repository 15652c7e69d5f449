"""Checks that the sections of a study agree. A ValueError says what is wrong, where, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from temperature_check.study.figures import FIGURES, FigureOfTasks

if TYPE_CHECKING:
    from temperature_check.study.data import DataSettings
    from temperature_check.study.study import Study
    from temperature_check.study.tasks import Task


def refuse_contradictions(study: Study) -> None:
    """Raise ValueError if sections of a study contradict each other."""
    for name, task in study.tasks.items():
        _known(task.data, study.data, f"tasks.{name}.data")
        data = study.data[task.data]
        _augmentation_fits(name, task, data)
        _network_fits(name, task, data)
        _some_can_succeed(task, data, study.evaluation.failed_below)
        _batch_fits(name, task, data)
    for figure in FIGURES:
        _figure_fits(figure, study.figure(figure), study.tasks)


def _known(name: str, known: Iterable[str], where: str) -> None:
    if name not in known:
        raise ValueError(f"{where} = {name!r}: should be one of {', '.join(known)}")


def _network_fits(name: str, task: Task, data: DataSettings) -> None:
    if data.holds not in task.model.reads:
        inputs = {"text": "texts"}.get(data.holds, data.holds)
        raise ValueError(
            f"tasks.{name}.model.kind = {task.model.kind!r}: should be a network of {inputs}, as data.{task.data} are"
        )


def _augmentation_fits(name: str, task: Task, data: DataSettings) -> None:
    if task.augmentation and (data.holds != "images" or data.own_crops):
        reason = "have crops and mirror images of their own" if data.own_crops else "are no images"
        raise ValueError(f"tasks.{name}.augmentation: should be absent, because data.{task.data} {reason}")
    if task.augmentation and task.augmentation.padding >= (side := min(data.example.shape[:2])):
        raise ValueError(
            f"tasks.{name}.augmentation.padding = {task.augmentation.padding}: should be less than {side}, the pixels"
            f" of a side of data.{task.data}"
        )


def _some_can_succeed(task: Task, data: DataSettings, failed_below: float) -> None:
    if failed_below >= data.classes:
        raise ValueError(
            f"evaluation.failed_below = {failed_below:g}: should be below {data.classes}, the number of classes of"
            f" data.{task.data}, or every run has failed"
        )


def _batch_fits(name: str, task: Task, data: DataSettings) -> None:
    sizes = {"batch_size": task.batch_size}
    if task.early_learning:
        sizes["early_learning.examples"] = task.early_learning.examples
    for key, size in sizes.items():
        if size > data.train:
            raise ValueError(f"tasks.{name}.{key} = {size}: should be at most data.{task.data}.train = {data.train}")
    if data.streamed and (size := sizes.get("early_learning.examples", 0)) > data.in_memory:
        raise ValueError(
            f"tasks.{name}.early_learning.examples = {size}: should be at most {data.in_memory}, the examples of"
            f" data.{task.data} that are kept in memory"
        )


def _figure_fits(figure: str, settings: FigureOfTasks, tasks: Mapping[str, Task]) -> None:
    for name in settings.tasks or ():
        _known(name, tasks, f"figures.{figure}.tasks")
    try:
        settings.panels(tasks)
    except ValueError as error:
        raise ValueError(f"figures.{figure}.{error}") from error
