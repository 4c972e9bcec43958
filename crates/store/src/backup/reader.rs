//! Reads the members of a backup, one after the other, and trusts none: each head, each content, what all of them
//! come to and that nothing follows is checked, and what is wrong is named.

use std::io::Read as _;

use bytes::Bytes;
use model::ContentHash;

use super::manifest::{BackupHead, BackupManifest, BodySum, FORMAT, TableSum};
use super::rows::RowsHash;
use super::source::{BackupSource, Feed};
use super::tables::{self, Sort, Table};
use super::tar::{self, BLOCK, Member, padding};
use crate::sql::Cell;
use crate::{StoreError, schema};

/// Longer members are none of ours.
const MOST_BYTES: u64 = 2 << 30;

/// A backup that is being read.
pub(super) struct Reader {
    feed: Feed,
    hash: blake3::Hasher,
    head: BackupHead,
    tables: Vec<Shape>,
    bodies: BodySum,
}

/// A table as it is in the backup and in the store.
pub(super) struct Shape {
    pub(super) table: Table,
    pub(super) columns: Vec<String>,
    pub(super) sorts: Vec<Sort>,
    rows: u64,
    hash: RowsHash,
}

/// What comes next.
pub(super) enum Piece {
    /// Rows of the table of this place in [`Reader::tables`].
    Rows(usize, Vec<Vec<Cell>>),
    Body(ContentHash, Bytes),
    /// Nothing any more, and all of it was sound.
    End(BackupManifest),
}

impl Reader {
    /// Reads what a backup says of itself.
    pub(super) async fn open(source: BackupSource) -> Result<Reader, StoreError> {
        let mut feed = Feed::open(source).await?;
        let mut head = [0; BLOCK];
        let read = feed.fill(&mut head).await?;
        let ours = head.starts_with(b"callboard-") || read == BLOCK && Member::read(&head).is_some();
        if !ours {
            let what = match read {
                0 => "is empty: no backup of callboard",
                _ => "is not a backup of callboard, or its first bytes are damaged",
            };
            let name = feed.name.replace("from standard input", "what came from standard input");
            return Err(StoreError::Question(format!("{name} {what}")));
        }
        let mut reader = Reader {
            feed,
            hash: blake3::Hasher::new(),
            head: BackupHead::default(),
            tables: Vec::new(),
            bodies: BodySum::default(),
        };
        let (member, content) = reader.member_of(head, read).await?;
        reader.hash_member(&member, &content);
        reader.head = serde_json::from_slice(&content).map_err(|error| reader.newer(&error.to_string()))?;
        reader.tables = reader.shapes()?;
        Ok(reader)
    }

    pub(super) fn head(&self) -> &BackupHead {
        &self.head
    }

    pub(super) fn table(&self, at: usize) -> Option<&Shape> {
        self.tables.get(at)
    }

    /// The shapes of its tables; that one is not known here is an error.
    fn shapes(&self) -> Result<Vec<Shape>, StoreError> {
        if self.head.format > FORMAT || self.head.schema > schema::VERSION {
            return Err(self.newer(&format!("its schema is version {}", self.head.schema)));
        }
        if self.head.schema < schema::VERSION {
            return Err(StoreError::Question(format!(
                "the backup {} is of version {} of the schema, this callboard knows {}: restore it with callboard \
                 {}, then `callboard migrate --apply` with this one",
                self.feed.name,
                self.head.schema,
                schema::VERSION,
                self.head.program
            )));
        }
        let known = tables::all();
        let shape = |said: &super::BackupTable| {
            let table = known.iter().find(|table| table.name == said.name);
            let table = table.ok_or_else(|| self.newer(&format!("it has a table {}", said.name)))?;
            let sort = |name: &String| {
                let column = table.column(name).map(|column| column.sort);
                column.ok_or_else(|| self.newer(&format!("its table {} has a column {name}", said.name)))
            };
            let sorts = said.columns.iter().map(sort).collect::<Result<_, _>>()?;
            let (table, columns) = (table.clone(), said.columns.clone());
            Ok(Shape { table, columns, sorts, rows: 0, hash: RowsHash::default() })
        };
        self.head.tables.iter().map(shape).collect()
    }

