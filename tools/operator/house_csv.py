"""Commands that write a house into a table and read it from one: a hundred doors are typed in once."""

import csv
import io
import time
from dataclasses import dataclass, field
from pathlib import Path

import click

from menshen.cli import files
from menshen.cli.options import packed
from menshen.errors import InputError, MenshenError
from menshen.key_file import read_lock_key

from . import asking, codes, dates, letting, records
from .answer import Answer
from .certificates import check_lock, write_private
from .holidays import enter as enter_holidays
from .letting import Wish
from .lists import CARD
from .lock_settings import known_of
from .locks import enter as enter_lock
from .locks import some
from .opened import RolledBackError, changing, reading
from .ordered import naturally
from .staff import Terms, limits_of
from .staff import enter as enter_staff
from .store import Store
from .tenancies import Tenancy

COLUMNS = ("kind", "doors", "name", "from", "until", "card", "hours", "uses", "key_file", "zone")
_KINDS = ("lock", "lease", "staff", "holiday")
_LARGEST = 10_000_000


class CsvError(InputError):
    """A row of the table is wrong; the message names its line, its column and what would be right."""


@dataclass
class Plan:
    """What a table changes, in sentences, and the new leases' codes."""

    lines: list[str] = field(default_factory=list)
    codes: list[dict] = field(default_factory=list, repr=False)
    same: int = 0


@click.command("export")
@click.argument("file", type=files.Output(COLUMNS[0].encode()), required=False)
@reading
def export(store: Store, file: Path | None) -> Answer:
    """Write locks, leases, staff and holidays as a table (CSV).

    Without FILE, or with - for it, it goes to standard output. It has no key, no code and no PIN, but the
    numbers of staff's cards. `menshen import` reads it.

    \b
        menshen export house.csv
    """
    rows = _rows(store)
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    if file is not None and str(file) != "-":
        write_private(file, out.getvalue().encode())
        return Answer({"file": str(file), "rows": len(rows)}, [f"{file}: {some('row', len(rows))}"])
    return Answer(rows, [out.getvalue().rstrip("\n")])


@dataclass(frozen=True)
class How:
    """How a table is read."""

    dry_run: bool
    codes: Path | None


@click.command("import")
@click.argument("file", type=files.Input())
@packed(
    "how",
    How,
    click.option("--dry-run", is_flag=True, help="Only show what would change."),
    click.option(
        "--codes",
        type=click.Path(dir_okay=False, path_type=Path),
        help="A new file for the codes of new leases.",
    ),
)
@changing
def import_(store: Store, file: Path, how: How) -> Answer:
    """Read locks, leases, staff and holidays from a table (CSV).

    Its first line names the columns: kind, doors, name, from, until, card, hours, uses, key_file, zone. A
    kind is lock, lease, staff or holiday; several doors are divided by spaces. Read twice, a table changes
    nothing the second time. Nothing is taken away: what it does not name stays.

    \b
        kind,doors,name,from,until,key_file
        lock,flat-3,,,,keys/flat-3.key
        lease,house flat-3,flat 3,2026-12-01,2027-11-30,

    \b
        menshen import house.csv --dry-run
    """
    plan = _read(store, file)
    if how.dry_run:
        lines = [f"would change: {line}" for line in plan.lines] or ["nothing would change"]
        raise RolledBackError(Answer({"changes": plan.lines, "same": plan.same, "dry_run": True}, lines))
    if plan.codes and how.codes is None:
        asking.sure(
            f"{len(plan.codes)} new leases have codes, shown this once (--codes FILE keeps them). Show them?"
        )
    secret = _codes(plan, how.codes)
    said = f"{some('change', len(plan.lines))} from {file.name}"
    return Answer(
        {"changes": plan.lines, "same": plan.same, "codes": [] if how.codes else plan.codes},
        [*plan.lines, f"{said}; {some('row', plan.same)} as before"],
        secret=secret,
        then=["Now: menshen publish"] if plan.lines else [],
        record=said if plan.lines else "",
    )


