"""Gives a command the operator's file, which the outermost command knows by its path."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from .store import Store


def with_store(function: Callable) -> Callable:
    """The file, opened, becomes the first argument; it is closed when the command has ended."""

    @wraps(function)
    def opened(*arguments: Any, **options: Any) -> Any:
        context = click.get_current_context()
        store = Store(context.obj)
        context.call_on_close(store.close)
        return function(store, *arguments, **options)

    return opened
