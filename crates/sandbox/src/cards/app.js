// Builds the page as the real site does: asks for what it shows, makes a table with class names that are
// new each time, and a pager with a button.
(async () => {
  const root = document.getElementById('root');
  const make = (name, classes, text) => {
    const one = document.createElement(name);
    one.className = classes + ' jss' + Math.floor(Math.random() * 1000);
    if (text !== undefined) one.textContent = text;
    return one;
  };
  const ask = async (offset) => {
    const answer = await fetch('/data' + location.pathname + (location.search || '?') + '&offset=' + offset);
    if (!answer.ok) throw new Error('answered ' + answer.status);
    return answer.json();
  };
  root.append(make('div', 'MuiCircularProgress-root', 'loading'));
  const cell = (from) => {
    const td = make('td', 'MuiTableCell-root MuiTableCell-alignCenter');
    if (from.value !== undefined) td.setAttribute('value', from.value);
    let inner = td;
    if (from.href !== undefined) {
      inner = make('a', 'MuiLink-root');
      inner.setAttribute('href', from.href);
      td.append(inner);
    }
    if (from.bold !== undefined) inner.append(make('b', 'MuiTypography-root', from.bold));
    inner.append(from.text);
    return td;
  };
  const row = (cells) => {
    const tr = make('tr', 'MuiTableRow-root');
    tr.append(...cells.map(cell));
    return tr;
  };
  const first = await ask(0);
  root.replaceChildren();
  for (const [name, href] of first.tiles) {
    const tile = make('div', 'MuiGrid-item MuiGrid-grid-lg-2');
    const link = make('a', 'MuiLink-root');
    link.setAttribute('href', href);
    const image = document.createElement('img');
    image.src = '/images/' + encodeURIComponent(name) + '.png';
    link.append(image, make('h6', 'MuiTypography-root', name));
    tile.append(link);
    root.append(tile);
  }
  if (first.report) {
    const image = document.createElement('img');
    image.src = first.report.picture;
    const blocks = make('div', 'MuiBox-root');
    blocks.append(...first.report.blocks.map((text) => make('div', 'MuiTypography-root', text)));
    const score = make('div', 'MuiBox-root');
    score.append(make('span', 'label', 'TAG Score'), make('span', 'value', first.report.score));
    root.append(image, blocks, score);
  }
  if (first.headers.length === 0 && first.of > 0) {
    const pager = make('div', 'MuiTablePagination-root');
    pager.append(make('p', 'MuiTablePagination-displayedRows', '1-' + first.tiles.length + ' of ' + first.of));
    root.append(pager);
  }
  if (first.headers.length === 0) return;
  const table = make('table', 'MuiTable-root');
  const head = make('thead', 'MuiTableHead-root');
  const headers = make('tr', 'MuiTableRow-root');
  for (const name of first.headers) {
    const th = make('th', 'MuiTableCell-root', name);
    th.append(make('span', 'material-icons', 'unfold_more'));
    headers.append(th);
  }
  head.append(headers);
  const body = make('tbody', 'MuiTableBody-root');
  table.append(head, body);
  const pager = make('div', 'MuiTablePagination-root');
  const range = make('p', 'MuiTablePagination-displayedRows');
  const back = make('button', 'MuiIconButton-root', 'chevron_left');
  const next = make('button', 'MuiIconButton-root', 'chevron_right');
  pager.append(range, back, next);
  let offset = 0;
  const show = (page) => {
    // The pager is right before the rows are, as on the real site.
    const count = page.rows.length;
    range.textContent = (count ? offset + 1 : 0) + '-' + (offset + count) + ' of ' + page.of;
    next.disabled = count === 0 || offset + count >= page.of;
    back.disabled = offset === 0;
    setTimeout(() => {
      body.replaceChildren(...page.rows.map(row));
      if (page.totals) body.append(row(page.totals));
    }, 5);
  };
  next.addEventListener('click', async () => {
    offset += 200;
    show(await ask(offset));
  });
  root.append(table, pager);
  show(first);
})();
