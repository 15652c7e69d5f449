"""The store: nothing half-written, nothing damaged taken for whole."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from temperature_check.errors import UserError
from temperature_check.files import write_atomically
from temperature_check.record import Record
from temperature_check.store import Store

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


def test_missing_run_is_a_clear_line(store):
    with pytest.raises(UserError, match=f"{KEY}.npz: not a stored run"):
        store.read(KEY)


def test_truncated_anywhere_is_refused(store):
    store.write(KEY, RECORD)
    path, content = store.path(KEY), store.path(KEY).read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(UserError, match="damaged"):
            store.has(KEY)
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
