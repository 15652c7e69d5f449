rule prepare_data:
    input:
        TRACKED,
    output:
        paths.data,
    params:
        study=paths.config,
        settings=data_settings,
        code=fingerprint("data"),
    shell:
        "temperature-check prepare {params.study} {wildcards.data} --output {output}"
