"""Code that is loaded within a function is lent (loader.Loan), or comes late and stays (loader.Late).

So no module can be left loaded by a path that forgets it, and what stays loaded follows from the code.
"""

import ast
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pytest

from menshen.shrink import rooms
from tests.static.helpers.sources import MODULES, import_name, name, tree

OURS = {import_name(path) for path in MODULES} | {import_name(path).split(".")[0] for path in MODULES}
OURS |= {"umqtt", "umqtt.simple"}  # fetched into lib/, and loaded from the flash like ours
_LENT = {"Loan"}
_LOANS = {*_LENT, "Late"}
_WITH = ast.With | ast.AsyncWith
_WAITS = ast.Await | ast.AsyncWith | ast.AsyncFor
_IMPORTS = ast.Import | ast.ImportFrom
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_LOOPS = ast.For | ast.While | ast.AsyncFor


def _is_loan(node: ast.AST, kinds: Collection[str] = _LOANS) -> bool:
    """Whether this is a block of a loan."""
    calls = {f"{kind}()" for kind in kinds}
    return isinstance(node, _WITH) and any(ast.unparse(item.context_expr) in calls for item in node.items)


def _faults(module: ast.Module) -> Iterator[str]:
    """What is wrong with the loans of a module."""
    nodes = list(ast.walk(module))
    in_functions = {n for node in nodes if isinstance(node, _FUNCTIONS) for n in ast.walk(node)}
    for function in (node for node in nodes if isinstance(node, _FUNCTIONS)):
        yield from _in_body(function, lent=False)
        yield from _awaits_behind(function)
    for body in (node for node in nodes if isinstance(node, ast.ClassDef | ast.If | ast.Try)):
        if ast.unparse(getattr(body, "test", body)) != "TYPE_CHECKING" and body not in in_functions:
            yield from _in_body(body, lent=False)
    for block in (node for node in nodes if isinstance(node, _WITH) and _is_loan(node)):
        yield from _late_imports(block)
        if len(block.items) > 1 or block.items[0].optional_vars:
            yield f"line {block.lineno}: a loan stands alone in its with, and has no name"
        if _is_loan(block, _LENT):
            yield from _kept(block)
        if isinstance(block, ast.With) and any(isinstance(n, _WAITS) for n in _own(block.body)):
            yield f"line {block.lineno}: a plain with in which something waits"
    for loop in (node for node in nodes if isinstance(node, _LOOPS)):
        for block in (node for node in _own(loop.body) if _is_loan(node, _LENT)):
            yield f"line {block.lineno}: a loan in a loop: what was lent is held between the rounds"
    yield from _ways_round(module)


def _in_body(node: ast.AST, lent: bool) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _FUNCTIONS):
            continue  # looked at by itself: it may run later
        if isinstance(child, _IMPORTS) and not lent and _is_ours(child):
            yield f"line {child.lineno}: {ast.unparse(child)} is in no loan"
        yield from _in_body(child, lent or _is_loan(child))


