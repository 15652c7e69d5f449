"""TensorFlow Datasets: data directories that it has prepared, here or elsewhere, are read; others it prepares first."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from temperature_check.data.dataset import shuffled_parts
from temperature_check.errors import UserError
from temperature_check.files import require_space
from temperature_check.streams.damaged import reason, remedy, unreadable

if TYPE_CHECKING:
    from tensorflow_datasets.core import DatasetBuilder

    from temperature_check.study import CIFAR10Data, IMDBData

log = logging.getLogger(__name__)
# Of what is written at a time, rounded up: an archive, what it unpacks to, records in the making, records.
PREPARATION_BYTES = {"cifar10": 600_000_000, "imdb_reviews": 600_000_000, "imagenet2012": 160_000_000_000}
SECONDS_TO_ANSWER = 10


def load_splits(
    name: str, feature: str, settings: CIFAR10Data | IMDBData
) -> tuple[dict[str, list], dict[str, np.ndarray]]:
    """`feature` of the examples of each split, and their labels, int32.

    Validation and training examples are drawn from the training half, test examples from the other; a smaller number
    of training examples is part of a larger one. Raises UserError where the data cannot be had or are damaged.
    """
    builder = prepared_builder(name, settings.data_dir)
    stream = np.random.default_rng(settings.split_seed)
    training, testing = (_read(builder, half, feature) for half in ("train", "test"))
    validation, train = _draw(stream, training, builder, validation=settings.validation, train=settings.train)
    (test,) = _draw(stream, testing, builder, test=settings.test)
    parts = {"train": train, "validation": validation, "test": test}
    return {split: part[0] for split, part in parts.items()}, {split: part[1] for split, part in parts.items()}


def first_bytes(name: str, feature: str, settings: CIFAR10Data | IMDBData) -> bytes:
    """`feature` of the first training example as its record holds it, not decoded."""
    import tensorflow_datasets

    builder = prepared_builder(name, settings.data_dir)
    decoders = {feature: tensorflow_datasets.decode.SkipDecoding()}
    with unreadable(f"{builder.data_path}: train examples"):
        examples = builder.as_dataset(split="train[:1]", decoders=decoders)
        return next(iter(tensorflow_datasets.as_numpy(examples)))[feature]


def prepared_builder(name: str, data_dir: Path | None, manual_dir: Path | None = None) -> DatasetBuilder:
    """The builder of a data set that lies prepared in `data_dir`; None is TFDS's own, by TFDS_DATA_DIR or in the home.

    manual_dir: where archives lie that users have to bring; None is downloads/manual in `data_dir`.
    Raises UserError where it has to be prepared and cannot be, or where the directory is no whole data set.
    """
    import tensorflow_datasets

    tensorflow_datasets.disable_progress_bar()
    with unreadable(f"the data directory of {name}"):
        builder = tensorflow_datasets.builder(name, data_dir=data_dir and data_dir.expanduser())
    folder = Path(builder.data_path)
    if not folder.exists():
        _prepare(builder, folder, manual_dir)
    elif not builder.is_prepared():
        raise UserError(f"{folder}: not a whole data set, dataset_info.json is missing; {remedy(folder)}")
    return builder


def _prepare(builder: DatasetBuilder, folder: Path, manual_dir: Path | None) -> None:
    from tensorflow_datasets.core.download import DownloadConfig

    log.info("preparing %s in %s", builder.name, folder)
    require_space(folder, PREPARATION_BYTES[builder.name])
    settings = DownloadConfig(try_download_gcs=False, manual_dir=manual_dir and manual_dir.expanduser())
    try:
        _require_answers(builder)
        builder.download_and_prepare(download_config=settings)
    # Downloading and unpacking raise errors of several libraries, all of which mean that there are no data.
    except Exception as error:
        raise UserError(
            f"{folder}: {builder.name} is not prepared there and could not be ({reason(error)}); prepare it where"
            " there is a network, or set data_dir or TFDS_DATA_DIR to a directory in which it is prepared"
        ) from error


def _require_answers(builder: DatasetBuilder) -> None:
    """Raise ConnectionError where an archive is to be downloaded and cannot be; TFDS would go on trying for minutes."""
    import requests
    from tensorflow_datasets.core.download.resource import get_dl_fname

    if builder.MANUAL_DOWNLOAD_INSTRUCTIONS:
        return
    data_dir = Path(builder.data_path).parents[builder.info.full_name.count("/")]
    there = {path.name for path in (data_dir / "downloads").rglob("*")}
    for url, archive in builder.url_infos.items():
        if not {get_dl_fname(url, archive.checksum), archive.filename} & there:
            try:
                requests.get(url, stream=True, timeout=SECONDS_TO_ANSWER).close()
            except (requests.ConnectionError, requests.Timeout) as error:
                raise ConnectionError(f"no answer from {urlsplit(url).netloc}") from error


def _read(builder: DatasetBuilder, half: str, feature: str) -> tuple[list, np.ndarray]:
    """All examples of a half, in the order of the records, whose checksums and number TFDS verifies."""
    import tensorflow_datasets

    values, labels = [], []
    config = tensorflow_datasets.ReadConfig(try_autocache=False)
    with unreadable(f"{builder.data_path}: {half} examples"):
        examples = builder.as_dataset(split=half, shuffle_files=False, read_config=config)
        for example in tensorflow_datasets.as_numpy(examples):
            values.append(example[feature])
            labels.append(example["label"])
    return values, np.array(labels, np.int32)


def _draw(stream: np.random.Generator, pool: tuple[list, np.ndarray], builder: DatasetBuilder, **sizes: int):
    values, labels = pool
    if (asked := sum(sizes.values())) > len(labels):
        raise UserError(f"{builder.data_path}: holds {len(labels):,} examples for {' + '.join(sizes)} = {asked:,}")
    parts = shuffled_parts(stream, len(labels), list(sizes.values()))
    return [([values[i] for i in part], labels[part]) for part in parts]
