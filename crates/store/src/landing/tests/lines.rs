//! Lines of the index are changed where they stand, while others append.

use serde_json::{Value, json};
use testkit::TempFolder;

use super::{bucket, put, storage};
use crate::LandedDocument;
use crate::landing::{Amend, Landing};
use crate::tests::kit::page;

async fn landed(landing: &Landing, names: &[&str]) {
    for name in names {
        let body = put(landing, name.as_bytes()).await;
        let document = LandedDocument { body: Some(body), ..page(name, Vec::new()) };
        landing.settle(&[document]).await.unwrap();
    }
}

async fn names(landing: &Landing) -> Vec<String> {
    let mut names = Vec::new();
    for file in landing.index_files(None).await.unwrap() {
        let look = |line: &Value| {
            names.push(line["name"].as_str().unwrap_or("none").to_owned());
            Amend::Keep
        };
        assert_eq!(landing.amend(&file, look).await.unwrap(), 0);
    }
    names.sort();
    names
}

async fn check(landing: Landing) {
    landed(&landing, &["a", "b", "c"]).await;
    assert_eq!(names(&landing).await, ["a", "b", "c"]);
    let amend = |line: &Value| match line["name"].as_str() {
        Some("a") => Amend::Drop,
        Some("b") => Amend::Become(json!({"name": "b", "removed": "why"})),
        _ => Amend::Keep,
    };
    let mut changed = 0;
    for file in landing.index_files(None).await.unwrap() {
        changed += landing.amend(&file, amend).await.unwrap();
    }
    assert_eq!(changed, 2);
    assert_eq!(names(&landing).await, ["b", "c"]);
    // The file that is still open for appending goes on behind.
    landed(&landing, &["d"]).await;
    assert_eq!(names(&landing).await, ["b", "c", "d"]);
    for file in landing.index_files(None).await.unwrap() {
        landing.amend(&file, |_| Amend::Drop).await.unwrap();
    }
    assert_eq!(landing.index_files(None).await.unwrap(), Vec::<String>::new(), "the day is long over");
}

#[tokio::test]
async fn lines_of_a_folder_and_of_a_bucket_are_amended() {
    let folder = TempFolder::new();
    check(Landing::in_folder(folder.path().join("landing"))).await;
    if let Some((address, prefix)) = storage("lines") {
        check(Landing::of(&bucket(&address, &prefix)).unwrap()).await;
    }
}
