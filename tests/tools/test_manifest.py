"""The freeze manifest has every module of the firmware, under the name by which it is imported."""

import runpy
from pathlib import Path

from menshen.board import factory
from tests.static.helpers.sources import FIRMWARE, MODULES, TOP, import_name
from tests.tools.helpers import base_images as bases

MANIFEST = TOP / "tools/board/manifest.py"


def _frozen() -> tuple[list[str], dict[str, Path]]:
    """What the manifest includes, and what it freezes: import name to file. The words are MicroPython's."""
    included: list[str] = []
    frozen: dict[str, Path] = {}

    def freeze(path: str, script: str | None = None, opt: int = 0) -> None:
        folder = (MANIFEST.parent / path).resolve()
        assert script is None
        assert opt == 3, "as build_app compiles: without assert"
        for file in folder.rglob("*.py"):
            frozen[".".join(file.relative_to(folder).with_suffix("").parts)] = file

    runpy.run_path(str(MANIFEST), {"include": included.append, "freeze": freeze})
    return included, frozen


def test_every_module_of_the_firmware_is_frozen() -> None:
    _, frozen = _frozen()
    assert frozen == {import_name(path): path for path in MODULES}
    assert "door.relay" in frozen
    assert all(path.is_relative_to(FIRMWARE) for path in frozen.values())


def test_the_ports_own_modules_are_kept() -> None:
    included, _ = _frozen()
    assert included == ["$(PORT_DIR)/boards/manifest.py"]


def test_a_frozen_application_leaves_its_slot_empty(app_dir: Path) -> None:
    whole = factory.application(app_dir)
    frozen = factory.application(app_dir, frozen=True)
    assert {"/boot.py", "/main.py", "/start.mpy"} <= set(frozen) < set(whole)
    assert [name for name in frozen if name.startswith(("/slots/a", "/lib/"))] == ["/lib/start.py"]
    assert factory.build(bases.base(bases.OTA), frozen).contents() == frozen
