"""Cards that lie beside the demo lock. They hold no secret: they have only their number."""

from .card import Card


def demo_cards() -> dict[str, Card]:
    """The cards that lie beside the demo lock, by name."""
    uids = {"tenant": "04A1B2C3D4E5F6", "cleaner": "04112233445566", "stranger": "049988776655AA"}
    return {name: Card(name, bytes.fromhex(uid)) for name, uid in uids.items()}
