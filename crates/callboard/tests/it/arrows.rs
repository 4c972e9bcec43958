//! The crate arrows of the design, asserted from what cargo knows.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// For each crate the crates of ours that it may name, dev-dependencies aside.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("connect", &["model"]),
    ("store", &["model"]),
    ("engine", &["model", "connect", "store"]),
    ("server", &["engine"]),
    ("sandbox", &["model"]),
    ("testkit", &["model"]),
    ("callboard", &["model", "connect", "store", "engine", "server", "sandbox"]),
];

/// Crates that only tests may name.
const DEV_ONLY: &[&str] = &["testkit"];

#[test]
fn crates_name_only_what_the_design_allows() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let named: BTreeMap<&str, BTreeSet<&str>> =
        packages.iter().map(|package| (name(package), ours(package))).collect();
    assert_eq!(
        named.keys().copied().collect::<BTreeSet<_>>(),
        ARROWS.iter().map(|(name, _)| *name).collect()
    );
    for (crate_name, allowed) in ARROWS {
        let beyond: Vec<_> = named[crate_name].iter().filter(|other| !allowed.contains(other)).collect();
        assert!(beyond.is_empty(), "{crate_name} names {beyond:?}, the design allows {allowed:?}");
        assert!(named[crate_name].iter().all(|other| !DEV_ONLY.contains(other)));
    }
}

fn name(package: &Value) -> &str {
    package["name"].as_str().expect("a name")
}

fn ours(package: &Value) -> BTreeSet<&str> {
    let dependencies = package["dependencies"].as_array().expect("dependencies");
    let shipped = dependencies.iter().filter(|dependency| dependency["kind"] != "dev");
    shipped.map(name).filter(|name| ARROWS.iter().any(|(ours, _)| ours == name)).collect()
}
