"""The archives of ImageNet, which each user must download, because they may not be redistributed.

This module does not import TensorFlow, so that a workflow can check the archives before its first job.
"""

from __future__ import annotations

import os
from pathlib import Path

from temperature_check.base.errors import UserError

NAME = "imagenet2012"
ARCHIVE_BYTES = {"ILSVRC2012_img_train.tar": 147_897_477_120, "ILSVRC2012_img_val.tar": 6_744_924_160}


def require_archives(data_dir: Path | None, manual_dir: Path | None) -> None:
    """Raise UserError if ImageNet is not prepared in `data_dir` and `manual_dir` lacks an archive or a part of it.

    None means the default: TFDS_DATA_DIR or else ~/tensorflow_datasets, and downloads/manual in the data directory.
    """
    data_dir = data_directory(data_dir)
    if next(data_dir.glob(f"{NAME}/[0-9]*/"), None):
        return
    folder = (manual_dir or data_dir / "downloads/manual").expanduser()
    for name, size in ARCHIVE_BYTES.items():
        there = (folder / name).stat().st_size if (folder / name).is_file() else 0
        if there < size:
            state = f"has {there:,} of {size:,} bytes" if there else "is missing"
            raise UserError(
                f"{folder / name} {state}, and {data_dir / NAME} is not prepared; download {name} from"
                f" https://image-net.org/download-images, which asks you to register, into {folder}, or set manual_dir"
                " to its folder, or data_dir to a directory in which ImageNet is prepared"
            )


def data_directory(data_dir: Path | None) -> Path:
    """The data directory of a setting; None means the default."""
    return (data_dir or Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")).expanduser()
