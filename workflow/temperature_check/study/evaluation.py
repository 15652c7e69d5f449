"""How finished runs are evaluated."""

from __future__ import annotations

from temperature_check.study.types import Count, OpenFraction, Positive, Settings


class EvaluationSettings(Settings):
    """When a run has failed, and how metrics are computed."""

    failed_below: Positive = 2.0
    """A run has failed if its final validation accuracy is at most this multiple of chance, 1/classes."""
    fitted_above: OpenFraction = 0.99
    """A run fits the training data if its accuracy on them in the last epoch is at least this."""
    calibration_bins: Count = 15
    """Number of bins of equal width in the expected calibration error."""
