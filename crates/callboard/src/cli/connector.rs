//! `callboard connector`: what can be gathered from by name, and everything to write one's own.

mod record;
mod trials;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use connect::manifest::Manifest;
use connect::manifest::spec::ParamSpec;
use connect::{Connector as _, Params};
use engine::refine::refine;
use model::{Document, Reading, Record, Request};
use serde_json::{Value, json};

use crate::clock;
use crate::config::Config;
use crate::origins::{Catalog, params};
use crate::output::{Format, print, print_json, say, table, usage};

const EXAMPLES: &str = "\
Examples:
  callboard connector list
  callboard connector show ticketmaster
  callboard connector new town-hall && $EDITOR town-hall.yaml
  callboard connector try town-hall.yaml https://town.example/meetings
  callboard connector test town-hall.yaml";

/// List, show, try, record, test and start connectors.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct ConnectorCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Name every connector, your own first
    List {
        /// How to print
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Show what a connector asks for, its terms, and its YAML
    Show {
        /// Its name, or its file
        name: String,
        /// How to print
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Read one document with a connector and show what it states; nothing is kept
    Try(Try),
    /// Fetch a document as the connector would and keep it as a file to test with
    Record(record::RecordPage),
    /// Run the tests that connectors carry
    Test(trials::Trials),
    /// Write a commented connector to start from
    New {
        /// Its name; the file is NAME.yaml
        name: String,
    },
    /// Print the JSON Schema of connector files, for editors
    Schema,
}

/// Read one document with a connector and show what it states; nothing is kept.
#[derive(Args)]
struct Try {
    /// Name of a connector, or its file
    connector: String,
    /// The document: a file or an address; the connector's own first request when left out
    input: Option<String>,
    /// Which of its requests the document answers [default: told from content, else the first]
    #[arg(long, value_name = "NAME")]
    request: Option<String>,
    /// Value for a parameter of the connector; may be given several times
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// Read as on this day: for saved pages whose dates name no year
    #[arg(long, value_name = "DAY")]
    now: Option<chrono::NaiveDate>,
    /// Fetch from private and loopback addresses too
    #[arg(long)]
    allow_private: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl ConnectorCommand {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        match self.command {
            Command::List { format } => list(&Catalog::load(config)?, format),
            Command::Show { name, format } => show(&*Catalog::load(config)?.named(&name)?, format),
            Command::Try(command) => command.run(config).await,
            Command::Record(command) => command.run(config).await,
            Command::Test(command) => command.run(config),
            Command::New { name } => new(&name),
            Command::Schema => {
                print_json(&connect::manifest::schema(), Format::Json)?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

fn list(catalog: &Catalog, format: Format) -> Result<ExitCode> {
    let rows: Vec<Value> = catalog.all().iter().map(|manifest| about(manifest)).collect();
    match format {
        Format::Json => print_json(&rows, format)?,
        Format::Ndjson => rows.iter().try_for_each(|row| print_json(row, format))?,
        Format::Table => {
            let mut lines = table(&["NAME", "SOURCE", "NEEDS", "TERMS"]);
            for manifest in catalog.all() {
                let title = manifest.spec().title.clone().unwrap_or_default();
                lines.add_row([manifest.name(), &title, &needs(manifest), &terms(manifest)]);
            }
            print(&format!("{lines}\n"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn about(manifest: &Manifest) -> Value {
    let spec = manifest.spec();
    let params: Vec<Value> = spec.params.iter().map(|(name, param)| param_json(name, param)).collect();
    json!({
        "name": manifest.name(), "title": spec.title, "description": spec.description,
        "homepage": spec.homepage, "file": manifest.file(), "params": params,
        "retention_hours": spec.terms.retention_hours, "retention_columns": spec.terms.retention_columns,
        "off_by_default": spec.terms.off_by_default,
        "tests": spec.tests.len(),
    })
}

fn param_json(name: &str, param: &ParamSpec) -> Value {
    json!({
        "name": name, "type": format!("{:?}", param.kind).to_lowercase(), "required": param.required,
        "env": param.env.0, "help": param.help, "example": param.example.0, "default": param.default.0,
    })
}

fn needs(manifest: &Manifest) -> String {
    let required = manifest.spec().params.iter().filter(|(_, param)| param.required);
    required.map(|(name, _)| name).collect::<Vec<_>>().join(", ")
}

fn terms(manifest: &Manifest) -> String {
    let terms = manifest.terms();
    let kept = terms.retention_hours.map(|hours| format!("keep {hours} h"));
    let off = terms.off_by_default.then(|| "off by default".to_owned());
    [kept, off].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn show(manifest: &Manifest, format: Format) -> Result<ExitCode> {
    if format != Format::Table {
        print_json(&about(manifest), format)?;
        return Ok(ExitCode::SUCCESS);
    }
    let spec = manifest.spec();
    let mut text = format!("{}: {}\n", manifest.name(), spec.title.as_deref().unwrap_or("(no title)"));
    for line in
        [&spec.description, &spec.homepage, &spec.terms.notes, &spec.terms.attribution].into_iter().flatten()
    {
        text += &format!("{}\n", line.trim());
    }
    let mut params = table(&["PARAMETER", "TYPE", "NEEDED", "FROM", "MEANING"]);
    for (name, param) in spec.params.iter() {
        let kind = format!("{:?}", param.kind).to_lowercase();
        let needed = if param.required { "yes" } else { "no" };
        params.add_row([name, &kind, needed, &param.env.0.join(", "), param.help.as_deref().unwrap_or("")]);
    }
    text += &format!("\n{params}\n\n");
    text += &yaml_of(manifest)?;
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn yaml_of(manifest: &Manifest) -> Result<String> {
    match connect::sources::shipped()
        .iter()
        .find(|shipped| format!("{}.yaml", shipped.name) == manifest.file())
    {
        Some(shipped) => Ok(shipped.yaml.to_owned()),
        None => std::fs::read_to_string(manifest.file())
            .with_context(|| format!("cannot read {}", manifest.file())),
    }
}

fn new(name: &str) -> Result<ExitCode> {
    let template = connect::manifest::template(name);
    // A name that no command would take afterwards.
    connect::manifest::load(name, &template).map_err(|findings| {
        let why: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
        usage(format!("{}; a name has lower-case letters, digits, `-`, `_` and `/`", why.join("; ")))
    })?;
    let path = format!("{}.yaml", name.rsplit('/').next().unwrap_or(name));
    if std::path::Path::new(&path).exists() {
        bail!("{path} is there already; give another name");
    }
    std::fs::write(&path, template).with_context(|| format!("cannot write {path}"))?;
    print(&format!(
        "wrote {path}\nnext: callboard connector record {path} URL, then callboard connector try {path} FILE\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}

impl Try {
    async fn run(self, config: &Config) -> Result<ExitCode> {
        let catalog = Catalog::load(config)?;
        let manifest = catalog.named(&self.connector)?;
        let params = params(&manifest, &self.params, self.input.is_none())?;
        let mut document = self.document(config, &manifest, &params).await?;
        if let Some(step) = self.request.clone().or_else(|| manifest.step_of(&document)) {
            document.request.step = step;
        }
        let noon = self.now.and_then(|day| day.and_hms_opt(12, 0, 0)).map(|noon| noon.and_utc());
        let options = crate::bounds::read_options(config, noon.unwrap_or_else(clock))?;
        let reading = manifest.read(&document, &params, &options)?;
        show_reading(reading, self.format)
    }

    async fn document(&self, config: &Config, manifest: &Arc<Manifest>, params: &Params) -> Result<Document> {
        let request = match &self.input {
            Some(path) if std::path::Path::new(path).is_file() => return file(path),
            Some(address) => match engine::collect::resolve(std::slice::from_ref(address))?.pop() {
                Some(engine::collect::Input::Url(url)) => Request::get(url),
                _ => bail!("{address}: give one file or one address"),
            },
            None => {
                let mut first = manifest.start(params, None, clock())?;
                if first.is_empty() {
                    bail!("{} has no first request", manifest.name());
                }
                first.swap_remove(0)
            }
        };
        record::fetch(config, manifest, params, &request, self.allow_private).await
    }
}

fn file(path: &str) -> Result<Document> {
    let body = std::fs::read(path).with_context(|| format!("cannot read {path}"))?;
    let absolute = std::path::absolute(path)?;
    let url = url::Url::from_file_path(absolute).map_err(|()| anyhow::anyhow!("{path} is no usable path"))?;
    Ok(Document::from_bytes(path, url, body))
}

fn show_reading(reading: Reading, format: Format) -> Result<ExitCode> {
    let (requests, notes, total) = (reading.requests, reading.notes, reading.total);
    let refined = refine(reading.records, reading.rejected);
    let held = refined.quarantined.len();
    match format {
        Format::Table => print(&record_lines(&refined.records))?,
        Format::Ndjson => {
            refined.records.iter().try_for_each(|record| print_json(&record_json(record), format))?
        }
        Format::Json => {
            let records: Vec<Value> = refined.records.iter().map(record_json).collect();
            let asks: Vec<String> = requests.iter().map(Request::identity).collect();
            let quarantined: Vec<Value> = refined.quarantined.iter().map(|held| {
                json!({"reason": held.rejected.reason, "detail": held.rejected.detail, "said": held.rejected.said})
            }).collect();
            print_json(
                &json!({"records": records, "quarantined": quarantined, "requests": asks, "notes": notes, "total": total}),
                format,
            )?;
        }
    }
    say(&format!(
        "{} records, {held} kept aside, {} further requests",
        refined.records.len(),
        requests.len()
    ));
    refined
        .quarantined
        .iter()
        .take(10)
        .for_each(|held| say(&format!("kept aside: {}: {}", held.rejected.reason, held.rejected.detail)));
    requests.iter().take(5).for_each(|request| say(&format!("would ask: {}", request.identity())));
    notes.iter().chain(&refined.notes).for_each(|note| say(&format!("note: {note}")));
    Ok(ExitCode::SUCCESS)
}

fn record_json(record: &Record) -> Value {
    json!({"kind": record.kind(), "record": record.to_json()})
}

/// Each record as a block: kind and key, then its stated fields.
fn record_lines(records: &[Record]) -> String {
    let mut text = String::new();
    for record in records {
        text += &format!("{} {}\n", record.kind().name(), record.key);
        let fields = record.to_json();
        for (name, value) in fields.as_object().into_iter().flatten().filter(|(name, _)| *name != "key") {
            text += &format!("  {name}: {}\n", super::show::value(value).replace('\n', "\n    "));
        }
    }
    text
}
