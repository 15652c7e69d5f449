"""Runs the code of a user. Whatever it prints or changes, the answer of the command stays alone on standard output."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import io
import logging
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from temperature_check.base.errors import UserError
from temperature_check.theory.gate.faults import is_out_of_memory, reason

log = logging.getLogger("temperature_check")
OUTPUT, ERRORS = 1, 2
ADVICE = {
    "SystemExit": "it ends the program; put code that does so, such as parsing arguments, under `if __name__ =="
    ' "__main__":`',
    "EOFError": "it asks for input; give the value in the code",
}


@contextmanager
def users_code(program: str) -> Iterator[None]:
    """A context in which all output goes to standard error, and after which the process is as it was.

    Output of C libraries is included, and so is that of functions that run when the process ends. The user's code sees
    the command line of a program without arguments, and no input. program: its name.
    """
    with _diverted_output(), _kept_logging(), _kept_process(program):
        yield


def attempt(function: Callable, failure: str):
    """Call `function`, which runs a user's code. All errors except a lack of memory become a UserError."""
    try:
        with warnings.catch_warnings(), np.errstate():
            return function()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if is_out_of_memory(error):
            raise
        advice = next((f"; {text}" for kind, text in ADVICE.items() if type(error).__name__ == kind), "")
        raise UserError(f"{failure} ({reason(error)}){advice}") from error


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and the backend, so that a user's function builds the same model each time."""
    import keras

    if keras.backend.backend() == "tensorflow":
        keras.utils.set_random_seed(seed)
        return
    # keras.utils.set_random_seed would import TensorFlow. Keras takes seeds that are not given from `random`.
    random.seed(seed)
    np.random.seed(seed)


class _Errors(io.TextIOBase):
    """Standard error, which a user's code may close without harm. It knows whether a line is unfinished."""

    encoding = "utf-8"

    def __init__(self, stream):
        self._stream, self._unfinished = stream, False

    @property
    def buffer(self):
        """The stream of bytes."""
        return self._stream.buffer

    def fileno(self) -> int:
        return self._stream.fileno()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._unfinished = not text.endswith("\n") if text else self._unfinished
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        """Stay open."""

    def finish(self) -> None:
        """End the line."""
        if self._unfinished:
            self.write("\n")
        self.flush()


@contextmanager
def _diverted_output() -> Iterator[None]:
    output, errors = sys.stdout, sys.stderr
    _flush()
    kept = os.dup(OUTPUT)
    os.dup2(ERRORS, OUTPUT)
    diverted = _errors()
    sys.stdout = sys.stderr = diverted
    try:
        yield
    finally:
        _flush()
        diverted.finish()
        sys.stdout, sys.stderr = output, errors
        os.dup2(kept, OUTPUT)
        os.close(kept)
        # The last function to be registered runs first, so it comes before those of the user's code.
        atexit.register(_divert_for_good)


def _errors() -> _Errors:
    try:
        is_real = sys.stderr.fileno() == ERRORS
    except (OSError, ValueError, AttributeError):
        is_real = False
    return _Errors(open(ERRORS, "w", buffering=1, encoding="utf-8", closefd=False) if is_real else sys.stderr)


def _divert_for_good() -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    with contextlib.suppress(OSError):
        os.dup2(ERRORS, OUTPUT)


def _flush() -> None:
    """Write what Python and C libraries have buffered."""
    for stream in (sys.stdout, sys.__stdout__):
        with contextlib.suppress(Exception):
            stream.flush()
    with contextlib.suppress(Exception):
        ctypes.CDLL(None).fflush(None)


@contextmanager
def _kept_logging() -> Iterator[None]:
    disabled = logging.root.manager.disable
    before = [(logger, logger.level, logger.propagate, list(logger.handlers)) for logger in (log, logging.root)]
    try:
        yield
    finally:
        logging.disable(disabled)
        for logger, level, propagate, handlers in before:
            logger.disabled = False
            logger.level, logger.propagate, logger.handlers = level, propagate, handlers
        # Loggers remember which levels are on.
        logging.root.manager._clear_cache()


@contextmanager
def _kept_process(program: str) -> Iterator[None]:
    before = (sys.argv, sys.stdin, os.getcwd(), list(sys.path))
    with warnings.catch_warnings(), np.errstate(), open(os.devnull, encoding="utf-8") as nothing:
        sys.argv, sys.stdin = [program], nothing
        try:
            yield
        finally:
            sys.argv, sys.stdin, folder, sys.path[:] = before
            os.chdir(folder)
