rule claims:
    input:
        TRACKED,
        runs=paths.runs,
        early=(
            [paths.curves, paths.events, paths.largest_rates]
            if study.early_tasks()
            else []
        ),
        mechanism=paths.mechanism if study.phases_of_kind("mechanism") else [],
    output:
        paths.claims_table,
        *(f"{paths.claims}.{extension}" for extension in CLAIMS_FORMATS),
    params:
        study=paths.config,
        settings=lambda wildcards: str(study.claims),
        titles=lambda wildcards: str(study.titles()),
        code=stage_code("claims"),
        experiments=options_of_experiments,
        stem=lambda wildcards, output: Path(output[0]).with_suffix(""),
    shell:
        "temperature-check claims {params.study} --runs {input.runs} {params.experiments} --output {params.stem}"
