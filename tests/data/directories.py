"""Tiny data directories of CIFAR-10, IMDB and ImageNet, in the format of the real ones."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

CIFAR10, IMDB, IMAGENET = "cifar10/3.0.2", "imdb_reviews/plain_text/1.0.0", "imagenet2012/5.1.0"
REVIEWS = ("A fine film, a FINE cast.<br /><br />Fine!", "Dull; dull and long. I left it unloved.")


def write_cifar10(folder: Path, size: int = 32, examples: tuple[int, int] = (40, 20), form: str = "png") -> None:
    """Square random images of `size` pixels, `examples` in the two halves, under the name and version of CIFAR-10.

    form: png, as TFDS has them, or jpeg.
    """
    from tensorflow_datasets import features

    image = features.Image(shape=(size, size, 3), encoding_format=form)
    kinds = {"image": image, "label": features.ClassLabel(num_classes=10)}
    stream = np.random.default_rng(0)
    halves = {
        half: {"image": stream.integers(256, size=(n, size, size, 3), dtype=np.uint8), "label": np.arange(n) % 10}
        for half, n in zip(("train", "test"), examples)
    }
    _write(folder, "cifar10", "3.0.2", None, {"id": features.Text(), **kinds}, halves)


def write_imdb(folder: Path, examples: tuple[int, int] = (40, 20)) -> None:
    """Reviews that say the label with every word, `examples` in the two halves, under the name and version of IMDB."""
    from tensorflow_datasets import features

    halves = {
        half: {"text": np.array([REVIEWS[i % 2] for i in range(n)]), "label": (np.arange(n) + 1) % 2}
        for half, n in zip(("train", "test"), examples)
    }
    kinds = {"text": features.Text(), "label": features.ClassLabel(names=["neg", "pos"])}
    _write(folder, "imdb_reviews", "1.0.0", "plain_text", kinds, halves)


def write_imagenet(folder: Path, examples: tuple[int, int] = (40, 20), shards: int = 5, form: str = "jpeg") -> None:
    """Smooth random photos of several sizes, `examples` in the two halves, in files of the format of ImageNet.

    Photo i has label i. `form`: jpeg, as ImageNet has it, or png.
    """
    import tensorflow_datasets as tfds

    # Registered, TFDS would take it for its own of this name.
    class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version("5.1.0")
        name = "imagenet2012"

        def _info(self):
            image = tfds.features.Image(encoding_format=form)
            kinds = {"image": image, "label": tfds.features.ClassLabel(num_classes=1000)}
            return tfds.core.DatasetInfo(
                builder=self, features=tfds.features.FeaturesDict({**kinds, "file_name": tfds.features.Text()})
            )

        def _split_generators(self, dl_manager):
            return {half: self._generate_examples(n) for half, n in zip(("train", "validation"), examples)}

        def _generate_examples(self, n):
            for i, photo in enumerate(photos(n)):
                yield i, {"image": photo, "label": i, "file_name": f"{i}.JPEG"}

    tfds.disable_progress_bar()
    settings = tfds.download.DownloadConfig(num_shards=shards)
    Builder(data_dir=folder).download_and_prepare(download_config=settings)


def write_archives(folder: Path) -> None:
    """Tiny archives in the form of ImageNet's two: 2 classes with 12 photos each in archives of their own; 6 photos."""
    from PIL import Image

    jpegs = []
    for photo in photos(30):
        Image.fromarray(photo).save(file := io.BytesIO(), "jpeg")
        jpegs.append(file.getvalue())
    classes = ("n01440764", "n01443537")
    training = {
        f"{name}.tar": _archive({f"{name}_{i}.JPEG": jpegs[12 * part + i] for i in range(12)})
        for part, name in enumerate(classes)
    }
    validation = {f"ILSVRC2012_val_{i + 1:08}.JPEG": jpeg for i, jpeg in enumerate(jpegs[24:])}
    folder.mkdir()
    (folder / "ILSVRC2012_img_train.tar").write_bytes(_archive(training))
    (folder / "ILSVRC2012_img_val.tar").write_bytes(_archive(validation))


def _archive(members: dict[str, bytes]) -> bytes:
    with tarfile.open(fileobj=(file := io.BytesIO()), mode="w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def photos(count: int) -> Iterator[np.ndarray]:
    """Smooth random images, uint8, of 48 to 96 pixels a side."""
    stream = np.random.default_rng(0)
    for _ in range(count):
        height, width = stream.integers(48, 97, size=2)
        waves = stream.uniform(0.02, 0.1, size=(2, 3)), stream.uniform(0, 6, size=(2, 3))
        rows, columns = (
            np.sin(np.arange(side)[:, None] * waves[0][axis] + waves[1][axis])
            for axis, side in enumerate((height, width))
        )
        yield np.round(127 + 64 * (rows[:, None] + columns[None])).astype(np.uint8)


def _write(folder: Path, name: str, version: str, config: str | None, kinds: dict, halves: dict) -> None:
    import tensorflow as tf
    import tensorflow_datasets as tfds

    def examples(half: dict) -> tf.data.Dataset:
        ids = {"id": [str(i) for i in range(len(half["label"]))]} if "id" in kinds else {}
        return tf.data.Dataset.from_tensor_slices({**ids, **half})

    tfds.disable_progress_bar()
    tfds.dataset_builders.store_as_tfds_dataset(
        name=name,
        version=version,
        config=config,
        features=tfds.features.FeaturesDict(kinds),
        split_datasets={half: examples(arrays) for half, arrays in halves.items()},
        data_dir=folder,
        disable_shuffling=True,
    )
