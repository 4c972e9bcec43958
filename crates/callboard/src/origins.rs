//! From what the user asked for to the origins of a run: which connector, which parameters, which
//! name and scope.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use connect::manifest::Manifest;
use connect::manifest::spec::{ParamSpec, ParamType};
use connect::sources::Sources;
use connect::{Connector, Params};
use engine::collect::{CollectOptions, Input, Named, Origin, Recogniser};
use engine::pipeline::Pipeline;
use engine::replay::scope_of;
use engine::run::Wanted;
use engine::ticketing::{CONNECTOR, RegionConfig, scope_of_list};
use model::{Finding, Request, SourceName, nearest};
use secrecy::SecretString;
use serde_json::Value;

use crate::config::Config;
use crate::output::{say, usage};
use crate::regions;

/// Every connector at hand.
#[derive(Clone)]
pub struct Catalog {
    sources: Arc<Sources>,
    /// The user accepts that rows of a source with a retention ceiling are purged.
    purges: bool,
    /// The settings that collecting goes by, as far as they are right.
    options: Arc<Result<CollectOptions, String>>,
    /// Where pipelines are found by name.
    pipelines: PathBuf,
    /// The regions of ticketing, as far as they are right.
    regions: Arc<Result<Vec<RegionConfig>, String>>,
    /// What their numbers are told against.
    ticketing_files: PathBuf,
}

/// What a user asked to collect.
pub struct Asked {
    /// Addresses and files.
    pub inputs: Vec<Input>,
    /// Name of a connector, or path of its file.
    pub connector: Option<String>,
    /// `NAME=VALUE` each.
    pub params: Vec<String>,
    /// Name to keep the records under.
    pub source: Option<String>,
}

impl Catalog {
    /// The shipped connectors and those of the user's folder; a file of it that cannot be used is
    /// told on stderr and left out.
    pub fn load(config: &Config) -> Result<Catalog> {
        Ok(Catalog::new(config, Sources::load(&own_files(config)?)))
    }

    /// The same with only those of the shipped connectors that are `wanted`, where nothing else is needed.
    pub fn load_only(config: &Config, wanted: &[&str]) -> Result<Catalog> {
        let shipped = connect::sources::shipped();
        let known = wanted.iter().all(|name| shipped.iter().any(|shipped| shipped.name == *name));
        if !known || config.text("retention").is_some() {
            return Catalog::load(config);
        }
        Ok(Catalog::new(config, Sources::load_only(&own_files(config)?, wanted)))
    }

    fn new(config: &Config, (sources, findings): (Sources, Vec<Finding>)) -> Catalog {
        findings.iter().for_each(|finding| say(&finding.to_string()));
        let options =
            crate::bounds::collect_options(config, false, false).map_err(|error| format!("{error:#}"));
        Catalog {
            sources: Arc::new(sources),
            purges: config.text("retention") == Some("purge"),
            options: Arc::new(options),
            pipelines: crate::library::folder(config),
            regions: Arc::new(regions::load(config).map_err(|error| format!("{error:#}"))),
            ticketing_files: regions::files(config),
        }
    }

    /// All of them.
    pub fn all(&self) -> &[Arc<Manifest>] {
        self.sources.all()
    }

    /// The connector that `wanted` names or whose file it is.
    pub fn named(&self, wanted: &str) -> Result<Arc<Manifest>> {
        if Path::new(wanted).is_file() {
            return load_file(Path::new(wanted)).map(Arc::new);
        }
        self.sources.find(wanted).map_err(usage)
    }

    /// By name, for replay.
    pub fn find(&self, name: &str) -> Option<Arc<dyn Connector>> {
        self.sources.find(name).ok().map(|manifest| manifest as Arc<dyn Connector>)
    }

    /// Finds the connector that knows a bare document.
    pub fn recogniser(&self) -> Recogniser {
        let sources = self.sources.clone();
        Arc::new(move |document| {
            let (manifest, step) = sources.recognise(document)?;
            Some((manifest as Arc<dyn Connector>, step))
        })
    }

    /// One origin for a connector, or one for each input.
    pub fn origins(&self, asked: Asked) -> Result<Vec<Origin>> {
        match &asked.connector {
            Some(wanted) if wanted == CONNECTOR && asked.inputs.is_empty() => self.of_ticketing(asked),
            Some(wanted) => Ok(vec![self.of_connector(&self.named(wanted)?, asked)?]),
            None if !asked.params.is_empty() => bail!(usage("--param goes with --connector")),
            None => Ok(asked
                .inputs
                .into_iter()
                .map(|input| self.of_input(input, asked.source.as_deref()))
                .collect()),
        }
    }

