"""Figures. The module of a figure is chosen by name; its `draw` takes tables, and gives a picture and its numbers.

Matplotlib is imported here, before any module of this room, so that a user's environment cannot make its import fail.
"""

import contextlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path


def _import_matplotlib() -> None:
    """Import Matplotlib without the backend and the matplotlibrc of the environment, and apply these only then.

    The import itself fails if they are invalid. Figures depend on neither, but other code of the process may.
    """
    asked = {name: os.environ.pop(name) for name in ("MPLBACKEND", "MATPLOTLIBRC") if name in os.environ}
    os.environ["MATPLOTLIBRC"] = os.devnull
    with contextlib.chdir(Path(find_spec("matplotlib").origin).resolve().parent):
        import matplotlib
    del os.environ["MATPLOTLIBRC"]
    os.environ.update(asked)
    with contextlib.suppress(ValueError, OSError):
        matplotlib.rc_file(matplotlib.matplotlib_fname())
    with contextlib.suppress(ValueError):
        if asked.get("MPLBACKEND"):
            matplotlib.rcParams["backend"] = asked["MPLBACKEND"]


# If Matplotlib is already imported, its settings are those of the code that uses it.
if "matplotlib" not in sys.modules:
    _import_matplotlib()
