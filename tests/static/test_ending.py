"""Nobody in tests/ and tools/ asks a task once to end, and then waits for it: see tools/ending.py.

What runs in MicroPython is left out: it has another asyncio, and tests/conftest.py ends its process.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.static.helpers.sources import TOP, name

_IN_MICROPYTHON = (TOP / "tests/unit", TOP / "tools/simulator/fakes")
_THEMSELVES = ("tools/ending.py", "tests/tools/test_ending.py")
_ENDS_PROGRAMS = (
    "tests/programs.py",
    "tests/integration/helpers/process.py",
    "tools/simulator/process.py",
    "tools/simulator/programs.py",
)
_ASK_ONCE = {"gather", "wait_for", "TaskGroup"}
_START = {"create_subprocess_exec", "create_subprocess_shell"}
_NO_TASKS = ("asyncio.TimerHandle", "asyncio.Future")
"""Whose `cancel` is the end: written so in an annotation."""


def _files() -> list[Path]:
    everything = [path for folder in ("tests", "tools") for path in sorted((TOP / folder).rglob("*.py"))]
    return [path for path in everything if not any(path.is_relative_to(other) for other in _IN_MICROPYTHON)]


def _faults(source: str, starts_programs: bool = False) -> list[str]:
    """What is forbidden, in the order of the lines."""
    tree = ast.parse(source)
    harmless = set(_harmless(tree))
    forbidden = _ASK_ONCE if starts_programs else _ASK_ONCE | _START
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            of = _last_name(node.value)
            if (node.attr == "cancel" and of not in harmless) or (of == "asyncio" and node.attr in forbidden):
                found.append((node.lineno, ast.unparse(node)))
        elif isinstance(node, ast.ImportFrom) and node.module in ("asyncio", "asyncio.subprocess"):
            found += [(node.lineno, each.name) for each in node.names if each.name in forbidden]
    return [what for _, what in sorted(found)]


def _harmless(tree: ast.Module) -> Iterator[str]:
    """Names that are annotated as a timer or a bare future."""
    for node in ast.walk(tree):
        annotation = getattr(node, "annotation", None)
        if annotation and ast.unparse(annotation).startswith(_NO_TASKS):
            yield node.arg if isinstance(node, ast.arg) else _last_name(node.target)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("path", _files(), ids=name)
def test_what_is_to_end_is_ended_for_certain(path: Path) -> None:
    if name(path) not in _THEMSELVES:
        assert _faults(path.read_text(), name(path) in _ENDS_PROGRAMS) == []


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("task.cancel()", "task.cancel"),
        ("self._reading.cancel()", "self._reading.cancel"),
        ("for each in tasks: each.cancel('over')", "each.cancel"),
        ("asyncio.create_task(work()).cancel()", "asyncio.create_task(work()).cancel"),
        ("ends.callback(task.cancel)", "task.cancel"),
        ("task: asyncio.Task[None]\ntask.cancel()", "task.cancel"),
        ("await asyncio.gather(task, return_exceptions=True)", "asyncio.gather"),
        ("await asyncio.wait_for(answer, 60)", "asyncio.wait_for"),
        ("from asyncio import wait_for as soon", "wait_for"),
        ("async def f():\n async with asyncio.TaskGroup() as both: pass", "asyncio.TaskGroup"),
        ("await asyncio.create_subprocess_exec('true')", "asyncio.create_subprocess_exec"),
    ],
)
def test_the_rule_sees(source: str, fault: str) -> None:
    assert _faults(source) == [fault]


@pytest.mark.parametrize(
    "source",
    [
        "self._watchdog: asyncio.TimerHandle | None = None\nself._watchdog.cancel()",
        "def drop(question: asyncio.Future[int]): question.cancel()",
        "await ending.end(task)",
        "async with ending.running(listen()): pass",
        "await self._news.wait_for(lambda: self.heard)",
        "await asyncio.wait([task], timeout=1)",
        "assert task.cancelled()",
    ],
)
def test_the_rule_lets_pass(source: str) -> None:
    assert _faults(source) == []
