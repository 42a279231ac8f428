"""Each file, task of make and variable that a page names is there; a link leads to a page and a heading."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.static.helpers.sources import TOP, name

FOLDERS = ("firmware", "lib", "tests", "tools")
PAGES = sorted([*TOP.glob("*.md"), *(page for folder in FOLDERS for page in (TOP / folder).rglob("*.md"))])

NOT_HERE = {
    # Made by a command, for the reader's own folders.
    "RELEASE.txt", "release.pem", "broker.crt.pem", "broker.key.pem", "ca.crt.pem", "front-door.crt.pem",
    "front-door.key", "house.key", "operator.key",
    # On the lock.
    "b.pack", "umqtt/simple.py",
    # A name that was not chosen, and the page says why.
    "network.py",
}  # fmt: skip
"""What pages name although it is not in the repository, besides what lies under build/."""

_KINDS = "acl|conf|css|html|js|json|key|md|mpy|pack|pem|pin|png|py|svg|toml|txt"
_NAMED = re.compile(r"(?<!`)`([^`\n]+?)(?::\d+)?`")
_FILE = re.compile(rf"[\w*][\w.*/-]*\.({_KINDS})|[\w-][\w./-]*/")
_TEST = re.compile(r"test_\w+")
_TASK = re.compile(r"(?:`|^    )make ([a-z][\w-]*)", re.MULTILINE)
_VARIABLE = re.compile(r"\b(MENSHEN_\w+)")
_TASKS = set(re.findall(r"^([a-z-]+):.*##", (TOP / "Makefile").read_text(), re.MULTILINE))
_READ = "".join(path.read_text() for room in ("tools", "tests") for path in (TOP / room).rglob("*.py"))
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_ODD_LINK = re.compile(r"^ {0,3}\[[^]]+\]:\s.*|\]\([^)\s]+\s[^)]*\)|<(?:a|img)\s[^>]*>", re.MULTILINE)
"""Forms in which none of our pages has a link, and which nobody looks at."""

_CODE = re.compile(r"^(?:```.*?^```|    [^\n]*)$", re.MULTILINE | re.DOTALL)
_FILES_TABLE = re.compile(r"^\| file \|.*\n(?:\|.*\n)+", re.MULTILINE)
_WIDEST = 120  # columns; a row that needs more is a list


def missing(page: Path, text: str) -> Iterator[str]:
    """What a page names or links to, and is not there. Indented examples are not looked at."""
    prose = _CODE.sub("", text)
    for word in _files_in(prose):
        if word not in NOT_HERE and not word.startswith("build/") and not _is_there(page, word):
            yield word
    for word in _modules_in(text):
        if not _is_there(page, word) and not _is_there(page, word + ".py"):
            yield word
    yield from (f"make {task}" for task in _TASK.findall(text) if task not in _TASKS)
    yield from (variable for variable in _VARIABLE.findall(text) if f'"{variable}"' not in _READ)
    yield from _ODD_LINK.findall(prose)
    for link in _LINK.findall(prose):
        if "://" not in link and not _leads_somewhere(page, text, link):
            yield link


def _files_in(prose: str) -> Iterator[str]:
    """What looks like a file or a folder; a test's file may stand without its ending."""
    for word in _NAMED.findall(prose):
        if _TEST.fullmatch(word):
            yield word + ".py"
        elif _FILE.fullmatch(word):
            yield word


def _modules_in(text: str) -> Iterator[str]:
    """The first column of tables of files, where endings are left out."""
    for table in _FILES_TABLE.findall(text):
        for row in table.splitlines()[2:]:
            yield from (word for word in _NAMED.findall(row.split("|")[1]) if word.isidentifier())


def _is_there(page: Path, wanted: str) -> bool:
    """A path counts from the page's folder or from one around it; a name by itself may lie deeper, too."""
    around = [folder for folder in page.parents if folder.is_relative_to(TOP)]
    if any(_found(folder, wanted) for folder in around):
        return True
    return "/" not in wanted.rstrip("/") and page.parent != TOP and any(page.parent.rglob(wanted.rstrip("/")))


