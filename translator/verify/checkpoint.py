"""Convert a checkpoint file: both models are built in workers, one after the other, and the file is read here.

A model lives only until it is described, so that no two of the models and the checkpoint are in memory at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from translator.errors import WeightError
from translator.model import Framework, Translation
from translator.verify.bench import Bench, Case, Code, InconclusiveError, SideError, Which
from translator.verify.cases import SEED, find_call, text
from translator.verify.client import WorkerOptions, WorkerPool
from translator.verify.discover import Hints, Specs
from translator.verify.inputs import draw_all, parse_input
from translator.verify.protocol import Arrays
from translator.verify.roots import Root, chosen_roots
from translator.weights.convert import Origin, Summary, convert, names_by_path, reversed_plan
from translator.weights.files_keras import H5Writer, KerasWriter, open_h5, read_places, unpacked
from translator.weights.files_torch import PtWriter, SafetensorsWriter, open_pt, open_safetensors
from translator.weights.formats import (
    CheckpointError,
    Reader,
    Stored,
    Writer,
    format_of,
    framework_of,
    suffixes_of,
)
from translator.weights.names import check_names, state_names, stored_shapes, with_shapes
from translator.weights.pair import pair
from translator.weights.transfer import catalog_rules
from translator.weights.tree import ModuleTree, tree_from_json


@dataclass(frozen=True, slots=True)
class Files:
    """The two model files (text and path) and the two checkpoints."""

    source: str
    source_path: Path
    translated: str
    translated_path: Path
    checkpoint: Path
    output: Path


@dataclass(frozen=True, slots=True)
class Options:
    """``inputs`` are specs such as ``"x=float32[2,3]"`` in source axis order, ``key`` says where in a ``.pt`` file the
    weights are; ``timeout`` (seconds, per model) and ``memory_mib`` bound the user's code."""

    inputs: tuple[str, ...] = ()
    key: str | None = None
    timeout: float = 300.0
    memory_mib: int = 8192
    on_progress: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Converted:
    """What was written, what was done to the checkpoint's names, and the input with which models were built, if any."""

    summary: Summary
    notes: tuple[str, ...]
    built_with: str = ""


@dataclass
class _Described:
    """One model without its values: ``names`` maps the names of its checkpoint's tensors to paths in ``tree``."""

    tree: ModuleTree
    names: Mapping[str, str]
    constants: Arrays = field(default_factory=dict)


def direction(checkpoint: Path, output: Path, translation: Translation) -> Which:
    """Whose checkpoint is given, that of the source or of the translation, by the names of both files.

    Raises :class:`CheckpointError` where they do not belong to one framework each.
    """
    given = framework_of(format_of(checkpoint))
    wanted = framework_of(format_of(output))
    if given == wanted:
        other: Framework = "keras" if given == "torch" else "torch"
        raise CheckpointError(f"{output}: the checkpoint of the other model must end in {suffixes_of(other)}")
    return "source" if given == translation.from_ else "translated"


def convert_checkpoint(
    files: Files, model: str, translation: Translation, target: Path, folder: Path, options: Options
) -> Converted:
    """Write what is to become ``files.output`` to the existing, empty file ``target``.

    ``model`` is a ``SRC[=TGT]`` constructor expression; ``folder`` is an empty one on a disk with room for the
    weights. Raises ``ValueError`` for a malformed model or input, :class:`CheckpointError` for an unreadable
    checkpoint, :class:`translator.errors.WeightError` where something does not correspond, and
    ``SideError``, ``InconclusiveError`` or ``LayoutError`` of :mod:`translator.verify.bench` where a model cannot be
    built.
    """
    origin = direction(files.checkpoint, files.output, translation)
    root = chosen_roots((model,), translation)[0]
    models = _Models(files, root, translation, folder, options)
    models.describe()
    options.on_progress("pairing the weights")
    here, there = models.of(origin), models.of("translated" if origin == "source" else "source")
    plan = translation.plan if origin == "source" else reversed_plan(translation.plan)
    reader = _open(files.checkpoint, folder, options.key, here.names)
    tree = with_shapes(here.tree, stored_shapes(here.names, reader.stored))
    moves = pair(tree, there.tree, plan, catalog_rules()).moves
    placed = set(there.names.values())
    unplaced = [path for path, info in there.tree.tensor_paths().items() if not info.optional and path not in placed]
    if unplaced:
        raise WeightError(f"{files.output}: the model does not save all its weights", missing=tuple(unplaced))
    moves = tuple(move for move in moves if placed.intersection(move.targets))
    needed = {path for move in moves for path in move.sources}
    check_names(here.names, tree.tensor_paths(), needed - here.constants.keys(), reader.stored)
    options.on_progress(f"writing {files.output.name}")
    targets = there.tree.tensor_paths()
    with _writable(files.output), _writer(files.output, target, folder, there, models.skeleton) as writer:
        summary = convert(moves, Origin(reader, names_by_path(here.names, reader), here.constants), targets, writer)
    return Converted(summary, reader.notes, models.built_with)


