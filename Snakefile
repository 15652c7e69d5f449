"""Temperature check, from data sets to figures.

snakemake                                 all figures and tables of the default study, config/config.yaml
snakemake figures/fig_beta_sweep.pdf      one figure
snakemake TARGET --configfile FILE        the same of another study, which replaces the default
"""


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/early_learning.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/tables.smk"


# What the jobs read: the study as it is now, defaults included. It is no input of theirs, for then a change of any setting
# would run every job; each job has the settings that bear on it as params.
onstart:
    write_study(study, Path(paths.config))


rule all:
    default_target: True
    input:
        expand("figures/fig_{figure}.pdf", figure=study.figures_made()),
        expand(f"{paths.table}.{{extension}}", table=TABLES, extension=TABLE_FORMATS),
        paths.runs,
