//! `connector test`: holds connectors to the recorded documents their tests name.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use connect::Connector as _;
use connect::manifest::{Manifest, Outcome, Trial, run_tests};
use model::Severity;

use crate::config::Config;
use crate::origins::{Catalog, load_file, yaml_files};
use crate::output::{print, say};

/// Run the tests that connectors carry.
#[derive(Args)]
pub struct Trials {
    /// A connector's name, its file, or a folder of files; every connector when left out
    which: Option<String>,
    /// Folder in which recorded documents are looked for, beside the connector's own
    #[arg(long, value_name = "FOLDER")]
    documents: Option<PathBuf>,
}

#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Trials {
    pub fn run(self, config: &Config) -> Result<ExitCode> {
        let documents = self.documents.clone().or_else(|| config.text("documents").map(PathBuf::from));
        let (mut tally, mut faults) = (Tally::default(), 0);
        for (name, manifest) in self.manifests(config)? {
            match manifest {
                Ok(manifest) => run_one(&manifest, documents.as_deref(), &mut tally)?,
                Err(error) => {
                    faults += 1;
                    say(&format!("{name}: {error:#}"));
                }
            }
        }
        print(&format!("{} passed, {} failed, {} skipped\n", tally.passed, tally.failed, tally.skipped))?;
        if tally.skipped > 0 {
            say("skipped tests miss their documents; --documents FOLDER says where they are");
        }
        Ok(ExitCode::from(u8::from(tally.failed + faults > 0)))
    }

    fn manifests(&self, config: &Config) -> Result<Vec<(String, Result<Arc<Manifest>>)>> {
        let Some(which) = &self.which else {
            let all = Catalog::load(config)?;
            return Ok(all.all().iter().map(|m| (m.name().to_owned(), Ok(m.clone()))).collect());
        };
        let path = Path::new(which);
        if path.is_file() {
            warn(path)?;
            return Ok(vec![(which.clone(), load_file(path).map(Arc::new))]);
        }
        if path.is_dir() {
            return in_folder(path);
        }
        Ok(vec![(which.clone(), Catalog::load(config)?.named(which))])
    }
}

fn in_folder(folder: &Path) -> Result<Vec<(String, Result<Arc<Manifest>>)>> {
    let paths = yaml_files(folder)?;
    if paths.is_empty() {
        bail!("{} holds no connectors (*.yaml)", folder.display());
    }
    Ok(paths.into_iter().map(|path| (path.display().to_string(), load_file(&path).map(Arc::new))).collect())
}

/// Warnings do not keep a connector from working; they are told all the same.
fn warn(path: &Path) -> Result<()> {
    let yaml = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let findings = connect::manifest::lint(&path.display().to_string(), &yaml);
    findings
        .iter()
        .filter(|finding| finding.severity == Severity::Warning)
        .for_each(|finding| say(&finding.to_string()));
    Ok(())
}

fn run_one(manifest: &Manifest, documents: Option<&Path>, tally: &mut Tally) -> Result<()> {
    let own = Path::new(manifest.file()).parent().unwrap_or(Path::new("")).to_owned();
    let open = |name: &str| {
        let folders = std::iter::once(own.as_path()).chain(documents);
        folders.map(|folder| folder.join(name)).find_map(|path| std::fs::read(path).ok())
    };
    for Trial { document, outcome } in run_tests(manifest, &open) {
        let (word, differences) = match outcome {
            Outcome::Passed => ("ok", Vec::new()),
            Outcome::Skipped => ("skipped", Vec::new()),
            Outcome::Failed(differences) => ("FAILED", differences),
        };
        match word {
            "ok" => tally.passed += 1,
            "skipped" => tally.skipped += 1,
            _ => tally.failed += 1,
        }
        let mut text = format!("{word} {} {document}\n", manifest.name());
        differences.iter().for_each(|line| text += &format!("    {line}\n"));
        print(&text)?;
    }
    if manifest.spec().tests.is_empty() {
        say(&format!("{} has no tests; `tests:` holds it to recorded documents", manifest.name()));
    }
    Ok(())
}