def _codes(plan: Plan, file: Path | None) -> list[str]:
    """The new codes, for standard output or in a file of their own."""
    if file is None:
        return [f"{one['lease']}: move-in code {one['code'][:4]} {one['code'][4:]}" for one in plan.codes]
    if plan.codes:
        if file.exists():
            raise InputError(f"--codes {file}: is there already; name a new file")
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerows([("lease", "name", "doors", "code"), *(one.values() for one in plan.codes)])
        write_private(file, out.getvalue().encode())
    return []


def _read(store: Store, file: Path) -> Plan:
    """Change what is not as the table says. Raises CsvError."""
    if file.stat().st_size > _LARGEST:
        raise CsvError(f"FILE {file}: is larger than {_LARGEST} bytes")
    try:
        text = file.read_text("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        rows = list(enumerate(reader, 2))
    except (UnicodeDecodeError, csv.Error) as error:
        raise CsvError(f"FILE {file}: no table in CSV and UTF-8") from error
    unknown = [name for name in reader.fieldnames or [] if name not in COLUMNS]
    if unknown or "kind" not in (reader.fieldnames or []):
        wrong = f"no column is called {', '.join(unknown)}" if unknown else "the column kind is missing"
        raise CsvError(f"FILE {file}, line 1: {wrong}; there are {', '.join(COLUMNS)}")
    plan = Plan()
    readers = {"lock": _lock, "lease": _lease, "staff": _staff, "holiday": _holiday}
    for kind in _KINDS:  # locks first, wherever they stand
        for line, row in rows:
            own = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
            if own["kind"] not in _KINDS:
                raise CsvError(f"line {line}, kind {own['kind']!r}: {', '.join(_KINDS)} are right")
            if own["kind"] == kind:
                try:
                    _printable(own)
                    readers[kind](store, {name: own.get(name, "") for name in COLUMNS}, file.parent, plan)
                except MenshenError as error:
                    raise CsvError(f"line {line}: {error.message}") from error
    return plan


def _printable(row: dict[str, str]) -> None:
    for name, value in row.items():
        if not value.isprintable():
            raise InputError(f"{name}: has bytes that are no UTF-8, or no letters")
        if len(value) > 300:
            raise InputError(f"{name}: is {len(value)} letters long; 300 are the most")


def _lock(store: Store, row: dict[str, str], folder: Path, plan: Plan) -> None:
    name = row["doors"]
    if any(name in (lock["name"], lock["label"]) for lock in store.locks()):
        plan.same += 1
        return
    if not row["key_file"]:
        raise InputError(f"key_file: the lock {name} is new, and needs the key that provisioning left")
    check_lock(name)
    path = folder / row["key_file"]
    enter_lock(store, name, read_lock_key(path, "key_file"), row["zone"] or None, known_of(name, path, None))
    plan.lines.append(f"lock {name}: new")


def _lease(store: Store, row: dict[str, str], _folder: Path, plan: Plan) -> None:
    """A lease is known by its name and the door at which it stands."""
    if not row["name"]:
        raise InputError('name: a lease in a table needs one, such as "flat 3", by which it is known again')
    locks = _doors(store, row)
    first, last = row["from"] or str(dates.today(store.zone)), row["until"]
    dates.day("until", last)
    same = [one for one in store.tenancies() if _name(one) == row["name"] and one.end > time.time()]
    if not same:
        made, code = letting.add(store, Wish(locks, first, last, row["name"]))
        doors = " ".join(locks)
        plan.lines.append(f"{made.called} of {doors}: new, {first} to {last}")
        plan.codes.append({"lease": made.called, "name": row["name"], "doors": doors, "code": code})
        return
    one = same[0]
    if sorted(door.lock for door in one.doors) != sorted(locks):
        raise InputError(f"doors: {one.called} is one of {' '.join(door.lock for door in one.doors)} already")
    longer = False
    for door in one.doors:
        end = dates.end_of(dates.day("until", last), store.lock(door.lock)["zone"])
        if end < door.end:
            raise InputError(f"until {last}: {one.called} lasts longer; {letting.GUARD}")
        if end > door.end:
            longer = True
            letting.change(store, door, end=end)
    if longer:
        plan.lines.append(f"{one.called}: lasts until {last}")
    else:
        plan.same += 1


def _staff(store: Store, row: dict[str, str], _folder: Path, plan: Plan) -> None:
    if not row["card"]:
        raise InputError(
            "card: staff in a table need one; who has a PIN is entered by `menshen staff add --pin`"
        )
    if row["uses"] and not (row["uses"].isdecimal() and 1 <= int(row["uses"]) <= 255):
        raise InputError(f"uses {row['uses']}: 1 to 255 are right")
    uses = int(row["uses"]) if row["uses"] else None
    terms = Terms(
        row["card"], 26, False, row["hours"] or None, row["from"] or None, row["until"] or None, uses
    )
    for lock in _doors(store, row):
        there = store.entries(lock, "staff").get(row["name"])
        if there is None:
            enter_staff(store, lock, row["name"], terms, (CARD, codes.card_number(row["card"])))
            plan.lines.append(f"staff {row['name']}: may enter at {lock}")
        elif _as_is(store, lock, there, terms):
            plan.same += 1
        else:
            raise InputError(f"name {row['name']}: has other terms at {lock}; `menshen staff remove` first")


def _as_is(store: Store, lock: str, there: dict, terms: Terms) -> bool:
    hours = " ".join((terms.hours or "").lower().split())
    digest = codes.digest(store.key(lock), CARD, codes.card_number(terms.card or "")).hex()
    limits = limits_of(terms, store.lock(lock)["zone"])
    wanted = digest, hours, terms.uses or 0, *limits
    return wanted == (there["digest"], there["hours"], there["uses"], there["begin"], there["end"])


def _holiday(store: Store, row: dict[str, str], _folder: Path, plan: Plan) -> None:
    added = enter_holidays(store, {dates.day("from", row["from"]): row["name"]})
    plan.same += not added
    plan.lines += [f"holiday {day}: new" for day in added]


def _name(one: Tenancy) -> str:
    """What a lease is called in a table."""
    return one.note or f"lease {one.id}"


def _doors(store: Store, row: dict[str, str]) -> list[str]:
    if not row["doors"]:
        raise InputError("doors: is empty; IDs of locks, divided by spaces, are right")
    return sorted({store.lock(name)["name"] for name in row["doors"].split()}, key=naturally)


def _rows(store: Store) -> list[dict[str, str]]:
    """The house as rows of the table; staff with a PIN, or a card made at the desk, are not."""
    rows = [{"kind": "lock", "doors": row["name"], "zone": row["zone"]} for row in store.locks()]
    zones = {row["name"]: row["zone"] for row in store.locks()}
    for one in store.tenancies():
        door = one.doors[0]
        days = records.first_day(door.begin, zones[door.lock]), records.last_day(door.end, zones[door.lock])
        doors = " ".join(each.lock for each in one.doors)
        rows.append({"kind": "lease", "doors": doors, "name": _name(one), "from": days[0], "until": days[1]})
    for lock, zone in zones.items():
        for name, who in store.entries(lock, "staff").items():
            if who["kind"] != CARD or "value" not in who or "reference" in who:
                continue
            card = store.seal.open(f"staff {name}", bytes.fromhex(who["value"])).hex()
            days = records.first_day(who["begin"], zone), records.last_day(who["end"], zone)
            terms = {"card": card, "hours": who["hours"], "uses": str(who["uses"] or "")}
            rows.append(
                {"kind": "staff", "doors": lock, "name": name, "from": days[0], "until": days[1], **terms}
            )
    rows += [{"kind": "holiday", "name": name, "from": day} for day, name in store.holidays().items()]
    return rows
