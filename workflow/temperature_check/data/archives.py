"""The archives of ImageNet, which no one may pass on: each user brings them, and TensorFlow Datasets prepares them.

Without TensorFlow, so that a workflow can look for them before its first job.
"""

from __future__ import annotations

import os
from pathlib import Path

from temperature_check.errors import UserError

NAME = "imagenet2012"
ARCHIVES = ("ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar")


def require_archives(data_dir: Path | None, manual_dir: Path | None) -> None:
    """Raise UserError where ImageNet is not prepared in `data_dir`, and an archive to prepare it from is missing.

    None are TFDS's own: TFDS_DATA_DIR or else ~/tensorflow_datasets, and downloads/manual in the data directory.
    """
    data_dir = data_directory(data_dir)
    if next(data_dir.glob(f"{NAME}/[0-9]*/"), None):
        return
    folder = (manual_dir or data_dir / "downloads/manual").expanduser()
    if missing := [name for name in ARCHIVES if not (folder / name).is_file()]:
        raise UserError(
            f"{data_dir}/{NAME}: not prepared, and {' and '.join(missing)} missing in {folder}; register at"
            " https://image-net.org/download-images, download and put there, or set manual_dir to where it is"
        )


def data_directory(data_dir: Path | None) -> Path:
    """The data directory of TensorFlow Datasets that a setting names; None is its own default."""
    return (data_dir or Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")).expanduser()
