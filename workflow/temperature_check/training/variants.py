"""The engine of runs that switch β, or have smoothed labels. Like report runs, they read test data at their end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from temperature_check.runs.run import Run
from temperature_check.runs.variants import Switched
from temperature_check.training import engine
from temperature_check.training.progress import Progress


class Engine(engine.Engine):
    """An `engine.Engine` that switches β and the rate of a `Switched` run at its step.

    The switch clears the momentum, in runs that keep their β as well, so that all differ in nothing else.
    """

    def _start(self, run: Run) -> bool:
        self._run = run
        return super()._start(run.before if isinstance(run, Switched) else run)

    def _steps(self, progress: Progress, step: int) -> Iterator[int]:
        if isinstance(self._run, Switched):
            yield from self._steps_before(self._run, progress, step)
            if not progress.finite:
                return
            step = max(step, self._run.switch_step)
        yield from super()._steps(progress, step)

    def _steps_before(self, run: Switched, progress: Progress, step: int) -> Iterator[int]:
        """Train up to the switch, and switch. A run that was saved after it has only its β and rate to set."""
        if step > run.switch_step:
            self._set_beta(self.program.state())
            return
        for reached, trained in self.feed.advance(self.program, step, run.switch_step):
            progress.add(trained)
            if not progress.finite:
                return
            yield reached
        self._switch(run)

    def _set_beta(self, state: list[np.ndarray]) -> None:
        self.program.start(self.program.network.get_weights(), self._run.beta, self._run.learning_rate)
        self.program.restore(state)

    def _switch(self, run: Switched) -> None:
        network = self.program.network
        heads = {id(weight) for copy in getattr(network, "copies", (network,)) for weight in copy.layers[-1].weights}
        factor = run.beta_before / run.beta if run.rescaled else 1.0
        weights = [
            factor * value if id(weight) in heads else value
            for weight, value in zip(network.weights, network.get_weights())
        ]
        self.program.start(weights, run.beta, run.learning_rate)

    def _final_logits(self, run: Run) -> dict[str, np.ndarray]:
        return super()._final_logits(replace(run, phase="report"))
