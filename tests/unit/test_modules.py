"""Code that is needed now and then leaves no trace in sys.modules, and comes back whole."""

import sys

from modules import unload


def test_a_module_is_forgotten_and_comes_back_anew():
    import door.relay

    first = door.relay.Relay
    unload("door.relay")
    assert "door.relay" not in sys.modules
    assert not hasattr(sys.modules["door"], "relay")
    from door.relay import Relay

    assert Relay is not first


def test_what_was_never_loaded_can_be_forgotten_too():
    unload("no.such", "nothing")


def test_of_two_names_the_second_goes_though_the_first_was_not_there():
    import door.switch

    assert door.switch
    unload("no.such", "door.switch")
    assert "door.switch" not in sys.modules
