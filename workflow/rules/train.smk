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
    wildcard_constraints:
        phase="|".join(
            phase for phase in (*PHASES, *EXPERIMENTS) if phase != "bisection"
        ),
    priority: training_priority
    threads: study.engine.threads
    resources:
        gpu=int(study.engine.device == "gpu"),
    params:
        study=paths.config,
        settings=lambda wildcards: shard_settings(
            wildcards.task, wildcards.phase, wildcards.shard
        ),
        code=lambda wildcards: training_code(wildcards.task, wildcards.phase),
        store=STORE,
    shell:
        "temperature-check train {params.study} {wildcards.task} {wildcards.phase} {wildcards.shard:q} {input.rates}"
        " --data {input.data} --store {params.store} --output {output:q} --log {log:q}"


rule bisect:
    input:
        TRACKED,
        data=data_of,
    output:
        paths.shard.format(task="{task}", phase="bisection", shard=WHOLE),
    log:
        paths.log.format(job="train-{task}-bisection"),
    benchmark:
        paths.benchmark.format(job="train-{task}-bisection")
    priority: training_priority
    threads: study.engine.threads
    resources:
        gpu=int(study.engine.device == "gpu"),
    params:
        study=paths.config,
        settings=lambda wildcards: shard_settings(wildcards.task, "bisection"),
        code=lambda wildcards: fingerprint("dynamics.bisection")
        + training_code(wildcards.task, "bisection"),
        store=STORE,
    shell:
        "temperature-check bisect {params.study} {wildcards.task}"
        " --data {input.data} --store {params.store} --output {output} --log {log}"
