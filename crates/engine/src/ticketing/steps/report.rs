//! `ticketing_report`: tells a report at the end of a run: into a workbook, into Slack.

use chrono::TimeDelta;
use futures::future::BoxFuture;
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;
use serde_json::{Value, json};
use store::Store;

use super::{Names, ground, revealed};
use crate::functions::notify::slack::Door;
use crate::functions::place;
use crate::functions::{Answer, Call, Failure, Function, FunctionSpec};
use crate::ticketing::report::Report;
use crate::ticketing::reports::{self, REPORTS, ReportSpec};
use crate::ticketing::telling::{self, Question};
use crate::ticketing::workbook::workbook;
use crate::ticketing::{Region, slack};

pub(crate) static SPEC: FunctionSpec = FunctionSpec {
    name: "ticketing_report",
    summary: "Tells reports on the configured regions: as a workbook, as a message in Slack, as output.",
    example: "- name: tell\n  function: ticketing_report\n  with: {reports: [sales], regions: hong-kong, post: \"#sales\"}\n",
    schema: || schema_for!(Params),
    spreads: false,
};

/// Parameters of `ticketing_report`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Which: `sales`, `spectators`, `age-groups`, `coupons`, `status`, `origin`, `revenue`; all unless said.
    #[serde(default)]
    reports: Names,
    /// Names of regions; all that are configured unless said.
    #[serde(default)]
    regions: Names,
    /// An Excel workbook to write, relative to the pipeline's folder.
    workbook: Option<String>,
    /// A channel of Slack: `slack` for that of the webhook, `region` for those the regions are set up with.
    post: Option<String>,
    /// Minutes that growth is looked back, and gone on with.
    #[schemars(range(min = 1, max = 525_600))]
    window_minutes: Option<i64>,
}

pub(crate) struct TellReport;

impl Function for TellReport {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(run(call))
    }
}

async fn run(call: &Call) -> Result<Answer, Failure> {
    let params: Params = call.params()?;
    let specs = specs(&params.reports.list())?;
    if let Some(named) = params.workbook.as_ref().filter(|named| !named.to_lowercase().ends_with(".xlsx")) {
        return Err(Failure::input(format!(
            "workbook: {named:?} has to end with .xlsx, which is what is written"
        )));
    }
    let mut question = Question::at((call.world.clock)());
    if let Some(window) = params.window_minutes.and_then(TimeDelta::try_minutes) {
        (question.window, question.ahead) = (window, window);
    }
    let store = match specs.iter().any(|spec| spec.ages) {
        true => revealed(call, &["birth_date"]).await?,
        false => call.world.store.clone(),
    };
    let (mut told, mut faults): (Vec<(Region, Report)>, Faults) = (Vec::new(), Faults::default());
    for config in params.regions.regions(call)? {
        match made(call, &store, &config.region, (&specs, &question)).await {
            Ok(made) => told.extend(made.into_iter().map(|report| (config.region.clone(), report))),
            Err(failure) => faults.of(&config.region, "not told", failure),
        }
    }
    faults.unless(!told.is_empty())?;
    let reports: Vec<Report> = told.iter().map(|(_, report)| report.clone()).collect();
    let dry = call.run.manner.dry_run;
    let mut output = json!({"count": reports.len()});
    if let Some(named) = &params.workbook {
        let path = place::inside(call, "workbook", named)?;
        let bytes = workbook(&reports).map_err(|error| Failure::fault(format!("a workbook: {error}")))?;
        output["workbook"] = json!({"path": named, "bytes": bytes.len(), "written": !dry});
        if !dry {
            let wrong = |error| Failure::input(format!("workbook: cannot write {named}: {error}"));
            tokio::fs::write(&path, bytes).await.map_err(wrong)?;
        }
    }
    if let Some(channel) = &params.post {
        output["posted"] = post(call, channel, &told, (dry, &mut faults)).await?;
    }
    if params.workbook.is_none() && params.post.is_none() {
        output["reports"] = reports.iter().map(Report::to_json).collect::<Vec<_>>().into();
    }
    Ok(Answer { partial: faults.told(), ..Answer::done(output) })
}

/// The reports on one region.
async fn made(
    call: &Call,
    store: &Store,
    region: &Region,
    (specs, question): (&[&'static ReportSpec], &Question),
) -> Result<Vec<Report>, Failure> {
    let ground = ground(call, region)?;
    Ok(telling::reports(store, region, &ground, specs, question).await?)
}

/// What could not be told, of which region: no reason to tell nothing of the others.
#[derive(Default)]
struct Faults(Vec<(String, Failure)>);

impl Faults {
    fn of(&mut self, region: &Region, what: &str, failure: Failure) {
        self.0.push((format!("region {}: {what}", region.name), failure));
    }

    /// Where nothing at all was told, that is what the step came to.
    fn unless(&mut self, some: bool) -> Result<(), Failure> {
        if some || self.0.is_empty() { Ok(()) } else { Err(self.0.swap_remove(0).1) }
    }

    fn told(&self) -> Option<String> {
        let each = self.0.iter().map(|(what, failure)| format!("{what}: {}", failure.fault.error));
        (!self.0.is_empty()).then(|| each.collect::<Vec<_>>().join("; "))
    }
}

fn specs(names: &[String]) -> Result<Vec<&'static ReportSpec>, Failure> {
    if names.is_empty() {
        return Ok(REPORTS.iter().collect());
    }
    let find = |name: &String| {
        reports::find(name).ok_or_else(|| {
            let there = REPORTS.iter().map(|spec| spec.name).collect::<Vec<_>>().join(", ");
            Failure::input(format!("reports: there is no {name}; there is {there}"))
        })
    };
    names.iter().map(find).collect()
}

async fn post(
    call: &Call,
    channel: &str,
    told: &[(Region, Report)],
    (dry, faults): (bool, &mut Faults),
) -> Result<Value, Failure> {
    let (mut messages, mut some) = (0, false);
    for (region, report) in told {
        let own = slack::messages(report);
        let sent = match dry {
            true => Ok(()),
            false => send(call, reports::channel_of(channel, region, report), &own).await,
        };
        match sent {
            Ok(()) => (messages, some) = (messages + own.len(), true),
            Err(failure) => faults.of(region, "not posted", failure),
        }
    }
    faults.unless(some)?;
    Ok(json!({"messages": messages, "sent": !dry}))
}

async fn send(call: &Call, channel: &str, messages: &[Value]) -> Result<(), Failure> {
    let fetcher = call.world.fetcher.as_ref().ok_or_else(|| Failure::input("nothing is sent from here"))?;
    let door = Door::find(call.world.env, channel)?;
    for message in messages {
        door.send(fetcher, message).await?;
    }
    Ok(())
}
