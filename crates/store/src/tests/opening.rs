//! Opening, migrating, refusing, rehearsing; and the landing beside the database.

use crate::{EventQuery, RunStart, Store, StoreError};
use model::{Kind, RunId};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use testkit::TempFolder;

use crate::tests::kit::{Kit, about_files, counts, db, file, now, page, titled, waiting};

async fn raw(folder: &TempFolder, statements: &'static str) {
    let options = SqliteConnectOptions::new().filename(file(folder)).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Leaves a store with one event in it, closed.
async fn leave_a_gala(folder: &TempFolder) {
    let mut kit = Kit::of(Store::open(db(folder)).await.unwrap());
    kit.collect(vec![page("1", vec![titled("1", "Gala")])]).await;
    kit.store.close().await;
}

/// SQLite notes on the side what the pages were that a statement changes. How it is compiled decides where: kept in
/// memory up to more than 128 KB, it fails as on a full disk once there is more (`.cargo/config.toml`).
#[tokio::test]
async fn one_statement_may_change_many_megabytes() {
    let folder = TempFolder::new();
    raw(
        &folder,
        "CREATE TABLE wide (n INTEGER PRIMARY KEY, held TEXT);
         WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 3000)
         INSERT INTO wide SELECT n, printf('%3000d', n) FROM up;
         BEGIN; UPDATE wide SET held = printf('%3000d', -n); COMMIT;",
    )
    .await;
}

#[tokio::test]
async fn a_query_makes_no_store() {
    let folder = TempFolder::new();
    let refused = Store::open_existing(db(&folder)).await;
    assert!(matches!(refused, Err(StoreError::Missing { .. })));
    assert_eq!(folder.names(), Vec::<String>::new());
}

#[tokio::test]
async fn what_was_kept_is_there_after_reopening() {
    let folder = TempFolder::new();
    leave_a_gala(&folder).await;
    assert!(about_files() || folder.names() == ["callboard.db"], "{:?}", folder.names());
    let kit = Kit::of(Store::open_existing(db(&folder)).await.unwrap());
    assert_eq!(kit.titles(EventQuery::default()).await, ["Gala"]);
}

