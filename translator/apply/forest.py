"""The trees of a file's statements under one roof: spans, comments, statements and imports of the whole file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache

import libcst as cst

from translator.errors import SourceError
from translator.parse import Statement
from translator.resolve.names import FRAMEWORK_ROOTS, import_bindings
from translator.spans.table import Comment, Spans
from translator.syntax import Tree, children, literal, target_names

_SIDES = {"torch": "torch", "keras": "keras"}


class Forest:
    """All top-level statements of a file as trees, in order."""

    def __init__(self, text: str, trees: Sequence[Tree], spans: Spans) -> None:
        self.text = text
        self.trees = list(trees)
        self._spans = spans

    @classmethod
    def grow(cls, statements: Sequence[Statement], filename: str) -> Forest:
        """Parse every statement. Raises SourceError where libcst and Python disagree."""
        whole = "".join(s.text for s in statements)
        spans = Spans()
        trees = []
        for statement in statements:
            try:
                tree = Tree(statement.text, spans, whole)
            except cst.ParserSyntaxError as error:
                raise SourceError(f"libcst cannot parse the code: {error.message}", filename=filename) from None
            if not tree.lossless:
                raise SourceError(
                    "the line endings are mixed in a way that would not survive; convert the file to \\n or \\r\\n",
                    filename=filename,
                )
            trees.append(tree)
        return cls(whole, trees, spans)

    def has(self, node: cst.CSTNode) -> bool:
        return node in self._spans

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        return self._spans.span(node)

    def outer(self, node: cst.CSTNode) -> tuple[int, int]:
        return self._spans.outer(node)

    @cached_property
    def comments(self) -> list[Comment]:
        return list(self._spans.comments())

    @cached_property
    def newline(self) -> str:
        found = re.search(r"\r\n|\r|\n", self.text)
        return found.group() if found else "\n"

    # statements

    def start(self, statement: cst.CSTNode) -> int:
        """Where a statement begins, its decorators included."""
        decorators = getattr(statement, "decorators", ())
        return self.span(decorators[0] if decorators else statement)[0]

    @cached_property
    def _statements(self) -> list[tuple[int, int, cst.CSTNode, cst.CSTNode | None]]:
        """Every statement with its span and the compound statement that holds it, by start."""
        result: list[tuple[int, int, cst.CSTNode, cst.CSTNode | None]] = []

        stack: list[tuple[cst.CSTNode, cst.CSTNode | None]] = [
            (statement, None) for tree in self.trees for statement in tree.module.body
        ]
        while stack:
            node, parent = stack.pop()
            simple = type(node) is cst.SimpleStatementLine
            if simple or isinstance(node, cst.BaseCompoundStatement):
                start, end = self.start(node), self.span(node)[1]
                result.append((start, end, node, parent))
                parent = node
            if not simple:
                stack += [(child, parent) for child in children(node) if _holds_statements(type(child))]
        return sorted(result, key=lambda row: (row[0], -row[1]))

    @cached_property
    def _parents(self) -> dict[cst.CSTNode, cst.CSTNode | None]:
        return {node: parent for _, _, node, parent in self._statements}

    def innermost(self, offset: int) -> cst.CSTNode | None:
        """The innermost statement whose span holds an offset."""
        index = bisect_right(self._statement_starts, offset) - 1
        node = self._statements[index][2] if index >= 0 else None
        while node is not None and not offset < self.span(node)[1]:
            node = self._parents[node]
        return node

    @cached_property
    def _statement_starts(self) -> list[int]:
        return [start for start, _, _, _ in self._statements]

    def statement_of(self, node: cst.CSTNode) -> cst.CSTNode:
        statement = self.innermost(self.span(node)[0])
        assert statement is not None
        return statement

    def is_top_level(self, statement: cst.CSTNode) -> bool:
        return self._parents.get(statement) is None

    def alone(self, node: cst.CSTNode, statement: cst.CSTNode) -> bool:
        return isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1

    def emptied(self, gone: Sequence[cst.CSTNode]) -> set[cst.CSTNode]:
        """Of statements that go, the first of each block that would be left empty."""
        taken = set(gone)
        parents = {parent for statement in gone if (parent := self._parents.get(statement)) is not None}
        blocks = [block for parent in parents for block in _blocks(parent)]
        return {block.body[0] for block in blocks if block.body and taken.issuperset(block.body)}

    def statement_lines(self, statement: cst.CSTNode) -> tuple[int, int]:
        """From the start of a statement's first line to the start of the line after its last."""
        start, end = self.line_start(self.start(statement)), self.span(statement)[1]
        if self.text[:end].endswith(("\n", "\r")):
            # libcst counts the last newline to a compound statement.
            return start, end
        found = re.compile(r"\r\n|\r|\n").search(self.text, end)
        return start, found.end() if found else len(self.text)

    def line_start(self, offset: int) -> int:
        return max(self.text.rfind("\n", 0, offset), self.text.rfind("\r", 0, offset)) + 1

    def indent(self, statement: cst.CSTNode) -> str:
        start = self.span(statement)[0]
        return self.text[self.line_start(start) : start]

    def trailing_comment(self, statement: cst.CSTNode) -> str | None:
        _, end = self.span(statement)
        line_end = self.statement_lines(statement)[1]
        for comment in self.comments:
            if end <= comment.start < line_end:
                return comment.text
        return None

    def with_semicolon(self, node: cst.CSTNode, statement: cst.CSTNode) -> tuple[int, int]:
        """A small statement with the semicolon that separates it from its neighbour."""
        assert isinstance(statement, cst.SimpleStatementLine)
        index = next(i for i, small in enumerate(statement.body) if small is node)
        if index + 1 < len(statement.body):
            return self.span(node)[0], self.span(statement.body[index + 1])[0]
        return self.span(statement.body[index - 1])[1], self.span(node)[1]

    # imports

    @cached_property
    def imports(self) -> list[cst.Import | cst.ImportFrom]:
        """Every import of the file, in order."""
        found = []
        for _, _, node, _ in self._statements:
            if isinstance(node, cst.SimpleStatementLine):
                found += [small for small in node.body if isinstance(small, cst.Import | cst.ImportFrom)]
        return found

    def imports_framework(self, side: str) -> bool:
        return any(
            FRAMEWORK_ROOTS.get(origin.split(".")[0]) == side
            for node in self.imports
            for _, origin, _ in import_bindings(node)
        )

    @cached_property
    def exported(self) -> set[str]:
        """The names in ``__all__``, as far as it is a literal."""
        found: set[str] = set()
        for tree in self.trees if "__all__" in self.text else ():
            for statement in tree.module.body:
                for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
                    if isinstance(small, cst.Assign) and any(
                        "__all__" in target_names(t.target) for t in small.targets
                    ):
                        value = literal(small.value)
                        if isinstance(value, list | tuple):
                            found.update(name for name in value if isinstance(name, str))
        return found

    @cached_property
    def loop_names(self) -> set[str]:
        """Names that loops and comprehensions anywhere bind; a superset, since it is read off the text."""
        targets = re.findall(r"\bfor\s+([\w\s,()*]+?)\s+in\b", self.text)
        return {name for target in targets for name in re.findall(r"\w+", target)}

    def after_docstring(self) -> int:
        """Where imports go in a file without framework imports at its top."""
        position = 0
        for tree in self.trees:
            for index, statement in enumerate(tree.module.body):
                if not isinstance(statement, cst.SimpleStatementLine):
                    return position
                small = statement.body[0]
                future = (
                    isinstance(small, cst.ImportFrom)
                    and isinstance(small.module, cst.Name)
                    and small.module.value == "__future__"
                )
                text = (
                    isinstance(small, cst.Expr)
                    and isinstance(small.value, cst.SimpleString | cst.ConcatenatedString)
                    and index == 0
                )
                if not future and not text:
                    return position
                position = self.statement_lines(statement)[1]
        return position

    def after_imports(self) -> int:
        """The end of the last top-level import."""
        position = self.after_docstring()
        for node in self.imports:
            statement = self.statement_of(node)
            if self.is_top_level(statement):
                position = self.statement_lines(statement)[1]
        return position


def _blocks(parent: cst.CSTNode) -> Iterator[cst.IndentedBlock]:
    for child in children(parent):
        if isinstance(child, cst.IndentedBlock):
            yield child
        elif isinstance(child, cst.Else | cst.Finally | cst.ExceptHandler | cst.ExceptStarHandler):
            yield from _blocks(child)


@lru_cache(maxsize=256)
def _holds_statements(kind: type) -> bool:
    return issubclass(kind, _HOLDS_STATEMENTS)


_HOLDS_STATEMENTS = (
    cst.SimpleStatementLine,
    cst.BaseCompoundStatement,
    cst.IndentedBlock,
    cst.Else,
    cst.Finally,
    cst.ExceptHandler,
    cst.ExceptStarHandler,
    cst.MatchCase,
)
