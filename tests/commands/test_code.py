"""A run is trained again if and only if something that determines its numbers has changed.

CLOSURES pins which modules the fingerprint of each run and stage covers, so that a new import there is a decision.
EDITS is a table of edits of a copy of the package, and of the fingerprints that each may change: exactly those.
"""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest
from pydantic import BaseModel

from temperature_check.base.fingerprint import DETERMINES_NOTHING, PACKAGE, ROOT, closure, fingerprint
from temperature_check.commands.code import STAGES, stage_modules
from temperature_check.study.figures import FIGURES
from temperature_check.study.file import check_study
from temperature_check.study.recipe import Training
from temperature_check.training.modules import modules
from tests.conftest import SMALL_STUDY
from tests.evaluation.test_early_learning import EARLY

NETWORKS = {
    "mlp": {"kind": "mlp", "widths": [8]},
    "gru": {"kind": "gru", "units": 8},
    "wide_resnet": {"kind": "wide_resnet", "depth": 10, "width": 1},
    "resnet50": {"kind": "resnet50"},
}


def training(network: str, phase: str = "tune", initialization: str = "correlated") -> Training:
    """How the runs of a phase are trained, of a small study of one network."""
    task = {**SMALL_STUDY["tasks"]["mlp"], "model": NETWORKS[network], "early_learning": EARLY, "kernel_change": {}}
    task["initialization"] = initialization
    if initialization == "plain":
        task["grid"] = {name: values for name, values in task["grid"].items() if name != "z0"}
    return check_study({**SMALL_STUDY, "tasks": {"task": task}}, "study").phase("task", phase).training


RUNS = {
    "mlp": modules(training("mlp"), "tensorflow", False),
    "mlp plain": modules(training("mlp", initialization="plain"), "tensorflow", False),
    "mlp jax": modules(training("mlp"), "jax", False),
    "gru": modules(training("gru"), "tensorflow", False),
    "wide_resnet": modules(training("wide_resnet"), "tensorflow", False),
    "resnet50 streamed": modules(training("resnet50"), "tensorflow", True),
    "mlp switch": modules(training("mlp"), "tensorflow", False)._replace(engine="training.variants"),
    "mlp report": modules(training("mlp", "report"), "tensorflow", False),
    "mlp departure": modules(training("mlp", "departure"), "tensorflow", False),
    "mlp departure jax": modules(training("mlp", "departure"), "jax", False),
    "mlp linearized": modules(training("mlp", "departure_linearized"), "tensorflow", False),
    "mlp shifted": modules(training("mlp", "curves_exact"), "tensorflow", False),
}
CHOSEN = {
    "prepare": ("digits", "mnist1d", "cifar10", "imdb", "imagenet"),
    "figure": FIGURES,
    "table": ("tuned_beta",),
}
STAGE_MODULES = {
    f"{stage} {chosen}".strip(): stage_modules(stage, chosen) for stage in STAGES for chosen in CHOSEN.get(stage, ("",))
}
SEARCH = {
    "train largest_rate": (*stage_modules("train"), "adaptive.bisection"),
    "train by rungs": (*stage_modules("train"), "adaptive.rates"),
}
ALL = {name: found.names() for name, found in RUNS.items()} | STAGE_MODULES | SEARCH