class _Models:
    """Builds the source and then the translation, each in its own process, and keeps their descriptions."""

    def __init__(self, files: Files, root: Root, translation: Translation, folder: Path, options: Options) -> None:
        self.files = files
        self.root = root
        self.translation = translation
        self.options = options
        self.skeleton = folder / ("skeleton.keras" if format_of(files.output) == "keras" else "skeleton.weights.h5")
        self.given = tuple(parse_input(spec) for spec in options.inputs)
        self.built_with = ""
        self._described: dict[Which, _Described] = {}

    def of(self, which: Which) -> _Described:
        return self._described[which]

    def describe(self) -> None:
        with WorkerPool(WorkerOptions(memory_mib=self.options.memory_mib)) as pool:
            files = self.files
            code = Code(
                pool.save(files.source_path.name, files.source),
                pool.save(files.translated_path.name, files.translated),
                str(files.source_path),
                str(files.translated_path),
            )
            bench = Bench(pool, "float32", self.translation, code, self.root, self.options.timeout)
            call = self._describe_source(bench)
            bench.close("source")
            self.options.on_progress("constructing the translated model")
            bench.open("translated", SEED)
            if self._unbuilt(bench, "translated"):
                if isinstance(call, Exception):
                    raise call
                self.built_with = text(call.specs)
                bench.run("translated", call)
            self._describe(bench, "translated")

    def _describe_source(self, bench: Bench) -> Case | SideError | InconclusiveError:
        """Describe the source; gives the call that it accepts, or why there is none if it was not needed so far."""
        self.options.on_progress("constructing the source model")
        bench.open("source", SEED)
        if self._unbuilt(bench, "source"):
            call = self._call(_Fresh(bench))
            self.built_with = text(call.specs)
            bench.construct("source", SEED)
            bench.run("source", call)
            self._describe(bench, "source")
            return call
        self._describe(bench, "source")
        try:
            return self._call(bench)
        except (SideError, InconclusiveError) as reason:
            return reason

    def _call(self, prober: Bench | _Fresh) -> Case:
        specs, positional, hints = find_call(prober, self.root.info, self.given)
        return Case(text(specs), draw_all(specs, SEED), positional, hints.as_list, specs)

    @staticmethod
    def _unbuilt(bench: Bench, which: Which) -> bool:
        return bool(bench.ask(which, "describe")["unbuilt"])

    def _describe(self, bench: Bench, which: Which) -> None:
        tree = tree_from_json(bench.ask(which, "describe")["tree"])
        framework = self.translation.from_ if which == "source" else self.translation.to
        if framework == "keras":
            variables = bench.ask(which, "skeleton", path=str(self.skeleton))["variables"]
            self._described[which] = _Described(
                tree, read_places(unpacked(self.skeleton, self.skeleton.parent), variables)
            )
            return
        names = state_names(tree)
        left_out = [path for path, info in tree.tensor_paths().items() if info.optional and info.shape is not None]
        self._described[which] = _Described(tree, names, bench.read(which, left_out) if left_out else {})


class _Fresh:
    """Tries each call on a model of its own: a call that fails half-way leaves layers built for it."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def hints(self) -> Hints:
        return self.bench.hints()

    def probe(self, candidates: Sequence[Specs], positional: int, as_list: bool) -> tuple[int | None, str]:
        first = ""
        for number, candidate in enumerate(candidates):
            self.bench.construct("source", SEED)
            index, complaint = self.bench.probe([candidate], positional, as_list)
            if index is not None:
                return number, ""
            first = first or complaint
        return None, first


def _open(path: Path, folder: Path, key: str | None, names: Mapping[str, str]) -> Reader:
    form = format_of(path)
    if form == "pt":
        return open_pt(path, key, names)
    if form == "safetensors":
        return open_safetensors(path, key, names)
    if key is not None:
        raise CheckpointError(f"{path}: only .pt and .pth files have keys to choose from")
    return open_h5(path, unpacked(path, folder))


@contextmanager
def _writable(output: Path) -> Iterator[None]:
    """Turns what the libraries raise on a full disk, each something else, into :class:`CheckpointError`."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{output}: cannot be written: {first}") from None


def _writer(output: Path, target: Path, folder: Path, model: _Described, skeleton: Path) -> Writer:
    form = format_of(output)
    if form == "pt":
        return PtWriter(target, model.names)
    if form == "safetensors":
        infos = model.tree.tensor_paths()
        shapes = {path: infos[path].shape for path in model.names.values()}
        kept = {path: Stored(shape, infos[path].dtype) for path, shape in shapes.items() if shape is not None}
        if unknown := shapes.keys() - kept.keys():
            raise CheckpointError(f"{output}: the shape of {min(unknown)} is not known beforehand; write .pt instead")
        return SafetensorsWriter(target, model.names, kept)
    if form == "h5":
        return H5Writer(target, skeleton, model.names)
    return KerasWriter(target, skeleton, model.names, folder / "packed")
