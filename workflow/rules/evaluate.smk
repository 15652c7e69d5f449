rule evaluate:
    input:
        TRACKED,
        shards=shards_of,
        data=data_of,
    output:
        paths.phase_table,
    priority: BEFORE_TRAINING
    params:
        study=paths.config,
        settings=study.evaluation.model_dump_json(),
        code=stage_code("evaluate"),
        store=STORE,
    shell:
        "temperature-check evaluate {params.study} {wildcards.task} {wildcards.phase}"
        " --data {input.data} --store {params.store} --output {output}"


rule rungs:
    input:
        TRACKED,
        shards=shards_of_search,
    output:
        paths.rungs,
    params:
        study=paths.config,
        code=stage_code("rungs"),
        store=STORE,
    shell:
        "temperature-check rungs {params.study} {wildcards.task} --store {params.store} --output {output}"


rule select:
    input:
        TRACKED,
        table=paths.phase_table.replace("{phase}", "tune"),
    output:
        paths.rates,
    priority: BEFORE_TRAINING
    params:
        study=paths.config,
        settings=rule_of_choice,
        code=stage_code("select"),
    shell:
        "temperature-check select {params.study} {wildcards.task} {input.table} --output {output}"


rule collect:
    input:
        TRACKED,
        tables=expand(paths.phase_table, task=study.tasks, phase=SWEEP_PHASES),
        rates=expand(paths.rates, task=study.tasks),
    output:
        report(paths.runs, caption="../report/runs.rst", category=TABLES_READ),
    params:
        rates=lambda wildcards, input: [f"--rates {file}" for file in input.rates],
        code=stage_code("collect"),
    shell:
        "temperature-check collect {input.tables} {params.rates} --output {output}"


rule mechanism:
    input:
        TRACKED,
        tables=mechanism_tables,
        runs=paths.runs,
    output:
        paths.mechanism,
    params:
        code=stage_code("mechanism"),
    shell:
        "temperature-check mechanism {input.tables} --runs {input.runs} --output {output}"
