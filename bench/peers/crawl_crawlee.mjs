// Crawls a catalogue of cards with Crawlee; prints one JSON line.
// usage: crawl_crawlee.mjs memory|disk URL FOLDER; BENCH_MODULES names the folder of the modules.
// Writes one JSON line for each card into FOLDER/rows.jsonl. `disk` keeps its queue in FOLDER/storage.
import fs from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.BENCH_MODULES}/`);
const { CheerioCrawler, Configuration, log, LogLevel } = require('@crawlee/cheerio');
const [form, url, folder] = process.argv.slice(2);
const rows = fs.openSync(`${folder}/rows.jsonl`, 'w');
const fields = ['name', 'number', 'set', 'year', 'category', 'price', 'rarity'];
let count = 0;
log.setLevel(LogLevel.WARNING);

const crawler = new CheerioCrawler({
  minConcurrency: 16,
  maxConcurrency: 16,
  respectRobotsTxtFile: true,
  useSessionPool: false,
  async requestHandler({ $, request, enqueueLinks }) {
    const card = $('div.card');
    if (card.length === 0) {
      await enqueueLinks({ selector: 'a.item' });
      return;
    }
    const row = { id: card.attr('data-id'), url: request.url };
    for (const field of fields) row[field] = card.find(`span.${field}`).text();
    const prices = $('table.prices tr').slice(1);
    row.grades = prices.map((_, line) => [['g', 'p', 'n'].map((cell) => $(line).find(`td.${cell}`).text())]).get();
    fs.writeSync(rows, `${JSON.stringify(row)}\n`);
    count += 1;
  },
}, new Configuration({
  persistStorage: form === 'disk',
  storageClientOptions: { localDataDirectory: `${folder}/storage` },
}));
await crawler.run([url]);
const { version } = require('@crawlee/cheerio/package.json');
console.log(JSON.stringify({ rows: count, version: `Crawlee ${version}` }));
process.exit(0);
