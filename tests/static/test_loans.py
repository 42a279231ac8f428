"""Code that is loaded within a function is lent (loader.Loan), or comes late and stays (loader.Late).

So no module can be left loaded by a path that forgets it, and what stays loaded follows from the code.
"""

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from menshen.shrink import rooms
from tests.static.helpers.sources import MODULES, import_name, name, tree

OURS = {import_name(path) for path in MODULES} | {import_name(path).split(".")[0] for path in MODULES}
_LOANS = {"Loan()", "Late()"}
_WITH = ast.With | ast.AsyncWith
_WAITS = ast.Await | ast.AsyncWith | ast.AsyncFor
_HANDS_OFF = ("sys.modules", "gc.collect", "gc.threshold")
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def _is_loan(node: ast.AST, kinds: Collection[str] = _LOANS) -> bool:
    """Whether this is a block of a loan."""
    return isinstance(node, _WITH) and any(ast.unparse(item.context_expr) in kinds for item in node.items)


def _faults(module: ast.Module) -> Iterator[str]:
    """What is wrong with the imports in the functions of a module."""
    for function in (node for node in ast.walk(module) if isinstance(node, _FUNCTIONS)):
        yield from _in_body(function, lent=False)
    for block in ast.walk(module):
        if isinstance(block, _WITH) and _is_loan(block):
            yield from _late_imports(block)
            if len(block.items) > 1:
                yield f"line {block.lineno}: a loan stands alone in its with"


def _in_body(node: ast.AST, lent: bool) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _FUNCTIONS):
            continue  # looked at by itself: it may run later
        if isinstance(child, ast.Import | ast.ImportFrom) and not lent and _is_ours(child):
            yield f"line {child.lineno}: {ast.unparse(child)} is in no loan"
        yield from _in_body(child, lent or _is_loan(child))


def _late_imports(block: ast.With | ast.AsyncWith) -> Iterator[str]:
    """Imports behind an await: what came in the meantime would be taken for theirs."""
    waited = False
    for statement in block.body:
        if waited and any(isinstance(n, ast.Import | ast.ImportFrom) for n in _own(statement)):
            yield f"line {statement.lineno}: an import behind an await"
        waited = waited or any(
            isinstance(n, ast.Await | ast.AsyncWith | ast.AsyncFor) for n in _own(statement)
        )


def _own(statement: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement, those of loans within it left out."""
    yield statement
    for child in ast.iter_child_nodes(statement):
        if not (
            isinstance(child, ast.With | ast.AsyncWith) and ast.unparse(child.items[0].context_expr) in _LOANS
        ):
            yield from _own(child)


def _is_ours(node: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name in OURS for alias in node.names)
    return (node.module or "") in OURS


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_import_in_a_function_is_in_a_loan(path: Path) -> None:
    if import_name(path) != "loader":
        assert list(_faults(tree(path))) == [], name(path)


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    from door.relay import Relay\n",
        "def f():\n    import door.relay\n",
        "async def f():\n    async with lock:\n        from door.relay import Relay\n",
        "async def f():\n    async with Loan():\n        await g()\n        from door.relay import Relay\n",
        "def f():\n    with Loan():\n        def g():\n            from door.relay import Relay\n",
        "def f():\n    with Loan(), open(x) as y:\n        from door.relay import Relay\n",
        "class A:\n    def f(self):\n        if self.x:\n            from door.relay import Relay\n",
    ],
)
def test_an_import_without_a_loan_is_seen(text: str) -> None:
    assert list(_faults(ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    [
        "from door.relay import Relay\n",
        "def f():\n    with Loan():\n        from door.relay import Relay\n        return Relay()\n",
        "async def f():\n    async with Loan():\n        import door.relay\n        await g()\n",
        "async def f():\n    async with Late():\n        from door.relay import Relay\n    return Relay\n",
        "def f():\n    import network\n",
    ],
)
def test_an_import_in_a_loan_is_right(text: str) -> None:
    assert not list(_faults(ast.parse(text)))


def test_nothing_else_touches_the_collector_or_the_modules() -> None:
    for path in MODULES:
        used = [
            ast.unparse(node)
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Attribute)
            and ast.unparse(node) in ("sys.modules", "gc.collect", "gc.threshold")
        ]
        assert import_name(path) == "loader" or not used, f"{name(path)}: {used}"


def test_what_stays_follows_from_the_code() -> None:
    """The build joins these; none of them is lent anywhere."""
    sources = {import_name(path): path.read_text() for path in MODULES}
    stays = rooms.resident(sources)
    assert {"door.relay", "link.mqtt", "update.manager"} <= stays
    for path in MODULES:
        for block in ast.walk(tree(path)):
            if (
                isinstance(block, ast.With | ast.AsyncWith)
                and ast.unparse(block.items[0].context_expr) == "Loan()"
            ):
                lent = {n.module for n in block.body if isinstance(n, ast.ImportFrom)} & set(sources)
                assert not lent & stays, f"{name(path)} line {block.lineno} lends what stays: {lent & stays}"


def _keeps(function: ast.AST) -> list[int]:
    """Lines of loans in a loop of a function: its own names hold the code between the rounds."""
    loops = [n for n in ast.walk(function) if isinstance(n, ast.For | ast.While | ast.AsyncFor)]
    blocks = [n for loop in loops for n in ast.walk(loop) if isinstance(n, ast.AsyncWith)]
    return [block.lineno for block in blocks if _is_loan(block, {"Loan()"})]


def test_no_function_holds_what_was_lent_to_it_for_longer() -> None:
    for path in MODULES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.AsyncFunctionDef):
                assert not _keeps(node), f"{name(path)}: a loan in a loop, in line {_keeps(node)}"
    loop = "async def f():\n    while True:\n        async with Loan():\n            import door.relay\n"
    assert _keeps(ast.parse(loop))
