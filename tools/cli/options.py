"""Options that reach a command as one thing with a name, so that its parameters stay few."""

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any

Decorator = Callable[[Callable], Callable]


def packed(name: str, into: type, *options: Decorator) -> Decorator:
    """The values of these options as the parameter `name`: a dataclass `into` with a field for each."""

    def decorate(function: Callable) -> Callable:
        @wraps(function)
        def with_one(*arguments: Any, **values: Any) -> Any:
            own = {field.name: values.pop(field.name) for field in fields(into)}
            return function(*arguments, **{name: into(**own)}, **values)

        decorated: Callable = with_one
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate
