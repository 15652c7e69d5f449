"""Cores, one a thread: a training process keeps to cores that no other training process on the machine uses."""

from __future__ import annotations

import os
import platform
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

CPU_INFORMATION = Path("/proc/cpuinfo")
_held: list[FileLock] = []


def processor_name() -> str:
    """The model of this machine's processor."""
    lines = CPU_INFORMATION.read_text().splitlines() if CPU_INFORMATION.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())


def claim_cores(threads: int) -> list[int]:
    """Bind this process to `threads` free cores until it ends, and return them.

    Returns [] and binds nothing where the system cannot (macOS) or too few cores are free.
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
