rule starts:
    input:
        TRACKED,
        data=data_of,
    output:
        paths.starts,
    log:
        paths.log.format(job="starts-{task}"),
    threads: study.engine.threads
    resources:
        gpu=int(study.engine.device == "gpu"),
    params:
        study=paths.config,
        settings=starts_settings,
        code=code_of_starts,
    shell:
        "temperature-check starts {params.study} {wildcards.task}"
        " --data {input.data} --output {output} --log {log}"


rule early_learning:
    input:
        TRACKED,
        shards=early_shards,
        starts=expand(paths.starts, task=study.early_tasks()),
    output:
        curves=paths.curves,
        events=paths.events,
        largest_rates=paths.largest_rates,
    params:
        starts=lambda wildcards, input: [f"--starts {file}" for file in input.starts],
        code=stage_code("early_learning"),
        store=STORE,
    shell:
        "temperature-check early-learning {input.shards} {params.starts} --store {params.store}"
        " --curves {output.curves} --events {output.events} --largest-rates {output.largest_rates}"
