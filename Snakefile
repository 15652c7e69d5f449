"""Temperature check, from data sets to figures.

snakemake                                 all figures and tables of the default study, config/config.yaml
snakemake figures/fig_beta_sweep.pdf      one figure
snakemake --configfile FILE -- TARGET     the same for another study instead of the default
"""


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/early_learning.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/report.smk"


# The first page of `snakemake --report`.
report: "workflow/report/study.rst"


# The study file that jobs read, with all defaults. It is deliberately not an input of the jobs: if it were, any change
# would run all of them again. Each rule lists the settings that it depends on under `params`.
onstart:
    write_study(study, Path(paths.config))
    remember(study, study_files)
    if any(
        job.rule.name.startswith("copy_") for job in workflow.dag.needrun_jobs()
    ):
        show(study)
    # It reads parts of many records, which takes ten seconds where there are thousands.
    if any(job.rule.name == "train" for job in workflow.dag.needrun_jobs()):
        from temperature_check.commands.status import left_to_train

        logger.info(left_to_train(study))


rule all:
    default_target: True
    input:
        expand("figures/fig_{figure}.pdf", figure=study.figures_made()),
        expand(f"{paths.table}.{{extension}}", table=TABLES, extension=TABLE_FORMATS),
        paths.runs,
        expand(f"{paths.claims}.{{extension}}", extension=("parquet", *CLAIMS_FORMATS)),
        paths.report,
        expand(paths.page, page=("claims", "report", *TABLES, "configuration")),
        expand(paths.rungs, task=study.searched_tasks()),
