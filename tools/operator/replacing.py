"""A new board in the place of a dead one: the same door, leases and staff, under a new key."""

import time

from . import codes, handing, letting
from .lock_settings import Known, set_known
from .store import HELD, SENT, Store


def replace(store: Store, ident: str, key: bytes, known: Known) -> tuple[list[dict], list[str]]:
    """Put the new key in place; the new codes of leases that run, and the staff that cannot be taken over.

    All that the list has was made with the old key, so all of it is made anew. Versions go on as they were.
    """
    store.journal.published(ident)
    store.run(
        "update lock set key = ?, base = 0, held = 0 where name = ?", store.seal.close(ident, key), ident
    )
    set_known(store, ident, known)
    store.run("delete from entry where lock = ? and state in (?, ?)", ident, SENT, HELD)
    lost = _staff(store, ident, key)
    given = []
    for one in store.tenancies(ident):
        if one.end <= time.time():
            store.drop(ident, "lease", str(one.doors[0].number))
        else:
            code = letting.recode(store, one.doors)
            given.append({"lease": one.called, "number": one.id, "note": one.note, "code": code})
    handing.renew(store, ident, key)
    store.journal.forget()  # the old board is gone, and nothing brings it back
    return given, lost


def _staff(store: Store, ident: str, key: bytes) -> list[str]:
    """Staff under the new key; those of a file of 0.1.0, which kept no number, leave the list."""
    lost = []
    for name, who in store.entries(ident, "staff").items():
        if "value" not in who:
            store.drop(ident, "staff", name)
            lost.append(name)
            continue
        value = store.seal.open(f"staff {name}", bytes.fromhex(who["value"]))
        if "reference" in who:
            house = handing.house_key(store, who["house"])
            made = handing.sealed_for(key, house, who["reference"], value)
        else:
            made = {"digest": codes.digest(key, who["kind"], value).hex()}
        store.put(ident, "staff", name, {**who, **made})
        store.run(
            "insert into person (lock, digest, name, used) values (?, ?, ?, 0) on conflict do nothing",
            ident,
            made["digest"],
            name,
        )
    return lost
