"""Names of the columns that tables of runs share."""

from __future__ import annotations

RUN = ("task", "phase", "beta", "z0", "scaled_learning_rate", "seed", "length")
"""What identifies a run within a study."""
CELL = ("task", "beta", "z0")
"""What identifies a cell, that is, a point (β, ‖Z0‖) of a task, for which one rate is chosen."""
START = ("task", "beta", "z0", "seed")
"""What identifies the start of a run."""
