"""Leases as a house has them: one number, at one or several doors."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Door:
    """A lease at one lock: its number there, first second, the one after its last, and its code's digest."""

    lock: str
    number: int
    begin: int
    end: int
    code: str
    held: bool
    """Whether the lock has it just so."""


@dataclass(frozen=True)
class Tenancy:
    """A lease of the house, at all its doors."""

    id: int
    note: str
    doors: tuple[Door, ...]

    @property
    def end(self) -> int:
        """The second after its last, at the door where it ends last."""
        return max(door.end for door in self.doors)

    @property
    def called(self) -> str:
        """Such as "lease 7 (flat 3)"."""
        return f"lease {self.id}" + (f" ({self.note})" if self.note else "")
