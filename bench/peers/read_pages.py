"""Reads pages with extruct; see timed.py for the arguments.

Modes: `all` is what callboard reads in pages, `schema.org` leaves microformats out, `json-ld` reads
nothing else.
"""
import timed
import extruct

BASE = "https://example.org/"


def read(body, syntaxes):
    found = extruct.extract(body, base_url=BASE, encoding="UTF-8", syntaxes=syntaxes, errors="strict")
    return sum(len(items) for items in found.values())


READERS = {
    "all": lambda body: read(body, ["json-ld", "microdata", "microformat"]),
    "schema.org": lambda body: read(body, ["json-ld", "microdata"]),
    "json-ld": lambda body: read(body, ["json-ld"]),
}

timed.main(READERS, ["extruct", "lxml", "mf2py"])
