"""All paths that the workflow writes, relative to its working directory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DEFAULT_STUDY = Path("config/config.yaml")
STORE = Path("results/store")
FIGURE_COPY = "figures/fig_{figure}"
"""The copy of a figure under a name that is the same for every study, without its extension."""
FIGURE_TABLES = {
    "learning_curves": "curves",
    "departure": "curves",
    "time_scales": "events",
    "largest_rate": "largest_rates",
    "beta_switch": "mechanism",
    "claims": "claims_table",
}
"""The table that each figure shows. Other figures show the table of all runs."""


@dataclass(frozen=True)
class StudyPaths:
    """The paths of a study. Paths with braces are templates for Snakemake's wildcards or `str.format`.

    >>> StudyPaths("digits").data
    'results/digits/data/{data}.npz'
    """

    study: str

    @property
    def root(self) -> str:
        """The folder of the study's results."""
        return f"results/{self.study}"

    @property
    def config(self) -> str:
        """The study as it was last run, with all defaults."""
        return f"{self.root}/config.yaml"

    @property
    def data(self) -> str:
        """A prepared data set."""
        return f"{self.root}/data/{{data}}.npz"

    @property
    def data_facts(self) -> str:
        """Facts about a prepared data set, which can be read without its arrays."""
        return f"{self.root}/data/{{data}}.json"

    @property
    def shard(self) -> str:
        """The runs that one job trains, with their keys."""
        return f"{self.root}/shards/{{task}}/{{phase}}/{{shard}}.csv"

    @property
    def phase_table(self) -> str:
        """Metrics of the runs of one phase of the sweep."""
        return f"{self.root}/tables/{{task}}-{{phase}}.parquet"

    @property
    def rates(self) -> str:
        """The chosen rates of a task."""
        return f"{self.root}/rates/{{task}}.json"

    @property
    def rungs(self) -> str:
        """What the search of a task did, one row per cell, length, rung and rate."""
        return f"{self.root}/rungs/{{task}}.csv"

    @property
    def runs(self) -> str:
        """All runs of the sweep, one row per run."""
        return f"{self.root}/runs.parquet"

    @property
    def mechanism(self) -> str:
        """All runs that switch β or are smoothed, one row per run."""
        return f"{self.root}/mechanism.parquet"

    @property
    def starts(self) -> str:
        """Time scales at the starts of the experiments of a task."""
        return f"{self.root}/starts/{{task}}.parquet"

    @property
    def curves(self) -> str:
        """Curves of the experiments, one row per recorded step."""
        return f"{self.root}/curves.parquet"

    @property
    def events(self) -> str:
        """Events of the experiments, one row per run."""
        return f"{self.root}/events.parquet"

    @property
    def largest_rates(self) -> str:
        """Largest stable rates, one row per search."""
        return f"{self.root}/largest_rates.parquet"

    @property
    def table(self) -> str:
        """A table for reading, without its extension."""
        return f"{self.root}/tables/{{table}}"

    @property
    def figure(self) -> str:
        """A figure, without its extension."""
        return f"{self.root}/figures/fig_{{figure}}"

    @property
    def preview(self) -> str:
        """A figure of an unfinished study, without its extension."""
        return f"{self.root}/preview/fig_{{figure}}"

    @property
    def log(self) -> str:
        """The log of a job."""
        return f"{self.root}/logs/{{job}}.log"

    @property
    def benchmark(self) -> str:
        """The time and memory that a job took."""
        return f"{self.root}/benchmarks/{{job}}.tsv"

    @property
    def claims(self) -> str:
        """Verdicts on the claims, without its extension."""
        return f"{self.root}/claims"

    @property
    def claims_table(self) -> str:
        """Verdicts on the claims and their effects, one row per claim, task and effect."""
        return f"{self.claims}.parquet"

    @property
    def report(self) -> str:
        """A page of plain sentences on the study."""
        return f"{self.root}/report.md"

    @property
    def page(self) -> str:
        """A text for the HTML report."""
        return f"{self.root}/pages/{{page}}.html"

    def table_of(self, figure: str) -> str:
        """The table whose numbers a figure shows."""
        return getattr(self, FIGURE_TABLES.get(figure, "runs"))

    def shards(self, task: str, phase: str, names: Iterable[str]) -> list[Path]:
        """The tables of a phase's shards."""
        return [Path(self.shard.format(task=task, phase=phase, shard=name)) for name in names]


def study_files() -> list[Path]:
    """The files of all studies that have results, as they were last run."""
    return sorted(Path("results").glob("*/config.yaml"))
