"""From what the operator has entered for a lock to the records of its list, and to words."""

import datetime as dt
from zoneinfo import ZoneInfo

from . import dates, handing
from .hours import Holiday
from .lists import MOVE_IN, PIN, STAFF, Lease, Record, snapshot
from .store import HELD, SENT, WANTED, Store


def records(store: Store, lock: str, state: str = WANTED) -> list[bytes]:
    """All records of its list."""
    found = []
    for number, lease in store.entries(lock, "lease", state).items():
        found.append(Lease(int(number), lease["begin"], lease["end"]).record(b""))
        moving = bytes.fromhex(lease["code"])
        found.append(Record(moving, MOVE_IN, PIN, int(number), not_before=lease["begin"]).data())
    found += handing.records(store, lock, state)
    hours: dict[int, str] = {}
    for who in store.entries(lock, "staff", state).values():
        hours[who["schedule"]] = who["hours"]
        entry = Record(
            bytes.fromhex(who["digest"]),
            who.get("role", STAFF),
            who["kind"],
            schedule=who["schedule"],
            uses=who["uses"],
            not_before=who["begin"],
            not_after=who["end"],
            key_ref=who.get("reference", 0),
        )
        found.append(entry.data())
    for schedule, text in hours.items():
        if schedule:
            found += [part.record(b"") for part in dates.parts(schedule, text)]
    if any(hours):  # where nobody has hours a holiday makes no difference
        found += [Holiday(dt.date.fromisoformat(day)).record(b"") for day in store.holidays()]
    return found


def unpublished(store: Store, lock: str) -> bool:
    """Whether what is wanted for a lock is other than what it has."""
    row = store.lock(lock)
    return snapshot(records(store, row["name"])) != bytes(row["current"]) or row["held"] != row["version"]


def schedule(store: Store, lock: str, hours: str) -> int:
    """The number under which the list has these hours: an existing one, or a new one."""
    taken = {
        who["schedule"]: who["hours"]
        for state in (HELD, SENT, WANTED)
        for who in store.entries(lock, "staff", state).values()
    }
    for number, text in taken.items():
        if number and text == hours:
            return number
    free = [number for number in range(1, 256) if number not in taken]
    if not free:
        raise dates.DateError("--hours: a lock keeps 255 different ones at most")
    return free[0]


def differences(store: Store, lock: str) -> list[str]:
    """How the newest list differs from the one that the lock holds, in sentences."""
    found = []
    zone = store.lock(lock)["zone"]
    for kind in ("lease", "staff", handing.KIND):
        sent, held = (store.entries(lock, kind, state) for state in (SENT, HELD))
        for name in sorted(sent.keys() | held.keys()):
            if name not in held:
                found.append(f"{kind} {name}: was to be new")
            elif name not in sent:
                found.append(f"{kind} {name}: was to be removed")
            elif sent[name] != held[name]:
                found.append(f"{kind} {name}: {_change(kind, sent[name], held[name], zone)}")
    return found


def last_day(end: int, zone: str) -> str:
    """The last day, there, of what ends at this second; "" where it does not end."""
    return f"{dt.datetime.fromtimestamp(end - 1, ZoneInfo(zone)):%Y-%m-%d}" if end else ""


def first_day(begin: int, zone: str) -> str:
    """The first day, there, of what begins at this second; "" where it always did."""
    return f"{dt.datetime.fromtimestamp(begin, ZoneInfo(zone)):%Y-%m-%d}" if begin else ""


def _change(kind: str, sent: dict, held: dict, zone: str) -> str:
    said = []
    if kind != handing.KIND and sent["end"] != held["end"]:
        said.append(f"was to end on {last_day(sent['end'], zone) or 'no day'}")
    if kind == "lease" and sent["code"] != held["code"]:
        said.append("was to have another move-in code")
    return " and ".join(said) or "was to be changed"
