"""Commands for holidays: days that count as `holiday` in the hours of staff, and not as their weekday."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import click

from menshen.cli import files
from menshen.errors import InputError

from . import dates
from .answer import Answer, Table
from .database import NotInFileError
from .locks import some
from .opened import changing, reading
from .store import Store

_AHEAD_DAYS = 2 * 366
_MOST = 100


@click.group()
def holiday() -> None:
    """Holidays: for staff whose hours name them.

    On such a day "mon-fri 8:00-17:00" does not open, and "holiday 9:00-12:00" does. They are those of the
    whole house.

    \b
        menshen holiday add 2026-12-25 "Christmas Day"
        menshen holiday import holidays.ics
        menshen publish
    """


@holiday.command("add")
@click.argument("day", metavar="DATE")
@click.argument("name", required=False, default="")
@changing
def add(store: Store, day: str, name: str) -> Answer:
    """Enter one holiday, such as 2026-12-25.

    \b
        menshen holiday add 2026-12-25
    """
    added = enter(store, {dates.day("DATE", day): name})
    if not added:
        raise InputError(f"DATE {day}: is a holiday already")
    said = f"{day} is a holiday" + (f", {name}" if name else "")
    return Answer({"added": added}, [f"{said}. Now: menshen publish"], record=said)


@holiday.command("import")
@click.argument("file", type=files.Input())
@changing
def import_(store: Store, file: Path) -> Answer:
    """Enter the holidays of a calendar, an .ics file (iCalendar).

    Those of the next two years are taken, also of entries that come again each year. What is there already
    stays.

    \b
        menshen holiday import holidays.ics
    """
    added = enter(store, dict(_of_calendar(file, dates.today(store.zone))))
    lines = [f"{day}  {name}".rstrip() for day, name in added.items()]
    said = f"{some('holiday', len(added))} entered from {file.name}"
    return Answer({"added": added}, [*lines, f"{said}. Now: menshen publish"], record=said if added else "")


@holiday.command("list")
@reading
def list_(store: Store) -> Answer:
    """Show all holidays.

    \b
        menshen holiday list
    """
    found = store.holidays()
    rows = [(day, f"{dt.date.fromisoformat(day):%a}", name) for day, name in found.items()]
    return Answer(found, table=Table(("day", "", "name"), rows))


@holiday.command("remove")
@click.argument("day", metavar="DATE")
@changing
def remove(store: Store, day: str) -> Answer:
    """Remove a holiday, which is a day like any other then.

    \b
        menshen holiday remove 2026-12-25
    """
    key = str(dates.day("DATE", day))
    if key not in store.holidays():
        raise NotInFileError(f"DATE {day}: is no holiday; `menshen holiday list` shows those that are")
    store.journal.write("holiday", {"day": key}, None)
    said = f"{key} is no holiday any more"
    return Answer({"removed": key}, [f"{said}. Now: menshen publish"], record=said)


def enter(store: Store, days: dict[dt.date, str]) -> dict[str, str]:
    """Enter these, and forget those that are over; what was new. Raises InputError for too many."""
    yesterday = str(dates.today(store.zone) - dt.timedelta(1))
    there = store.holidays()
    for day in [day for day in there if day < yesterday]:
        store.journal.write("holiday", {"day": day}, None)
    added = {str(day): name for day, name in sorted(days.items()) if str(day) not in there}
    if len(added) + sum(day >= yesterday for day in there) > _MOST:
        raise InputError(f"a house has {_MOST} holidays at most")
    for day, name in added.items():
        store.journal.write("holiday", {"day": day}, {"day": day, "name": name})
    return added


def _of_calendar(file: Path, today: dt.date) -> Iterator[tuple[dt.date, str]]:
    """Day and name of each holiday from today on. Raises InputError."""
    from icalendar import Calendar

    last = today + dt.timedelta(_AHEAD_DAYS)
    try:
        events = [
            event
            for one in Calendar.from_ical(file.read_bytes(), multiple=True)
            for event in one.walk("VEVENT")
        ]
        found = [
            (first, str(event.get("SUMMARY", ""))[:80])
            for event in events
            for first in _days(event, today, last)
        ]
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(f"FILE {file}: no calendar in iCalendar (.ics) that can be read") from error
    if not found:
        raise InputError(f"FILE {file}: has no day from {today} to {last}")
    for first, name in found:
        yield first, "".join(letter for letter in name if letter.isprintable())


def _days(event: object, today: dt.date, last: dt.date) -> Iterator[dt.date]:
    """The days of an event within these, of each time that it comes again."""
    from dateutil.rrule import rrulestr
    from icalendar import Event

    assert isinstance(event, Event)
    begin = _date(event.decoded("DTSTART"))
    end = _date(event.decoded("DTEND")) if "DTEND" in event else begin
    length = max(1, (end - begin).days)
    begins = [begin]
    if "RRULE" in event:
        start = dt.datetime.combine(begin, dt.time())
        again = rrulestr(event["RRULE"].to_ical().decode(), dtstart=start, ignoretz=True)
        after = dt.datetime.combine(today - dt.timedelta(length), dt.time())
        begins = [
            each.date() for each in again.between(after, dt.datetime.combine(last, dt.time()), inc=True)
        ]
    for each in begins:
        for offset in range(min(length, 31)):
            if today <= each + dt.timedelta(offset) <= last:
                yield each + dt.timedelta(offset)


def _date(when: dt.date) -> dt.date:
    return when.date() if isinstance(when, dt.datetime) else when
