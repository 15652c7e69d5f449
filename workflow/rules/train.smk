rule train:
    input:
        TRACKED,
        data=data_of,
        rates=rates_of,
    output:
        paths.shard,
    log:
        paths.log.format(job="train-{task}-{phase}-{shard}"),
    benchmark:
        paths.benchmark.format(job="train-{task}-{phase}-{shard}")
    threads: study.engine.threads
    params:
        study=paths.config,
        settings=shard_settings,
        code=fingerprint("train") + training_fingerprint(study.engine.backend),
        rates=lambda wildcards, input: f"--rates {input.rates}" if input.rates else "",
        store=STORE,
    shell:
        "temperature-check train {params.study} {wildcards.task} {wildcards.phase} {wildcards.shard:q}"
        " --data {input.data} {params.rates} --store {params.store} --output {output:q} --log {log:q}"
