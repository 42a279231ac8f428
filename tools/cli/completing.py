"""What a shell completes beside commands and options: names that are in the operator's file."""

from contextlib import suppress

import click
from click.shell_completion import CompletionItem

from menshen.errors import MenshenError


def LOCK(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:  # noqa: N802
    """Locks, by their IDs."""
    from menshen.operator.store import called

    return _of_house(context, begun, lambda store: [(row["name"], called(row)) for row in store.locks()])


def LEASE(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:  # noqa: N802
    """Leases, by their numbers."""
    return _of_house(context, begun, lambda store: [(str(one.id), one.note) for one in store.tenancies()])


def _of_house(context: click.Context, begun: str, found: object) -> list[CompletionItem]:
    from menshen.operator.opening import opened

    assert callable(found)
    with suppress(MenshenError, OSError):
        root = context.find_root()
        store = opened(root.params.get("address") or root.obj)
        try:
            return [CompletionItem(name, help=said) for name, said in found(store) if name.startswith(begun)]
        finally:
            store.close()
    return []
