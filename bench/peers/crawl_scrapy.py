"""Crawls a catalogue of cards with Scrapy; prints one JSON line.

usage: crawl_scrapy.py memory|disk URL FOLDER

Follows the links of every list, and writes one JSON line for each card into FOLDER/rows.jsonl. `disk` keeps its
queue in FOLDER/job, as one that is to be gone on with later does.
"""
import json
import sys
from pathlib import Path

import scrapy
from scrapy.crawler import CrawlerProcess

FORM, URL, FOLDER = sys.argv[1], sys.argv[2], Path(sys.argv[3])
FIELDS = ["name", "number", "set", "year", "category", "price", "rarity"]


class Cards(scrapy.Spider):
    name = "cards"
    start_urls = [URL]

    def parse(self, response):
        card = response.css("div.card")
        if not card:
            yield from response.follow_all(css="a.item")
            return
        row = {field: card.css(f"span.{field}::text").get() for field in FIELDS}
        prices = response.css("table.prices tr")[1:]
        grades = [[line.css(f"td.{cell}::text").get() for cell in "gpn"] for line in prices]
        yield {"id": card.attrib["data-id"], "url": response.url, **row, "grades": grades}


settings = {
    "ROBOTSTXT_OBEY": True, "DOWNLOAD_DELAY": 0, "AUTOTHROTTLE_ENABLED": False, "COOKIES_ENABLED": False,
    "CONCURRENT_REQUESTS": 16, "CONCURRENT_REQUESTS_PER_DOMAIN": 16, "CONCURRENT_ITEMS": 1,
    "TELNETCONSOLE_ENABLED": False, "LOG_LEVEL": "WARNING",
    "FEEDS": {FOLDER / "rows.jsonl": {"format": "jsonlines"}},
}
if FORM == "disk":
    settings["JOBDIR"] = str(FOLDER / "job")
process = CrawlerProcess(settings)
crawler = process.create_crawler(Cards)
process.crawl(crawler)
process.start()
print(json.dumps({"rows": crawler.stats.get_value("item_scraped_count", 0), "version": f"Scrapy {scrapy.__version__}"}))
