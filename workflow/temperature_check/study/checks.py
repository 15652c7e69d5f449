"""Checks that the sections of a study agree. Each line of an error says what is wrong and what would be right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from temperature_check.study.figures import FIGURES, FigureOfSomeTasks

if TYPE_CHECKING:
    from temperature_check.study.data import DataSettings
    from temperature_check.study.study import Study
    from temperature_check.study.tasks import Task


def refuse_contradictions(study: Study) -> None:
    """Raise ValueError if sections of a study contradict each other, with one line for each contradiction."""
    lines = [line for name, task in study.tasks.items() for line in _of_task(name, task, study)]
    lines += list(_of_claims(study))
    lines += [line for figure in FIGURES for line in _of_figure(figure, study.figure(figure), study.tasks)]
    if lines:
        raise ValueError("\n".join(lines))


def _of_task(name: str, task: Task, study: Study) -> Iterator[str]:
    if task.data not in study.data:
        yield _unknown(task.data, study.data, f"tasks.{name}.data")
        return
    data = study.data[task.data]
    yield from _augmentation(name, task, data)
    yield from _network(name, task, data)
    yield from _rows(name, task, data)
    yield from _success(task, data, study.evaluation.failed_below)
    yield from _batch(name, task, data)


def _of_claims(study: Study) -> Iterator[str]:
    claims = study.claims
    for key, names in {"margins": claims.margins, "depths": claims.depths, "steps": claims.steps}.items():
        yield from (_unknown(name, study.tasks, f"claims.{key}") for name in names if name not in study.tasks)


def _unknown(name: str, known: Iterable[str], where: str) -> str:
    return f"{where} = {name!r}: should be one of {', '.join(known)}"


def _network(name: str, task: Task, data: DataSettings) -> Iterator[str]:
    if data.holds not in task.model.reads:
        inputs = {"text": "texts"}.get(data.holds, data.holds)
        yield f"tasks.{name}.model.kind = {task.model.kind!r}: should be a network of {inputs}, as data.{task.data} are"


def _rows(name: str, task: Task, data: DataSettings) -> Iterator[str]:
    rows, length = getattr(task.model, "rows", 1), data.example.shape[0]
    if length % rows:
        yield f"tasks.{name}.model.rows = {rows}: should divide {length}, the rows of an example of data.{task.data}"


def _augmentation(name: str, task: Task, data: DataSettings) -> Iterator[str]:
    if not task.augmentation:
        return
    if data.holds != "images" or data.own_crops:
        reason = "have crops and mirror images of their own" if data.own_crops else "are no images"
        yield f"tasks.{name}.augmentation: should be absent, because data.{task.data} {reason}"
    elif task.augmentation.padding >= (side := min(data.example.shape[:2])):
        yield (
            f"tasks.{name}.augmentation.padding = {task.augmentation.padding}: should be less than {side}, the pixels"
            f" of a side of data.{task.data}"
        )


def _success(task: Task, data: DataSettings, failed_below: float) -> Iterator[str]:
    if failed_below >= data.classes:
        yield (
            f"evaluation.failed_below = {failed_below:g}: should be below {data.classes}, the number of classes of"
            f" data.{task.data}, or every run has failed"
        )


def _batch(name: str, task: Task, data: DataSettings) -> Iterator[str]:
    sizes = {"batch_size": task.batch_size}
    if task.early_learning:
        sizes["early_learning.examples"] = task.early_learning.examples
    for key, size in sizes.items():
        if size > data.train:
            yield f"tasks.{name}.{key} = {size}: should be at most data.{task.data}.train = {data.train}"
    if data.streamed and (size := sizes.get("early_learning.examples", 0)) > data.in_memory:
        yield (
            f"tasks.{name}.early_learning.examples = {size}: should be at most {data.in_memory}, the examples of"
            f" data.{task.data} that are kept in memory"
        )


def _of_figure(figure: str, settings: FigureOfSomeTasks, tasks: Mapping[str, Task]) -> Iterator[str]:
    unknown = [name for name in settings.tasks or () if name not in tasks]
    yield from (_unknown(name, tasks, f"figures.{figure}.tasks") for name in unknown)
    if not unknown:
        try:
            settings.panels(tasks)
        except ValueError as error:
            yield f"figures.{figure}.{error}"