    fn newer(&self, why: &str) -> StoreError {
        StoreError::Question(format!(
            "the backup {} was made by a newer callboard ({why}): use that version, at least {}",
            self.feed.name, self.head.program
        ))
    }

    /// The next piece of it.
    pub(super) async fn next(&mut self) -> Result<Piece, StoreError> {
        let mut head = [0; BLOCK];
        let read = self.feed.fill(&mut head).await?;
        let (member, content) = self.member_of(head, read).await?;
        if member.name.starts_with("manifest-") {
            return self.end(&member, &content).await.map(Piece::End);
        }
        self.hash_member(&member, &content);
        let parts: Vec<&str> = member.name.split('/').collect();
        match parts.as_slice() {
            ["tables", table, _] => self.rows(table, &member, &content),
            ["bodies", file] => self.body(file, &member, &content),
            _ => Err(self.feed.damaged(format!("{} does not belong there", member.name))),
        }
    }

    /// Checks a head and reads what follows it.
    async fn member_of(&mut self, head: [u8; BLOCK], read: usize) -> Result<(Member, Bytes), StoreError> {
        let at = self.feed.at - read as u64;
        if read < BLOCK {
            return Err(self.feed.damaged(format!("it ends at byte {}, the rest is missing", self.feed.at)));
        }
        let wrong =
            || self.feed.damaged(format!("the head of a member at byte {at} is not as it was written"));
        let member = Member::read(&head).filter(|member| member.size <= MOST_BYTES).ok_or_else(wrong)?;
        let size = usize::try_from(member.size).unwrap_or(usize::MAX);
        let mut content = vec![0; size + padding(member.size)];
        let filled = self.feed.fill(&mut content).await?;
        if filled < content.len() {
            let at = self.feed.at;
            return Err(self.feed.damaged(format!("it ends at byte {at}, within {}", member.name)));
        }
        let sound = content[size..].iter().all(|byte| *byte == 0);
        content.truncate(size);
        if !sound || !tar::is_named_after(&member.name, &content) {
            let reason = format!("{}, at byte {at}, is not as it was written", member.name);
            return Err(self.feed.damaged(reason));
        }
        Ok((member, content.into()))
    }

    fn hash_member(&mut self, member: &Member, content: &[u8]) {
        self.hash.update(&member.head());
        self.hash.update(content);
        self.hash.update(&[0; BLOCK][..padding(member.size)]);
    }

