"""The study, its paths, and functions that rules call."""

import shlex
import sys
from functools import cache
from pathlib import Path

from snakemake.settings.types import RerunTrigger

from temperature_check.base.exits import exit_on_user_error
from temperature_check.base.terminal import settle_terminal
from temperature_check.base.formats import (
    CLAIMS_FORMATS,
    FIGURE_FORMATS,
    TABLE_FORMATS,
)
from temperature_check.base.paths import (
    DEFAULT_STUDY,
    FIGURE_COPY,
    STORE,
    StudyPaths,
)
from temperature_check.commands.checkout import (
    changed_since,
    refuse_other_files,
    remember,
    show,
)
from temperature_check.commands.code import (
    prepare_code,
    stage_code,
    starts_code,
    training_code,
)
from temperature_check.study.early_learning import EXPERIMENTS
from temperature_check.study.figures import RENAMED, TABLES
from temperature_check.study.file import check_study, write_study
from temperature_check.study.mechanism import PHASES as MECHANISM_PHASES
from temperature_check.study.phases import WHOLE
from temperature_check.study.read import changed, read_settings
from temperature_check.study.tasks import SWEEP_PHASES
from temperature_check.study.types import lookup
from temperature_check.tables.markup import restructured

# Jobs call the command installed beside the Python that runs this, whether or not its environment is activated.
shell.prefix(f"PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH; ")


settle_terminal()

# Snakemake reads the files of --configfile as well, but would take the last of two equal keys without a word.
study_files = workflow.overwrite_configfiles or [Path(workflow.basedir, DEFAULT_STUDY)]


@exit_on_user_error()
def asked_study():
    """The study of --configfile, or else the default study. --config changes single keys of either."""
    source = ", ".join(map(str, study_files))
    settings, changes = read_settings(*study_files), workflow.config_settings.config
    asked = check_study(
        changed(settings, changes), f"{source} with --config" if changes else source
    )
    refuse_other_files(asked, study_files)
    return asked


study = asked_study()
paths = StudyPaths(study.study)


@exit_on_user_error()
def require_data():
    """Check before the first job that archives exist, because no job can download them."""
    for name in {task.data for task in study.tasks.values()}:
        data = study.data[name]
        if (
            data.source == "imagenet"
            and not Path(paths.data.format(data=name)).exists()
        ):
            from temperature_check.data.archives import require_archives

            require_archives(data.data_dir, data.manual_dir)


require_data()

phases = {(phase.task_name, phase.name): phase for phase in study.phases()}
digests = {key: phase.digests() for key, phase in phases.items()}

# Snakemake sets what it was asked for only after it has read this file, and builds a report without a look at settings.
REPORTING = any(argument.partition("=")[0] == "--report" for argument in sys.argv)
if REPORTING and (warning := changed_since(study)):
    logger.warning(f"warning: {warning}")


@cache
def say_what_was_asked():
    """Say once what a plan does not, and what makes it wrong."""
    if RerunTrigger.PARAMS not in workflow.rerun_triggers:
        logger.warning(
            "warning: --rerun-triggers lacks `params`: a change of the study is not noticed; leave it out"
        )
    if workflow.dryrun:
        logger.info("`temperature-check status` says how many runs are left to train.")


# Without its metadata Snakemake knows only file times, and would consider a changed study up to date. This file, which is
# an input of all jobs, is in the folder of the metadata. If the folder is lost, every job runs once more and finds its
# runs in the store.
TRACKED = ".snakemake/temperature_check_tracked"
if not Path(TRACKED).exists():
    Path(TRACKED).parent.mkdir(exist_ok=True)
    Path(TRACKED).touch()


# Priority of jobs that take seconds and that the report phase waits for.
BEFORE_TRAINING = 2

# Snakemake sorts the categories of a report by their names.
CLAIMS, FIGURES, TABLES_READ, CONFIGURATION = (
    "1 Claims",
    "2 Figures",
    "3 Tables",
    "4 Configuration",
)


# On a cluster these rules run where Snakemake runs. Except for `prepare_data` they take seconds, which is less than
# submitting a job and noticing its end. `prepare_data` may download, and compute nodes often have no network.
localrules:
    prepare_data,
    select,
    collect,
    figure,
    copy_figure,
    copy_renamed_figure,
    mechanism,
    table,
    claims,
    write_report,
    page,
    configuration,


wildcard_constraints:
    task="[^/]+",
    data="[^/]+",
    phase="|".join([*SWEEP_PHASES, *MECHANISM_PHASES, *EXPERIMENTS]),
    shard="[^/]+",
    figure="[^/.]+",
    table="[^/.]+",
    page="|".join(["claims", "report", *TABLES]),


