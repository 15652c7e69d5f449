rule prepare_data:
    input:
        TRACKED,
    output:
        data=paths.data,
        facts=paths.data_facts,
    params:
        study=paths.config,
        settings=data_settings,
        code=data_code,
    shell:
        "temperature-check prepare {params.study} {wildcards.data} --output {output.data}"
