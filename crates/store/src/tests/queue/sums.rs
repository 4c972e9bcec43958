//! What must hold of the tables of work at any moment between two transactions.

use crate::Store;
use crate::sql;

/// Each query finds what is wrong, one text a row.
const WRONG: &[(&str, &str)] = &[
    (
        "sums over children",
        "SELECT s.item || ': kept ' || s.total || '/' || s.open || '/' || s.ready || '/' || s.running || '/' \
           || s.done || '/' || s.skipped || '/' || s.failed || ', counted ' || c.total || '/' || c.open || '/' \
           || c.ready || '/' || c.running || '/' || c.done || '/' || c.skipped || '/' || c.failed \
         FROM spreads s JOIN ( \
           SELECT p.item, count(i.id) AS total, count(i.id) FILTER (WHERE i.state < 4) AS open, \
             count(i.id) FILTER (WHERE i.state = 1) AS ready, count(i.id) FILTER (WHERE i.state IN (2, 3)) AS running, \
             count(i.id) FILTER (WHERE i.state = 4) AS done, count(i.id) FILTER (WHERE i.state IN (5, 8)) AS skipped, \
             count(i.id) FILTER (WHERE i.state IN (6, 7)) AS failed \
           FROM spreads p LEFT JOIN items i ON i.parent = p.item GROUP BY p.item) c ON c.item = s.item \
         WHERE (s.total, s.open, s.ready, s.running, s.done, s.skipped, s.failed) \
           <> (c.total, c.open, c.ready, c.running, c.done, c.skipped, c.failed)",
    ),
    (
        "sums over steps",
        "SELECT s.run || '.' || s.step || ': kept ' || s.total || '/' || s.done || '/' || s.failed || '/' \
           || s.skipped || '/' || s.dead || '/' || s.cancelled || '/' || s.running || '/' || s.waiting \
         FROM steps s JOIN ( \
           SELECT t.run, t.step, count(i.id) AS total, count(i.id) FILTER (WHERE i.state = 4) AS done, \
             count(i.id) FILTER (WHERE i.state = 6) AS failed, count(i.id) FILTER (WHERE i.state = 5) AS skipped, \
             count(i.id) FILTER (WHERE i.state = 7) AS dead, count(i.id) FILTER (WHERE i.state = 8) AS cancelled, \
             count(i.id) FILTER (WHERE i.state IN (2, 3)) AS running, \
             count(i.id) FILTER (WHERE i.state IN (0, 1)) AS waiting \
           FROM steps t LEFT JOIN items i ON i.run = t.run AND i.step = t.step AND i.counted \
           GROUP BY t.run, t.step) c ON c.run = s.run AND c.step = s.step \
         WHERE (s.total, s.done, s.failed, s.skipped, s.dead, s.cancelled, s.running, s.waiting) \
           <> (c.total, c.done, c.failed, c.skipped, c.dead, c.cancelled, c.running, c.waiting)",
    ),
    ("owners", "SELECT id FROM items WHERE (state = 2) <> (owner IS NOT NULL)"),
    (
        "leases of runners that have ended",
        "SELECT i.id FROM items i JOIN runners r ON r.runner = i.owner WHERE i.state = 2 AND r.ended IS NOT NULL",
    ),
    (
        "items that wait for nothing",
        "SELECT id FROM items i WHERE state = 3 \
         AND NOT EXISTS (SELECT 1 FROM spreads s WHERE s.item = i.id AND s.open > 0)",
    ),
    ("settled ends of items that do not wait", "SELECT id FROM items WHERE ends IS NOT NULL AND state <> 3"),
    ("blocked by nothing", "SELECT id FROM items WHERE state = 0 AND pending <= 0"),
    (
        "open items in runs that have ended",
        "SELECT i.id || ' in state ' || i.state FROM items i JOIN runs r ON r.seq = i.run \
         WHERE r.state = 'ended' AND i.state < 4",
    ),
    (
        "locks held twice",
        "SELECT lock FROM runs WHERE lock IS NOT NULL AND holds AND state <> 'ended' GROUP BY lock HAVING count(*) > 1",
    ),
    ("runs that hold nothing", "SELECT seq FROM runs WHERE state = 'running' AND NOT holds"),
    (
        "children of nothing",
        "SELECT i.id FROM items i LEFT JOIN items p ON p.id = i.parent \
                             WHERE i.parent IS NOT NULL AND p.id IS NULL",
    ),
];

/// Compares every sum that is kept with what counting the rows gives, and more of the kind.
pub async fn assert_sums(store: &Store) {
    for (what, sql) in WRONG {
        let found = sql::query(*sql).fetch_all(&store.readers).await.unwrap();
        assert!(found.is_empty(), "{what}: {found:?}");
    }
}
