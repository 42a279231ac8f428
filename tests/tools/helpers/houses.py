"""Houses for tests: a file with its key beside it, and nobody in it yet."""

from pathlib import Path

from menshen.operator import seal, store, tables


def new_house(path: Path, zone: str = "UTC") -> None:
    """What `menshen init` makes, without certificates."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = seal.Seal()
    tables.create(str(path), made, made.under_key(seal.make_key(store.key_file(str(path)))))
    house = open_house(path)
    with house.change():
        house.set("zone", zone)
    house.close()


def open_house(path: Path) -> store.Store:
    """It, as a command opens it."""
    return store.opened(str(path), print)
