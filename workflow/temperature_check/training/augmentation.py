"""Augmentation of images: a random shift and a random mirror image, as a plan has drawn them beforehand."""

from keras import ops


def augmented(images, changes, padding: int):
    """Crops of their own size of images padded with black, some of them mirrored.

    images: shape [n, rows, columns, channels]. changes: shape [n, 3], as a `Plan` has it.
    """
    rows, columns = images.shape[1:3]
    across = ops.arange(columns, dtype="int32")
    across = ops.where(changes[:, 2:] == 1, columns - 1 - across, across) + changes[:, 1:2]
    down = ops.arange(rows, dtype="int32") + changes[:, :1]
    padded = ops.pad(images, [[0, 0], [padding, padding], [padding, padding], [0, 0]])
    cropped = ops.take_along_axis(padded, down[:, :, None, None], axis=1)
    return ops.take_along_axis(cropped, across[:, None, :, None], axis=2)