#[tokio::test]
async fn foreign_and_newer_files_are_refused_untouched() {
    if about_files() {
        return;
    }
    let folder = TempFolder::new();
    std::fs::write(
        file(&folder),
        "this is plainly not a database, but long enough to be looked at".repeat(9),
    )
    .unwrap();
    assert!(matches!(Store::open(db(&folder)).await, Err(StoreError::NotAStore { .. })));

    let folder = TempFolder::new();
    raw(&folder, "CREATE TABLE photos (id INTEGER)").await;
    assert!(matches!(Store::open(db(&folder)).await, Err(StoreError::NotAStore { .. })));

    let folder = TempFolder::new();
    Store::open(db(&folder)).await.unwrap().close().await;
    raw(&folder, "INSERT INTO schema_version (version) VALUES (99)").await;
    let refused = Store::open(db(&folder)).await.unwrap_err();
    assert!(refused.to_string().contains("schema is version 99"), "{refused}");
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_named() {
    let folder = TempFolder::new();
    let refused = Store::open(&folder.path().join("absent/callboard.db")).await.unwrap_err();
    assert!(matches!(refused, StoreError::NotWritable { .. }), "{refused}");
}

#[tokio::test]
async fn a_locked_store_is_waited_for_and_then_said_to_be_in_use() {
    if about_files() {
        return;
    }
    let folder = TempFolder::new();
    Store::open(db(&folder)).await.unwrap().close().await;
    let options = SqliteConnectOptions::new().filename(file(&folder));
    let mut other = options.connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let store = Store::open_with(db(&folder), &waiting(50)).await.unwrap();
    let run = RunStart { id: RunId::new(), at: now(), command: serde_json::json!({}) };
    let refused = store.begin_run(run).await.unwrap_err();
    assert!(matches!(refused, StoreError::Busy { .. }), "{refused}");
}

#[tokio::test]
async fn a_column_that_is_new_is_added_and_recorded() {
    if about_files() {
        return;
    }
    let folder = TempFolder::new();
    leave_a_gala(&folder).await;
    // As a store looks that was written before these columns were thought of.
    raw(&folder, "ALTER TABLE event_listings DROP COLUMN doors_at; ALTER TABLE event_listings DROP COLUMN doors_date; \
                  ALTER TABLE event_listings DROP COLUMN doors; ALTER TABLE event_listings DROP COLUMN age_restriction; \
                  DELETE FROM schema_changes; UPDATE schema_version SET fingerprint = 'of another program'").await;
    let kit = Kit::of(Store::open(db(&folder)).await.unwrap());
    assert_eq!(kit.titles(EventQuery::default()).await, ["Gala"]);
    kit.store.close().await;
    let mut connection = SqliteConnectOptions::new().filename(file(&folder)).connect().await.unwrap();
    let recorded: i64 =
        sqlx::query_scalar("SELECT count(*) FROM schema_changes WHERE statement LIKE 'ALTER TABLE%'")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    assert_eq!(recorded, 4);
}

#[tokio::test]
async fn a_rehearsal_tells_what_would_change_and_writes_nothing() {
    let folder = TempFolder::new();
    let mut kit = Kit::of(Store::rehearse(db(&folder)).await.unwrap());
    let outcome = kit.collect(vec![page("1", vec![titled("1", "Gala")])]).await;
    assert_eq!(counts(&outcome, Kind::Event), (1, 0, 0));
    kit.store.landing().put(&"body".into()).await.unwrap();
    assert_eq!(folder.names(), Vec::<String>::new());

    let mut kit = Kit::of(Store::open(db(&folder)).await.unwrap());
    kit.collect(vec![page("1", vec![titled("1", "Gala"), titled("2", "Ball")])]).await;
    let landed = kit.store.landing().put(&"landed".into()).await.unwrap();
    // Without what writers queue by, which goes when the store that wrote is closed.
    let names = || {
        let mut names = folder.names();
        names.retain(|name| !name.ends_with("-next") && !name.ends_with("-turn"));
        names
    };
    let open = names();
    for _ in 0..2 {
        let mut rehearsal = Kit::of(Store::rehearse(db(&folder)).await.unwrap());
        let outcome =
            rehearsal.collect(vec![page("1", vec![titled("1", "Grand Gala"), titled("2", "Ball")])]).await;
        assert_eq!(counts(&outcome, Kind::Event), (0, 1, 1));
        let next = rehearsal.collect(vec![page("2", vec![titled("3", "New")])]).await;
        assert_eq!(counts(&next, Kind::Event), (1, 0, 0));
        assert_eq!(&rehearsal.store.landing().get(landed).await.unwrap()[..], b"landed");
        assert_eq!(names(), open);
        kit.store.close().await;
        let closed = folder.names();
        Store::rehearse(db(&folder)).await.unwrap().close().await;
        assert_eq!(folder.names(), closed);
        kit.store = Store::open(db(&folder)).await.unwrap();
        assert_eq!(kit.titles(EventQuery::default()).await, ["Gala", "Ball"]);
    }
}

#[tokio::test]
async fn a_connection_whose_transaction_the_database_ended_is_not_lent_again() {
    if about_files() {
        return;
    }
    let folder = TempFolder::new();
    let store = Store::open(db(&folder)).await.unwrap();
    for pool in [&store.writer, &store.readers, &store.scripts] {
        let crate::sql::Connections::Sqlite(pool) = &pool.of else { panic!("a file") };
        for _ in 0..4 {
            let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
            // As SQLite does by itself on a full disk; the driver does not notice.
            sqlx::query("ROLLBACK").execute(&mut *transaction).await.unwrap();
            assert!(transaction.commit().await.is_err());
            pool.begin_with("BEGIN IMMEDIATE").await.unwrap().rollback().await.unwrap();
            // Dropped in the middle, a sound one stays.
            drop(pool.begin_with("BEGIN IMMEDIATE").await.unwrap());
            pool.begin_with("BEGIN").await.unwrap().commit().await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_schema_can_be_made_before_anything_is_collected() {
    let folder = TempFolder::new();
    if about_files() {
        let status = Store::schema_at(db(&folder)).await.unwrap();
        assert!(status.pending.len() > 50, "all of it is due");
        let crate::StoreHealth::Postgres(health) = Store::health_at(db(&folder)).await.unwrap() else {
            panic!("a server")
        };
        assert!(health.may_create && health.may_write && !health.read_only);
    } else {
        assert!(matches!(Store::schema_at(db(&folder)).await, Err(StoreError::Missing { .. })));
        assert_eq!(folder.names(), Vec::<String>::new());
    }
    assert!(matches!(Store::open_existing(db(&folder)).await, Err(StoreError::Missing { .. })));
    assert!(Store::migrate_at(db(&folder)).await.unwrap().pending.len() > 50);
    assert_eq!(Store::schema_at(db(&folder)).await.unwrap().pending, []);
    let mut kit = Kit::of(Store::open_existing(db(&folder)).await.unwrap());
    kit.collect(vec![page("1", vec![titled("1", "Gala")])]).await;
}

#[tokio::test]
async fn a_server_that_refuses_is_told_with_its_reason() {
    // Nobody listens there once it is dropped.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = crate::Address::parse(&format!("postgres://callboard@127.0.0.1:{port}/x"));
    for refused in [Store::open(address.clone()).await, Store::open_existing(address).await] {
        let told = refused.unwrap_err().to_string();
        assert!(told.contains("cannot be reached") && told.contains("refused"), "{told}");
    }
}

/// Not a test of its own: what a user does who may not write. Root may, so the test below becomes somebody else.
#[tokio::test]
async fn reads_as_somebody_else() {
    let Some(folder) = std::env::var_os("CALLBOARD_READ_FOLDER") else { return };
    let kit =
        Kit::of(Store::open_existing(std::path::Path::new(&folder).join("callboard.db")).await.unwrap());
    assert_eq!(kit.titles(EventQuery::default()).await, ["Gala"]);
    let begun =
        kit.store.begin_run(RunStart { id: RunId::new(), at: now(), command: serde_json::json!({}) }).await;
    assert!(matches!(begun, Err(StoreError::NotWritable { .. })), "{begun:?}");
    println!("read");
}

#[cfg(unix)]
#[tokio::test]
async fn a_store_that_may_not_be_written_can_be_read() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    if about_files() {
        return;
    }
    let folder = TempFolder::new();
    leave_a_gala(&folder).await;
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&file(&folder), 0o444);
    let mut program = std::env::current_exe().unwrap();
    let is_root = std::fs::File::options().append(true).open(file(&folder)).is_ok();
    if is_root {
        // Where it stands, others may not be let in.
        let copy = folder.path().join("tests");
        std::fs::copy(program, &copy).unwrap();
        mode(&copy, 0o755);
        program = copy;
    }
    mode(folder.path(), 0o555);
    let mut child = std::process::Command::new(program);
    child.args(["--exact", "tests::opening::reads_as_somebody_else", "--nocapture"]);
    child.env("CALLBOARD_READ_FOLDER", folder.path());
    if is_root {
        child.uid(65_534).gid(65_534);
    }
    let output = child.output().unwrap();
    mode(folder.path(), 0o755);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && told.contains("read\n"), "{told}");
}
