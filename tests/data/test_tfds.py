"""Data of TensorFlow Datasets: real record directories, tiny, through the real preparation; and what may be wrong."""

from __future__ import annotations

import http.server
import logging
import shutil
import threading
import time
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from temperature_check.base.errors import UserError
from temperature_check.data.file import write_dataset
from temperature_check.data.prepare import prepare_dataset
from temperature_check.data.tokens import Tokenizer
from temperature_check.study.data import CIFAR10Data, IMDBData
from temperature_check.study.engine import EngineSettings
from temperature_check.training.inputs import channel_statistics, standardization
from temperature_check.training.tensorflow import use_device
from tests.builders import fingerprint_of, read_dataset
from tests.data.directories import CIFAR10, IMDB, write_cifar10, write_imdb

use_device(EngineSettings())
DiskUsage = namedtuple("DiskUsage", "total used free")


@pytest.fixture(scope="module")
def _directories(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tfds")
    write_cifar10(folder)
    write_imdb(folder)
    return folder


@pytest.fixture
def data_dir(_directories, tmp_path) -> Path:
    """A data directory with both data sets, to be damaged at will."""
    return Path(shutil.copytree(_directories, tmp_path / "tfds"))


def cifar10(data_dir: Path | None, **changes) -> CIFAR10Data:
    sizes = {"train": 24, "validation": 10, "test": 20}
    return CIFAR10Data(source="cifar10", data_dir=data_dir, **sizes | changes)


def imdb(data_dir: Path, **changes) -> IMDBData:
    sizes = {"train": 30, "validation": 10, "test": 20}
    return IMDBData(source="imdb", data_dir=data_dir, **sizes | changes)


def rows(images: np.ndarray) -> set[bytes]:
    return {image.tobytes() for image in images}


def test_images_are_those_written_and_splits_are_disjoint_parts_of_their_halves(data_dir):
    dataset = prepare_dataset(cifar10(data_dir))
    stream = np.random.default_rng(0)
    halves = [rows(stream.integers(256, size=(n, 32, 32, 3), dtype=np.uint8)) for n in (40, 20)]
    assert {split: images.dtype for split, images in dataset.inputs.items()} == dict.fromkeys(dataset.inputs, np.uint8)
    train, validation, test = (rows(dataset.inputs[split]) for split in ("train", "validation", "test"))
    assert (len(train), len(validation)) == (24, 10)
    assert train < halves[0]
    assert validation < halves[0] - train
    assert test == halves[1]


def test_name_says_where_photos_were_encoded_with_loss(data_dir, tmp_path):
    assert prepare_dataset(cifar10(data_dir)).name == "CIFAR-10"
    write_cifar10(tmp_path / "lossy", form="jpeg")
    assert prepare_dataset(cifar10(tmp_path / "lossy")).name == "CIFAR-10, re-encoded as JPEG"


def test_labels_stay_with_their_images(data_dir):
    dataset = prepare_dataset(cifar10(data_dir))
    images = np.random.default_rng(0).integers(256, size=(40, 32, 32, 3), dtype=np.uint8)
    label = {image.tobytes(): i % 10 for i, image in enumerate(images)}
    assert [label[image.tobytes()] for image in dataset.inputs["train"]] == dataset.labels["train"].tolist()


def test_fewer_training_examples_are_part_of_more_and_validation_is_the_same(data_dir):
    many, few = (prepare_dataset(cifar10(data_dir, train=train)) for train in (30, 8))
    np.testing.assert_array_equal(few.inputs["train"], many.inputs["train"][:8])
    np.testing.assert_array_equal(few.inputs["validation"], many.inputs["validation"])


def test_split_seed_draws_other_examples(data_dir):
    first, other = (prepare_dataset(cifar10(data_dir, split_seed=seed)) for seed in (0, 1))
    assert rows(first.inputs["train"]) != rows(other.inputs["train"])
    assert fingerprint_of(first) != fingerprint_of(other)


def test_prepared_file_reads_back_equal(data_dir, tmp_path):
    for settings in (cifar10(data_dir), imdb(data_dir)):
        dataset = prepare_dataset(settings)
        write_dataset(tmp_path / "data.npz", dataset)
        again = read_dataset(tmp_path / "data.npz")
        assert fingerprint_of(again) == fingerprint_of(dataset)
        assert again.vocabulary == dataset.vocabulary
        assert again.inputs["train"].dtype == dataset.inputs["train"].dtype


def test_data_dir_by_the_environment(data_dir, monkeypatch):
    from tensorflow_datasets.core import constants

    # TFDS reads the variable when it is imported; this is what it then holds.
    monkeypatch.setattr(constants, "DATA_DIR", str(data_dir))
    assert len(prepare_dataset(cifar10(None)).labels["test"]) == 20


def test_tokens_are_numbered_by_frequency_padded_and_cut():
    texts = [b"b b b c c a", b"A, b! c<br />a"]
    first, last = (Tokenizer(texts, 5, 4, keep) for keep in ("first", "last"))
    assert first.size == 5
    b, c, a = 2, 3, 4
    np.testing.assert_array_equal(first([b"b b b c c a", b"c zebra"]), [[b, b, b, c], [c, 1, 0, 0]])
    np.testing.assert_array_equal(last([b"b b b c c a", b"c zebra"]), [[b, c, c, a], [c, 1, 0, 0]])
    np.testing.assert_array_equal(first([b"A, b! c<br />a", b""]), [[a, b, c, a], [0, 0, 0, 0]])


def test_rare_words_are_unknown_where_the_vocabulary_is_full():
    tokens = Tokenizer([b"b b b c c a"], 4, 3, "first")
    np.testing.assert_array_equal(tokens([b"b c a"]), [[2, 3, 1]])


def test_vocabulary_is_of_the_training_examples_alone(data_dir, monkeypatch):
    seen = []

    def tokenizer(texts, *settings):
        seen.append(len(texts))
        return Tokenizer(texts, *settings)

    monkeypatch.setattr("temperature_check.data.imdb.Tokenizer", tokenizer)
    dataset = prepare_dataset(imdb(data_dir, length=6))
    assert seen == [30]
    assert dataset.inputs["train"].shape == (30, 6)
    assert dataset.inputs["train"].dtype == np.int32
    assert dataset.vocabulary == dataset.inputs["train"].max() + 1


def test_images_are_standardized_by_the_training_images_and_other_inputs_left():
    stream = np.random.default_rng(1)
    images = stream.integers(256, size=(50, 8, 8, 3), dtype=np.uint8) // np.array([1, 2, 4], np.uint8)
    images[..., 2] = 7
    given = np.asarray(standardization(images)(images))
    np.testing.assert_allclose(given.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(given.std(axis=(0, 1, 2)), [1, 1, 0], atol=1e-5)
    mean, deviation = channel_statistics(images)
    np.testing.assert_allclose(mean, images.reshape(-1, 3).mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(deviation[:2], images.reshape(-1, 3).std(axis=0)[:2], rtol=1e-6)
    other = images.astype(np.float32)
    assert standardization(other)(other) is other


def refused(settings: CIFAR10Data | IMDBData, *parts: str) -> None:
    """Preparing is refused in one line that holds all of `parts`."""
    with pytest.raises(UserError) as error:
        prepare_dataset(settings)
    assert "\n" not in str(error.value)
    assert not [part for part in parts if part not in str(error.value)], str(error.value)


def shard(data_dir: Path, name: str, half: str) -> Path:
    (path,) = (data_dir / name).glob(f"*-{half}.tfrecord-*")
    return path


def test_missing_shard(data_dir):
    shard(data_dir, CIFAR10, "test").unlink()
    refused(cifar10(data_dir), f"{data_dir}/{CIFAR10}: test examples cannot be read", "No such file", "copy it whole")


@pytest.mark.parametrize("left", [0, 1000])
def test_truncated_shard(data_dir, left):
    path = shard(data_dir, IMDB, "train")
    path.write_bytes(path.read_bytes()[:left])
    reason = "truncated record" if left else "contained only 0 elements"
    refused(imdb(data_dir), f"{data_dir}/{IMDB}: train examples cannot be read", reason)


def test_corrupt_record(data_dir):
    path = shard(data_dir, CIFAR10, "train")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    refused(cifar10(data_dir), f"{CIFAR10}: train examples cannot be read", "corrupted record")


def test_missing_and_damaged_description(data_dir):
    description = data_dir / CIFAR10 / "dataset_info.json"
    description.write_text("{")
    refused(cifar10(data_dir), "data directory of cifar10 cannot be read")
    description.unlink()
    refused(cifar10(data_dir), f"{data_dir}/{CIFAR10}: not a whole data set, dataset_info.json is missing")


def test_image_of_the_wrong_shape(tmp_path):
    write_cifar10(tmp_path, size=28)
    refused(cifar10(tmp_path), "train examples cannot be read", "expected [32,32,3] but got [28,28,3]")


def test_more_examples_asked_for_than_there_are(data_dir):
    refused(cifar10(data_dir, train=31), f"{CIFAR10}: holds 40 examples for validation + train = 41")
    refused(imdb(data_dir, test=21), f"{IMDB}: holds 20 examples for test = 21")


@pytest.fixture
def archive(monkeypatch):
    """Serve something that is not CIFAR-10's archive at the address that TFDS has for it, on this machine."""
    from tensorflow_datasets.image_classification import cifar

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"not the archive")

        def log_message(self, *arguments):
            pass

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        address = f"http://127.0.0.1:{server.server_port}/cifar-10-binary.tar.gz"
        known = cifar.Cifar10.url_infos
        official = next(url for url in known if url.endswith("cifar-10-binary.tar.gz"))
        monkeypatch.setitem(known, address, known[official])
        monkeypatch.delitem(known, official)
        monkeypatch.setattr(cifar.Cifar10, "_cifar_info", SimpleNamespace(url=address))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_wrong_checksum(archive, tmp_path):
    refused(cifar10(tmp_path), "cifar10 is not prepared there and could not be", "checksum", "TFDS_DATA_DIR")
    assert not list(tmp_path.glob("cifar10/*"))


def test_no_network(archive, tmp_path):
    archive.shutdown()
    archive.server_close()
    started = time.monotonic()
    refused(cifar10(tmp_path), f"{tmp_path}/{CIFAR10}: cifar10 is not prepared there", "no answer from 127.0.0.1")
    assert time.monotonic() - started < 10
    assert not list(tmp_path.glob("cifar10/*"))


def test_network_that_swallows_everything(archive, tmp_path, monkeypatch):
    monkeypatch.setattr("temperature_check.data.tfds.SECONDS_TO_ANSWER", 0.2)
    archive.RequestHandlerClass.do_GET = lambda handler: threading.Event().wait(60)
    started = time.monotonic()
    refused(cifar10(tmp_path), "could not be (no answer from 127.0.0.1", "network")
    assert time.monotonic() - started < 10


def test_archive_that_is_there_needs_no_network(archive, tmp_path):
    """TFDS finds it in `downloads/manual`, or by its own name in `downloads`, and then that it is none of CIFAR-10."""
    from tensorflow_datasets.core.download import resource
    from tensorflow_datasets.image_classification import cifar

    archive.shutdown()
    archive.server_close()
    ((url, known),) = cifar.Cifar10.url_infos.items()
    downloaded = tmp_path / "second/downloads/cifar10" / resource.get_dl_fname(url, known.checksum)
    for path in (tmp_path / "first/downloads/manual/cifar-10-binary.tar.gz", downloaded):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"not the archive")
    downloaded.with_suffix(".gz.INFO").write_text("{}")
    refused(cifar10(tmp_path / "first"), "could not be", "checksum")
    refused(cifar10(tmp_path / "second"), "could not be", "not a gzip file")


def test_what_an_interrupted_preparation_left_is_not_taken_for_whole(archive, data_dir):
    (data_dir / CIFAR10).rename(data_dir / "cifar10/incomplete.ABC123_3.0.2")
    refused(cifar10(data_dir), "cifar10 is not prepared there and could not be")


def test_too_little_disk_for_preparation_and_for_the_prepared_file(data_dir, tmp_path, monkeypatch):
    dataset = prepare_dataset(cifar10(data_dir))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: DiskUsage(10**9, 10**9 - 10**5, 10**5))
    refused(cifar10(tmp_path / "new"), f"{tmp_path}/new/{CIFAR10}: 0 MB of disk are free, 600 MB are needed")
    with pytest.raises(UserError, match="MB of disk are free"):
        write_dataset(tmp_path / "out/data.npz", dataset)
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "out").exists()


def test_preparing_is_logged_once(archive, tmp_path, caplog):
    with caplog.at_level(logging.INFO, "temperature_check"):
        refused(cifar10(tmp_path), "could not be")
    assert [record for record in caplog.messages if "preparing cifar10" in record]