    fn of_connector(&self, manifest: &Arc<Manifest>, asked: Asked) -> Result<Origin> {
        let mut given = asked.params;
        let inputs: Vec<String> = asked.inputs.iter().map(as_input).collect();
        let (mut requests, mut files, mut label) = (Vec::new(), Vec::new(), manifest.name().to_owned());
        for input in asked.inputs {
            match input {
                Input::File { path, name } => files.push((path, name)),
                Input::Url(url) if manifest.spec().params.get("url").is_some() => {
                    given.push(format!("url={url}"))
                }
                Input::Url(url) => requests.push(Request::get(url)),
            }
        }
        if files.is_empty() && requests.is_empty() {
            self.switched_on(manifest)?;
        }
        let params = params(manifest, &given, files.is_empty() && requests.is_empty())?;
        let wanted = Wanted {
            inputs: inputs.clone(),
            connector: asked.connector.clone(),
            params: params.plain.clone().into_iter().chain(params.manner.clone()).collect(),
            source: asked.source.clone(),
        };
        let name = SourceName::new(asked.source.as_deref().unwrap_or(manifest.name()));
        let scope = scope_of(name.as_str(), &params);
        label = if params.plain.is_empty() { label } else { scope.clone() };
        Ok(Origin {
            label,
            connector: Some(manifest.clone() as Arc<dyn Connector>),
            params,
            scope,
            named: Named::Source(name),
            recognise: self.recogniser(),
            requests,
            files,
            landed: Vec::new(),
            wanted: Some(wanted),
        })
    }

    /// One origin for each list of each region.
    fn of_ticketing(&self, asked: Asked) -> Result<Vec<Origin>> {
        let manifest = self.named(CONNECTOR)?;
        let known = || self.regions.as_ref().clone().map_err(usage);
        let askings = regions::askings(known, &asked.params, asked.source.as_deref())?;
        let connector = asked.connector;
        let origin = |asking: regions::Asking| {
            let asked = Asked {
                inputs: Vec::new(),
                connector: connector.clone(),
                params: asking.params,
                source: asking.source,
            };
            let mut origin = self.of_connector(&manifest, asked)?;
            origin.scope = scope_of_list(origin.named.name(), &origin.params.plain);
            origin.label = regions::label(&origin.params);
            Ok(origin)
        };
        askings.into_iter().map(origin).collect()
    }

    fn of_input(&self, input: Input, source: Option<&str>) -> Origin {
        let wanted =
            Wanted { inputs: vec![as_input(&input)], source: source.map(str::to_owned), ..Wanted::default() };
        let (label, fallback) = match &input {
            Input::Url(url) => (url.to_string(), host_of(url)),
            Input::File { name, .. } => (name.clone(), name.clone()),
        };
        let (requests, files) = match input {
            Input::Url(url) => (vec![Request::get(url)], Vec::new()),
            Input::File { path, name } => (Vec::new(), vec![(path, name)]),
        };
        let named = match source {
            Some(name) => Named::Source(SourceName::new(name)),
            None => Named::Otherwise(SourceName::new(&fallback)),
        };
        Origin {
            scope: label.clone(),
            label,
            connector: None,
            params: Params::default(),
            named,
            recognise: self.recogniser(),
            requests,
            files,
            landed: Vec::new(),
            wanted: Some(wanted),
        }
    }

    /// A source whose terms forbid keeping is off until the user accepts that it is purged.
    fn switched_on(&self, manifest: &Manifest) -> Result<()> {
        let terms = manifest.terms();
        let Some(hours) = terms.retention_hours.filter(|_| terms.off_by_default && !self.purges) else {
            return Ok(());
        };
        bail!(
            "{} may be kept for {hours} hours only, so it is off until you accept that its rows, history and \
             landed bodies are purged after that: set `retention: purge` in callboard.yaml, or \
             CALLBOARD_RETENTION=purge",
            manifest.name()
        )
    }

    /// For each connector that needs a secret: its name and the variables that may hold it.
    pub fn keys(&self) -> Vec<(&str, Vec<String>)> {
        let with_key = self.all().iter().filter_map(|manifest| {
            let secret = manifest.spec().params.iter().find(|(_, param)| param.kind == ParamType::Secret)?;
            (!secret.1.env.0.is_empty()).then(|| (manifest.name(), secret.1.env.0.clone()))
        });
        with_key.collect()
    }

    /// The names of all connectors.
    pub fn names(&self) -> Vec<&str> {
        self.all().iter().map(|manifest| manifest.name()).collect()
    }
}

/// The input as another process would have to be told it.
fn as_input(input: &Input) -> String {
    match input {
        Input::Url(url) => url.to_string(),
        Input::File { path, .. } => {
            std::path::absolute(path).unwrap_or_else(|_| path.clone()).display().to_string()
        }
    }
}

