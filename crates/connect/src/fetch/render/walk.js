async (plan) => {
  // Waits for the list, walks its pages, and gives the page with the rows of all of them.
  const began = performance.now();
  const late = () => performance.now() - began > plan.limitMs;
  const until = (test, why) => new Promise((resolve, reject) => {
    let done = false;
    const end = () => { done = true; watcher.disconnect(); clearInterval(timer); };
    const look = () => {
      if (done) return;
      const found = test();
      if (found) { end(); resolve(found); } else if (late()) { end(); reject(new Error(why)); }
    };
    const watcher = new MutationObserver(look);
    const timer = setInterval(look, 100);
    watcher.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
    look();
  });
  const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
  const empty = plan.empty ? new RegExp(plan.empty, 'i') : null;
  const there = () => document.body && (document.querySelector(plan.waitFor)
    || (empty && empty.test(document.body.textContent)));
  await until(there, 'nothing that fits `' + plan.waitFor + '` was shown in time');
  await settled();

  const number = (text) => Number(text.replace(/,/g, ''));
  const range = () => {
    const pager = plan.pager && document.querySelector(plan.pager);
    const found = pager && /(\d[\d,]*)\s*[-\u2013\u2014]\s*(\d[\d,]*)\s+of\s+(\d[\d,]*)/.exec(pager.textContent);
    return found && { from: number(found[1]), to: number(found[2]), of: number(found[3]) };
  };
  const tables = () => [...document.querySelectorAll('table')];
  const longest = () => tables().reduce((best, table, index, all) =>
    (best < 0 || table.rows.length > all[best].rows.length ? index : best), -1);
  const body = () => { const at = longest(); return at < 0 ? null : tables()[at].tBodies[0]; };
  const button = () => {
    const all = [...document.querySelectorAll(plan.next)].filter((one) => !one.disabled
      && one.getAttribute('aria-disabled') !== 'true');
    const named = all.filter((one) => /next|chevron_right|keyboard_arrow_right/i.test(
      (one.getAttribute('aria-label') || '') + one.textContent));
    return named.pop() || all.pop();
  };

  const earlier = [];
  let now = range();
  while (now && now.to < now.of && earlier.length + 1 < plan.maxPages && body()) {
    const next = button();
    if (!next) break;
    const before = { from: now.from, text: body().textContent };
    earlier.push(body().cloneNode(true));
    next.click();
    try {
      await until(() => {
        const then = range();
        return then && then.from > before.from && body() && body().textContent !== before.text
          && body().rows.length >= then.to - then.from + 1;
      }, 'the next page of the list was not shown in time');
    } catch (error) {
      // What is there is given; that it is not all can be seen from the pager.
      earlier.pop();
      break;
    }
    await settled();
    now = range();
  }

  const at = longest();
  const copy = document.documentElement.cloneNode(true);
  if (earlier.length > 0) {
    const table = copy.querySelectorAll('table')[at];
    for (const rows of earlier) table.insertBefore(rows, table.tBodies[table.tBodies.length - 1]);
  }
  for (const one of copy.querySelectorAll('script, style, link, noscript, svg, iframe, template')) {
    if (!(one.localName === 'link' && one.rel === 'canonical')) one.remove();
  }
  // Names that each build makes anew would make the same page another one.
  for (const one of copy.querySelectorAll('[class]')) {
    const kept = [...one.classList].filter((name) => !/^(jss\d+|css-[a-z0-9]+)$/.test(name));
    if (kept.length > 0) one.setAttribute('class', kept.join(' ')); else one.removeAttribute('class');
  }
  return '<!DOCTYPE html>\n' + copy.outerHTML;
}
