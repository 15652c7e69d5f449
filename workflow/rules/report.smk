# Called so because `report` marks what a report of Snakemake has.
rule write_report:
    input:
        TRACKED,
        claims=paths.claims_table,
        runs=paths.runs,
        early=[paths.events, paths.largest_rates] if study.early_tasks() else [],
        mechanism=paths.mechanism if study.phases_of_kind("mechanism") else [],
    output:
        paths.report,
    params:
        study=paths.config,
        titles=lambda wildcards: str(study.titles()),
        code=stage_code("report"),
        experiments=options_of_experiments,
    shell:
        "temperature-check report {params.study} --claims {input.claims} --runs {input.runs} {params.experiments}"
        " --output {output}"


rule page:
    input:
        TRACKED,
        text=text_of_page,
    output:
        report(paths.page, caption="../report/figures.rst", category=category_of_page),
    params:
        caption=lambda wildcards: caption_of(wildcards.page),
        code=stage_code("page"),
    shell:
        "temperature-check page {input.text} --output {output}"


# The study file is no input of any job, as the Snakefile says. Its settings are a param instead.
rule configuration:
    input:
        TRACKED,
    output:
        report(
            paths.page.format(page="configuration"),
            caption="../report/configuration.rst",
            category=CONFIGURATION,
        ),
    params:
        study=paths.config,
        settings=lambda wildcards: study.model_dump_json(),
        code=stage_code("page"),
    shell:
        "temperature-check page {params.study} --output {output}"
