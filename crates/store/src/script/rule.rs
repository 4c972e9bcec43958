//! What a script may do: read everything, write only what begins with [`OWN`]. Whatever is not plainly
//! one of the statements below is refused.

use super::tokens::{Kind, Token, tokens};
use crate::sql::Dialect;

/// How the names of users' own tables, views and indexes begin. No table of callboard ever does.
pub const OWN: &str = "own_";

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    Read,
    /// Rows of the user's own.
    Write,
    /// Tables, views and indexes of the user's own.
    Define,
}

/// One statement of a script.
#[derive(Debug)]
pub(super) struct Spoken {
    pub(super) tokens: Vec<Token>,
    pub(super) does: Does,
    /// How messages name it.
    pub(super) name: String,
}

/// The statements of a script, each of them one that may run.
pub(super) fn statements(script: &str, dialect: Dialect) -> Result<Vec<Spoken>, String> {
    let tokens = tokens(script, dialect)?;
    let parts = tokens.split(|token| token.is_sign(script, ";")).filter(|part| !part.is_empty());
    let mut statements = Vec::new();
    for (index, part) in parts.enumerate() {
        let name = name(script, part, index + 1);
        let does = Reader { script, dialect, tokens: part, at: 0 }.statement();
        let does = does.map_err(|why| explained(&format!("{name} {why}")))?;
        statements.push(Spoken { tokens: part.to_vec(), does, name });
    }
    if statements.is_empty() { Err("there is no statement to run".to_owned()) } else { Ok(statements) }
}

/// The rule, after what went against it.
pub(super) fn explained(what: &str) -> String {
    format!(
        "{what}. A script may read everything, and write tables, views and indexes of your own: those whose \
         names begin with `{OWN}`. What callboard keeps is changed by its runs alone, so that the change log \
         stays true"
    )
}

fn name(script: &str, tokens: &[Token], number: usize) -> String {
    let (first, last) = (tokens.first().map_or(0, |t| t.start), tokens.last().map_or(0, |t| t.end));
    let text = script[first..last].split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = text.chars().take(40).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    format!("statement {number} (`{short}{dots}`)")
}

/// Reads a statement as far as is needed to tell what it writes.
struct Reader<'a> {
    script: &'a str,
    dialect: Dialect,
    tokens: &'a [Token],
    at: usize,
}

