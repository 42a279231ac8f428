"""Collects the tests that run inside the Unix port: each test_* of tests/unit is a test of its own here.

A file runs in one process, which prints a line for each test. A test that raises, returns a value or
returns a coroutine has failed; so has one of a file whose process ends before its time.

Where tests run side by side, those of the whole lock go their ways one by one, all others a file at a time.
Two processes compute from the beginning, while the others wait with the locks; then all of them compute.
"""

import gc
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

pytest_plugins = ["tests.simulated_lock", "tests.endless"]

TOP = Path(__file__).resolve().parents[1]
UNIT = TOP / "tests" / "unit"
_PATH = (UNIT / "helpers", TOP / "firmware", TOP / "tools/simulator/fakes", TOP / "lib")
_LIMIT_S = 600  # a computer that is busy with all else gives it what is left
_HEAP = "16m"  # a test may hold a whole flash
_WAIT = ("system", "integration", "tools")  # rooms whose tests wait for most of their time
_LONG = (  # files that compute for long, or that wait and are one piece; the longest first
    "models/test_people_model.py",
    "models/test_list_model.py",
    "unit/readers/test_card_reader.py",
    "unit/link/test_timekeeper.py",
    "static/test_types.py",
    "models/test_broker_model.py",
    "unit/update/test_manifest.py",
    "unit/update/test_update_cuts.py",
    "unit/update/test_slots.py",
    "static/test_shrink.py",
    "unit/lists/test_list_cuts.py",
    "models/test_zone_model.py",
    "unit/lists/test_lists_fuzz.py",
    "unit/storage/test_nvs_wear.py",
    "models/test_lock_model.py",
)
_ALONE = ("system", "integration", "tools", "page")  # their tests share nothing but the build,
_SHARING = (  # or what takes long to make
    "page/test_phone.py",
    "page/test_phone_afar.py",
    "page/test_phone_at_door.py",
    "page/test_phone_log.py",
    "page/test_phone_people.py",
    "page/test_phone_reading.py",
    "page/test_phone_sheet.py",
    "system/test_upgrade_of_0_1_0.py",
    "tools/test_installed.py",
    "tools/test_release.py",
    "tools/test_taps.py",
)
_HALVES = (
    [TOP / "tests" / room for room in ("static", "models", "system", "page")],
    [TOP / "tests" / room for room in ("tools", "integration")],
)
_RUNNER = """
import gc, sys, io
module = __import__(%r)
for name in %r:
    trace = ""
    gc.collect()  # not when memory is full, while a flash in Python works: MicroPython would end there
    try:
        result = getattr(module, name)()
        if result is not None:
            trace = "the test returned %%r; it must return nothing" %% (result,)
    except BaseException as error:
        buffer = io.StringIO()
        sys.print_exception(error, buffer)
        trace = buffer.getvalue()
    print("\\n@@test " + name + " " + repr(trace))
"""


gc.disable()  # until all tests are there: nothing of that is garbage


def micropython() -> Path:
    """The Unix port that set-up has found."""
    return TOP / "build/toolchain/bin/micropython"


