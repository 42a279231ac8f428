"""What may be said of lists, commands, leases, releases: the words of acks.py and no others."""

from reports import acks
from reports.acks import Acks

KINDS = ("REASONS", "COMMANDS", "DECISIONS", "REFUSALS", "STEPS", "UPDATE_REFUSALS")
FREE = ("", "1357", "the tenant of lease 7 came in", "DONE", "bad  hash", None)


class Telemetry:
    """Notes what it is to say."""

    def __init__(self):
        self.said, self.refused = [], []

    def acknowledge(self, fields):
        self.said.append(fields)

    def refuse(self, fields):
        self.refused.append(fields)


def told(method, *arguments):
    """(acknowledged, refused) of one call; None where it was not accepted."""
    telemetry = Telemetry()
    try:
        getattr(Acks(telemetry), method)(*arguments)
    except ValueError:
        assert telemetry.said == telemetry.refused == []
        return None
    return telemetry.said, telemetry.refused


CHECKED = (
    ("REASONS", lambda word: told("list_refused", 3, word)),
    ("COMMANDS", lambda word: told("command_done", word, "n1")),
    ("DECISIONS", lambda word: told("decided", 7, word)),
    ("REFUSALS", lambda word: told("command_refused", "n1", word)),
    ("STEPS", lambda word: told("release_step", "0.2.0", word)),
    ("UPDATE_REFUSALS", lambda word: told("release_step", "0.2.0", "refused", word)),
)


def test_every_word_of_a_kind_may_be_said():
    for kind, tell in CHECKED:
        for word in getattr(acks, kind):
            assert tell(word), (kind, word)


def test_a_word_of_another_kind_and_free_text_may_not():
    for kind, tell in CHECKED:
        for other in KINDS:
            for word in getattr(acks, other):
                if word not in getattr(acks, kind):
                    assert tell(word) is None, (kind, word)
        for word in FREE:
            assert tell(word) is None, (kind, word)


def test_what_residents_have_decided_is_told_with_the_lease():
    assert told("decided", 7, "given up") == ([{"lease": 7, "result": "given up"}], [])
    end = {"lease": 7, "result": "end confirmed", "end": 1_811_800_800}
    assert told("decided", 7, "end confirmed", 1_811_800_800) == ([end], [])


def test_a_list_in_force_is_told_with_its_snapshot():
    said, refused = told("list_accepted", 7, 5, "ab" * 16)
    assert said == [{"list": 7, "base": 5, "hash": "ab" * 16, "result": "accepted"}]
    assert refused == []


def test_a_self_test_tells_faults_and_list_and_nothing_else_of_what_it_found():
    found = {"faults": ["reader"], "list": 3, "firmware": "0.1.0", "clock": "signed", "slot": "a"}
    said, _ = told("command_done", "self-test", "n1", found)
    wanted = {"command": "self-test", "nonce": "n1", "result": "done", "faults": ["reader"], "list": 3}
    assert said == [wanted]


def test_refusals_go_the_way_that_costs_no_flash():
    for words in (
        ("list_refused", None, "malformed"),
        ("command_refused", None, "malformed"),
        ("release_step", None, "refused", "malformed"),
    ):
        said, refused = told(*words)
        assert said == []
        assert len(refused) == 1
        assert refused[0]["result"] == "refused"
        assert refused[0]["reason"] == "malformed"


def test_how_far_a_release_is_has_no_reason():
    said, _ = told("release_step", "0.2.0", "fetched", "1357")
    assert said == [{"update": "0.2.0", "result": "fetched"}]
