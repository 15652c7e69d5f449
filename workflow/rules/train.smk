rule train:
    input:
        TRACKED,
        unpack(shard_inputs),
    output:
        paths.shard,
    log:
        paths.log.format(job="train-{task}-{phase}-{shard}"),
    benchmark:
        paths.benchmark.format(job="train-{task}-{phase}-{shard}")
    priority: training_priority
    threads: study.engine.threads
    resources:
        gpu=int(study.engine.device == "gpu"),
    params:
        study=paths.config,
        settings=shard_settings,
        code=shard_code,
        store=STORE,
    shell:
        "temperature-check train {params.study} {wildcards.task} {wildcards.phase} {wildcards.shard:q} {input.rates}"
        " --data {input.data} --store {params.store} --output {output:q} --log {log:q}"
