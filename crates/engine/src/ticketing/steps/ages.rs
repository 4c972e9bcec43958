//! `age_groups_ingestion`: people by group, day and age, and whether they add up to the tickets.

use futures::future::BoxFuture;
use model::Kind;
use schemars::schema_for;
use serde_json::{Value, json};

use super::{Params, each, ground, revealed};
use crate::functions::{Answer, Call, Failure, Function, FunctionSpec};
use crate::ticketing::ages::{AgeOn, age_groups};
use crate::ticketing::load::Looks;
use crate::ticketing::rows::Ticket;
use crate::ticketing::telling;

pub(crate) static SPEC: FunctionSpec = FunctionSpec {
    name: "age_groups_ingestion",
    summary: "Counts people by group, day and age on the day of the event; they add up to the tickets.",
    example: "- name: ages\n  function: age_groups_ingestion\n  with: {regions: hong-kong}\n",
    schema: || schema_for!(Params),
    spreads: false,
};

/// What of a board is looked at.
const LOOKS: Looks = Looks { kinds: &[Kind::Ticket], tickets: &["transaction", "birth_date"] };

pub(crate) struct Ages;

impl Function for Ages {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let params: Params = call.params()?;
            let regions = params.regions.regions(call)?;
            let store = &revealed(call, &["birth_date"]).await?;
            each(regions, move |config| async move {
                let ground = ground(call, &config.region)?;
                let board = telling::board(store, &config.region, &ground, LOOKS).await?;
                let athletes: Vec<&Ticket> =
                    board.sold().filter(|ticket| ticket.name.category.is_athlete()).collect();
                let groups = age_groups(&athletes, &board.event.days, AgeOn::EventDay, &ground.rules);
                let people: u64 = groups.iter().map(|group| group.total).sum();
                if people != athletes.len() as u64 {
                    let tickets = athletes.len();
                    let why = format!("{people} people by age stand against {tickets} tickets of athletes");
                    return Err(Failure::fault(why));
                }
                let rows: Vec<Value> = groups
                    .iter()
                    .map(|group| {
                        json!({
                            "group": group.group, "day": group.day, "total": group.total,
                            "incomplete": group.incomplete, "average": group.average,
                        })
                    })
                    .collect();
                let incomplete: u64 = groups.iter().map(|group| group.incomplete).sum();
                Ok(json!({"people": people, "incomplete": incomplete, "groups": rows}))
            })
            .await
        })
    }
}
