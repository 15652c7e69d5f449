rule figure:
    input:
        TRACKED,
        table=table_of_figure,
    output:
        f"{paths.figure}.pdf",
        # Browsers fit a picture to their window, and show a PDF through a small hole.
        report(
            f"{paths.figure}.png",
            caption="../report/figures.rst",
            category=category_of_figure,
        ),
        f"{paths.figure}.csv",
    params:
        study=paths.config,
        settings=figure_settings,
        panels=figure_panels,
        caption=figure_caption,
        code=lambda wildcards: stage_code("figure", wildcards.figure),
        stem=lambda wildcards, output: Path(output[0]).with_suffix(""),
    shell:
        "temperature-check figure {params.study} {wildcards.figure} --table {input.table} --output {params.stem}"


# The figure of the study at hand, under a name that does not change with the study.
rule copy_figure:
    input:
        TRACKED,
        figures=expand(
            f"{paths.figure}.{{extension}}",
            extension=FIGURE_FORMATS,
            allow_missing=True,
        ),
    output:
        expand(
            f"{FIGURE_COPY}.{{extension}}",
            extension=FIGURE_FORMATS,
            allow_missing=True,
        ),
    shell:
        "cp {input.figures} figures/"


# Names that figures had before are targets as well.
rule copy_renamed_figure:
    input:
        lambda wildcards: f"figures/fig_{RENAMED[wildcards.former]}.{wildcards.extension}",
    output:
        "figures/fig_{former}.{extension}",
    wildcard_constraints:
        former="|".join(RENAMED),
        extension="|".join(FIGURE_FORMATS),
    shell:
        "cp {input} {output}"


ruleorder: copy_renamed_figure > copy_figure
