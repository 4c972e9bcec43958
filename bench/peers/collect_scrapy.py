"""Collects a venue site with Scrapy into SQLite; prints one JSON line.

usage: collect_scrapy.py extruct|plain URL DB

Follows every event link of the list at URL, reads the schema.org event of each page and upserts it.
`extruct` reads as a user of that library would; `plain` is the fastest fair form: the ld+json block
found by a selector and given to json.loads. Pages without JSON-LD have microdata; both read it.
"""
import json
import sqlite3
import sys

import extruct
import scrapy
from scrapy.crawler import CrawlerProcess

COLUMNS = ["url", "name", "start", "end", "status", "venue", "street", "city", "country", "lat", "lon",
           "price_min", "price_max", "currency", "description", "performers"]
BATCH = 200


class Site(scrapy.Spider):
    name = "site"

    def parse(self, response):
        yield from response.follow_all(css="ul.events a", callback=self.read)

    def read(self, response):
        event = READERS[self.form](response)
        if event:
            yield row(response.url, event)


def with_extruct(response):
    for syntax in ("json-ld", "microdata"):
        found = extruct.extract(response.body, base_url=response.url, syntaxes=[syntax], uniform=True)
        for item in found[syntax]:
            if "startDate" in item:
                return item
    return None


def with_selectors(response):
    block = response.xpath('//script[@type="application/ld+json"]/text()').get()
    return json.loads(block) if block else microdata(response.xpath('(//*[@itemscope])[1]'))


def microdata(scope):
    """One item as a dictionary, nested items inside, as extruct gives it."""
    item = {}
    for prop in scope.xpath('.//*[@itemprop and count(ancestor::*[@itemscope]) = $depth]',
                            depth=len(scope.xpath('ancestor-or-self::*[@itemscope]'))):
        has = prop.attrib
        if "itemscope" in has:
            value = microdata(prop)
        else:
            stated = has.get("content") or has.get("datetime") or has.get("href")
            value = stated or prop.xpath('string()').get()
        item.setdefault(has["itemprop"], []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in item.items()}


READERS = {"extruct": with_extruct, "plain": with_selectors}


def row(url, event):
    place, offers = event.get("location") or {}, first(event.get("offers")) or {}
    address, geo = place.get("address") or {}, place.get("geo") or {}
    performers = event.get("performer") or []
    performers = performers if isinstance(performers, list) else [performers]
    return {
        "url": url, "name": event.get("name"), "start": event.get("startDate"), "end": event.get("endDate"),
        "status": event.get("eventStatus"), "venue": place.get("name"),
        "street": address.get("streetAddress"), "city": address.get("addressLocality"),
        "country": address.get("addressCountry"), "lat": geo.get("latitude"), "lon": geo.get("longitude"),
        "price_min": offers.get("lowPrice", offers.get("price")),
        "price_max": offers.get("highPrice", offers.get("price")),
        "currency": offers.get("priceCurrency"), "description": event.get("description"),
        "performers": ", ".join(performer["name"] for performer in performers),
    }


def first(value):
    return value[0] if isinstance(value, list) and value else value


class Sqlite:
    """Upserts by address, some hundred rows a transaction."""

    def open_spider(self):
        self.db, self.rows = sqlite3.connect(DB), 0
        self.db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        self.db.execute(f"CREATE TABLE events ({', '.join(COLUMNS)}, PRIMARY KEY (url))")
        changes = ", ".join(f"{c} = excluded.{c}" for c in COLUMNS[1:])
        self.upsert = (f"INSERT INTO events VALUES ({', '.join(':' + c for c in COLUMNS)}) "
                       f"ON CONFLICT (url) DO UPDATE SET {changes}")

    def process_item(self, item):
        self.db.execute(self.upsert, item)
        self.rows += 1
        if self.rows % BATCH == 0:
            self.db.commit()
        return item

    def close_spider(self):
        self.db.commit()
        self.db.close()


def settings():
    return {
        "ROBOTSTXT_OBEY": True, "DOWNLOAD_DELAY": 0, "AUTOTHROTTLE_ENABLED": False, "COOKIES_ENABLED": False,
        "CONCURRENT_REQUESTS": 16, "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
        # One item a page: the default of 100 starts as many idle tasks for each response.
        "CONCURRENT_ITEMS": 1,
        "TELNETCONSOLE_ENABLED": False, "LOG_LEVEL": "WARNING", "ITEM_PIPELINES": {Sqlite: 1},
    }


FORM, URL, DB = sys.argv[1:]
process = CrawlerProcess(settings())
crawler = process.create_crawler(Site)
process.crawl(crawler, start_urls=[URL], form=FORM)
process.start()
pages = crawler.stats.get_value("downloader/response_status_count/200", 0)
robots = crawler.stats.get_value("robotstxt/response_status_count/200", 0)
print(json.dumps({"pages": pages - robots, "records": crawler.stats.get_value("item_scraped_count", 0)}))
