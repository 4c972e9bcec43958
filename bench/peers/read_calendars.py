"""Reads calendars with icalendar and expands them with recurring-ical-events; see timed.py.

Mode `expand` takes the first and the last day of the window, both included.
"""
from datetime import date, timedelta

import timed
import icalendar
import recurring_ical_events


def read(body, first, last):
    calendar = icalendar.Calendar.from_ical(body)
    # between() leaves the end out.
    window = date.fromisoformat(first), date.fromisoformat(last) + timedelta(days=1)
    rows = [row(event) for event in recurring_ical_events.of(calendar).between(*window)]
    return len(rows)


def row(event):
    end = event.get("DTEND")
    return str(event.get("UID", "")), str(event.get("SUMMARY", "")), event["DTSTART"].dt, end and end.dt


timed.main({"expand": read}, ["icalendar", "recurring-ical-events"])
