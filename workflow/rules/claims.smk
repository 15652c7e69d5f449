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
        experiments=lambda wildcards, input: [
            *(f"--early {file}" for file in input.early),
            *([f"--mechanism {input.mechanism}"] if input.mechanism else []),
        ],
        stem=lambda wildcards, output: Path(output[0]).with_suffix(""),
    shell:
        "temperature-check claims {params.study} --runs {input.runs} {params.experiments} --output {params.stem}"