@exit_on_user_error()
def data_settings(wildcards):
    facts = str(study.dataset(wildcards.data).facts())
    seeds = study.data_seeds(wildcards.data)
    return f"{facts} for seeds {seeds}" if seeds else facts


@exit_on_user_error()
def data_code(wildcards):
    return prepare_code(study.dataset(wildcards.data))


@exit_on_user_error()
def phase_of(task, name):
    return phases.get((task, name)) or study.phase(task, name)


# One function returns both inputs, because Snakemake evaluates every input function once per job.
def shard_inputs(wildcards):
    chosen = phase_of(wildcards.task, wildcards.phase).at_chosen_rates
    rates = paths.rates.format(task=wildcards.task) if chosen else []
    return {"data": data_of(wildcards), "rates": rates}


@exit_on_user_error()
def data_of(wildcards):
    say_what_was_asked()
    return paths.data.format(data=study.task(wildcards.task).data)


def shards_of(wildcards):
    shards = digests[wildcards.task, phase_of(wildcards.task, wildcards.phase).name]
    return paths.shards(wildcards.task, wildcards.phase, shards)


@exit_on_user_error()
def shards_of_search(wildcards):
    searched = {name: digests[name, "tune"] for name in study.searched_tasks()}
    shards = lookup(searched, wildcards.task, "task with a search")
    return paths.shards(wildcards.task, "tune", shards)


def training_priority(wildcards):
    """Networks with convolutions go first, because they take longest and would otherwise be left to the end."""
    return int(phase_of(wildcards.task, wildcards.phase).task.model.convolutional)


@exit_on_user_error()
def shard_settings(wildcards):
    known = digests[wildcards.task, phase_of(wildcards.task, wildcards.phase).name]
    shard = f"shard of {wildcards.task} in phase {wildcards.phase}"
    return lookup(known, wildcards.shard, shard)


def shard_code(wildcards):
    return code_of_phase(wildcards.task, wildcards.phase)


@cache
def code_of_phase(task, name):
    return training_code(phase_of(task, name))


@exit_on_user_error()
def rule_of_choice(wildcards):
    task = study.task(wildcards.task)
    choice = f"{task.lengths} {task.grid.tuning_seeds}"
    return f"{choice} {task.grid.rate_of}" if task.grid.rate_of else choice


@exit_on_user_error()
def early_task(wildcards):
    early = {name: study.tasks[name] for name in study.early_tasks()}
    return lookup(early, wildcards.task, "task with early_learning")


def mechanism_tables(wildcards):
    found = study.phases_of_kind("mechanism")
    return [
        paths.phase_table.format(task=phase.task_name, phase=phase.name)
        for phase in found
    ]


def options_of_experiments(wildcards, input):
    early = [f"--early {file}" for file in input.early]
    return [*early, *([f"--mechanism {input.mechanism}"] if input.mechanism else [])]


def starts_settings(wildcards):
    return early_task(wildcards).model_dump_json(include={"model", "early_learning"})


def code_of_starts(wildcards):
    phase = early_task(wildcards).early_learning.plain_phase()
    return starts_code(phase_of(wildcards.task, phase))


def early_shards(wildcards):
    early = study.phases_of_kind("early_learning")
    return [
        paths.shard.format(task=phase.task_name, phase=phase.name, shard=WHOLE)
        for phase in early
    ]


@exit_on_user_error()
def figure_settings(wildcards):
    return study.figure(wildcards.figure).model_dump_json()


@exit_on_user_error()
def figure_panels(wildcards):
    return str(study.panels(wildcards.figure))


# Snakemake fills no wildcards into the path of a caption, so the caption of each figure is a param.
@exit_on_user_error()
def figure_caption(wildcards):
    shown = restructured(study.shown(wildcards.figure))
    return f"{caption_of(wildcards.figure)}\n\nShown: {shown}."


def caption_of(name):
    file = Path(workflow.basedir, f"workflow/report/{name}.rst")
    return file.read_text(encoding="utf-8")


def category_of_figure(wildcards):
    return CLAIMS if wildcards.figure == "claims" else FIGURES


def text_of_page(wildcards):
    texts = {"claims": f"{paths.claims}.md", "report": paths.report}
    return texts.get(wildcards.page) or f"{paths.table.format(table=wildcards.page)}.md"


def category_of_page(wildcards):
    return TABLES_READ if wildcards.page in TABLES else CLAIMS


def table_of_figure(wildcards):
    return paths.table_of(wildcards.figure)


@exit_on_user_error()
def table_settings(wildcards):
    return study.table(wildcards.table).model_dump_json()
