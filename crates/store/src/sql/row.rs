//! A row of a result, read the same way from either database.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, TypeInfo as _, ValueRef as _};

use super::{Cell, SqlResult};

/// One row.
#[derive(Debug)]
pub(crate) enum Row {
    Sqlite(SqliteRow),
    /// Read out when it came: names in the order of the cells.
    Cells(std::sync::Arc<[String]>, Vec<Cell>),
}

impl Row {
    /// The value of a column, by position or name.
    pub(crate) fn try_get<'r, T: Get<'r>>(&'r self, column: impl Column) -> SqlResult<T> {
        match self {
            Row::Sqlite(row) => T::of_sqlite(row, column.in_sqlite(row)?),
            Row::Cells(names, cells) => {
                let index = column.among(names)?;
                let cell = cells
                    .get(index)
                    .ok_or(sqlx::Error::ColumnIndexOutOfBounds { index, len: cells.len() })?;
                T::of_cell(cell)
                    .ok_or_else(|| unexpected::<T>(names.get(index).map_or("", String::as_str), cell))
            }
        }
    }

    /// All of its values, where it was read out when it came; none of a row of SQLite.
    pub(crate) fn into_cells(self) -> Vec<Cell> {
        match self {
            Row::Sqlite(_) => Vec::new(),
            Row::Cells(_, cells) => cells,
        }
    }

    /// All of its values, whatever they are.
    pub(crate) fn into_any_cells(self) -> SqlResult<Vec<Cell>> {
        match self {
            Row::Sqlite(row) => (0..row.len()).map(|index| any_cell(&row, index)).collect(),
            Row::Cells(_, cells) => Ok(cells),
        }
    }

    /// Their names, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        use sqlx::Column as _;
        match self {
            Row::Sqlite(row) => row.columns().iter().map(|column| column.name().to_owned()).collect(),
            Row::Cells(names, _) => names.to_vec(),
        }
    }
}

fn any_cell(row: &SqliteRow, index: usize) -> SqlResult<Cell> {
    let value = row.try_get_raw(index)?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    Ok(match value.type_info().name() {
        "INTEGER" => Cell::Int(row.try_get_unchecked(index)?),
        "REAL" => Cell::Real(row.try_get_unchecked(index)?),
        "TEXT" => Cell::Text(row.try_get_unchecked(index)?),
        other => return Err(sqlx::Error::Decode(format!("values of type {other} are not kept").into())),
    })
}

fn unexpected<T>(column: &str, cell: &Cell) -> sqlx::Error {
    let wanted = std::any::type_name::<T>();
    sqlx::Error::Decode(format!("column {column:?} holds {cell:?}, not {wanted}").into())
}

/// How a column is named.
pub(crate) trait Column {
    fn in_sqlite(&self, row: &SqliteRow) -> SqlResult<usize>;
    fn among(&self, names: &[String]) -> SqlResult<usize>;
}

impl Column for usize {
    fn in_sqlite(&self, _: &SqliteRow) -> SqlResult<usize> {
        Ok(*self)
    }

    fn among(&self, _: &[String]) -> SqlResult<usize> {
        Ok(*self)
    }
}

impl Column for &str {
    fn in_sqlite(&self, row: &SqliteRow) -> SqlResult<usize> {
        use sqlx::ColumnIndex as _;
        self.index(row)
    }

    fn among(&self, names: &[String]) -> SqlResult<usize> {
        let found = names.iter().position(|name| name == self);
        found.ok_or_else(|| sqlx::Error::ColumnNotFound((*self).to_owned()))
    }
}

/// What a column can be read as.
pub(crate) trait Get<'r>: Sized {
    fn of_sqlite(row: &'r SqliteRow, index: usize) -> SqlResult<Self>;
    fn of_cell(cell: &'r Cell) -> Option<Self>;
}

macro_rules! get {
    ($($type:ty: |$cell:ident| $read:expr;)*) => {$(
        impl<'r> Get<'r> for $type {
            fn of_sqlite(row: &'r SqliteRow, index: usize) -> SqlResult<Self> {
                row.try_get(index)
            }

            fn of_cell($cell: &'r Cell) -> Option<Self> {
                $read
            }
        }

        impl<'r> Get<'r> for Option<$type> {
            fn of_sqlite(row: &'r SqliteRow, index: usize) -> SqlResult<Self> {
                row.try_get(index)
            }

            fn of_cell(cell: &'r Cell) -> Option<Self> {
                match cell {
                    Cell::Null => Some(None),
                    cell => <$type>::of_cell(cell).map(Some),
                }
            }
        }
    )*};
}

get! {
    i64: |cell| if let Cell::Int(value) = cell { Some(*value) } else { None };
    i32: |cell| if let Cell::Int(value) = cell { i32::try_from(*value).ok() } else { None };
    u32: |cell| if let Cell::Int(value) = cell { u32::try_from(*value).ok() } else { None };
    u16: |cell| if let Cell::Int(value) = cell { u16::try_from(*value).ok() } else { None };
    bool: |cell| if let Cell::Int(value) = cell { Some(*value != 0) } else { None };
    f64: |cell| match cell { Cell::Real(value) => Some(*value), Cell::Int(value) => Some(*value as f64), _ => None };
    String: |cell| if let Cell::Text(text) = cell { Some(text.clone()) } else { None };
    &'r str: |cell| if let Cell::Text(text) = cell { Some(text.as_str()) } else { None };
}
