rule claims:
    input:
        TRACKED,
        runs=paths.runs,
        early=(
            [paths.curves, paths.events, paths.largest_rates]
            if study.early_tasks()
            else []
        ),
    output:
        paths.claims_table,
        *(f"{paths.claims}.{extension}" for extension in CLAIMS_FORMATS),
    params:
        study=paths.config,
        settings=lambda wildcards: str(study.claims),
        titles=lambda wildcards: str(study.titles()),
        code=stage_code("claims"),
        early=lambda wildcards, input: [f"--early {file}" for file in input.early],
        stem=lambda wildcards, output: Path(output[0]).with_suffix(""),
    shell:
        "temperature-check claims {params.study} --runs {input.runs} {params.early} --output {params.stem}"