EVERY_RUN = {
    *("base.record", "base.seeds", "data.dataset", "initialization.draw", "networks.build", "networks.logits"),
    *("runs.run", "theory.layers", "theory.loss", "training.augmentation", "training.backend"),
    *("training.engine", "training.progress"),
    *("training.feeds", "training.history", "training.inputs", "training.modules", "training.plan"),
    *("training.program", "training.schedule"),
}
SWEEP = EVERY_RUN | {"training.recorder"}
EXPERIMENT = EVERY_RUN | {
    *("theory.autodiff", "theory.events", "theory.kernel", "theory.time_scales", "training.kernel_recorder"),
}
CORRELATED, TENSORFLOW = {"initialization.correlated"}, {"training.joined", "training.tensorflow"}
AUTODIFF = {"theory.autodiff.tensorflow"}
READS, WRITES = {"base.arrays", "base.files", "base.record", "runs.store"}, {"base.files", "base.tables"}
DRAWS = WRITES | {
    *(
        "base.formats",
        "evaluation.cells",
        "evaluation.failures",
        "evaluation.intervals",
        "base.drawing",
        "base.imports",
        "figures.draw",
        "figures.panels",
        "figures.style",
        "runs.columns",
    ),
}
EFFECTS = {
    "base.files",
    "evaluation.effects",
    "evaluation.rates",
    "runs.rates",
    "theory.events",
    "theory.time_scales",
}
DATA = {"base.arrays", "base.files", "base.record", "data.dataset", "data.file", "data.prepare"}
STREAM = {"base.seeds", "data.stream"}
TRAINER = {
    *("base.digest", "base.fingerprint", "base.slots", "runs.checkpoints", "runs.columns", "runs.key", "runs.run"),
    *("runs.variants", "training.backend", "training.history", "training.modules", "training.trainer"),
}
CLOSURES = {
    "mlp": SWEEP | CORRELATED | TENSORFLOW | {"networks.mlp"},
    "mlp plain": SWEEP | TENSORFLOW | {"networks.mlp", "initialization.plain"},
    "mlp jax": SWEEP | CORRELATED | {"networks.mlp", "training.jax"},
    "gru": SWEEP | CORRELATED | TENSORFLOW | {"networks.gru"},
    "wide_resnet": SWEEP | CORRELATED | TENSORFLOW | {"networks.wide_resnet", "networks.residual"},
    "resnet50 streamed": SWEEP | CORRELATED | TENSORFLOW | {"networks.resnet50", "networks.residual", "data.stream"},
    "mlp switch": SWEEP | CORRELATED | TENSORFLOW | {"networks.mlp", "runs.variants", "training.variants"},
    "mlp report": EXPERIMENT | CORRELATED | TENSORFLOW | AUTODIFF | {"networks.mlp", "training.end_recorder"},
    "mlp departure": EXPERIMENT | CORRELATED | TENSORFLOW | AUTODIFF | {"networks.mlp"},
    "mlp departure jax": EXPERIMENT | CORRELATED | {"networks.mlp", "training.jax", "theory.autodiff.jax"},
    "mlp linearized": EXPERIMENT
    | CORRELATED
    | TENSORFLOW
    | AUTODIFF
    | {"networks.mlp", "initialization.linearized", "initialization.frozen"},
    "mlp shifted": EXPERIMENT
    | TENSORFLOW
    | AUTODIFF
    | {"networks.mlp", "initialization.shifted", "initialization.frozen"},
    "prepare digits": DATA | {"base.seeds", "data.digits"},
    "prepare mnist1d": DATA | {"base.seeds", "data.mnist1d"},
    "prepare cifar10": DATA | {"data.cifar10", "data.tfds"},
    "prepare imdb": DATA | {"data.imdb", "data.tfds", "data.tokens"},
    "prepare imagenet": DATA | STREAM | {"data.imagenet", "data.tfds", "data.archives"},
    "train": READS | TRAINER,
    "train largest_rate": READS | TRAINER | {"adaptive.bisection", "adaptive.search"},
    "train by rungs": READS | TRAINER | {"adaptive.rates", "adaptive.search", "runs.outcome", "runs.rates"},
    "starts": WRITES | {"training.starts", "theory.autodiff", "theory.rounding", "theory.time_scales"},
    "evaluate": READS
    | WRITES
    | {"base.digest", "data.dataset", "data.file", "evaluation.calibration"}
    | {"evaluation.metrics", "evaluation.table"}
    | {"runs.columns", "runs.outcome", "runs.run"},
    "rungs": READS
    | WRITES
    | {
        "adaptive.rates",
        "adaptive.search",
        "evaluation.rungs",
        "runs.columns",
        "runs.outcome",
        "runs.rates",
        "runs.run",
    },
    "select": WRITES | {"evaluation.intervals", "evaluation.rates", "runs.rates"},
    "collect": WRITES | {"evaluation.collect", "runs.columns", "runs.rates"},
    "mechanism": WRITES
    | {"evaluation.cells", "evaluation.failures", "evaluation.intervals", "evaluation.mechanism", "runs.columns"},
    "early_learning": READS
    | WRITES
    | {
        "adaptive.bisection",
        "adaptive.search",
        "evaluation.early_learning",
        "evaluation.levels",
        "runs.columns",
        "runs.run",
        "theory.events",
        "theory.time_scales",
    },
    "claims": WRITES
    | EFFECTS
    | {
        "claims.catalogue",
        "claims.effect",
        "claims.judge",
        "claims.measures",
        "claims.mechanism",
        "claims.verdict",
        "claims.words",
        "evaluation.cells",
        "evaluation.failures",
        "evaluation.intervals",
        "evaluation.mechanism",
        "evaluation.rate_slopes",
        "runs.columns",
        "tables.claims",
        "tables.markup",
    },
    "report": WRITES
    | EFFECTS
    | {
        "claims.effect",
        "claims.seeds",
        "claims.summary",
        "claims.verdict",
        "claims.words",
        "evaluation.cells",
        "evaluation.failures",
        "evaluation.intervals",
        "evaluation.power",
        "runs.columns",
        "tables.markup",
        "tables.report",
    },
    "page": {"base.files", "tables.page"},
    "table tuned_beta": WRITES
    | EFFECTS
    | {
        "evaluation.cells",
        "evaluation.failures",
        "evaluation.intervals",
        "runs.columns",
        "tables.markup",
        "tables.render",
        "tables.tuned_beta",
    },
    "figure beta_sweep": DRAWS | {"figures.beta_sweep"},
    "figure phase_plane": DRAWS | {"figures.phase_plane", "figures.planes"},
    "figure chosen_rate": DRAWS | EFFECTS | {"evaluation.rate_slopes", "figures.chosen_rate", "figures.planes"},
    "figure stability": DRAWS | {"figures.stability"},
    "figure beta_switch": DRAWS | {"evaluation.mechanism", "figures.beta_switch"},
    "figure learning_speed": DRAWS | {"figures.learning_speed"},
    "figure confidence": DRAWS | {"figures.confidence"},
    "figure kernel_change": DRAWS | {"figures.kernel_change"},
    "figure learning_curves": DRAWS | EFFECTS | {"figures.curves", "figures.learning_curves"},
    "figure time_scales": DRAWS | EFFECTS | {"evaluation.levels", "figures.curves", "figures.time_scales"},
    "figure departure": DRAWS | EFFECTS | {"evaluation.levels", "figures.curves", "figures.departure"},
    "figure largest_rate": DRAWS | EFFECTS | {"figures.curves", "figures.largest_rate"},
    "figure claims": WRITES
    | {"base.drawing", "base.formats", "base.imports", "figures.draw", "figures.style"}
    | {"claims.effect", "claims.verdict", "claims.words", "evaluation.intervals", "figures.claims"},
}