def _found(folder: Path, wanted: str) -> bool:
    return any(path.is_dir() or not wanted.endswith("/") for path in folder.glob(wanted.rstrip("/")))


def _leads_somewhere(page: Path, text: str, link: str) -> bool:
    """Whether there is what a link names: a file, or a folder, and in it the heading behind the `#`."""
    place, _, heading = link.partition("#")
    target = page.parent / place if place else page
    if not target.exists() or not target.resolve().is_relative_to(TOP):
        return False
    if not heading:
        return True
    if target.is_dir():
        return False
    said = _CODE.sub("", target.read_text() if place else text)
    return heading in {_anchor(line) for line in re.findall(r"^#+ (.*)$", said, re.MULTILINE)}


def _anchor(heading: str) -> str:
    """The name that a heading has in a link, as GitHub and others make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def too_wide(text: str) -> list[int]:
    """The lines that have more columns, but for pictures with their descriptions."""
    lines = enumerate(text.splitlines(), 1)
    return [number for number, line in lines if len(line) > _WIDEST and not line.startswith("![")]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_can_be_read_in_an_editor(page: Path) -> None:
    assert too_wide(page.read_text()) == [], name(page)


def test_a_line_that_is_too_wide_is_seen() -> None:
    assert too_wide(f"| {'x' * 60} |\n| {'x' * 117} |\n![{'x' * 120}](door.png)\n") == [2]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_a_page_names_is_there(page: Path) -> None:
    assert list(missing(page, page.read_text())) == [], name(page)


@pytest.mark.parametrize(
    "text",
    [
        "see `door/relais.py`",
        "see `relais.py`",
        "in `doors/`",
        "`test_relais`",
        "`door/relay.py` and `door/no.py`",
        "[rooms](roll/READ.md)",
        "[rooms](roll/README.md#what-breaks)",
        "[here](#nowhere)",
        "[out](../../x.md)",
        "| file | what |\n| --- | --- |\n| `relais` | |\n",
        "[rooms](roll/#what-holds)",
        "```\n# Nowhere\n```\n[here](#nowhere)",
        "[rooms][1]\n\n[1]: roll/READ.md",
        '[rooms](roll/READ.md "all of them")',
        '<a href="roll/READ.md">rooms</a>',
        '<img src="no.png">',
        "type `make provison PORT=x`",
        "Then:\n\n    make imagine\n",
        "in `$MENSHEN_KEYFILE`",
        "export MENSHEN_KEYFILE=x",
        "in `door/no.py:12`",
    ],
)
def test_what_is_not_there_is_seen(text: str) -> None:
    assert list(missing(TOP / "firmware/README.md", text))


@pytest.mark.parametrize(
    "text",
    [
        "see `door/relay.py`",
        "see `relay.py`",
        "in `door/`",
        "`test_relay_is_safe(x)`",
        "`tests/static/helpers/floors.py`",
        "`/config.json`",
        "`build/bench.json`",
        "`system/`",
        "`* 4`",
        "`relay.seconds`",
        "`menshen/v1/<lock>/list`",
        "[rooms](roll/README.md#what-holds)",
        "# A heading, `so`\n[here](#a-heading-so)",
        "[out](https://x.example/)",
        "    import door.relais.py, `not.py`\n",
        "`make provision PORT=x`, then\n\n    make run     # the lock\n",
        "`$MENSHEN_KEY_FILE`",
        "| file | what |\n| --- | --- |\n| `roll` | |\n",
    ],
)
def test_what_is_there_or_no_file_passes(text: str) -> None:
    page = TOP / ("tests" if "system" in text else "firmware") / "README.md"
    assert not list(missing(page, text))


def test_nothing_cites_a_page_that_is_not_here() -> None:
    """A reason stands where it is needed, or on a page of this repository."""
    named = re.compile(r"\b(?!README|CHANGELOG|SECURITY\b)[A-Z]{4,}\.md\b|\bDESIGN\b")
    for folder in FOLDERS:
        for path in (TOP / folder).rglob("*"):
            if path.suffix in {".py", ".md"} and path != Path(__file__):
                assert not named.findall(path.read_text()), name(path)
