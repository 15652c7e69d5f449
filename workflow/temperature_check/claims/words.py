"""Effects in words, as tables and figures show them."""

from __future__ import annotations

import math

import pandas as pd


def region_text(low: float, high: float, outside: bool = False) -> str:
    """What a claim predicts of an effect: the region between two ends, or what is outside of it.

    >>> region_text(-0.25, 0.25), region_text(0, math.inf), region_text(0.3, 3, outside=True)
    ('-0.25 to 0.25', 'above 0', 'below 0.3 or above 3')
    """
    if outside:
        return f"below {low:.3g} or above {high:.3g}"
    if low == -math.inf:
        return f"below {high:.3g}"
    return f"above {low:.3g}" if high == math.inf else f"{low:.3g} to {high:.3g}"


def found_text(value: float, low: float, high: float) -> str:
    """An estimate and its interval, if they are known.

    >>> found_text(0.5, 0.25, math.inf), found_text(math.nan, math.nan, math.nan)
    ('0.5 (0.25 to inf)', 'not known')
    """
    interval = f" ({low:.3g} to {high:.3g})" if pd.notna(low) else ""
    return f"{value:.3g}{interval}" if pd.notna(value) else "not known"


def predicted_text(row: dict) -> str:
    """`region_text` of a row of the table of claims."""
    return region_text(row["region_low"], row["region_high"], bool(row["predicts_outside"]))


def estimate_text(row: dict) -> str:
    """`found_text` of a row of the table of claims."""
    return found_text(row["value"], row["low"], row["high"])


def count_text(row: dict) -> str:
    """The number of independent values that an effect rests on, and of what they are.

    >>> count_text({"n": 8.0, "unit": "seeds"}), count_text({"n": 1.0, "unit": "seeds"})
    ('8 seeds', '1 seed')
    """
    unit = row["unit"].removesuffix("s") if row["n"] == 1 else row["unit"]
    return f"{row['n']:.0f} {unit}"


def p_text(row: dict) -> str:
    """The smaller of the p-values of a verdict.

    >>> p_text({"supported": 0.0123, "contradicted": 1.0}), p_text({"supported": 1.0, "contradicted": 0.0})
    ('p = 0.012', 'p < 0.001')
    """
    p = min(row["supported"], row["contradicted"])
    return f"p = {p:.2g}" if p >= 0.001 else "p < 0.001"