def test_runs_on_the_first_examples_of_streamed_data_have_them_in_memory():
    assert modules(training("mlp", "departure"), "tensorflow", True) == RUNS["mlp departure"]


@pytest.mark.parametrize("name", CLOSURES)
def test_modules_of_each_fingerprint_are_pinned(name):
    assert set(closure(*ALL[name])) == CLOSURES[name]


def test_every_fingerprint_is_pinned():
    assert set(CLOSURES) == set(ALL)


def test_room_docstrings_are_all_that_packages_hold():
    for file in ROOT.rglob("__init__.py"):
        if file.parent not in (ROOT, ROOT / "theory/autodiff"):
            assert len(ast.parse(file.read_text()).body) == 1, file


def test_what_no_fingerprint_covers_computes_nothing():
    for name in DETERMINES_NOTHING:
        parts = name.split(".")[1:]
        file = ROOT.joinpath(*parts).with_suffix(".py") if parts else ROOT / "__init__.py"
        imports = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Import)]
        assert not {alias.name for node in imports for alias in node.names} & {"numpy", "keras", "tensorflow", "jax"}


def models(kind: type[BaseModel]) -> set[type[BaseModel]]:
    """A class of settings, those of its fields, and so on."""
    found, waiting = set(), [kind]
    while waiting:
        one = waiting.pop()
        if isinstance(one, type) and issubclass(one, BaseModel):
            if one not in found:
                found.add(one)
                waiting += [field.annotation for field in one.model_fields.values()]
        else:
            waiting += getattr(one, "__args__", ())
    return found


