"""Study files as people write them."""

from __future__ import annotations

import json

import pytest

from temperature_check.base.errors import UserError
from temperature_check.study.file import check_study, load_study
from temperature_check.study.read import changed, read_settings


@pytest.fixture
def read(tmp_path):
    """Read texts as study files, one after the other."""

    def read(*texts: str) -> object:
        files = [tmp_path / f"{number}.yaml" for number in range(len(texts))]
        for file, text in zip(files, texts):
            file.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_settings(*files)

    return read


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a: 1\nb: 2\na: 3", ["a: there are 2, in lines 1 and 3"]),
        ("tasks:\n  mlp: {}\n  gru: {}\n  mlp: {}\n", ["tasks.mlp: there are 2, in lines 2 and 4"]),
        ("tasks: {mlp: {epochs: 1, epochs: 2,\n epochs: 3}}", ["tasks.mlp.epochs: there are 3, in lines 1, 1 and 2"]),
        ("l:\n- {a: 1, a: 2}\nb: 1\nb: 2", ["b: there are 2, in lines 3 and 4", "l[0].a: there are 2, in lines 2 and"]),
        ('{"a": 1, "a": 2}', ["a: there are 2, in lines 1 and 1"]),
        ("x: &x {a: 1, a: 2}\ny: *x\nz: {<<: *x}", ["x.a: there are 2, in lines 1 and 1"]),
    ],
)
def test_a_key_that_is_there_twice(read, text, lines):
    with pytest.raises(UserError) as error:
        read(text)
    assert len(error.value.lines) == len(lines)
    for found, line in zip(error.value.lines, lines):
        assert found.partition(".yaml: ")[2].startswith(line)


def test_merge_keys_go_on_working(read):
    settings = read("base: &b {a: 1, c: 2}\nother: &o {d: 4}\ntask: {<<: *b, a: 3}\nboth: {<<: [*b, *o]}")
    assert settings["task"] == {"a": 3, "c": 2}
    assert settings["both"] == {"a": 1, "c": 2, "d": 4}


def test_null_takes_a_key_away(read):
    assert read("a: 1\nb: null\nc: {d: ~, e: 2}\nf:\n") == {"a": 1, "c": {"e": 2}}
    assert changed({"a": {"b": 1, "c": 2}}, {"a": {"b": "null"}, "d": {"e": "1"}}) == {"a": {"c": 2}, "d": {"e": "1"}}
    assert changed({"a": {"b": 1}}, {"a": None}) == {}
    assert changed({"a": 1}, {"a": {"b": 2, "c": "~"}}) == {"a": {"b": 2}}


def test_empty_sections_are_absent(small_study):
    study = small_study | {"figures": None}
    study["tasks"]["mlp"] |= {"early_learning": None, "augmentation": None}
    from temperature_check.study.read import without_nulls

    assert check_study(without_nulls(study), "study") == check_study(small_study | {"figures": {}}, "study")


def test_later_files_change_earlier_ones(read):
    assert read("a: {b: 1, c: 2}", "a: {b: 3}\nd: 1") == {"a": {"b": 3, "c": 2}, "d": 1}
    with pytest.raises(UserError, match=r"1\.yaml: should be a mapping"):
        read("a: 1", "- b")


@pytest.mark.parametrize("prefix", ["\ufeff", "%YAML 1.1\n---\n", "# a comment\r\n"])
def test_files_of_other_editors(tmp_path, small_study, prefix):
    file = tmp_path / "study.yaml"
    file.write_bytes((prefix + json.dumps(small_study)).encode())
    assert load_study(file) == check_study(small_study, "study")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: &a {b: *a}", "contain themselves"),
        ("[" * 3000, "nested too deeply"),
        ("a: 1\n---\nb: 2", "not valid YAML"),
        ("a: !!python/object/apply:os.system ['true']", "not valid YAML"),
        ("a: \x00", "not valid YAML"),
        ("{[1]: 2}", "not valid YAML"),
        ("a: 2024-99-99", "not valid YAML"),
        ("a:\n\t- b", "not valid YAML"),
    ],
)
def test_what_is_no_study_file_is_one_line(read, text, part):
    with pytest.raises(UserError, match=part) as error:
        check_study(read(text), "study")
    assert len(error.value.lines) == 1


def test_a_huge_value_is_shown_short(small_study):
    bomb = ["x"]
    for _ in range(40):
        bomb = [bomb] * 10
    small_study["tasks"]["mlp"]["grid"]["beta"] = bomb
    with pytest.raises(UserError) as error:
        check_study(small_study, "study")
    assert max(map(len, error.value.lines)) < 250
