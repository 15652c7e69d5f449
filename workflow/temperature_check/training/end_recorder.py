"""Recorder of report runs: how far the kernel of the trained network is from that of its start."""

from __future__ import annotations

from temperature_check.training import kernel_recorder


class Recorder(kernel_recorder.Recorder):
    """Records the relative change of the kernel, docs/theory.md, equation (17), at the end of a run alone.

    It is measured on the first `kernel_examples` training examples, with batch norm in training mode.
    """

    @staticmethod
    def stops(steps: list[int]) -> list[int]:
        """The last step."""
        return steps[-1:]

    def start(self) -> None:
        """Begin a new run."""
        self._changes, self._initial = [], self._products()

    def record(self) -> None:
        """Record the change of the kernel at the last step of the run."""
        self._record_change()

    def recorded(self) -> dict[str, list]:
        """`final_kernel_change`, of shape [1]; nothing before the last step."""
        return {"final_kernel_change": self._changes} if self._changes else {}

    def restore(self, recorded: dict[str, list]) -> None:
        """Restore nothing, because nothing is recorded before the last step."""
