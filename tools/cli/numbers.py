"""Numbers that a person types: plain digits, and what would be right where they are not."""

import re
from typing import Any

import click


class Whole(click.IntRange):
    """A whole number within bounds; not `1_0`, nor digits of other scripts."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,18}", value):
            self.fail(f"{value!r} is no whole number: from {self.min} to {self.max} is right.", param, ctx)
        return super().convert(value, param, ctx)


class Number(click.FloatRange):
    """A number within bounds, which may have a point; not NaN, which is in every range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,9}([.][0-9]{1,9})?", value):
            self.fail(f"{value!r} is no number: from {self.min} to {self.max} is right.", param, ctx)
        return super().convert(value, param, ctx)
