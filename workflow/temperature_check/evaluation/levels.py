"""What counts as an event of early learning: known to the tables of events and to the figures that draw them."""

from __future__ import annotations

LEVEL = 0.1
"""Relative change of the kernel, or departure from the linearized network, at which the linear regime ends."""
FEWEST_STEPS = 10
"""An event after fewer steps is flagged, because gradient descent cannot follow gradient flow in so few."""
