"""Builds the resident's page: modules, style and words go into one file, which can be saved and used alone.

Nothing is left out, renamed or fetched: whoever reads the page reads what is in this folder. The content
security policy names the one script and the one style by their hashes, and allows nothing else.
"""

import base64
import hashlib
import importlib.metadata
import json
import re
from pathlib import Path
from urllib.parse import quote

import click

from menshen import checkout
from menshen.errors import InputError, MenshenError

from .leaflet import LANGUAGES, OF_THE_SHEET, words

HERE = Path(__file__).parent
OUT = checkout.TOP / "build/phone" if checkout.exists() else Path("phone")
MODULES = (
    "afar.js",
    "codes.js",
    "door.js",
    "reading.js",
    "log.js",
    "store.js",
    "words.js",
    "help.js",
    "app.js",
)
"""In the order in which they need each other."""

BYTES_MAX = 100_000
"""The whole page, all languages and the icon included."""

_BROKER = re.compile(r"wss://[A-Za-z0-9.-]{1,100}(:\d{1,5})?(/[A-Za-z0-9._~/-]{0,100})?")
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./[a-z]+\.js";\n', re.MULTILINE)
_TITLE = b"<title>Menshen</title>"
_EXPORT = re.compile(r"^export ", re.MULTILINE)
_NAMES = re.compile(r"^(?:async )?(?:function\*?|class|const|let) +(\[[^]]*\]|\w+)", re.MULTILINE)


class PhoneError(MenshenError):
    """The page cannot be built; the message says why."""


def script(broker: str = "") -> str:
    """All modules as one. Raises PhoneError where two of them have the same name for something."""
    said = {
        language: {name: text for name, text in words(language).items() if name not in OF_THE_SHEET}
        for language in LANGUAGES
    }
    told = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    released = checkout.version() if checkout.exists() else importlib.metadata.version("menshen")
    begin = f"const WORDS = {told}, BROKER = {json.dumps(broker)}, RELEASED = {json.dumps(released)};"
    parts, seen = [begin], {}
    for module in MODULES:
        text = _EXPORT.sub("", _IMPORT.sub("", (HERE / module).read_text("utf-8")))
        for names in _NAMES.findall(text):
            for name in re.findall(r"\w+", names):
                if name in seen:
                    raise PhoneError(
                        f"{name} is in {seen[name]} and in {module}: one of them wants another name"
                    )
                seen[name] = module
        parts.append(text)
    whole = "\n".join(parts)
    if "</script" in whole or re.search(r"^(import|export)\b", whole, re.MULTILINE):
        raise PhoneError(
            "a module has something that one file cannot have: an import of its own, or </script"
        )
    return whole


def files(broker: str = "") -> dict[str, bytes]:
    """What goes to the web server, name to contents; `broker` is a wss:// address to open doors by, or ""."""
    icon = (HERE / "icon.svg").read_text("utf-8").strip()
    style, program = (HERE / "style.css").read_text("utf-8"), script(broker)
    page = (HERE / "index.html").read_text("utf-8")
    page = page.replace('href="icon.svg"', f'href="data:image/svg+xml,{quote(icon)}"')
    page = (
        page.replace("POLICY", policy(style, program, broker))
        .replace("STYLE", style)
        .replace("SCRIPT", program)
    )
    worker = (HERE / "worker.js").read_text("utf-8").replace("VERSION", json.dumps(hash_of(page.encode())))
    return {
        "index.html": page.encode(),
        "worker.js": worker.encode(),
        "manifest.webmanifest": (HERE / "manifest.webmanifest").read_bytes(),
        "icon.svg": icon.encode(),
    }


def policy(style: str, program: str, broker: str = "") -> str:
    """The content security policy: this script, this style, and no connection but to the broker."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_source(program)}",
            f"style-src {_source(style)}",
            "img-src data: 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            *([f"connect-src {broker}"] if broker else []),
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def hash_of(page: bytes) -> str:
    """SHA-256 of a page, by which one can see whether it is the one that was built."""
    return hashlib.sha256(page).hexdigest()


def build(out: Path = OUT, broker: str = "") -> dict[str, bytes]:
    """Write the page's files into a folder, and return them. Raises PhoneError, OSError."""
    made = files(broker)
    size = sum(map(len, made.values()))
    if size > BYTES_MAX:
        raise PhoneError(f"the page has {size} bytes, and may have {BYTES_MAX}")
    out.mkdir(parents=True, exist_ok=True)
    page = out / "index.html"
    if page.is_file() and _TITLE not in page.read_bytes():
        raise PhoneError(f"{page} is of another page: name another folder")
    for name, data in made.items():
        (out / name).write_bytes(data)
    return made


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@click.command("phone")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=OUT,
    show_default="build/phone, or phone where there is no checkout",
    help="Folder for the page.",
)
@click.option(
    "--broker",
    default="",
    metavar="WSS",
    help="Opens doors from afar by this broker, such as wss://mqtt.example.org:8884/mqtt.",
)
def phone(out: Path, broker: str) -> None:
    """Build the page that makes guest codes on a phone.

    A static page without an app, an account or a server of ours: put the folder on any web server with https.
    index.html alone, saved, does the same. Its hash shows whether it is the one built here.

    \b
        menshen phone --out page
    """
    if broker and not _BROKER.fullmatch(broker):
        raise InputError(f"--broker {broker}: an address such as wss://mqtt.example.org:8884/mqtt is right")
    made = build(out, broker)
    click.echo(f"{out}: {sum(map(len, made.values()))} bytes in {len(made)} files")
    click.echo(f"{hash_of(made['index.html'])}  index.html")
