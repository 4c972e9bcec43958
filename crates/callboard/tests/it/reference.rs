//! Generated pages are what the code says today. `UPDATE_DOCS=1 cargo test -p callboard reference`
//! writes them anew.

use std::fmt::Write as _;
use std::path::Path;

use model::{ColumnType, Kind};

fn records() -> String {
    let mut page = String::from(
        "# Records\n\nGenerated from the record types. Every kind is a table; every row also has `id`, `source`, \
         `source_key`, first and last sighting, the run and document that last changed it, and `gone_at` once a \
         complete sweep no longer holds it. A column is null while no document states it.\n",
    );
    for kind in Kind::ALL {
        let spec = kind.spec();
        let _ = write!(page, "\n## {}\n\n{} Table `{}`.\n\n", spec.kind, spec.doc.trim(), spec.table);
        page.push_str("| field | type | meaning |\n|---|---|---|\n");
        for column in spec.columns {
            let personal = if column.personal { " (personal)" } else { "" };
            let kind = type_name(column.column_type);
            let _ = writeln!(page, "| `{}` | {kind} | {}{personal} |", column.name, column.doc.trim());
        }
    }
    page
}

fn type_name(column: ColumnType) -> &'static str {
    match column {
        ColumnType::Text => "text",
        ColumnType::Integer => "integer",
        ColumnType::Real => "number",
        ColumnType::Decimal => "amount",
        ColumnType::Bool => "boolean",
        ColumnType::Instant => "instant",
        ColumnType::When => "time as stated",
        ColumnType::Json => "list or object",
    }
}

#[test]
fn the_page_of_records_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/records.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, records()).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, records(), "docs/records.md is stale: UPDATE_DOCS=1 writes it");
}