def test_settings_that_training_is_given_are_values_alone():
    """Their values are in the key; a method of theirs that training calls would not be.

    What `lasting` returns is in the key of the run, by the same call.
    """
    assert {kind.__name__ for kind in models(Training)} >= {"Training", "MLP", "Schedule", "Augmentation"}
    for kind in models(Training):
        own = {name for name in dir(kind) if not name.startswith("_")} - set(dir(BaseModel)) - set(kind.model_fields)
        assert own <= {"at", "lasting", "resolved", "module", "reads", "convolutional", "degree"}, kind


WITH_KERNEL = {name for name in RUNS if set(name.split()) & {"report", "departure", "linearized", "shifted"}}
FIGURE_STAGES = {name for name in ALL if name.startswith("figure ")}
TENSORFLOW_RUNS = {name for name in RUNS if "jax" not in name}
RESIDUAL = {"wide_resnet", "resnet50 streamed"}
TRAIN = {"train", *SEARCH}
STREAMED = {"resnet50 streamed", "prepare imagenet"}
PREPARE = {name for name in ALL if name.startswith("prepare ")}


def importing(module: str) -> set[str]:
    """The stages whose closure has a module: for rooms whose stages are not pinned here."""
    return {name for name in (*STAGE_MODULES, *SEARCH) if module in closure(*ALL[name])}


