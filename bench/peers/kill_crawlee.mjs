// Crawls a venue site with Crawlee and its storage on disk, which a second run goes on from.
// usage: kill_crawlee.mjs URL FOLDER; BENCH_MODULES names the folder of the modules.
// One JSON line for each event page goes into FOLDER/rows.jsonl.
import fs from 'node:fs';
import { createRequire } from 'node:module';

const { CheerioCrawler, Configuration, log, LogLevel } =
  createRequire(`${process.env.BENCH_MODULES}/`)('@crawlee/cheerio');
const [url, folder] = process.argv.slice(2);
const rows = fs.openSync(`${folder}/rows.jsonl`, 'a');
log.setLevel(LogLevel.WARNING);

const storage = { localDataDirectory: `${folder}/storage` };
const crawler = new CheerioCrawler({
  minConcurrency: 16,
  maxConcurrency: 16,
  respectRobotsTxtFile: true,
  useSessionPool: false,
  async requestHandler({ $, request, enqueueLinks }) {
    if (request.url === url) {
      await enqueueLinks({ selector: 'ul.events a', waitForAllRequestsToBeAdded: true });
    } else {
      fs.writeSync(rows, `${JSON.stringify({ url: request.url, title: $('h1').first().text() })}\n`);
    }
  },
  // Without purgeOnStart: false a second run would begin anew.
}, new Configuration({ persistStorage: true, purgeOnStart: false, storageClientOptions: storage }));
await crawler.run([url]);
process.exit(0);
