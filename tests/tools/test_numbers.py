"""Numbers that a person types are plain digits within bounds, at every option of every command."""

import click
import pytest

from menshen.cli import numbers
from tests.tools.test_bad_input import COMMANDS

_TYPES = [parameter.type for of in COMMANDS.values() for parameter in of.params]
_NONE = ("", " 3", "3 ", "+3", "1_0", "\u0663", "\uff13", "0x10", "1e1", "nan", "inf", "-inf", "-", "9" * 19)


def _told(of: click.ParamType, typed: str) -> str:
    with pytest.raises(click.BadParameter) as refused:
        of.convert(typed, None, None)
    return refused.value.message


def test_every_option_that_is_a_number_is_one_of_these() -> None:
    bare = [of for of in _TYPES if isinstance(of, click.types.IntParamType | click.types.FloatParamType)]
    found = [of for of in bare if isinstance(of, numbers.Whole | numbers.Number)]
    assert len(bare) == len(found) > 10


@pytest.mark.parametrize("typed", [*_NONE, "1.5"])
def test_what_is_no_whole_number_is_told_what_is_right(typed: str) -> None:
    assert _told(numbers.Whole(1, 255), typed).endswith("is no whole number: from 1 to 255 is right.")


@pytest.mark.parametrize("typed", [*_NONE, "1,5", ".5", "5."])
def test_what_is_no_number_is_told_what_is_right(typed: str) -> None:
    assert _told(numbers.Number(0.5, 60), typed).endswith("is no number: from 0.5 to 60 is right.")


def test_numbers_are_numbers() -> None:
    assert numbers.Whole(-5, 10).convert("-3", None, None) == -3
    assert numbers.Number(0, 10).convert("2.5", None, None) == 2.5
    assert "range" in _told(numbers.Whole(1, 255), "0")
    assert "range" in _told(numbers.Number(1, 2), "2.1")
