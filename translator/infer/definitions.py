"""What a file defines: its functions, classes and imported names."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from translator.catalog.helpers import normalised
from translator.catalog.load import Catalog
from translator.infer.direction import MODULE_BASES, SEQUENTIAL, Direction
from translator.infer.facts import ClassInfo, Function, Tables
from translator.infer.values import FOREIGN, UNKNOWN, ClassRef, FrameworkRef, FunctionRef, Value
from translator.model import Framework, Layout
from translator.resolve.names import FRAMEWORK_ROOTS, import_bindings, local_names
from translator.syntax import Tree, dotted, parameters

MODULE = "<module>"


class Definitions(Direction):
    """The tables of one file. ``collect`` fills in what stands at module level."""

    def __init__(self, catalog: Catalog, source: Framework, to: Framework, layout: Layout) -> None:
        super().__init__(catalog, source, to, layout)
        self.tables = Tables()
        self.trees: list[Tree] = []
        self.stars: list[str] = []
        self.rebound: set[str] = set()
        self.imported_names: set[str] = set()
        self.helper_definitions: dict[cst.CSTNode, Tree] = {}
        self.class_names: dict[str, str] = {}
        """Module classes that have another name in the output."""
        self._ancestry: dict[str, list[str]] = {}
        self._descendants: dict[str, list[str]] = {}

    def collect(self, trees: Iterable[Tree]) -> None:
        """Enter the definitions and imports of all statements, and find out which classes are modules."""
        self.trees = list(trees)
        body = Function(MODULE, None, self.trees[0])
        self.tables.functions[MODULE] = body
        self.tables.globals.update({"__name__": UNKNOWN})
        for tree in self.trees:
            for statement in tree.module.body:
                self._collect(statement, tree, body)
        self._mark_modules()
        self._name_classes()
        self._ancestry = {name: self._find_ancestry(name) for name in self.tables.classes}
        for name, ancestors in self._ancestry.items():
            for ancestor in ancestors:
                self._descendants.setdefault(ancestor, []).append(name)

    def _collect(self, statement: cst.CSTNode, tree: Tree, body: Function) -> None:
        if isinstance(statement, cst.FunctionDef | cst.ClassDef) and self._is_helper(statement, tree):
            return
        if isinstance(statement, cst.FunctionDef):
            self.add_function(statement, tree, statement.name.value, None, body)
            self.tables.globals[statement.name.value] = FunctionRef(statement.name.value)
        elif isinstance(statement, cst.ClassDef):
            self._collect_class(statement, tree, body)
        elif isinstance(statement, cst.If | cst.Try | cst.With):
            for child in _suites(statement):
                for inner in child.body:
                    self._collect(inner, tree, body)
        elif isinstance(statement, cst.SimpleStatementLine):
            for small in statement.body:
                if isinstance(small, cst.Import | cst.ImportFrom):
                    for name, origin, star in import_bindings(small):
                        self.imported_names.add(name)
                        value = self.imported(origin)
                        if not star:
                            self.tables.globals[name] = value
                        else:
                            self.add_star(value)

    def _is_helper(self, node: cst.FunctionDef | cst.ClassDef, tree: Tree) -> bool:
        """Whether a definition is a helper of ours, unedited: it then stands for what it helps to express."""
        helper = self.catalog.helpers.get(f"helpers.{self.source}.{node.name.value}")
        if helper is None or normalised(tree.text(node)) != normalised(helper.text):
            return False
        self.helper_definitions[node] = tree
        self.imported_names.add(node.name.value)
        self.tables.globals[node.name.value] = FrameworkRef(helper.name)
        return True

    def imported(self, origin: str) -> Value:
        """The value of an imported name."""
        if FRAMEWORK_ROOTS.get(origin.split(".")[0]) == self.source:
            return FrameworkRef(self.catalog.canonical(origin))
        return FOREIGN

    def add_function(
        self, node: cst.FunctionDef | cst.Lambda, tree: Tree, key: str, owner: str | None, parent: Function | None
    ) -> Function:
        names = tuple(p.name.value for p in parameters(node))
        local = local_names(node, tree.holds(":=")) if isinstance(node, cst.FunctionDef) else frozenset()
        function = Function(key, node, tree, owner, parent, names, local)
        self.tables.functions[key] = function
        return function

    def _collect_class(self, node: cst.ClassDef, tree: Tree, body: Function) -> None:
        name = node.name.value
        info = ClassInfo(name, node, tree)
        info.body = Function(f"{name}.<class>", None, tree, name, body)
        self.tables.functions[info.body.key] = info.body
        self.tables.classes[name] = info
        self.tables.globals[name] = ClassRef(name)
        if isinstance(node.body, cst.IndentedBlock):
            for statement in node.body.body:
                if isinstance(statement, cst.FunctionDef):
                    method = self.add_function(statement, tree, f"{name}.{statement.name.value}", name, body)
                    info.methods[statement.name.value] = method

    def _mark_modules(self) -> None:
        for info in self.tables.classes.values():
            own, framework = [], []
            for arg in info.node.bases:
                value = self.global_value(dotted(arg.value) or "")
                if isinstance(value, ClassRef):
                    own.append(value.name)
                elif isinstance(value, FrameworkRef):
                    framework.append(value.api)
            info.bases, info.framework_bases = tuple(own), tuple(framework)
        for info in self.tables.classes.values():
            inherited = {api for c in self.ancestry(info.name) for api in self.tables.classes[c].framework_bases}
            info.sequential = SEQUENTIAL[self.source] in inherited
            info.module = info.sequential or bool(inherited & MODULE_BASES[self.source])

    def _name_classes(self) -> None:
        """Keras names a layer after its class, and TensorFlow refuses names that begin with an underscore.

        https://www.tensorflow.org/api_docs/python/tf/Graph#name_scope
        """
        for name, info in self.tables.classes.items():
            plain = name.lstrip("_")
            if self.to == "keras" and info.module and name.startswith("_") and plain[:1].isalpha():
                taken = plain in self.tables.globals or plain in self.class_names.values()
                self.class_names[name] = f"{plain}_" if taken else plain

    def add_star(self, module: Value) -> None:
        """Note ``from module import *``. Names of a later one hide those of earlier ones."""
        api = module.api if isinstance(module, FrameworkRef) else ""
        if api not in self.stars:
            self.stars.append(api)

    def star_value(self, name: str) -> Value | None:
        """What a name stands for that only ``import *`` can have brought; None if none of them has it."""
        for api in reversed(self.stars):
            if not api:
                # Nobody knows what a module that is not the framework's brings along.
                return UNKNOWN
            if f"{api}.{name}" in self.catalog.known:
                return FrameworkRef(self.catalog.canonical(f"{api}.{name}"))
        return None

    def hidden(self, name: str) -> str | None:
        """The framework name that a name may be, unless a later star import has brought another one."""
        if name in self.tables.globals or "" not in self.stars:
            return None
        brought = [f"{api}.{name}" for api in self.stars if api and f"{api}.{name}" in self.catalog.known]
        return brought[-1] if brought and self.star_value(name) == UNKNOWN else None

    def global_value(self, name: str) -> Value:
        """The value of a dotted global name."""
        head, *rest = name.split(".")
        value = self.tables.globals.get(head) or self.star_value(head) or UNKNOWN
        for part in rest:
            value = (
                FrameworkRef(self.catalog.canonical(f"{value.api}.{part}"))
                if isinstance(value, FrameworkRef)
                else UNKNOWN
            )
        return value

    def ancestry(self, name: str) -> list[str]:
        """The class and its bases within the file, nearest first."""
        return self._ancestry.get(name) or self._find_ancestry(name)

    def _find_ancestry(self, name: str) -> list[str]:
        result: list[str] = []
        stack = [name]
        while stack:
            current = stack.pop(0)
            if current in self.tables.classes and current not in result:
                result.append(current)
                stack.extend(self.tables.classes[current].bases)
        return result

    def descendants(self, name: str) -> list[str]:
        """The class and those of the file that derive from it."""
        return self._descendants.get(name, [])

    def find_method(self, cls: str, name: str) -> Function | None:
        for ancestor in self.ancestry(cls):
            method = self.tables.classes[ancestor].methods.get(name)
            if method is not None:
                return method
        return None

    def has_attribute(self, cls: str, name: str) -> bool:
        related = (*self.ancestry(cls), *self.descendants(cls))
        return any(name in self.tables.classes[c].attributes for c in related)


def _suites(statement: cst.If | cst.Try | cst.With) -> list[cst.BaseSuite]:
    result: list[cst.BaseSuite] = [statement.body]
    if isinstance(statement, cst.If) and statement.orelse is not None:
        result += _suites(statement.orelse) if isinstance(statement.orelse, cst.If) else [statement.orelse.body]
    if isinstance(statement, cst.Try):
        result += [handler.body for handler in statement.handlers]
        result += [part.body for part in (statement.orelse, statement.finalbody) if part is not None]
    return [suite for suite in result if isinstance(suite, cst.IndentedBlock)]
