"""The tenant's leaflet on one page: the words of the page's help, less what this lock cannot do."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from .leaflet import leaflet, words

_STYLE = Path(__file__).parent / "sheet.css"
_NEEDS_PHONE = {"4", "40", "6", "60", "8", "80"}  # a key or a log goes to the phone by a PN532
_NEEDS_READER = {"2", "3", "30"}
_NEEDS_HOME = {"6", "60"}
_LIGHT_NEEDS = {"olive": "reader", "yellow": "contact"}
"""Colours that some locks never show, by their English name, and the part that these are without."""


def sheet(language: str, settings: dict, code: str = "", whose: str = "") -> str:
    """A page of HTML for a lock with these settings, as /config.json has them.

    With a move-in `code` it is one tenant's own; `whose` says beside the lock's name to whom it goes.
    """
    said = words(language)
    first, *others = (_section(section) for section in sections(language, settings))
    if code:
        first = first.replace("</h2>", f'</h2><p class="code">{escape(code)}</p>', 1)
    parts = "\n".join((first, *others))
    name = escape(" · ".join(filter(None, (str(settings.get("lock", "")), whose))))
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(said['help'])}</title>\n<style>\n{_STYLE.read_text('utf-8')}</style>\n</head>\n<body>\n"
        f"<header><h1>{escape(said['help'])}</h1><span>{name}</span></header>\n<main>\n{parts}\n</main>\n"
        "</body>\n</html>\n"
    )


def sections(language: str, settings: dict) -> Iterator[dict]:
    """The leaflet's sections as they are true of this lock."""
    moving_in, more, light, records, codes, locked_out = leaflet(language)
    missing = set(_missing(settings))
    said = words(language)
    yield {**moving_in, "text": [*moving_in["text"], said["pinLength"].format(least=_shortest_pin(settings))]}
    yield {**more, "rows": [row for row in more["rows"] if row[0].split("\u00a0")[2] not in missing]}
    names = [name for name, _ in leaflet("en")[2]["rows"]]
    without = set(_without(settings))
    shown = [
        row for name, row in zip(names, light["rows"], strict=True) if _LIGHT_NEEDS.get(name) not in without
    ]
    yield {**light, "rows": shown}
    home = [said["readHome"]] if settings.get("homeassistant") else []
    afar = [f"{said['afar']}: {said['afarWho']}"] if _get(settings, "phone.remote") else []
    yield {**records, "text": [*records["text"], *home, *afar]}
    if "4" not in missing:
        page = _get(settings, "phone.page")
        how = [said["get1"], said["get2"]] + ([str(page), said["trust"]] if page else [])
        yield {**codes, "text": [*how, *codes["text"]]}
    yield locked_out


def _missing(settings: dict) -> Iterator[str]:
    """The orders that do nothing here."""
    reader = _get(settings, "reader.type") or "pn532"
    if reader != "pn532":
        yield from _NEEDS_PHONE
    if reader == "none":
        yield from _NEEDS_READER
    if not _get(settings, "home.host"):
        yield from _NEEDS_HOME


def _without(settings: dict) -> Iterator[str]:
    """The parts that this lock has not."""
    if _get(settings, "reader.type") in ("wiegand", "none"):
        yield "reader"
    if _get(settings, "door.contact") is False:
        yield "contact"


def _shortest_pin(settings: dict) -> int:
    """In digits, as firmware/settings.py has it."""
    own = _get(settings, "pin.shortest")
    return own if isinstance(own, int) else 8 if _get(settings, "door.shared") else 6


def _get(settings: dict, name: str) -> object:
    group, _, field = name.partition(".")
    found = settings.get(group)
    return found.get(field) if isinstance(found, dict) else None


def _section(section: dict) -> str:
    text = "".join(f"<p>{escape(line)}</p>" for line in section.get("text", ()))
    rows = "".join(
        f'<tr><th scope="row">{escape(what)}</th><td>{escape(means)}</td></tr>'
        for what, means in section.get("rows", ())
    )
    return f"<section><h2>{escape(section['title'])}</h2>{text}{rows and f'<table>{rows}</table>'}</section>"
