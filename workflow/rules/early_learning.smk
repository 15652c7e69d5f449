rule scales:
    input:
        TRACKED,
        data=data_of,
    output:
        paths.scales,
    log:
        paths.log.format(job="scales-{task}"),
    threads: study.engine.threads
    resources:
        gpu=int(study.engine.device == "gpu"),
    params:
        study=paths.config,
        settings=early_settings,
        code=scales_code,
    shell:
        "temperature-check scales {params.study} {wildcards.task}"
        " --data {input.data} --output {output} --log {log}"


rule early_learning:
    input:
        TRACKED,
        shards=early_shards,
        scales=expand(paths.scales, task=study.early_tasks()),
    output:
        curves=paths.curves,
        events=paths.events,
        rates=paths.stable_rates,
    params:
        scales=lambda wildcards, input: [f"--scales {file}" for file in input.scales],
        code=fingerprint("evaluation.early_learning", "tables"),
        store=STORE,
    shell:
        "temperature-check early-learning {input.shards} {params.scales} --store {params.store}"
        " --curves {output.curves} --events {output.events} --rates {output.rates}"
