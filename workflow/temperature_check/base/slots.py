"""Binds a training process to cores that no other training process on the machine uses, one core per thread."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

_held: list[FileLock] = []


def claim_cores(threads: int) -> list[int]:
    """Bind this process to `threads` free cores until it ends, and return them.

    Returns [] and binds nothing if the system cannot do this (macOS) or too few cores are free.
    """
    if not hasattr(os, "sched_setaffinity"):
        return []
    claimed = []
    for core in sorted(os.sched_getaffinity(0)):
        if len(claimed) < threads and (lock := _claim(core)):
            claimed.append((core, lock))
    if len(claimed) < threads:
        for _, lock in claimed:
            lock.release()
        return []
    _held.extend(lock for _, lock in claimed)
    os.sched_setaffinity(0, cores := [core for core, _ in claimed])
    return cores


def _claim(core: int) -> FileLock | None:
    folder = Path(tempfile.gettempdir()) / f"temperature-check-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = FileLock(folder / f"core-{core}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return lock
