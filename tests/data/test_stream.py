"""The stream of ImageNet: tiny record files in its format, read by the real pipeline."""

from __future__ import annotations

import io
import itertools
import shutil
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from temperature_check.base.errors import UserError
from temperature_check.data import archives as archives_module
from temperature_check.data.archives import ARCHIVE_BYTES, require_archives
from temperature_check.data.dataset import Dataset
from temperature_check.data.file import write_dataset
from temperature_check.data.prepare import prepare_dataset
from temperature_check.data.stream import ImageStream
from temperature_check.runs.checkpoints import Checkpoints
from temperature_check.runs.run import Run
from temperature_check.study.data import ImageNetData
from temperature_check.study.engine import EngineSettings
from temperature_check.study.networks import WideResNet
from temperature_check.study.recipe import Training
from temperature_check.training.engine import Engine
from temperature_check.training.plan import Plan, new_plan
from temperature_check.training.tensorflow import use_device
from tests.builders import fingerprint_of, new_engine, read_dataset
from tests.data.directories import IMAGENET, write_archives, write_imagenet
from tests.runs.test_checkpoints import Interrupted, Interrupting
from tests.training.test_backends import bits

# TensorFlow's threads are fixed at its first computation, which reads records here.
use_device(EngineSettings())

SIZE = 16
DiskUsage = namedtuple("DiskUsage", "total used free")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("imagenet")
    write_imagenet(folder)
    return folder


@pytest.fixture(scope="module")
def dataset(data_dir) -> Dataset:
    return prepare_dataset(imagenet(data_dir))


@pytest.fixture(scope="module")
def stream(dataset) -> ImageStream:
    return dataset.stream


def imagenet(data_dir: Path, **changes) -> ImageNetData:
    settings = {"train": 30, "validation": 10, "test": 20, "image_size": SIZE}
    return ImageNetData(source="imagenet", data_dir=data_dir, **settings | changes)


def records(data_dir: Path, half: str) -> list[tuple[np.ndarray, int]]:
    """Photos, decoded by Pillow, and labels of a half, in the order of the records, read by TFDS."""
    import tensorflow_datasets as tfds
    from PIL import Image

    builder = tfds.builder_from_directory(data_dir / IMAGENET)
    examples = builder.as_dataset(split=half, decoders={"image": tfds.decode.SkipDecoding()}, shuffle_files=False)
    return [
        (np.array(Image.open(io.BytesIO(example["image"]))), int(example["label"]))
        for example in tfds.as_numpy(examples)
    ]


