"""Every path that the pipeline writes, relative to the directory it is run in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

STORE = Path("results/store")
FIGURE_FORMATS = ("pdf", "png", "csv")
TABLE_FORMATS = ("csv", "md", "tex")
FIGURE_TABLES = {
    "learning_curves": "curves",
    "linearization": "curves",
    "timescales": "events",
    "max_learning_rate": "stable_rates",
}
DEFAULT_STUDY = Path("config/config.yaml")


def study_paths(study: str) -> SimpleNamespace:
    """The paths of a study, as templates whose braces Snakemake's wildcards or `str.format` fill."""
    root = f"results/{study}"
    return SimpleNamespace(
        root=root,
        config=f"{root}/config.yaml",
        data=f"{root}/data/{{data}}.npz",
        shard=f"{root}/shards/{{task}}/{{phase}}/{{shard}}.csv",
        phase_table=f"{root}/tables/{{task}}-{{phase}}.parquet",
        rates=f"{root}/rates/{{task}}.json",
        runs=f"{root}/runs.parquet",
        scales=f"{root}/scales/{{task}}.parquet",
        curves=f"{root}/curves.parquet",
        events=f"{root}/events.parquet",
        stable_rates=f"{root}/stable_rates.parquet",
        table=f"{root}/tables/{{table}}",
        figure=f"{root}/figures/fig_{{figure}}",
        preview=f"{root}/preview/fig_{{figure}}",
        figure_copy="figures/fig_{figure}",
        log=f"{root}/logs/{{job}}.log",
        benchmark=f"{root}/benchmarks/{{job}}.tsv",
    )


def figure_table(study: str, figure: str) -> str:
    """The table whose numbers a figure shows."""
    return getattr(study_paths(study), FIGURE_TABLES.get(figure, "runs"))


def study_files() -> list[Path]:
    """The studies that have results, as they were last run."""
    return sorted(Path("results").glob("*/config.yaml"))


def shard_files(study: str, task: str, phase: str, shards: Iterable[str]) -> list[Path]:
    """The tables of a phase's shards."""
    template = study_paths(study).shard
    return [Path(template.format(task=task, phase=phase, shard=shard)) for shard in shards]
