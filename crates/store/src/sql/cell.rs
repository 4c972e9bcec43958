//! One value on its way into a database or out of it, whatever type the database keeps it as.

use std::borrow::Cow;

use sqlx::Arguments;
use sqlx::sqlite::SqliteArguments;

use super::SqlResult;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
}

impl Cell {
    /// Binds it as SQLite keeps it.
    pub(super) fn bind_sqlite(self, arguments: &mut SqliteArguments) -> SqlResult<()> {
        let added = match self {
            Cell::Null => arguments.add(None::<i64>),
            Cell::Int(value) => arguments.add(value),
            Cell::Real(value) => arguments.add(value),
            Cell::Text(value) => arguments.add(value),
        };
        added.map_err(sqlx::Error::Encode)
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Cell {
        Cell::Int(value)
    }
}

impl From<u32> for Cell {
    fn from(value: u32) -> Cell {
        Cell::Int(i64::from(value))
    }
}

impl From<i32> for Cell {
    fn from(value: i32) -> Cell {
        Cell::Int(i64::from(value))
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Cell {
        Cell::Int(i64::from(value))
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Cell {
        Cell::Real(value)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Cell {
        Cell::Text(value.to_owned())
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Cell {
        Cell::Text(value)
    }
}

impl From<&String> for Cell {
    fn from(value: &String) -> Cell {
        Cell::Text(value.clone())
    }
}

impl From<Cow<'_, str>> for Cell {
    fn from(value: Cow<'_, str>) -> Cell {
        Cell::Text(value.into_owned())
    }
}

impl From<&Option<String>> for Cell {
    fn from(value: &Option<String>) -> Cell {
        value.as_ref().map_or(Cell::Null, Cell::from)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or(Cell::Null, Into::into)
    }
}
