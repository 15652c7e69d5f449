"""The claims: those of the paper, and ours. docs/claims.md has their rules in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from temperature_check.claims import measures, mechanism
from temperature_check.claims.verdict import Scope, Verdict


class Claim(NamedTuple):
    """A claim.

    source: where the paper makes it; empty if it is ours. judge: gives its verdict on one task, or on `tasks` by their
    names if `named`. scope: of which tasks it speaks. fails: what would make it fail. figure: that shows its effects.
    """

    identifier: str
    statement: str
    source: str
    judge: Callable[..., Verdict] | None
    scope: Scope
    fails: str
    figure: str
    named: bool = False


CLAIMS = (
    Claim(
        "C1",
        "In the linear regime equal η̃ and Z0 give equal dynamics for every β",
        "introduction",
        measures.same_dynamics,
        "each",
        "times that differ between β while networks are linear",
        "learning_curves",
    ),
    Claim(
        "C2",
        "Learning starts after τ_z ∼ ‖Z0‖/η̃",
        "introduction",
        measures.onset,
        "each",
        "another power of ‖Z0‖, or one of β",
        "time_scales",
    ),
    Claim(
        "C3",
        "The linear regime ends after τ_nl ∼ β/η̃, whatever ‖Z0‖ is",
        "introduction",
        measures.end_of_linear_regime,
        "each",
        "another power of β, or one of ‖Z0‖",
        "time_scales",
    ),
    Claim(
        "C4",
        "The best learning rate is ∼ 1/β",
        "introduction",
        measures.best_rate,
        "each",
        "a chosen ηβ that changes with β",
        "chosen_rate",
    ),
    Claim(
        "C5",
        "The largest stable rate is set by the time to leave the linear regime, ∼ 1/β",
        "section 2",
        measures.largest_rate,
        "each",
        "another power of β",
        "largest_rate",
    ),
    Claim(
        "C6",
        "At the best rate τ_z is ∼ ‖Z0‖/β",
        "introduction",
        measures.first_learning,
        "each",
        "another power of β",
        "time_scales",
    ),
    Claim(
        "C7",
        "Generalization is poor at ‖Z0‖ ≫ 1",
        "introduction",
        measures.large_norm,
        "each",
        "a loss of less than two points",
        "phase_plane",
    ),
    Claim(
        "C8",
        "Generalization depends weakly on ‖Z0‖ and strongly on β",
        "abstract",
        measures.norm_and_beta,
        "each",
        "an effect of ‖Z0‖, or none of β",
        "phase_plane",
    ),
    Claim(
        "C9",
        "The best β is often far from 1",
        "introduction",
        measures.best_beta,
        "most",
        "a best β near 1 in half of the tasks",
        "beta_sweep",
    ),
    Claim(
        "C9b",
        "The best β is often far from 1, on report seeds",
        "introduction",
        measures.best_beta_on_report_seeds,
        "most",
        "a β near 1 that is as good as all others in half of the tasks",
        "beta_sweep",
    ),
    Claim(
        "C10a",
        "Some β in [0.01, 10] does well for all networks",
        "introduction",
        measures.range_is_enough,
        "all",
        "a network that needs a β outside",
        "beta_sweep",
    ),
    Claim(
        "C10b",
        "Tuning β over [0.01, 10] improves all networks",
        "abstract",
        measures.tuning_improves,
        "all",
        "a network that gains nothing",
        "beta_sweep",
    ),
    Claim(
        "C11",
        "Without batch norm smaller β may peak higher, at the cost of stability",
        "abstract",
        measures.peak,
        "some",
        "no peak at small β, or none that costs stability",
        "stability",
    ),
    Claim(
        "C12",
        "The dependence of generalization on β is one of dynamics, not of confidence",
        "abstract",
        mechanism.not_confidence,
        "each",
        "a gap between two β that is halved at equal confidence",
        "beta_switch",
    ),
    Claim(
        "C13",
        "Small β trains less linearly, and that goes with better generalization",
        "section 2",
        measures.nonlinearity,
        "each",
        "a kernel that changes as much at large β, or accuracy that falls with its change",
        "kernel_change",
    ),
    Claim(
        "N1a",
        "With L weight layers of ReLU the largest stable η is ∼ β^(−2/L) at small β",
        "",
        measures.depths,
        "each",
        "the same slope at all L",
        "largest_rate",
        named=True,
    ),
    Claim(
        "N1b",
        "With tanh it is ∼ β^(−2)/T in T steps",
        "",
        measures.late_limit_of_tanh,
        "each",
        "the slope of ReLU, or a rate that does not depend on T",
        "largest_rate",
        named=True,
    ),
    Claim(
        "N2",
        "Poor results at small β are a matter of training budget",
        "",
        measures.budget,
        "all",
        "a gap to β = 1 that longer training does not halve",
        "beta_sweep",
    ),
    Claim(
        "N3",
        "A switch of β after 30% of training leaves most of the effect of the former β",
        "",
        mechanism.early,
        "each",
        "runs that switch then and end as those with the latter β",
        "beta_switch",
    ),
)
