"""Writes what a tenant is told of a lock, from its settings and the landlord's file.

What it says of laws was compared with excerpts of New York's Administrative Code, 26-3001 and 26-3003, and
with the pages of the city's housing department and of law firms on Local Law 63 of 2021; of Washington's SB
5937 with a summary of the bill that passed in March 2026. Its text was not read, and from when on it holds is
not known here. Nobody who practises law has looked at it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .texts import texts

DAYS = 90
"""For which the operator's file keeps reports of staff and alarms: tools/operator/mailbox.py."""

LAWS = ("gdpr", "nyc", "washington")


@dataclass(frozen=True)
class Facts:
    """What is true of one lock. `settings` are those it was provisioned with."""

    door: str
    landlord: str
    settings: Mapping
    broker: str = ""
    staff: Mapping[str, str] = field(default_factory=dict)
    """Name to hours, "" for always."""

    laws: Sequence[str] = LAWS


def sheet(facts: Facts, language: str) -> str:
    """The sheet in a language of LANGUAGES, as Markdown."""
    said = texts(language)

    def say(name: str, **values: object) -> str:
        return said[name].format(**values) if values else said[name]

    settings = facts.settings
    lines = ["# " + say("title", door=facts.door), say("responsible", landlord=facts.landlord)]
    lines += [say("on_lock"), say("codes")]
    if (settings.get("cards") or {}).get("plain_uid"):
        lines.append(say("plain_cards"))
    lines += [say("not_entries"), say("leaves"), *_leaves(facts, say)]
    who = [f"- {name}: {hours or say('always')}" for name, hours in sorted(facts.staff.items())]
    lines += [say("who"), "\n".join(who) or say("nobody")]
    lines += [say("file"), say("lease"), say("never"), say("never_text"), say("rights")]
    lines += [say(law) for law in facts.laws]
    return "\n\n".join(lines) + "\n"


def _leaves(facts: Facts, say) -> list[str]:
    settings = facts.settings
    online = (settings.get("wifi") or {}).get("ssid") and (settings.get("broker") or {}).get("host")
    if not online:
        return [say("no_network")]
    has_contact = (settings.get("door") or {}).get("contact", True)
    alarms = say("alarm_names" if has_contact else "alarm_names_without_contact")
    broker = facts.broker or settings["broker"]["host"]
    said = [
        "- " + say("state", broker=broker),
        "- " + say("alarms", alarms=alarms, days=DAYS),
        "- " + say("staff_reports", days=DAYS),
    ]
    if settings.get("homeassistant"):
        said.append("- " + say("homeassistant"))
    if settings.get("home"):
        said.append("- " + say("home"))
    return ["\n".join(said)]