impl Reader<'_> {
    fn statement(mut self) -> Result<Does, String> {
        // It would hold also if the script did not.
        if self.dialect == Dialect::Postgres && self.names(&["SETVAL"]) {
            return Err("sets a sequence".to_owned());
        }
        if self.takes("WITH") {
            self.skip_named_queries()?;
            if self.peeks(&["CREATE", "DROP", "ALTER", "EXPLAIN", "WITH"]) {
                return Err("is of no kind that may run here".to_owned());
            }
        }
        if self.peeks(&["SELECT", "VALUES", "EXPLAIN"]) {
            return Ok(Does::Read);
        }
        if self.peeks(&["INSERT", "REPLACE", "UPDATE", "DELETE"]) {
            return self.write();
        }
        match self.word().as_str() {
            "CREATE" => self.create(),
            "DROP" => self.drop(),
            "ALTER" => self.alter(),
            "BEGIN" | "COMMIT" | "END" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" => {
                Err("is not needed: the whole script is one transaction".to_owned())
            }
            _ => Err("is of no kind that may run here".to_owned()),
        }
    }

    /// Goes to the first word outside all parentheses that says what is done.
    fn skip_named_queries(&mut self) -> Result<(), String> {
        let mut depth = 0_u32;
        while let Some(token) = self.tokens.get(self.at) {
            if token.is_sign(self.script, "(") {
                depth += 1;
            } else if token.is_sign(self.script, ")") {
                depth = depth.saturating_sub(1);
            } else if depth == 0 && self.peeks(&["SELECT", "VALUES", "INSERT", "REPLACE", "UPDATE", "DELETE"])
            {
                return Ok(());
            }
            self.at += 1;
        }
        Err("names queries and asks none".to_owned())
    }

    fn write(mut self) -> Result<Does, String> {
        let verb = self.word();
        if self.takes("OR") {
            self.word();
        }
        let joined = match verb.as_str() {
            "INSERT" | "REPLACE" => self.takes("INTO"),
            "DELETE" => self.takes("FROM"),
            _ => true,
        };
        if !joined {
            return Err("is of no kind that may run here".to_owned());
        }
        self.own("writes")?;
        Ok(Does::Write)
    }

    fn create(mut self) -> Result<Does, String> {
        let unique = self.takes("UNIQUE");
        let what = self.word();
        if !matches!((what.as_str(), unique), ("INDEX", _) | ("TABLE" | "VIEW", false)) {
            return Err("makes neither a table nor a view nor an index".to_owned());
        }
        if self.takes("IF") && !(self.takes("NOT") && self.takes("EXISTS")) {
            return Err("is of no kind that may run here".to_owned());
        }
        self.own("makes")?;
        if what == "INDEX" {
            if !self.takes("ON") {
                return Err("is of no kind that may run here".to_owned());
            }
            self.own("puts an index on")?;
        }
        self.refers_to_own()
    }

    fn drop(mut self) -> Result<Does, String> {
        if !matches!(self.word().as_str(), "TABLE" | "INDEX" | "VIEW") {
            return Err("drops neither a table nor a view nor an index".to_owned());
        }
        if self.takes("IF") && !self.takes("EXISTS") {
            return Err("is of no kind that may run here".to_owned());
        }
        self.own("drops")?;
        while self.tokens.get(self.at).is_some_and(|token| token.is_sign(self.script, ",")) {
            self.at += 1;
            self.own("drops")?;
        }
        Ok(Does::Define)
    }

    fn alter(mut self) -> Result<Does, String> {
        if !self.takes("TABLE") {
            return Err("is of no kind that may run here".to_owned());
        }
        self.own("changes")?;
        if self.takes("RENAME") && self.takes("TO") {
            self.own("renames it to")?;
        }
        self.refers_to_own()
    }

    /// A reference to a table of callboard would keep callboard from deleting its rows.
    fn refers_to_own(mut self) -> Result<Does, String> {
        if self.dialect == Dialect::Postgres && self.names(&["INHERIT", "INHERITS", "PARTITION", "SCHEMA"]) {
            return Err("makes a table part of another, or moves it away".to_owned());
        }
        while self.at < self.tokens.len() {
            if self.takes("REFERENCES") {
                self.own("refers to")?;
            } else {
                self.at += 1;
            }
        }
        Ok(Does::Define)
    }

    /// Takes a name, which must be one of the user's own.
    fn own(&mut self, verb: &str) -> Result<(), String> {
        let mut name = self.name().ok_or_else(|| "is of no kind that may run here".to_owned())?;
        if self.tokens.get(self.at).is_some_and(|token| token.is_sign(self.script, ".")) {
            self.at += 1;
            if self.dialect == Dialect::Postgres {
                return Err(format!(
                    "{verb} something in `{name}`: write the name of a table of your own alone"
                ));
            }
            if !name.eq_ignore_ascii_case("main") {
                return Err(format!("{verb} something in `{name}`, which is another database"));
            }
            name = self.name().ok_or_else(|| "is of no kind that may run here".to_owned())?;
        }
        let is_own = name.get(..OWN.len()).is_some_and(|start| start.eq_ignore_ascii_case(OWN));
        if is_own { Ok(()) } else { Err(format!("{verb} `{name}`")) }
    }

    fn name(&mut self) -> Option<String> {
        let name = self.tokens.get(self.at)?.name(self.script)?;
        self.at += 1;
        Some(name)
    }

    /// The next word in capitals; empty when the next is none.
    fn word(&mut self) -> String {
        let word = self.tokens.get(self.at).filter(|token| token.kind == Kind::Word);
        self.at += 1;
        word.map(|token| token.text(self.script).to_ascii_uppercase()).unwrap_or_default()
    }

    fn takes(&mut self, keyword: &str) -> bool {
        let is_it = self.peeks(&[keyword]);
        self.at += usize::from(is_it);
        is_it
    }

    /// Whether one of these words is anywhere in the statement.
    fn names(&self, words: &[&str]) -> bool {
        self.tokens.iter().any(|token| words.iter().any(|word| token.is(self.script, word)))
    }

    fn peeks(&self, keywords: &[&str]) -> bool {
        let next = self.tokens.get(self.at);
        next.is_some_and(|token| keywords.iter().any(|keyword| token.is(self.script, keyword)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(script: &str, expected: Result<&[Does], &str>) {
        check_in(Dialect::Sqlite, script, expected);
    }

    fn check_in(dialect: Dialect, script: &str, expected: Result<&[Does], &str>) {
        let does = statements(script, dialect).map(|all| all.iter().map(|one| one.does).collect::<Vec<_>>());
        match (does, expected) {
            (Ok(does), Ok(expected)) => assert_eq!(does, expected, "{script}"),
            (Err(why), Err(expected)) => assert!(why.contains(expected), "{script}: {why}"),
            (does, _) => panic!("{script}: {does:?}"),
        }
    }

    #[test]
    fn what_is_ones_own_may_be_written() {
        use Does::{Define, Read, Write};
        check("select 1; ; VALUES (1);", Ok(&[Read, Read]));
        check("with a as (select 1), b(x) as (delete_me) select * from a", Ok(&[Read]));
        check("create table if not exists own_x as select * from event_listings", Ok(&[Define]));
        check(
            "create unique index own_i on own_x (a); create view main.OWN_v as select 1",
            Ok(&[Define, Define]),
        );
        check(
            "insert or replace into \"own_x\" select 1; replace into [own_x] values (1)",
            Ok(&[Write, Write]),
        );
        check("with a as (select 1) update own_x set a = 1; delete from own_x", Ok(&[Write, Write]));
        check("alter table own_x rename to own_y; drop table if exists own_y", Ok(&[Define, Define]));
        check("create table own_x (a references own_y)", Ok(&[Define]));
    }

    #[test]
    fn what_belongs_to_callboard_may_not() {
        check(
            "delete from event_listings",
            Err("statement 1 (`delete from event_listings`) writes `event_listings`. A script may read"),
        );
        for script in [
            "insert into 'venues' values (1)",
            "update main.[venues] set name = 1",
            "with replace as (select 1) delete from venues",
            "with a as (select 1) replace into venues select 1",
            "drop table own_x; drop table venues",
            "alter table own_x rename to venues",
            "create table own_x (a references venues)",
            "create index own_i on venues (name)",
            "create trigger own_t after insert on venues begin delete from own_x; end",
            "create temp table own_x (a)",
            "create virtual table own_x using fts5 (a)",
            "insert into temp.own_x values (1)",
            "pragma writable_schema = 1",
            "attach 'x.db' as x",
            "vacuum into 'x.db'",
            "analyze",
            "/* a */ -- b\n reindex",
            "own_x",
            "(select 1)",
        ] {
            assert!(statements(script, Dialect::Sqlite).is_err(), "{script}");
        }
        check("begin; select 1; commit", Err("the whole script is one transaction"));
        check(" ; -- nothing", Err("no statement"));
    }

    #[test]
    fn postgresql_has_more_ways_to_write() {
        use Does::{Define, Read, Write};
        let check = |script: &str, expected: Result<&[Does], &str>| {
            check_in(Dialect::Postgres, script, expected);
        };
        check(
            "select 'a'::text, x[1], $$;$$ from own_t; drop table own_a, own_b cascade",
            Ok(&[Read, Define]),
        );
        check("insert into own_t values (E'a\\'; drop table venues;') returning a", Ok(&[Write]));
        check("drop table own_x, venues", Err("drops `venues`"));
        check("create table own_x () inherits (venues)", Err("part of another"));
        check("alter table own_x attach partition venues for values in (1)", Err("part of another"));
        check("alter table own_x set schema public", Err("moves it away"));
        check("select setval('changes_seq_seq', 1)", Err("sets a sequence"));
        check("delete from callboard.own_x", Err("something in `callboard`"));
        check("truncate own_x", Err("of no kind"));
        check("copy own_x to '/tmp/x'", Err("of no kind"));
        check("do $$ begin end $$", Err("of no kind"));
    }
}
