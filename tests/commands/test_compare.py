"""The command `compare`: what it reads, prints and refuses."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from temperature_check.base.errors import UserError
from temperature_check.base.sums import SUMS, check_sums
from temperature_check.base.tables import write_table
from temperature_check.cli import app
from temperature_check.commands.compare import DIFFERENT, compare_paths
from temperature_check.study.file import check_study, write_study
from temperature_check.tables.claims import VERSION
from temperature_check.tables.verdicts import changed_verdicts
from tests.conftest import ROOT, SMALL_STUDY
from tests.evaluation.test_comparison import table

REFERENCE = ROOT / "results/reference"
COLUMNS = "task,beta,accuracy,n,sd,source\n"


def new_study(root: Path, first_seed: int = 0, shift: float = 0.0, epochs: int = 2) -> Path:
    """The results of a study with two cells of 12 seeds, one of them shifted, and its settings."""
    random = np.random.default_rng(first_seed)
    cells = {("mlp", beta): random.normal(90, 0.8, 12) for beta in (0.1, 1.0)}
    cells["mlp", 1.0] += shift
    write_table(root / "runs.parquet", table(cells, first_seed))
    settings = copy.deepcopy(SMALL_STUDY)
    settings["tasks"]["mlp"]["epochs"] = epochs
    write_study(check_study(settings, "study"), root / "config.yaml")
    return root


def write_verdicts(folder: Path, verdicts: dict[str, str], version: int = VERSION) -> None:
    claims = [{"claim": name, "verdicts": [{"task": "mlp", "verdict": verdict}]} for name, verdict in verdicts.items()]
    (folder / "claims.json").write_text(json.dumps({"version": version, "claims": claims}))


def test_a_shift_of_two_points_ends_in_exit_code_3(tmp_path):
    first, second, shifted = (new_study(tmp_path / str(n), n * 100, shift) for n, shift in enumerate((0, 0, 2)))
    assert CliRunner().invoke(app, ["compare", str(first), str(second)]).exit_code == 0
    result = CliRunner().invoke(app, ["compare", str(first), str(shifted), "--output", str(tmp_path / "cells.csv")])
    assert result.exit_code == DIFFERENT
    assert result.stdout.count("DIFFERS") == 1
    assert "1 of 2 cells differ" in result.stdout
    numbers = pd.read_csv(tmp_path / "cells.csv")
    assert numbers["differs"].tolist() == [False, True]
    assert set(numbers["seeds"]) == {"other"}


def test_equal_settings_and_seeds_are_paired_and_other_settings_are_named(tmp_path):
    first, second, longer = (new_study(tmp_path / str(n), epochs=epochs) for n, epochs in enumerate((2, 2, 3)))
    text, different = compare_paths(first, second, None)
    assert (text.count(" same "), different, "What differs" in text) == (2, False, False)
    text, _ = compare_paths(first, longer, None)
    assert text.count(" other ") == 2
    assert "tasks.mlp.epochs: 2 -> 3" in text
    (longer / "config.yaml").unlink()
    assert f"settings of {longer} are not known" in compare_paths(first, longer, None)[0]


def test_shipped_reference_equals_itself():
    text, different = compare_paths(REFERENCE / "decide", REFERENCE / "decide/runs.csv", None)
    assert not different
    assert text.count(" same ") == 52
    assert "0 of 229 verdicts on claims differ, 0 of them flip." in text


@pytest.mark.parametrize("study", ["cifar10_small", "decide", "imdb_reduced"])
def test_shipped_tables_are_those_of_their_sums(study):
    assert "  runs.csv" in (REFERENCE / study / SUMS).read_text()
    check_sums(REFERENCE / study)


def test_tables_of_older_versions_have_runs_of_one_length():
    text, different = compare_paths(REFERENCE / "imdb_reduced", REFERENCE / "imdb_reduced", None)
    assert not different
    assert "0 of 4 cells differ" in text


def test_published_numbers_are_one_side(tmp_path):
    study = new_study(tmp_path / "study")
    numbers = tmp_path / "published.csv"
    numbers.write_text(COLUMNS + "mlp,1,90.2,3,,table 2 of a paper\nmlp,3,50,1,,the same\n")
    text, different = compare_paths(study, numbers, None)
    assert "published.csv, 2 cells, 1 compared" in text
    assert not different
    numbers.write_text(COLUMNS + "mlp,1,80,3,,table 2 of a paper\n")
    assert compare_paths(numbers, study, None)[1]


def test_plain_initialization_is_not_compared_with_a_norm(tmp_path):
    first, second = (new_study(tmp_path / name) for name in "ab")
    write_table(first / "runs.parquet", pd.read_parquet(first / "runs.parquet").assign(z0=np.nan))
    assert "no common cell" in refusal(first, second)


def test_verdicts_that_differ_are_listed_and_flips_are_marked(tmp_path):
    first, second = (new_study(tmp_path / name) for name in "ab")
    write_verdicts(first, {"C1": "reproduced", "C2": "reproduced", "C3": "reproduced"})
    write_verdicts(second, {"C1": "reproduced", "C2": "inconclusive", "C3": "not reproduced"})
    text, different = compare_paths(first, second, None)
    assert not different
    lines = {line.split()[0]: line for line in text.splitlines() if line.strip().startswith("C")}
    assert [*lines] == ["C2", "C3"]
    assert ["FLIP" in line for line in lines.values()] == [False, True]
    assert "2 of 3 verdicts on claims differ, 1 of them flip." in text
    same = pd.Series({("C1", "mlp"): "reproduced"}).rename_axis(["claim", "task"])
    assert changed_verdicts(same, same).empty


def refusal(*paths: Path) -> str:
    with pytest.raises(UserError) as error:
        compare_paths(*paths, None)
    (line,) = error.value.lines
    return line


PUBLISHED = [
    ("task,beta,accuracy\nmlp,1,90\n", ["no column source"]),
    ("task,beta,accuracy,source\n", ["no rows"]),
    (COLUMNS + "mlp,1,high,3,,x\n", [":2: accuracy = 'high'", "number"]),
    (COLUMNS + "mlp,1,90,3,,x\nmlp,-1,90,3,,x\n", [":3: beta = '-1'", "greater than 0"]),
    (COLUMNS + "mlp,1,0.9,3,,x\n", [":2: accuracy = '0.9'", "greater than 1"]),
    (COLUMNS + "mlp,1,nan,3,,x\n", [":2: accuracy = 'nan'", "finite"]),
    (COLUMNS + "mlp,1,90,3,,\n", [":2: source = ''", "required"]),
    (COLUMNS + "mlp,1,90,,0.5,x\n", [":2: a spread is of several runs"]),
    (COLUMNS + "mlp,1,90,3,,x\nmlp,1,91,3,,x\n", ["beta = 1.0", "is there twice"]),
    ("task,beta,accuracy,n,sd,standard_error,source\nmlp,1,90,3,1,1,x\n", [":2: give sd or standard_error, not both"]),
    (COLUMNS + "mlp,2,90,3,,x\n", ["no common cell", "B has mlp at β = 2"]),
    (b"\xff\xfe\x00", ["not a table in CSV"]),
]


@pytest.mark.parametrize(("text", "parts"), PUBLISHED)
def test_published_numbers_with_an_error_are_refused(text, parts, tmp_path):
    numbers = tmp_path / "published.csv"
    numbers.write_bytes(text if isinstance(text, bytes) else text.encode())
    line = refusal(new_study(tmp_path / "study"), numbers)
    assert "published.csv" in line
    assert all(part in line for part in parts), line


def test_what_is_missing_or_unfinished_is_refused(tmp_path):
    study = new_study(tmp_path / "study")
    assert f"{tmp_path / 'none'}: not there" in refusal(study, tmp_path / "none")
    (study / "runs.parquet").unlink()
    line = refusal(study, REFERENCE / "decide")
    assert all(part in line for part in ("no finished study", "snakemake --configfile"))


def test_damaged_tables_of_runs_are_refused(tmp_path):
    study, runs = new_study(tmp_path / "study"), tmp_path / "runs.csv"
    good = pd.read_parquet(study / "runs.parquet")
    good.drop(columns="status").to_csv(runs, index=False)
    assert "runs.csv: no column status" in refusal(study, runs)
    good.astype({"beta": str}).replace({"beta": {"0.1": "small"}}).to_csv(runs, index=False)
    assert "runs.csv: beta = 'small': should be a number" in refusal(study, runs)


def test_numbers_without_any_spread_are_refused(tmp_path):
    numbers = tmp_path / "published.csv"
    numbers.write_text(COLUMNS + "mlp,1,90,3,,x\n")
    assert "no spread between seeds is known" in refusal(numbers, numbers)


def test_an_edited_reference_is_refused(tmp_path):
    reference = shutil.copytree(REFERENCE / "imdb_reduced", tmp_path / "reference")
    runs = reference / "runs.csv"
    runs.write_text(runs.read_text().replace("0.82", "0.92"))
    for path in (reference, runs):
        line = refusal(path, REFERENCE / "imdb_reduced")
        assert all(part in line for part in (f"{runs}: was edited", "git checkout"))
    runs.unlink()
    with pytest.raises(UserError, match="is missing"):
        check_sums(reference)
    (reference / SUMS).write_text("no sum\n")
    with pytest.raises(UserError, match="SHA256SUMS:1: should be"):
        check_sums(reference)


@pytest.mark.parametrize("text", ["[]", '{"version": 0, "claims": []}', '{"version": 1}', "{", '{"claims": []}'])
def test_claims_of_another_version_or_damaged_are_refused(text, tmp_path):
    first, second = (new_study(tmp_path / name) for name in "ab")
    write_verdicts(first, {"C1": "reproduced"})
    (second / "claims.json").write_text(text)
    line = refusal(first, second)
    assert all(part in line for part in (str(second / "claims.json"), "make it anew"))
