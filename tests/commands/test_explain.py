"""A key says what it is made of, and why it is another than it was."""

from __future__ import annotations

import json

import pytest

from temperature_check.runs.key import key_of
from tests.conftest import Project
from tests.workflow.test_bad_input import refused


def keys(project: Project) -> list[str]:
    return sorted(path.removesuffix(".npz") for path in project.stored())


def explained(project: Project, *arguments: str) -> str:
    result = project.run("temperature-check", "runs", *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def difference(project: Project, *arguments: str) -> list[str]:
    """The lines that say how two keys differ."""
    return explained(project, *arguments).strip().partition(":\n")[2].splitlines()


def test_a_key_is_made_of_what_it_prints(finished_project):
    key = keys(finished_project)[0]
    text, _, state = explained(finished_project, key[:10]).rpartition("\n\n")
    parts = json.loads(text)
    assert key_of(parts) == key
    assert {"run", "training", "data", "code", "backend", "threads", "versions"} <= parts.keys()
    assert parts["code"].keys() >= {"networks.mlp", "training.engine", "runs.run"}
    assert state.strip() == f"{key[:12]} is a run of the study, and is in the store."


def test_a_change_of_settings_is_named(finished_project):
    study, key = finished_project.study(), keys(finished_project)[0]
    study["tasks"]["mlp"]["epochs"] = 3
    study["tasks"]["mlp"]["clip_norm"] = 1.0
    finished_project.write_study(study)
    text = explained(finished_project, key)
    assert f"{key[:12]} is in the store, and is no run of the study as it is now.\n{key[:12]} -> " in text
    assert text.strip().splitlines()[-2:] == ["training.clip_norm: absent -> 1.0", "training.epochs: 2 -> 3"]


def test_a_run_that_is_trained_again_says_why(finished_project):
    network = finished_project.root / "workflow/temperature_check/networks/mlp.py"
    network.write_text(network.read_text().replace('"he_normal"', '"lecun_normal"'))
    planned = finished_project.run(
        "python",
        "-c",
        "from pathlib import Path\n"
        "from temperature_check.commands.planned import planned_runs\n"
        "from temperature_check.runs.store import Store\n"
        "from temperature_check.study.file import load_study\n"
        "runs = planned_runs(load_study('config/config.yaml'), Store(Path('results/store')))\n"
        "print(*(trainer.key(run) for trainer, run in runs), sep='\\n')",
    ).stdout.split()
    assert not set(planned) & set(keys(finished_project))
    text = explained(finished_project, planned[0])
    assert f"{planned[0][:12]} is a run of the study, and is not in the store.\n" in text
    assert text.count("code.networks.mlp: ") == 1
    assert " -> " in text.strip().splitlines()[-1]


def test_two_keys_differ_in_the_values_of_their_runs(finished_project):
    first, second = keys(finished_project)[:2]
    lines = difference(finished_project, first, second)
    assert lines
    assert all(line.startswith("run.") for line in lines)
    assert difference(finished_project, first, first) == ["no difference"]


@pytest.mark.parametrize("arguments", [["zz"], [""], ["a", "b", "c"]])
def test_keys_that_are_none_are_refused(finished_project, arguments):
    refused(
        finished_project.run("temperature-check", "runs", *arguments), "one should" if len(arguments) < 3 else "3 keys"
    )


def test_what_a_user_keeps_in_keras_json_does_not_count(finished_project, monkeypatch, tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps({"floatx": "float64", "image_data_format": "channels_first"}))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    result = finished_project.run("temperature-check", "run", keys(finished_project)[0])
    assert json.loads(result.stdout)["compared"] == "equal to the stored run, bit by bit", result.stderr


def test_what_the_environment_says_to_a_backend_is_part_of_the_key(finished_project, monkeypatch):
    key = keys(finished_project)[0]
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    lines = explained(finished_project, key).strip().splitlines()
    assert lines[-1] == "environment.TF_ENABLE_ONEDNN_OPTS: absent -> 0"
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    monkeypatch.setenv("KERAS_BACKEND", "")
    assert "is a run of the study, and is in the store" in explained(finished_project, key)