NEW_NETWORK = (
    '"""A new network."""\n\nimport keras\n\n\ndef build(input_shape, classes):\n    return keras.Sequential()\n'
)
EDITS = {
    # The holes: methods of objects that training is given.
    "η is doubled": ("runs/run.py", "return self.scaled", "return 2 * self.scaled", {*RUNS, *importing("runs.run")}),
    "the last examples are taken": (
        "data/dataset.py",
        '["train"][:examples]',
        '["train"][-examples:]',
        {*RUNS, *PREPARE, "evaluate"},
    ),
    # What was too wide.
    "a helper in errors": ("base/errors.py", None, "\n\ndef helper():\n    return 1\n", set()),
    "how cores are claimed": ("base/slots.py", "claimed = []", "claimed = list()", TRAIN),
    "ResNet-50": ("networks/resnet50.py", "(64, 3), (128, 4)", "(64, 3), (128, 5)", {"resnet50 streamed"}),
    "the public Keras loss": ("losses.py", "beta=1.0", "beta=2.0", set()),
    "an import for types": ("training/engine.py", "Checkpoints", "Savepoints", set()),
    "a new path": ("base/paths.py", None, 'NEW = "results/new"\n', set()),
    "words of an error of damaged records": ("data/unreadable.py", "cannot be read", "is unreadable", set()),
    "the version of the package": ("__init__.py", "__version__ = ", "__version__ = 'new' or ", set()),
    # What is chosen by name.
    "a new network": ("networks/new.py", None, NEW_NETWORK, set()),
    "a new data source": ("data/new.py", None, "def load(settings):\n    return None\n", set()),
    "a new figure": ("figures/new.py", None, "def draw(runs, settings, panels):\n    return None\n", set()),
    "the MLP": ("networks/mlp.py", '"he_normal"', '"lecun_normal"', {name for name in RUNS if "mlp" in name}),
    "the GRU": ("networks/gru.py", "unroll=True", "unroll=False", {"gru"}),
    "parts of residual networks": ("networks/residual.py", "momentum=0.9", "momentum=0.8", RESIDUAL),
    "TensorFlow's steps": ("training/tensorflow.py", "step += 1", "step += 2", TENSORFLOW_RUNS),
    "JAX's steps": ("training/jax.py", "(0, state,", "(1, state,", {"mlp jax", "mlp departure jax"}),
    "JAX's derivatives": ("theory/autodiff/jax.py", "[0]", "[-1]", {"mlp departure jax"}),
    "correlated copies": (
        "initialization/correlated.py",
        "0.5**0.5",
        "0.5**0.6",
        set(RUNS) - {"mlp plain", "mlp shifted"},
    ),
    "shifted networks": ("initialization/shifted.py", "z0 / (beta", "z0 * (beta", {"mlp shifted"}),
    "linearized networks": ("initialization/linearized.py", "+ logits_change", "- logits_change", {"mlp linearized"}),
    "how CIFAR-10 is loaded": ("data/cifar10.py", "np.stack(part)", "np.array(part)", {"prepare cifar10"}),
    "how records are read": ("data/stream.py", "SHUFFLED = 4096", "SHUFFLED = 8192", STREAMED),
    "a margin of a claim": ("claims/measures.py", "0.1, 0.9, 0.02", "0.1, 0.9, 0.05", {"claims"}),
    "a rule of a claim": ("claims/mechanism.py", "EARLY = 0.3", "EARLY = 0.5", {"claims"}),
    "which tasks a claim speaks of": ("claims/catalogue.py", '"most"', '"some"', {"claims"}),
    "a switch of β": (
        "training/variants.py",
        "run.beta_before / run.beta",
        "run.beta / run.beta_before",
        {"mlp switch"},
    ),
    # What all runs share.
    "the loss": ("theory/loss.py", "return -ops.sum", "return -2 * ops.sum", set(RUNS)),
    "the engine": ("training/engine.py", "NORM_TOLERANCE = 0.01", "NORM_TOLERANCE = 0.1", set(RUNS)),
    "random streams": (
        "base/seeds.py",
        '"order": (1,)',
        '"order": (7,)',
        {*RUNS, "prepare imagenet", "prepare digits", "prepare mnist1d"},
    ),
    "how Keras is set up": (
        "training/backend.py",
        '"channels_last"',
        '"channels_first"',
        {*RUNS, *TRAIN},
    ),
    "the kernel": ("theory/kernel.py", "TOLERANCE = 1e-4", "TOLERANCE = 1e-3", WITH_KERNEL),
    # What runs do not depend on.
    "how a store is laid out": ("runs/store.py", "key[:2]", "key[:3]", importing("runs.store")),
    "how checkpoints are kept": (
        "runs/checkpoints.py",
        "60 * minutes",
        "61 * minutes",
        TRAIN,
    ),
    "how code is hashed": ("base/fingerprint.py", "[:16]", "[:17]", TRAIN),
    "what counts as stable": (
        "adaptive/bisection.py",
        "LARGEST_RISE = 1.1",
        "LARGEST_RISE = 1.2",
        importing("adaptive.bisection"),
    ),
    "a metric": ("evaluation/metrics.py", "bins - 1", "bins - 2", importing("evaluation.metrics")),
    "one figure": ("figures/beta_sweep.py", "scale=100", "scale=10", {"figure beta_sweep"}),
    "the look of figures": ("figures/style.py", "RESOLUTION = 200", "RESOLUTION = 100", FIGURE_STAGES),
    "a command": ("commands/prune.py", "1e6", "1e3", set()),
    "the command line": ("cli.py", "no_args_is_help=True", "no_args_is_help=False", set()),
    "a check of settings": ("study/checks.py", "task.batch_size}", "task.batch_size + 0}", set()),
}


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    copy = tmp_path_factory.mktemp("copy") / PACKAGE
    return Path(shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("__pycache__")))


@pytest.fixture(scope="module")
def before(package) -> dict[str, str]:
    return fingerprints(package)


def fingerprints(package: Path) -> dict[str, str]:
    return {name: fingerprint(*found, root=package) for name, found in ALL.items()}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_changes_the_fingerprints_of_what_it_determines_and_no_others(edit, package, before):
    name, old, new, expected = EDITS[edit]
    file = package / name
    text = file.read_text() if file.exists() else ""
    assert old is None or old in text
    try:
        file.write_text(text + new if old is None else text.replace(old, new))
        after = fingerprints(package)
    finally:
        file.write_text(text) if text else file.unlink()
    assert {name for name in ALL if after[name] != before[name]} == expected
