"""Data sets of TensorFlow Datasets (TFDS), which prepares a data directory unless this was done before."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from temperature_check.base.errors import UserError
from temperature_check.base.files import require_space
from temperature_check.data.dataset import shuffled_parts
from temperature_check.data.unreadable import reason, remedy, unreadable

if TYPE_CHECKING:
    from tensorflow_datasets.core import DatasetBuilder

    from temperature_check.study.data import DrawnData, HalvedData

log = logging.getLogger(__name__)
SECONDS_TO_ANSWER = 10


def load_splits(feature: str, settings: DrawnData) -> tuple[dict[str, list], dict[str, np.ndarray]]:
    """`feature` of the examples of each split, and their labels, int32.

    Validation and training examples are drawn from the training half, and test examples from the other. A smaller
    training set is part of a larger one. Raises UserError if the data are unavailable or damaged.
    """
    builder = prepared_builder(settings)
    stream = np.random.default_rng(settings.split_seed)
    training, testing = (_read(builder, half, feature) for half in ("train", "test"))
    validation, train = _draw(stream, training, builder, validation=settings.validation, train=settings.train)
    (test,) = _draw(stream, testing, builder, test=settings.test)
    parts = {"train": train, "validation": validation, "test": test}
    return {split: part[0] for split, part in parts.items()}, {split: part[1] for split, part in parts.items()}


def first_bytes(feature: str, settings: DrawnData) -> bytes:
    """`feature` of the first training example, undecoded as in its record."""
    import tensorflow_datasets

    builder = prepared_builder(settings)
    decoders = {feature: tensorflow_datasets.decode.SkipDecoding()}
    with unreadable(f"{builder.data_path}: train examples"):
        examples = builder.as_dataset(split="train[:1]", decoders=decoders)
        return next(iter(tensorflow_datasets.as_numpy(examples)))[feature]


def prepared_builder(settings: HalvedData) -> DatasetBuilder:
    """The builder of a data set, which is first prepared in its data directory if necessary.

    Raises UserError if the preparation fails or if the directory is incomplete.
    """
    import tensorflow_datasets

    tensorflow_datasets.disable_progress_bar()
    data_dir = settings.data_dir and settings.data_dir.expanduser()
    with unreadable(f"the data directory of {settings.name}"):
        builder = tensorflow_datasets.builder(settings.name, data_dir=data_dir)
    folder = Path(builder.data_path)
    if not folder.exists():
        _prepare(builder, folder, settings)
    elif not builder.is_prepared():
        raise UserError(f"{folder}: not a whole data set, dataset_info.json is missing; {remedy(folder)}")
    return builder


def _prepare(builder: DatasetBuilder, folder: Path, settings: HalvedData) -> None:
    from tensorflow_datasets.core.download import DownloadConfig

    log.info("preparing %s in %s", builder.name, folder)
    require_space(folder, settings.preparation_bytes)
    manual_dir = getattr(settings, "manual_dir", None)
    download = DownloadConfig(try_download_gcs=False, manual_dir=manual_dir and manual_dir.expanduser())
    try:
        _require_answers(builder)
        builder.download_and_prepare(download_config=download)
    # Downloading and unpacking raise errors of several libraries, all of which mean that there are no data.
    except Exception as error:
        raise UserError(
            f"{folder}: {builder.name} is not prepared there and could not be ({reason(error)}); prepare it where"
            " there is a network, or set data_dir or TFDS_DATA_DIR to a directory in which it is prepared"
        ) from error


def _require_answers(builder: DatasetBuilder) -> None:
    """Raise ConnectionError if the server of a required archive does not answer. TFDS would retry for minutes."""
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
    """All examples of a half, in the order of the records. TFDS verifies their checksums and number."""
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
