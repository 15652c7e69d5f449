"""Augmentation of images: random shifts and mirror images, which a plan has drawn before training."""

from keras import ops


def augmented(images, changes, padding: int):
    """Images padded with black and cropped to their own size, some of them mirrored.

    images: shape [n, rows, columns, channels]. changes: shape [n, 3], from a `Plan`.
    """
    rows, columns = images.shape[1:3]
    across = ops.arange(columns, dtype="int32")
    across = ops.where(changes[:, 2:] == 1, columns - 1 - across, across) + changes[:, 1:2]
    down = ops.arange(rows, dtype="int32") + changes[:, :1]
    padded = ops.pad(images, [[0, 0], [padding, padding], [padding, padding], [0, 0]])
    cropped = ops.take_along_axis(padded, down[:, :, None, None], axis=1)
    return ops.take_along_axis(cropped, across[:, None, :, None], axis=2)
