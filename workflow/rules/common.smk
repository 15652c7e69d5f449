"""The study, its paths, and what rules ask about them."""

import shlex
import sys
from functools import cache
from pathlib import Path

from temperature_check.errors import exit_on_user_error
from temperature_check.fingerprint import fingerprint, training_fingerprint
from temperature_check.paths import (
    DEFAULT_STUDY,
    FIGURE_FORMATS,
    STORE,
    TABLE_FORMATS,
    figure_table,
    shard_files,
    study_paths,
)
from temperature_check.runs import EXPERIMENTS, PHASES, WHOLE
from temperature_check.study import CONVOLUTIONAL_NETWORKS, TABLES, entry
from temperature_check.study_file import check_study, load_study, write_study

# Jobs call the command installed beside the Python that runs this, whether or not its environment is activated.
shell.prefix(f"PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH; ")


def asked_study():
    """The study of --configfile, or else the default; --config changes single keys of either."""
    if files := workflow.overwrite_configfiles:
        return check_study(config, ", ".join(map(str, files)))
    return load_study(Path(workflow.basedir, DEFAULT_STUDY), config)


with exit_on_user_error():
    study = asked_study()

paths = study_paths(study.study)


def require_data():
    """Archives that no job can download are there before the first one."""
    for name in {task.data for task in study.tasks.values()}:
        data = study.data[name]
        if (
            data.source == "imagenet"
            and not Path(paths.data.format(data=name)).exists()
        ):
            from temperature_check.data.archives import require_archives

            require_archives(data.data_dir, data.manual_dir)


with exit_on_user_error():
    require_data()

digests = {
    (task, phase): study.shard_digests(task, phase)
    for task in study.tasks
    for phase in study.tasks[task].phases()
}

# Without its metadata Snakemake knows file times only, and would call a changed study up to date. This file, an input of all
# jobs, lies with the metadata and is lost with it: then every job runs once more, and finds its runs in the store.
TRACKED = ".snakemake/temperature_check_tracked"
if not Path(TRACKED).exists():
    Path(TRACKED).parent.mkdir(exist_ok=True)
    Path(TRACKED).touch()


# Jobs that take seconds and that the report phase waits for.
BEFORE_TRAINING = 2


# On a cluster these run where Snakemake runs. Each takes seconds, less than it takes to submit a job and to notice its
# end, but `prepare_data`, which may download: compute nodes often have no network.
localrules:
    prepare_data,
    select,
    collect,
    figure,
    copy_figure,
    table,


wildcard_constraints:
    task="[^/]+",
    data="[^/]+",
    phase="|".join([*PHASES, *EXPERIMENTS]),
    shard="[^/]+",
    figure="[^/.]+",
    table="[^/.]+",


def data_settings(wildcards):
    with exit_on_user_error():
        return study.dataset(wildcards.data).model_dump_json()


def data_of(wildcards):
    with exit_on_user_error():
        return paths.data.format(data=study.task(wildcards.task).data)


# One function for both, for Snakemake looks into each function of a rule again for every job.
def shard_inputs(wildcards):
    chosen = wildcards.phase == "report"
    rates = paths.rates.format(task=wildcards.task) if chosen else []
    return {"data": data_of(wildcards), "rates": rates}


def shards_of(wildcards):
    with exit_on_user_error():
        study.task(wildcards.task)
    return shard_files(
        study.study,
        wildcards.task,
        wildcards.phase,
        digests[wildcards.task, wildcards.phase],
    )


def training_priority(wildcards):
    """Of jobs that are ready convolutions go first: they take longest, and would be left alone at the end."""
    with exit_on_user_error():
        kind = study.task(wildcards.task).model.kind
    return int(kind in CONVOLUTIONAL_NETWORKS)


def shard_settings(task, phase, shard=WHOLE):
    with exit_on_user_error():
        known = digests.get((task, phase)) or study.shard_digests(task, phase)
        return entry(known, shard, f"shard of {task} in phase {phase}")


@cache
def training_code(task, phase):
    with exit_on_user_error():
        engine = study.task(task).training(phase).engine
    return fingerprint("train") + training_fingerprint(study.engine.backend, engine)


def figure_panels(wildcards):
    with exit_on_user_error():
        return str(study.panels(wildcards.figure))


def table_of_figure(wildcards):
    return figure_table(study.study, wildcards.figure)


def early_task(wildcards):
    with exit_on_user_error():
        return entry(
            {name: study.tasks[name] for name in study.early_tasks()},
            wildcards.task,
            "task with early_learning",
        )


def early_settings(wildcards):
    return early_task(wildcards).model_dump_json(include={"model", "early_learning"})


def scales_code(wildcards):
    phase = early_task(wildcards).early_learning.plain_phase()
    return fingerprint("dynamics.start", "tables") + training_code(
        wildcards.task, phase
    )


def early_shards(wildcards):
    phases = [
        (task, phase)
        for task in study.early_tasks()
        for phase in study.tasks[task].early_learning.phases()
    ]
    return [
        paths.shard.format(task=task, phase=phase, shard=WHOLE)
        for task, phase in phases
    ]


def figure_settings(wildcards):
    with exit_on_user_error():
        return study.figure(wildcards.figure).model_dump_json()


def table_settings(wildcards):
    with exit_on_user_error():
        return study.table(wildcards.table).model_dump_json()