def _awaits_behind(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Iterator[str]:
    """What is awaited behind a loan of the same function, whose names still hold what was lent."""
    ended = 0
    for node in _own([function.body] if isinstance(function, ast.Lambda) else function.body):
        if _is_loan(node, _LENT):
            ended = ended or node.end_lineno
        elif ended and isinstance(node, _WAITS) and node.lineno > ended:
            yield f"line {node.lineno}: something waits behind the loan that ends in line {ended}"


def _kept(block: ast.With | ast.AsyncWith) -> Iterator[str]:
    """Lent names that outlive their block, stored or returned; or a block that may last for ever."""
    nodes = list(_own(block.body))
    lent = {
        alias.asname or alias.name.split(".")[0]
        for node in nodes
        if isinstance(node, _IMPORTS) and _is_ours(node)
        for alias in node.names
    }
    for node in nodes:
        match node:
            case ast.Yield() | ast.YieldFrom():
                yield f"line {node.lineno}: a loan that lasts until somebody asks for more"
            case ast.Return(ast.Name(known)) if known in lent:
                yield f"line {node.lineno}: {known} is lent, and returned"
            case ast.Assign(targets, ast.Name(known)) if known in lent:
                if any(not isinstance(target, ast.Name) for target in targets):
                    yield f"line {node.lineno}: {known} is lent, and kept"


def _late_imports(block: ast.With | ast.AsyncWith) -> Iterator[str]:
    """Imports behind an await: what came in the meantime would be taken for theirs."""
    waited = False
    for node in _own(block.body, loans=False):
        if waited and isinstance(node, _IMPORTS):
            yield f"line {node.lineno}: an import behind an await"
        waited = waited or isinstance(node, _WAITS)


def _own(body: Iterable[ast.AST], loans: bool = True) -> Iterator[ast.AST]:
    """The nodes of a body in their order, less what functions in it do and, if asked for, loans in it."""
    for node in body:
        yield node
        if not isinstance(node, _FUNCTIONS) and (loans or not _is_loan(node)):
            yield from _own(ast.iter_child_nodes(node), loans)


def _is_ours(node: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name in OURS for alias in node.names)
    return node.level > 0 or (node.module or "") in OURS


def _ways_round(module: ast.Module) -> Iterator[str]:
    """Code brought, kept or given back by other means than a block of a loan; the collector touched."""
    blocks = (node for node in ast.walk(module) if isinstance(node, _WITH))
    in_with = {n for block in blocks for item in block.items for n in ast.walk(item.context_expr)}
    for node in ast.walk(module):
        match node:
            case ast.Import(names):
                wrong = any(alias.name in {"gc", "loader", "builtins", "importlib"} for alias in names)
            case ast.ImportFrom("gc" | "builtins" | "importlib"):
                wrong = True
            case ast.ImportFrom("sys" | "loader", names):
                wrong = any(alias.asname or alias.name in {"modules", "*"} for alias in names)
            case ast.Attribute(_, "modules") | ast.Name("__import__" | "exec" | "eval" | "compile"):
                wrong = True
            case ast.Name("__builtins__") | ast.Constant("modules" | "__import__" | "__builtins__"):
                wrong = True
            case ast.Global() | ast.Nonlocal():
                wrong = True
            case ast.Name("Loan" | "Late"):
                wrong = node not in in_with
            case _:
                continue
        if wrong:
            yield f"line {node.lineno}: {ast.unparse(node)} goes round the loans"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_code_is_lent_and_nothing_goes_round_it(path: Path) -> None:
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
        "def f():\n    from . import relay\n",
        "def f():\n    from .relay import Relay\n",
        "def f():\n    return __import__('door.relay')\n",
        "f = lambda: __import__('door.relay')\n",
        "def f():\n    exec('import door.relay')\n",
        "def f():\n    loan = Loan()\n    with loan:\n        from door.relay import Relay\n",
        "def f():\n    Loan().__enter__()\n",
        "def f():\n    import loader\n    with loader.Loan():\n        from door.relay import Relay\n",
        "from loader import Loan as Kept\n",
        "def f():\n    import gc\n    gc.collect()\n",
        "from gc import threshold\n",
        "import sys\ndef f():\n    sys.modules.pop('door.relay')\n",
        "import sys as s\ndef f():\n    del s.modules['door.relay']\n",
        "from sys import modules\n",
        "async def f():\n    with Loan():\n        from door.relay import Relay\n        await g()\n",
        "async def f():\n async with Loan():\n  from door.relay import R\n  x = R()\n await x.g()\n",
        "def f():\n    return Loan()\n",
        "async def f():\n if x:\n  async with Loan():\n   import door.relay\n await g()\n",
        "async def f():\n async with Loan():\n  if x:\n   await g()\n   import door.relay\n",
        "def f():\n    while True:\n        with Loan():\n            from door.relay import Relay\n",
        "async def f():\n    for x in y:\n        async with Loan():\n            import door.relay\n",
        "class A:\n    def f(self):\n        if self.x:\n            from door.relay import Relay\n",
        "class A:\n    from door.relay import Relay\n",
        "if x:\n    from door.relay import Relay\n",
        "try:\n    import door.relay\nexcept ImportError:\n    pass\n",
        "def f():\n    from umqtt.simple import MQTTClient\n",
        "def f():\n    with Loan() as loan:\n        from door.relay import Relay\n",
        "def f():\n    global Relay\n    with Loan():\n        from door.relay import Relay\n",
        "def f(self):\n    with Loan():\n        from door import relay\n        self.x = relay\n",
        "def f(self):\n    with Loan():\n        from door.relay import Relay as R\n        self.x[0] = R\n",
        "def f():\n    with Loan():\n        from door.relay import Relay\n        return Relay\n",
        "def f():\n    with Loan():\n        from door.relay import Relay\n        yield Relay()\n",
        "import sys\ngetattr(sys, 'modules')\n",
    ],
)
def test_what_leaks_is_seen(text: str) -> None:
    assert list(_faults(ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    [
        "from door.relay import Relay\n",
        "def f():\n    with Loan():\n        from door.relay import Relay\n        return Relay()\n",
        "async def f():\n    async with Loan():\n        import door.relay\n        await g()\n",
        "async def f():\n    async with Late():\n        from door.relay import Relay\n    return Relay\n",
        "async def f():\n async with Late():\n  from door.relay import Relay\n await Relay().g()\n",
        "async def f():\n with Loan():\n  import door.relay\n  async def g():\n   await h()\n",
        "def f():\n    import network\n",
        "if TYPE_CHECKING:\n    from door.relay import Relay\n",
        "def f(self):\n    with Loan():\n        from door.relay import Relay\n        self.x = Relay()\n",
    ],
)
def test_an_import_in_a_loan_is_right(text: str) -> None:
    assert not list(_faults(ast.parse(text)))


def test_what_comes_ahead_is_what_the_parts_are_made_of() -> None:
    """What firmware/ahead.py leaves out would be loaded all the same, among what the parts take."""
    ahead, outside = (
        {
            (n.module, alias.name)
            for block in rooms.late(tree(path))
            for n in block.body
            if isinstance(n, ast.ImportFrom)
            for alias in n.names
        }
        for path in MODULES
        if import_name(path) in {"ahead", "outside"}
    )
    assert ahead == outside


def test_what_stays_follows_from_the_code() -> None:
    """The build joins these; none of them is lent anywhere."""
    sources = {import_name(path): path.read_text() for path in MODULES}
    stays = rooms.resident(sources)
    assert {"door.relay", "link.mqtt", "update.manager"} <= stays
    for path in MODULES:
        for block in (node for node in ast.walk(tree(path)) if _is_loan(node, _LENT)):
            lent = {n.module for n in ast.walk(block) if isinstance(n, ast.ImportFrom)} & set(sources)
            assert not lent & stays, f"{name(path)} line {block.lineno} lends what stays: {lent & stays}"
