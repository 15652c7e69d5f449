"""The store: nothing half-written, nothing damaged taken for whole."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from temperature_check.base import arrays
from temperature_check.base.errors import UserError
from temperature_check.base.files import write_atomically
from temperature_check.base.record import Record
from temperature_check.runs.store import Store

RECORD = Record({"validation_logits": np.arange(6, dtype=np.float32).reshape(2, 3)}, {"status": "finished", "z0": 1e-3})
KEY = "ab" + "0" * 30


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def equal(first: Record, second: Record) -> bool:
    if first.facts != second.facts or first.arrays.keys() != second.arrays.keys():
        return False
    return all(np.array_equal(first.arrays[name], second.arrays[name]) for name in first.arrays)


def test_reads_back_what_was_written(store):
    assert not store.has(KEY)
    store.write(KEY, RECORD)
    assert store.has(KEY)
    assert equal(store.read(KEY), RECORD)
    assert store.read(KEY).arrays["validation_logits"].dtype == np.float32


def test_equal_records_are_equal_files(store):
    store.write(KEY, RECORD)
    store.write("cd" + KEY[2:], RECORD)
    assert store.path(KEY).read_bytes() == store.path("cd" + KEY[2:]).read_bytes()


def test_a_record_of_another_version_is_refused(store, monkeypatch):
    monkeypatch.setattr(arrays, "VERSION", 2)
    store.write(KEY, RECORD)
    monkeypatch.undo()
    for read in (store.read, store.facts):
        with pytest.raises(UserError, match=f"{KEY}.npz: .*it is of version 2, and this program reads version 1"):
            read(KEY)


def test_a_store_of_another_version_is_refused(store):
    store.write(KEY, RECORD)
    assert Store(store.folder).read(KEY)
    (store.folder / "VERSION").write_text("2\n")
    with pytest.raises(UserError, match="store: a store of version 2, and this program has version 1"):
        Store(store.folder).has(KEY)


def test_facts_alone_are_those_of_the_record(store):
    store.write(KEY, RECORD)
    assert store.facts(KEY) == RECORD.facts
    assert list(store.list_keys("ab")) == list(store.list_keys("a")) == list(store.list_keys()) == [KEY]
    assert list(store.list_keys("b")) == []


def test_a_part_of_a_record_has_the_arrays_that_are_asked_for_and_there(store):
    store.write(KEY, RECORD)
    part = store.part(KEY, ["validation_logits", "absent"])
    assert part.facts == RECORD.facts
    assert list(part.arrays) == ["validation_logits"]
    assert np.array_equal(part.arrays["validation_logits"], RECORD.arrays["validation_logits"])


def test_missing_run_is_a_clear_line(store):
    for read in (store.read, store.facts, store.part):
        with pytest.raises(UserError, match=f"{KEY}.npz: not a stored run"):
            read(KEY)


def test_truncated_anywhere_is_refused(store):
    store.write(KEY, RECORD)
    path, content = store.path(KEY), store.path(KEY).read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        for read in (store.has, store.part):
            with pytest.raises(UserError, match="damaged"):
                read(KEY)
    assert path.exists()


def test_any_changed_byte_is_refused_or_harmless(store):
    store.write(KEY, RECORD)
    path, content = store.path(KEY), store.path(KEY).read_bytes()
    refused = 0
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 1 << position % 8
        path.write_bytes(changed)
        try:
            assert equal(store.read(KEY), RECORD)
        except UserError:
            refused += 1
    assert refused > len(content) / 2


def test_pickled_objects_are_never_loaded(store):
    path = store.path(KEY)
    path.parent.mkdir(parents=True)
    np.savez(path, facts=np.array("{}"), validation_logits=np.array([object()], dtype=object))
    with pytest.raises(UserError, match="damaged"):
        store.read(KEY)


def test_failed_write_leaves_what_was_there_and_nothing_else(tmp_path):
    path = tmp_path / "table.csv"
    write_atomically(path, lambda file: file.write(b"old"))

    def fail(file):
        file.write(b"half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_atomically(path, fail)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["table.csv"]
