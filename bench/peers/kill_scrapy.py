"""Crawls a venue site with Scrapy and a job folder, so that a second run can go on from a first.

usage: kill_scrapy.py URL FOLDER

One JSON line for each event page goes into FOLDER/rows.jsonl.
"""
import sys
from pathlib import Path

import scrapy
from scrapy.crawler import CrawlerProcess

URL, FOLDER = sys.argv[1], Path(sys.argv[2])


class Site(scrapy.Spider):
    name = "site"
    start_urls = [URL]

    def parse(self, response):
        yield from response.follow_all(css="ul.events a", callback=self.read)

    def read(self, response):
        yield {"url": response.url, "title": response.css("h1::text").get()}


process = CrawlerProcess({
    "ROBOTSTXT_OBEY": True, "DOWNLOAD_DELAY": 0, "AUTOTHROTTLE_ENABLED": False, "COOKIES_ENABLED": False,
    "CONCURRENT_REQUESTS": 16, "CONCURRENT_REQUESTS_PER_DOMAIN": 16, 
    "TELNETCONSOLE_ENABLED": False, "LOG_LEVEL": "WARNING", "JOBDIR": str(FOLDER / "job"),
    "FEEDS": {FOLDER / "rows.jsonl": {"format": "jsonlines", "overwrite": False}},
})
process.crawl(Site)
process.start()
