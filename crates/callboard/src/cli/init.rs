//! `callboard init`: a folder to start from, every line of it explained.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::config::{FILE, SETTINGS};
use crate::output::print;

/// Write a commented starter folder.
#[derive(Args)]
#[command(after_help = "Example:\n  callboard init my-listings && cd my-listings && callboard doctor")]
pub struct Init {
    /// The folder; made when it is not there
    #[arg(default_value = ".")]
    folder: PathBuf,
}

const ENV: &str = "\
# Keys and tokens. Keep this file to yourself; .gitignore leaves it out.
# EVENTBRITE_TOKEN=
# TICKETMASTER_API_KEY=
";

const PIPELINE: &str = "\
# A pipeline: steps, what they depend on, and when it all runs. `callboard run nightly` runs it,
# `callboard run nightly --dry-run` says what it would do.
name: nightly
description: Gathers what my sources list.
params:
  # `callboard run nightly --set feed=saved.ics` gives another value.
  feed: https://example.org/events.ics
# Begun by `callboard serve`, every day at six.
#schedule: {cron: \"0 6 * * *\", timezone: Europe/Berlin}
parallel_execution: true
stop_on_failure: false
steps:
  - name: feed
    function: collect
    with: {inputs: [\"{{ params.feed }}\"]}
    timeout: 10m
  #- name: venue
  #  function: collect
  #  with: {connector: my-venue}
  - name: settle
    function: sleep
    depends_on: [feed]
    with: {seconds: 0}
";

const GITIGNORE: &str = ".env\ncallboard.db*\ncallboard.landing/\n";

impl Init {
    pub fn run(self) -> Result<ExitCode> {
        let connector = connect::manifest::template("my-venue");
        let files = [
            (FILE, settings_file()),
            (".env", ENV.to_owned()),
            (".gitignore", GITIGNORE.to_owned()),
            ("connectors/my-venue.yaml", connector),
            ("pipelines/nightly.yaml", PIPELINE.to_owned()),
        ];
        refuse_to_overwrite(&self.folder, files.iter().map(|(name, _)| *name))?;
        let mut told = String::new();
        for (name, content) in files {
            let path = self.folder.join(name);
            write(&path, &content, name == ".env")?;
            writeln!(told, "wrote {}", path.display())?;
        }
        told.push_str("\nNext: put keys into .env, then `callboard doctor`, then `callboard collect …`,\nor edit pipelines/nightly.yaml and `callboard run nightly`.\n");
        print(&told)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn refuse_to_overwrite<'a>(folder: &Path, names: impl Iterator<Item = &'a str>) -> Result<()> {
    for name in names {
        let path = folder.join(name);
        if path.exists() {
            bail!("{} is there already; init overwrites nothing: give another folder", path.display());
        }
    }
    Ok(())
}

/// Writes a file; one that is `private` for its owner alone, from the beginning.
fn write(path: &Path, content: &str, private: bool) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let written = options.open(path).and_then(|mut file| file.write_all(content.as_bytes()));
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// Every setting with its help and default, commented out.
fn settings_file() -> String {
    let mut text =
        String::from("# Settings of callboard. Flags and environment variables win over this file.\n");
    for setting in SETTINGS {
        let default = if setting.default.is_empty() { "\"\"" } else { setting.default };
        let (key, help, names) = (setting.key, setting.help, setting.env.join(", "));
        text += &format!("\n# {help}\n# environment: {names}\n#{key}: {default}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    #[test]
    fn what_is_private_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = testkit::TempFolder::new();
        let path = folder.path().join(".env");
        super::write(&path, "KEY=1", true).expect("written");
        assert_eq!(path.metadata().expect("there").permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn the_starter_pipeline_is_in_order() {
        let loaded = engine::pipeline::load("nightly.yaml", super::PIPELINE).expect("no faults");
        assert_eq!(loaded.warnings, []);
    }
}