impl engine::run::Catalog for Catalog {
    fn origins(&self, wanted: &Wanted) -> Result<Vec<Origin>, String> {
        let value = |(name, value): (&String, &Value)| match value.as_str() {
            Some(text) => format!("{name}={text}"),
            None => format!("{name}={value}"),
        };
        let inputs = engine::collect::resolve(&wanted.inputs).map_err(|error| error.to_string())?;
        let asked = Asked {
            inputs,
            connector: wanted.connector.clone(),
            // A template that came to nothing is a parameter that was not given.
            params: wanted.params.iter().filter(|(_, value)| !value.is_null()).map(value).collect(),
            source: wanted.source.clone(),
        };
        Catalog::origins(self, asked).map_err(|error| format!("{error:#}"))
    }

    fn connector(&self, name: &str) -> Option<Arc<dyn Connector>> {
        self.find(name)
    }

    fn collect_options(&self) -> Result<CollectOptions, String> {
        self.options.as_ref().clone()
    }

    fn regions(&self) -> Result<Vec<RegionConfig>, String> {
        self.regions.as_ref().clone()
    }

    fn ticketing_files(&self) -> PathBuf {
        self.ticketing_files.clone()
    }

    fn pipeline(&self, name: &str) -> Result<Pipeline, String> {
        let found = crate::library::find(&self.pipelines, name).map_err(|error| format!("{error:#}"))?;
        Ok(found.loaded.pipeline)
    }
}

fn host_of(url: &url::Url) -> String {
    let host = url.host_str().unwrap_or("unnamed").to_owned();
    url.port().map_or(host.clone(), |port| format!("{host}:{port}"))
}

/// Loads a connector of the user's own; all its faults at once.
pub fn load_file(path: &Path) -> Result<Manifest> {
    let yaml = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    connect::manifest::load(&path.display().to_string(), &yaml).map_err(|findings| faults(&findings))
}

fn faults(findings: &[Finding]) -> anyhow::Error {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    anyhow::anyhow!("the connector cannot be used\n{}", lines.join("\n"))
}

fn own_files(config: &Config) -> Result<Vec<(PathBuf, String)>> {
    let Some(folder) = config.text("connectors").map(Path::new).filter(|folder| folder.is_dir()) else {
        return Ok(Vec::new());
    };
    let read = |path: PathBuf| {
        let yaml =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok((path, yaml))
    };
    yaml_files(folder)?.into_iter().map(read).collect()
}

/// The connector files of a folder, by name.
pub fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|e| e.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml"));
    paths.sort();
    Ok(paths)
}

/// The values given, and those of the environment for what is missing. Secrets are kept apart. `needed`:
/// the connector is to make its own requests, so required secrets must be there.
pub fn params(manifest: &Manifest, given: &[String], needed: bool) -> Result<Params> {
    let specs = &manifest.spec().params;
    let mut params = Params::default();
    for pair in given {
        let wrong = || usage(format!("--param {pair:?} is not NAME=VALUE"));
        let (name, value) = pair.split_once('=').ok_or_else(wrong)?;
        let Some(spec) = specs.get(name) else { bail!(usage(unknown_param(manifest, name))) };
        put(&mut params, name, spec, value.to_owned());
    }
    for (name, spec) in specs.iter() {
        let absent = params.plain(name).is_none() && !params.secret.contains_key(name);
        if let Some(value) =
            spec.env.0.iter().find_map(|variable| std::env::var(variable).ok()).filter(|_| absent)
        {
            put(&mut params, name, spec, value);
        } else if absent && needed && spec.required && spec.kind == ParamType::Secret {
            let variables = spec.env.0.join(" or ");
            let from_env =
                if variables.is_empty() { variables } else { format!("set {variables} in .env, or ") };
            bail!("{} needs `{name}`: {from_env}give --param {name}=…", manifest.name());
        }
    }
    Ok(params)
}

fn put(params: &mut Params, name: &str, spec: &ParamSpec, value: String) {
    match (spec.kind, spec.manner) {
        (ParamType::Secret, _) => drop(params.secret.insert(name.to_owned(), SecretString::from(value))),
        (_, true) => drop(params.manner.insert(name.to_owned(), Value::String(value))),
        (_, false) => drop(params.plain.insert(name.to_owned(), Value::String(value))),
    }
}

fn unknown_param(manifest: &Manifest, name: &str) -> String {
    let names: Vec<&str> = manifest.spec().params.iter().map(|(name, _)| name).collect();
    let hint = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "it takes none".to_owned(),
        None => format!("it takes {}", names.join(", ")),
    };
    format!("{} has no parameter `{name}`; {hint}", manifest.name())
}