def batches(stream: ImageStream, count: int, seed: int = 0, first_step: int = 0) -> list:
    epoch, batch = divmod(first_step, stream.examples["train"] // 8)
    return list(itertools.islice(stream.training(seed, 8, epoch, batch), count))


def test_splits_are_disjoint_parts_of_their_halves_in_the_order_of_the_records(data_dir, dataset):
    halves = {half: [label for _, label in records(data_dir, half)] for half in ("train", "validation")}
    assert halves["train"] != sorted(halves["train"])
    assert dataset.labels["train"].tolist() == halves["train"][:30]
    assert dataset.labels["validation"].tolist() == halves["train"][-10:]
    assert dataset.labels["test"].tolist() == halves["validation"]
    assert dataset.stream.examples == {"train": 30, "validation": 10, "test": 20}
    assert (list(dataset.inputs), dataset.classes, dataset.labels["test"].dtype) == (["train"], 1000, np.int32)


def test_an_epoch_has_each_example_once_in_an_order_of_its_own(stream, dataset):
    assert stream.examples["train"] // 8 == 3
    given = [labels.tolist() for _, labels in batches(stream, 6)]
    first, second = (list(itertools.chain(*epoch)) for epoch in (given[:3], given[3:]))
    known = dataset.labels["train"].tolist()
    for epoch in (first, second):
        assert len(set(epoch)) == 24
        assert set(epoch) < set(known)
    assert first != second
    assert first != [label for label in known if label in first]


@pytest.mark.parametrize(("files", "shuffled"), [(1, 4096), (5, 1)])
def test_files_are_mixed_and_so_are_the_examples_of_a_file(tmp_path, monkeypatch, files, shuffled):
    monkeypatch.setattr("temperature_check.data.stream.SHUFFLED", shuffled)
    write_imagenet(tmp_path, shards=files)
    dataset = prepare_dataset(imagenet(tmp_path))
    first, second = ([label for _, labels in batches(dataset.stream, 3, seed) for label in labels] for seed in (0, 1))
    assert first != second
    assert first != [label for label in dataset.labels["train"] if label in first]


def test_equal_seeds_give_equal_bits_and_others_another_order_and_crops(stream):
    import tensorflow as tf

    first = batches(stream, 4, 5)
    # The global seed is no seed of the stream.
    tf.random.set_seed(1)
    again, other = batches(stream, 4, 5), batches(stream, 4, 6)
    for (images, labels), (images_again, labels_again) in zip(first, again):
        np.testing.assert_array_equal(images, images_again)
        np.testing.assert_array_equal(labels, labels_again)
    assert [labels.tolist() for _, labels in first] != [labels.tolist() for _, labels in other]


@pytest.mark.parametrize("first_step", [0, 1, 2, 3, 4, 7])
def test_a_later_start_gives_the_same_bits_from_there_on(stream, first_step):
    whole, later = batches(stream, first_step + 3), batches(stream, 3, first_step=first_step)
    for (images, labels), (later_images, later_labels) in zip(whole[first_step:], later, strict=True):
        np.testing.assert_array_equal(images, later_images)
        np.testing.assert_array_equal(labels, later_labels)


def test_crops_depend_on_seed_epoch_and_example_not_on_the_batch(stream):
    """Batches of 1 come in the same order as batches of 8, and show the same."""
    single = itertools.islice(stream.training(0, 1), 24)
    single = {int(labels[0]): images[0] for images, labels in single}
    seen = [dict(zip(labels.tolist(), images)) for images, labels in batches(stream, 6)]
    first, second = ({k: v for batch in epoch for k, v in batch.items()} for epoch in (seen[:3], seen[3:]))
    assert all((single[label] == image).all() for label, image in first.items())
    both = set(first) & set(second)
    assert all((first[label] != second[label]).any() for label in both)


def test_each_example_of_an_epoch_has_a_crop_and_a_flip_of_its_own(tmp_path, monkeypatch):
    """All photos are the same one, which darkens to the right."""
    photo = np.tile(np.arange(200, 0, -2, dtype=np.uint8)[:, None], (60, 1, 3))
    monkeypatch.setattr("tests.data.directories.photos", lambda count: [photo] * count)
    write_imagenet(tmp_path)
    images = np.concatenate([images for images, _ in batches(prepare_dataset(imagenet(tmp_path)).stream, 3)])
    assert len({image.tobytes() for image in images}) == 24
    assert 4 < sum(images[:, 8, 0, 0] < images[:, 8, -1, 0]) < 20


def bilinear(image: np.ndarray, corner: tuple[float, float], sides: tuple[float, float], size: int) -> np.ndarray:
    """The part of an image resized to size×size: at the middle of each new pixel, between the four nearest old ones."""
    axes = []
    for axis in range(2):
        at = np.clip((np.arange(size) + 0.5) * sides[axis] / size - 0.5, 0, sides[axis] - 1)
        low = np.minimum(at.astype(int), int(sides[axis]) - 2)
        axes.append((int(corner[axis]) + low, at - low))
    (rows, down), (columns, right) = axes
    right = right[:, None]
    upper, lower = image[rows].astype(float), image[rows + 1].astype(float)
    above, below = (part[:, columns] * (1 - right) + part[:, columns + 1] * right for part in (upper, lower))
    return above * (1 - down)[:, None, None] + below * down[:, None, None]


def test_evaluation_shows_the_middle_of_each_photo_in_the_order_of_the_labels(data_dir, stream):
    photos = [photo for photo, _ in records(data_dir, "validation")]
    shown = list(stream.evaluation("test", 8))
    assert [len(images) for images in shown] == [8, 8, 4]
    assert shown[0].dtype == np.uint8
    for photo, image in zip(photos, np.concatenate(shown), strict=True):
        side = round(min(photo.shape[:2]) * 224 / 256)
        corner = [(whole - side) // 2 for whole in photo.shape[:2]]
        expected = bilinear(photo, corner, (side, side), SIZE)
        # Color has half the resolution; at the edge of a part decoded alone it has no neighbor to interpolate with.
        np.testing.assert_allclose(image[1:-1, 1:-1], expected[1:-1, 1:-1], atol=1)
        np.testing.assert_allclose(image, expected, atol=6)


def test_first_training_images_are_as_evaluation_shows_them(dataset, stream):
    np.testing.assert_array_equal(dataset.inputs["train"], np.concatenate(list(stream.evaluation("train", 7))))


def test_training_shows_parts_of_the_photo_half_of_them_flipped():
    """A photo darkens to the right in red and downwards in green: a part of it tells its sides and if it is flipped."""
    import tensorflow as tf

    from temperature_check.data.stream import _random_view

    right, down = np.tile(np.arange(200, 0, -1), (100, 1)), np.tile(np.arange(200, 0, -2)[:, None], (1, 200))
    photo = np.stack([right, down, 0 * down], -1).astype(np.uint8)
    jpeg = tf.io.encode_jpeg(photo, quality=100, chroma_downsampling=False)
    views = np.array([_random_view(jpeg, 32, (7, index), (8, index)) for index in range(400)], float)
    across, down = (
        (views[:, 16, 0, 0] - views[:, 16, -1, 0]) * 32 / 31,
        (views[:, 0, 16, 1] - views[:, -1, 16, 1]) * 16 / 31,
    )
    areas, ratios = abs(across) * down / 20_000, abs(across) / down
    assert 0.4 < np.mean(across < 0) < 0.6
    assert 0.07 < areas.min() < 0.09
    assert 0.55 < areas.max() < 0.7
    assert 0.7 < ratios.min() < 0.8
    assert 1.25 < ratios.max() < 1.4
    assert abs(np.corrcoef(areas, across < 0)[0, 1]) < 0.15


def test_prepared_file_reads_back_equal_and_holds_no_pickle(dataset, tmp_path):
    write_dataset(tmp_path / "data.npz", dataset)
    again = read_dataset(tmp_path / "data.npz")
    assert again.stream == dataset.stream
    assert fingerprint_of(again) == fingerprint_of(dataset)
    np.testing.assert_array_equal(batches(again.stream, 1)[0][0], batches(dataset.stream, 1)[0][0])


def test_fingerprint_is_of_the_records_the_splits_and_the_size_wherever_they_lie(data_dir, dataset, tmp_path):
    copied = prepare_dataset(imagenet(Path(shutil.copytree(data_dir, tmp_path / "elsewhere"))))
    assert copied.stream.folder != dataset.stream.folder
    assert fingerprint_of(copied) == fingerprint_of(dataset)
    others = [replace(dataset.stream, **change) for change in ({"records": "x"}, {"size": 8}, {"splits": {}})]
    prints = {fingerprint_of(replace(dataset, stream=stream)) for stream in [*others, None, dataset.stream]}
    assert len(prints) == 5


def test_fewer_training_examples_are_the_first_of_more_and_validation_is_the_same(data_dir, dataset):
    few = prepare_dataset(imagenet(data_dir, train=8))
    np.testing.assert_array_equal(few.labels["train"], dataset.labels["train"][:8])
    np.testing.assert_array_equal(few.labels["validation"], dataset.labels["validation"])
    assert set(batches(few.stream, 1)[0][1].tolist()) == set(few.labels["train"].tolist())


def engine_on(dataset: Dataset, **changes) -> Engine:
    training = Training(
        model=WideResNet(kind="wide_resnet", depth=10, width=1),
        initialization="correlated",
        epochs=3,
        batch_size=8,
        schedule={"decay": "cosine"},
        **changes,
    )
    return new_engine(training, dataset, EngineSettings())


@pytest.fixture(scope="module")
def engine(dataset) -> Engine:
    return engine_on(dataset)


def test_engine_trains_on_a_stream_and_resumes_to_the_same_bits(engine, dataset, tmp_path):
    run = Run("resnet", "report", 0.5, 0.01, 0.1, 3)
    undisturbed = engine.train(run)
    assert undisturbed.facts["status"] == "finished"
    assert undisturbed.arrays["history_step"][-1] == 3 * (30 // 8)
    assert undisturbed.arrays["validation_logits"].shape == (10, 1000)
    assert undisturbed.arrays["test_logits"].shape == (20, 1000)
    with pytest.raises(Interrupted):
        engine.train(run, Interrupting(tmp_path / "run", 5))
    assert bits(engine.train(run, Checkpoints(tmp_path / "run", minutes=5))) == bits(undisturbed)


def test_steps_on_a_stream_are_those_on_the_same_images_in_memory(engine, dataset):
    """The batches of the stream, made a resident data set, train the same network."""
    run = Run("resnet", "tune", 0.5, 0.01, 0.1, 3)
    assert engine.train(run).facts["status"] == "finished"
    weights = engine.initialization.network.get_weights()
    given = list(itertools.islice(dataset.stream.training(run.seed, 8), 9))
    images, labels = (np.concatenate(parts) for parts in zip(*given))
    resident = replace(
        dataset,
        inputs={"train": np.concatenate([images, dataset.inputs["train"]])},
        labels={**dataset.labels, "train": np.concatenate([labels, dataset.labels["train"]])},
        stream=None,
    )
    other = engine_on(resident)
    other.program.start(engine.start_weights(run.beta, run.z0, run.seed), run.beta, run.learning_rate)
    other.program.standardize = engine.program.standardize
    plan = new_plan(engine.training, 72, 0)
    rows = np.arange(72, dtype=np.int32).reshape(9, 8)
    other.program.advance(Plan(rows, plan.changes, engine.feed.factors, np.zeros(9, bool)))
    for weight, expected in zip(other.initialization.network.get_weights(), weights):
        np.testing.assert_allclose(weight, expected, rtol=1e-4, atol=1e-5)


def test_logits_are_in_the_order_of_the_labels(engine, dataset, stream):
    engine.train(Run("resnet", "tune", 0.5, 0.01, 0.1, 3))
    images = np.concatenate(list(stream.evaluation("validation", 3)))
    network = engine.initialization.network
    expected = network(engine.program.standardize(images), training=False)
    np.testing.assert_allclose(engine.feed.logits(engine.program, "validation"), expected, rtol=1e-3, atol=1e-4)


def refused_preparation(settings: ImageNetData, *parts: str) -> None:
    refused(lambda: prepare_dataset(settings), *parts)


def refused(action: Callable, *parts: str) -> None:
    """The action is refused in one line that holds all of `parts`."""
    with pytest.raises(UserError) as error:
        action()
    assert not [part for part in ("\n", "{{node") if part in str(error.value)]
    assert not [part for part in parts if part not in str(error.value)], str(error.value)


@pytest.fixture
def damageable(data_dir, tmp_path) -> Path:
    """A data directory to be damaged at will."""
    return Path(shutil.copytree(data_dir, tmp_path / "tfds"))


def shards(data_dir: Path, half: str) -> list[Path]:
    return sorted((data_dir / IMAGENET).glob(f"*-{half}.tfrecord-*"))


@pytest.mark.parametrize("half", ["train", "validation"])
def test_missing_and_truncated_files(damageable, half):
    path = shards(damageable, half)[-1]
    path.write_bytes(path.read_bytes()[:-1])
    refused_preparation(imagenet(damageable), f"{IMAGENET}: {half} examples are truncated", "copy it whole")
    path.unlink()
    refused_preparation(imagenet(damageable), f"{IMAGENET}: {half} examples cannot be read", "No such file")


def test_missing_half_and_missing_or_damaged_description(damageable):
    folder = damageable / IMAGENET
    description, features = folder / "dataset_info.json", folder / "features.json"
    whole = description.read_text()
    description.write_text(whole.replace('"name": "validation"', '"name": "test"'))
    refused_preparation(imagenet(damageable), f"{folder}: has no validation examples")
    description.write_text("{")
    refused_preparation(imagenet(damageable), "the data directory of imagenet2012 cannot be read")
    description.unlink()
    refused_preparation(imagenet(damageable), f"{folder}: not a whole data set, dataset_info.json is missing")
    description.write_text(whole)
    features.write_text("{")
    refused_preparation(imagenet(damageable), f"{folder}", "cannot be read")


@pytest.mark.parametrize("half", ["train", "validation"])
def test_corrupt_record(damageable, half):
    """The checksum of a record in the test half is wrong when labels are read, in the training half when it is used."""
    dataset = prepare_dataset(imagenet(damageable))
    path = shards(damageable, half)[0]
    content = bytearray(path.read_bytes())
    content[100] ^= 255
    path.write_bytes(content)
    refused_preparation(imagenet(damageable), f"{IMAGENET}", "examples cannot be read", "corrupted record")
    if half == "train":
        refused(lambda: batches(dataset.stream, 3), f"{IMAGENET}: training examples cannot be read", "corrupted record")
    else:
        refused(lambda: list(dataset.stream.evaluation("test", 8)), "test examples cannot be read", "corrupted record")


def test_image_that_is_no_jpeg(tmp_path):
    write_imagenet(tmp_path, form="png")
    refused_preparation(imagenet(tmp_path), f"{IMAGENET}: should hold JPEG images of 1,000 classes, holds png")


def test_record_whose_jpeg_is_none(damageable):
    """The image is wrong, the record's checksum right."""
    import tensorflow as tf

    path = shards(damageable, "train")[0]
    contents = [record.numpy() for record in tf.data.TFRecordDataset(str(path))]
    with tf.io.TFRecordWriter(str(path)) as writer:
        for content in contents:
            writer.write(content.replace(b"\xff\xd8\xff", b"\0\0\0"))
    refused_preparation(imagenet(damageable), f"{IMAGENET}: train examples cannot be read", "JPEG")


def test_more_examples_asked_for_than_there_are(data_dir):
    refused_preparation(imagenet(data_dir, train=31), "holds 40 examples for train + validation = 41")
    refused_preparation(imagenet(data_dir, test=21), "holds 20 examples for test = 21")


def test_directory_that_changed_after_it_was_prepared(damageable):
    stream = prepare_dataset(imagenet(damageable)).stream
    shutil.rmtree(damageable)
    refused(lambda: batches(stream, 1), f"{damageable}/{IMAGENET}", "cannot be read")
    write_imagenet(damageable, examples=(41, 20))
    refused(lambda: batches(stream, 1), f"{damageable}/{IMAGENET}: not the records that were prepared", "delete")


@pytest.fixture
def archives(tmp_path, monkeypatch) -> Path:
    """Archives in the form of ImageNet's, of 2 classes with 12 photos each, and of 6 photos."""
    monkeypatch.setattr("temperature_check.data.archives.ARCHIVE_BYTES", dict.fromkeys(ARCHIVE_BYTES, 1))
    monkeypatch.setattr(ImageNetData, "preparation_bytes", 10**6)
    write_archives(folder := tmp_path / "archives")
    return folder


def test_real_preparation_from_archives(archives, tmp_path):
    settings = imagenet(tmp_path / "tfds", manual_dir=archives, train=16, validation=8, test=6)
    dataset = prepare_dataset(settings)
    labels = [*dataset.labels["train"], *dataset.labels["validation"]]
    assert sorted(labels) == [0] * 12 + [1] * 12
    # The first of TFDS's labels of the validation half.
    assert sorted(dataset.labels["test"]) == sorted([65, 970, 230, 809, 516, 57])
    np.testing.assert_array_equal(next(dataset.stream.evaluation("train", 16)), dataset.inputs["train"])
    shutil.rmtree(archives)
    assert fingerprint_of(prepare_dataset(settings)) == fingerprint_of(dataset)


@pytest.mark.parametrize("name", ARCHIVE_BYTES)
def test_archive_that_is_missing_or_not_whole(archives, tmp_path, monkeypatch, name):
    settings = imagenet(tmp_path / "tfds", manual_dir=archives)
    size = (archives / name).stat().st_size
    monkeypatch.setitem(archives_module.ARCHIVE_BYTES, name, size + 1)
    refused_preparation(settings, f"{archives}/{name} has {size:,} of {size + 1:,} bytes", "manual_dir")
    (archives / name).unlink()
    refused_preparation(settings, f"{archives}/{name} is missing", "image-net.org", "data_dir")
    assert not (tmp_path / "tfds").exists()


def test_archives_are_looked_for_where_tfds_does(archives, tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    (tmp_path / "tfds/downloads").mkdir(parents=True)
    (tmp_path / "tfds/imagenet2012/incomplete.ABC123_5.1.0").mkdir(parents=True)
    refused(
        lambda: require_archives(None, None), f"{tmp_path}/tfds/downloads/manual/ILSVRC2012_img_train.tar is missing"
    )
    archives.rename(tmp_path / "tfds/downloads/manual")
    require_archives(None, None)
    assert len(prepare_dataset(imagenet(tmp_path / "tfds", train=16, validation=8, test=6)).labels["test"]) == 6


def test_archive_that_breaks_off_leaves_nothing_that_is_taken_for_whole(archives, tmp_path):
    path = archives / "ILSVRC2012_img_train.tar"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    settings = imagenet(tmp_path / "tfds", manual_dir=archives)
    for _ in range(2):
        refused_preparation(settings, "imagenet2012 is not prepared there and could not be")
    assert not list((tmp_path / "tfds/imagenet2012").glob("*"))


def test_too_little_disk_for_preparation(archives, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: DiskUsage(10**9, 10**9 - 10**5, 10**5))
    settings = imagenet(tmp_path / "tfds", manual_dir=archives)
    refused_preparation(settings, f"{tmp_path}/tfds/{IMAGENET}: 0 MB of disk are free, 1 MB are needed")
    assert not (tmp_path / "tfds").exists()


@pytest.mark.parametrize(("backend", "hidden"), [("jax", [([], "GPU")]), ("tensorflow", [])])
def test_tensorflow_leaves_the_gpu_to_jax(stream, monkeypatch, backend, hidden):
    import tensorflow as tf

    calls = []
    monkeypatch.setattr(tf.config, "set_visible_devices", lambda *call: calls.append(call))
    monkeypatch.setenv("KERAS_BACKEND", backend)
    batches(stream, 1)
    assert calls[:1] == hidden
