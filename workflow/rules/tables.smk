rule table:
    input:
        TRACKED,
        runs=paths.runs,
    output:
        expand(
            f"{paths.table}.{{extension}}",
            extension=TABLE_FORMATS,
            allow_missing=True,
        ),
    params:
        study=paths.config,
        settings=table_settings,
        titles=lambda wildcards: str(study.titles()),
        code=lambda wildcards: stage_code("table", wildcards.table),
        stem=lambda wildcards, output: Path(output[0]).with_suffix(""),
    shell:
        "temperature-check table {params.study} {wildcards.table} --runs {input.runs} --output {params.stem}"
