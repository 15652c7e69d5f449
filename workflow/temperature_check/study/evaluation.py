"""How finished runs are evaluated."""

from __future__ import annotations

from temperature_check.study.types import Count, Positive, Settings


class EvaluationSettings(Settings):
    """When a run has failed, and how metrics are computed."""

    failed_below: Positive = 2.0
    """A run has failed if its final validation accuracy is at most this multiple of chance, 1/classes."""
    calibration_bins: Count = 15
    """Number of bins of equal width in the expected calibration error."""