    fn rows(&mut self, table: &str, member: &Member, content: &[u8]) -> Result<Piece, StoreError> {
        let wrong = |why: String| self.feed.damaged(format!("{}: {why}", member.name));
        let at = self.tables.iter().position(|shape| shape.table.name == table);
        let at = at.ok_or_else(|| wrong("its table is not among those at the beginning".to_owned()))?;
        let lines = unpacked(content).map_err(wrong)?;
        let mut rows = Vec::new();
        let shape = &mut self.tables[at];
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let row: Vec<Cell> = match serde_json::from_slice(line) {
                Ok(row) => row,
                Err(error) => return Err(self.feed.damaged(format!("{}: {error}", member.name))),
            };
            if row.len() != shape.columns.len() {
                return Err(self.feed.damaged(format!("{}: a row has other columns", member.name)));
            }
            shape.hash.add(&shape.sorts, &row);
            shape.rows += 1;
            rows.push(row);
        }
        Ok(Piece::Rows(at, rows))
    }

    fn body(&mut self, file: &str, member: &Member, content: &[u8]) -> Result<Piece, StoreError> {
        let wrong = |why: &str| self.feed.damaged(format!("{}: {why}", member.name));
        let hash = file.get(..64).and_then(ContentHash::from_hex).ok_or_else(|| wrong("it names no body"))?;
        let body = unpacked(content).map_err(|why| wrong(&why))?;
        if ContentHash::of(&body) != hash {
            return Err(wrong("its content has another hash"));
        }
        self.bodies.count += 1;
        self.bodies.bytes += body.len() as u64;
        Ok(Piece::Body(hash, body.into()))
    }

    /// What is in it must be what the manifest says, and the manifest the last thing in it.
    async fn end(&mut self, member: &Member, content: &[u8]) -> Result<BackupManifest, StoreError> {
        let manifest: BackupManifest = serde_json::from_slice(content)
            .map_err(|error| self.feed.damaged(format!("{}: {error}", member.name)))?;
        let mut tail = [0; 2 * BLOCK + 1];
        let at = self.feed.at;
        if self.feed.fill(&mut tail).await? != 2 * BLOCK || tail.iter().any(|byte| *byte != 0) {
            return Err(self.feed.damaged(format!("its end, from byte {at}, is not as it was written")));
        }
        for shape in &self.tables {
            let found = TableSum { rows: shape.rows, blake3: shape.hash.to_hex() };
            let said = manifest.tables.get(&shape.table.name).cloned().unwrap_or_default();
            if said != found {
                return Err(self.feed.damaged(format!(
                    "of table {} it holds {} rows with the hash {}, its manifest says {} with {}",
                    shape.table.name, found.rows, found.blake3, said.rows, said.blake3
                )));
            }
        }
        let held = self.head.landing == "include";
        if held && (self.bodies.count, self.bodies.bytes) != (manifest.bodies.count, manifest.bodies.bytes) {
            let (found, said) = (self.bodies.count, manifest.bodies.count);
            return Err(self.feed.damaged(format!("it holds {found} bodies, its manifest says {said}")));
        }
        if self.hash.finalize().to_hex().as_str() != manifest.blake3 {
            return Err(self.feed.damaged("something was moved or left out in it"));
        }
        Ok(manifest)
    }

    /// Bytes read so far.
    pub(super) fn read(&self) -> u64 {
        self.feed.at
    }
}

fn unpacked(content: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(content).map_err(|error| error.to_string())?;
    decoder.take(MOST_BYTES).read_to_end(&mut out).map_err(|error| error.to_string())?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::manifest::BackupTable;
    use super::super::target::BackupTarget;
    use super::super::writer::Writer;
    use super::*;

    async fn opened(head: &BackupHead) -> String {
        let folder = testkit::TempFolder::new();
        let path = folder.path().join("backup.tar");
        let writer = Writer::begin(BackupTarget::File(path.clone()), 0, head).await.unwrap();
        writer.finish(&mut BackupManifest::default()).await.unwrap();
        Reader::open(BackupSource::File(path)).await.err().map_or_else(String::new, |error| error.to_string())
    }

    #[tokio::test]
    async fn what_is_not_known_here_is_refused() {
        let table = |columns: &[&str]| BackupTable {
            name: "scopes".to_owned(),
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
        };
        let head = |schema, tables| BackupHead { format: FORMAT, schema, tables, ..BackupHead::default() };
        assert_eq!(opened(&head(schema::VERSION, vec![table(&["scope", "name"])])).await, "");
        for newer in [
            head(schema::VERSION + 1, Vec::new()),
            head(schema::VERSION, vec![table(&["scope", "of_tomorrow"])]),
            BackupHead { format: FORMAT + 1, ..head(schema::VERSION, Vec::new()) },
        ] {
            let refused = opened(&newer).await;
            assert!(refused.contains("made by a newer callboard"), "{refused}");
        }
        let older = opened(&head(schema::VERSION - 1, Vec::new())).await;
        assert!(older.contains("callboard migrate --apply"), "{older}");
    }

    #[tokio::test]
    async fn something_else_is_no_backup() {
        let folder = testkit::TempFolder::new();
        let path = folder.write("letter.txt", "Dear all,");
        let refused = Reader::open(BackupSource::File(path)).await.err().unwrap().to_string();
        assert!(refused.contains("is not a backup of callboard"), "{refused}");
        let absent = Reader::open(BackupSource::File("no.tar".into())).await.err().unwrap().to_string();
        assert!(absent.contains("cannot read the backup no.tar"), "{absent}");
    }
}