def pytest_configure(config: pytest.Config) -> None:
    """On a fresh machine two processes compile the tests, before many at once would each compile all."""
    if not getattr(config.option, "numprocesses", None) or hasattr(config, "workerinput"):
        return
    files = sum(UNIT not in path.parents for path in (TOP / "tests").rglob("test_*.py"))
    compiled = sum(1 for _ in (TOP / "tests").rglob("__pycache__/test_*-pytest-*.pyc"))
    if compiled < files // 2 and not sys.dont_write_bytecode:
        command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-n0"]
        for half in [subprocess.Popen([*command, *rooms], stdout=subprocess.DEVNULL) for rooms in _HALVES]:
            half.wait()


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Files of tests/unit are no modules of this Python."""
    return UnitFile.from_parent(parent, path=module_path) if UNIT in module_path.parents else None


@pytest.hookimpl(optionalhook=True)  # pytest-xdist's
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Deal tests out in the order below: one by one, or a file at a time."""
    from xdist.scheduler import LoadScopeScheduling

    class Dealer(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            place = path.partition("/")[2]
            return nodeid if place.partition("/")[0] in _ALONE and place not in _SHARING else path

        def _assign_work_unit(self, node: object) -> None:
            """Two processes take what computes, so that both processors are busy while the others wait."""
            if node in list(self.nodes)[:2]:
                computing = (scope for scope in self.workqueue if scope.split("/")[1] not in _WAIT)
                self.workqueue.move_to_end(next(computing, next(iter(self.workqueue))), last=False)
            super()._assign_work_unit(node)

        def _reschedule(self, node: object) -> None:
            """One test ahead: without it a process does not begin, and more would wait for a long one."""
            if self.workqueue and self._pending_of(self.assigned_work[node]) > 1:
                return
            super()._reschedule(node)

    config.option.loadscopereorder = False
    return Dealer(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits comes first; then what computes. In each what takes long comes first, and what is short is
    left for the end, so that all processes end together.
    """
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> tuple[int, int]:
    place = item.nodeid.partition("::")[0].partition("/")[2]
    is_slow = item.get_closest_marker("slow") is not None
    if place.partition("/")[0] in _WAIT:
        return (0 if is_slow else 1), 0
    return (2, _LONG.index(place)) if place in _LONG else (3, 0) if is_slow else (4, 0)


def pytest_collection_finish() -> None:
    """What is there now stays: the collector need not look through it during the tests."""
    gc.freeze()
    gc.enable()


class UnitFile(pytest.File):
    """One file of tests for the Unix port."""

    results: dict[str, str] | None = None
    said: dict[str, list[str]]
    output = ""

    def collect(self) -> Iterable[pytest.Item]:
        for line in self.path.read_text().splitlines():
            if line.startswith(("def test_", "async def test_")):
                name = line.split("def ", 1)[1].split("(")[0]
                yield UnitTest.from_parent(self, name=name)

    def outcome(self, name: str) -> str:
        """The traceback of one test, empty if it passed; runs the file at the first question."""
        if self.results is None:
            self.results = self._run()
        return self.results.get(name, f"the process ended before this test did:\n{self.output[-3000:]}")

    def _run(self) -> dict[str, str]:
        names = [item.name for item in self.session.items if item.parent is self]
        program = _RUNNER % (self.path.stem, names)
        environment = {**os.environ, "MICROPYPATH": ":".join(map(str, (*_PATH, self.path.parent, ".frozen")))}
        try:
            done = subprocess.run(
                # nice: it computes all the time, and the locks of other tests keep time
                ["nice", micropython(), "-X", f"heapsize={_HEAP}", "-c", program],
                env=environment,
                cwd=UNIT / "helpers",  # where no folder has the name of a room
                capture_output=True,
                timeout=_LIMIT_S,
                check=False,
            )
            self.output = (done.stdout + done.stderr).decode(errors="replace")
        except subprocess.TimeoutExpired as error:
            self.output = f"no end after {_LIMIT_S} s\n" + (error.stdout or b"").decode(errors="replace")
        results = {}
        self.said = {}
        since: list[str] = []
        for line in self.output.splitlines():
            if line.startswith("@@test "):
                _, name, trace = line.split(" ", 2)
                results[name] = trace[1:-1].replace("\\n", "\n").replace("\\'", "'")
                self.said[name], since = since, []
            elif line:
                since.append(line)
        return results


class UnitTest(pytest.Item):
    """One test inside the Unix port."""

    parent: UnitFile

    def runtest(self) -> None:
        trace = self.parent.outcome(self.name)
        if trace:
            raise UnitTestFailed(trace)
        for line in self.parent.said.get(self.name, ()):
            print(line)

    def repr_failure(self, excinfo: pytest.ExceptionInfo, style: str | None = None) -> str:
        if isinstance(excinfo.value, UnitTestFailed):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name


class UnitTestFailed(Exception):
    """Carries the traceback that the Unix port printed."""
