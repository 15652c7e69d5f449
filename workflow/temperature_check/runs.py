"""The unit of work, a run, and the key under which its numbers are kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import NamedTuple

PHASES = ("tune", "report")


class Experiment(NamedTuple):
    """How the runs of an experiment on early learning are trained, and which part of the settings describes them."""

    part: str
    initialization: str
    linearized: bool = False


EXPERIMENTS = {
    "curves_exact": Experiment("curves", "shifted"),
    "curves_linearized": Experiment("curves", "shifted", linearized=True),
    "curves_correlated": Experiment("curves", "correlated"),
    "onset": Experiment("onset", "correlated"),
    "departure": Experiment("departure", "correlated"),
    "departure_linearized": Experiment("departure", "correlated", linearized=True),
    "bisection": Experiment("bisection", "correlated"),
}
WHOLE = "all"
SHARD_KEYS = ("beta", "z0", "learning_rate", "seed")


@dataclass(frozen=True)
class Run:
    """One training of one network.

    beta: inverse temperature β of the loss CE(softmax(βz)).
    z0: initial logit norm ‖Z0‖ asked for, per example, of the scaled logits Z = βz; None with plain initialization.
    scaled_learning_rate: ηβ, the quantity whose grid a study gives.
    """

    task: str
    phase: str
    beta: float
    z0: float | None
    scaled_learning_rate: float
    seed: int

    @property
    def learning_rate(self) -> float:
        """η, the rate of gradient descent on the weights."""
        return self.scaled_learning_rate / self.beta

    def shard(self, shard_by: Iterable[str]) -> str:
        """The name of the shard that the run falls into, e.g. `beta=0.1,seed=3`; `all` where nothing divides the runs.

        In the report phase the rate, not known before, divides none.
        """
        values = {"beta": self.beta, "z0": self.z0, "learning_rate": self.scaled_learning_rate, "seed": self.seed}
        names = [key for key in shard_by if not (key == "learning_rate" and self.phase == "report")]
        return ",".join(f"{key}={values[key]}" for key in names) or WHOLE

    def key(self, identity: dict) -> str:
        """The address of this run's numbers: a digest of its values and of `identity`, all else that determines them.

        The name of the task is left out, so that equal runs of different studies are one run.
        """
        values = asdict(self)
        del values["task"]
        return digest({"run": values, **identity})


def digest(value: object, length: int = 32) -> str:
    """Hexadecimal SHA-256 of a JSON-able value, independent of the order of its dictionaries."""
    text = json.dumps(value, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:length]
