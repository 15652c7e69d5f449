rule table:
    input:
        TRACKED,
        runs=paths.runs,
    output:
        report(
            f"{paths.table}.csv",
            caption="../report/tuned_beta.rst",
            category="Tables",
        ),
        *(f"{paths.table}.{extension}" for extension in TABLE_FORMATS[1:]),
    params:
        study=paths.config,
        settings=table_settings,
        titles=lambda wildcards: str(study.titles()),
        code=lambda wildcards: stage_code("table", wildcards.table),
        stem=lambda wildcards, output: Path(output[0]).with_suffix(""),
    shell:
        "temperature-check table {params.study} {wildcards.table} --runs {input.runs} --output {params.stem}"
