//! The contract of a function: what it is called with, and what it answers.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::{Fault, ItemId, LandedDocument, StepNo};

use super::FunctionSpec;
use crate::run::{RunContext, Share, World};

/// Something a step can call. A call either is done at once, or spreads into children that runners
/// share and is finished when they have ended.
pub trait Function: Send + Sync {
    /// What it is called, does and takes.
    fn spec(&self) -> &'static FunctionSpec;

    /// Does it, or begins it. May be called again for the same item, after a failure or a kill.
    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>>;

    /// Does one of the children that the call spread into.
    fn child<'a>(&'a self, call: &'a Call, child: Child) -> BoxFuture<'a, Result<Answer, Failure>> {
        let name = call.path.clone();
        Box::pin(async move {
            Err(Failure::fault(format!("{name} has a child {} that its function does not know", child.key)))
        })
    }

    /// Whether what this child brings is to be entered after what the children before it bring.
    fn in_order(&self, child: &Value) -> bool {
        let _ = child;
        false
    }

    /// Sums up, once all children have ended.
    fn finish<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        let _ = call;
        Box::pin(async { Ok(Answer::default()) })
    }
}

/// One call of a function.
#[derive(Clone)]
pub struct Call {
    /// The run it is part of.
    pub run: Arc<RunContext>,
    /// Everything it may use.
    pub world: Arc<World>,
    /// The item of the call; its children's parent.
    pub item: ItemId,
    /// Its step.
    pub step: StepNo,
    /// The step's path, for messages.
    pub path: String,
    /// The parameters, filled in.
    pub with: Value,
}

/// One child of a call.
#[derive(Debug, Clone)]
pub struct Child {
    /// What tells it from its siblings.
    pub key: i64,
    /// What it works on.
    pub input: Value,
    /// No attempt comes after this one.
    pub last: bool,
}

/// What a function gives.
#[derive(Debug, Default)]
pub struct Answer {
    /// What later steps see as `steps.NAME.output`.
    pub output: Option<Value>,
    /// Set when part of it was not done: says which.
    pub partial: Option<String>,
    /// Documents to keep, with what they state.
    pub documents: Vec<LandedDocument>,
    /// The children it goes on in; `None` when it is done.
    pub spread: Option<Children>,
    /// It waits for something outside its run: call it again after this. That is no attempt, and no
    /// runner waits with it. Only children may ask for it, as what waits itself does not count as under way.
    pub later: Option<Duration>,
    /// Further children beside this one, by key.
    pub follow: Vec<(i64, Value)>,
    /// Further children that its bounds did not allow.
    pub left_out: u64,
    /// Why the children beside this one that have not begun are to be stopped.
    pub stop: Option<String>,
    /// Set when it failed and yet brought documents that tell of it: the item ends as failed.
    pub failed: Option<Fault>,
    /// Its documents' share of the room for large ones, which they have until they are entered.
    pub(crate) share: Share,
}

/// The children of a call.
#[derive(Debug, Default)]
pub struct Children {
    /// By key.
    pub inputs: Vec<(i64, Value)>,
    /// How many of them may be under way at once.
    pub cap: u32,
    /// How many there may be in all, with those that follow.
    pub most: Option<u64>,
}

impl Answer {
    /// Done, with this output.
    pub fn done(output: Value) -> Answer {
        Answer { output: Some(output), ..Answer::default() }
    }

    /// To be called again after this.
    pub fn later(wait: Duration) -> Answer {
        Answer { later: Some(wait), ..Answer::default() }
    }

    /// To be gone on with in these children.
    pub fn spread(children: Children) -> Answer {
        Answer { spread: Some(children), ..Answer::default() }
    }
}

/// Why a call failed, and whether trying again may help.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Class and message.
    pub fault: Fault,
    /// When to try again.
    pub again: Again,
}

/// When a failed call is worth trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// It would fail the same way.
    Never,
    /// Soon, and later from time to time.
    Soon,
    /// The other side is overloaded: not so soon.
    Late,
    /// Not before this has passed.
    After(Duration),
}

impl Failure {
    /// Wrong parameters or input: says which and what to do.
    pub fn input(message: impl Into<String>) -> Failure {
        Failure { fault: Fault::new("input", message), again: Again::Never }
    }

    /// Trying again would fail the same way.
    pub fn lasting(class: &str, message: impl Into<String>) -> Failure {
        Failure { fault: Fault::new(class, message), again: Again::Never }
    }

    /// May work another time.
    pub fn passing(class: &str, message: impl Into<String>) -> Failure {
        Failure { fault: Fault::new(class, message), again: Again::Soon }
    }

    /// A fault of callboard itself.
    pub fn fault(message: impl Into<String>) -> Failure {
        Failure::lasting("fault", format!("callboard has a fault: {}; please report it", message.into()))
    }
}

/// Class of what failed because the store is away: that uses up no try.
pub(crate) const STORE_AWAY: &str = "store_away";

impl From<store::StoreError> for Failure {
    fn from(error: store::StoreError) -> Failure {
        if matches!(error, store::StoreError::Away { .. }) {
            return Failure::passing(STORE_AWAY, error.to_string());
        }
        if error.passes() {
            let class =
                if matches!(error, store::StoreError::LandingAway { .. }) { "landing" } else { "store" };
            return Failure { fault: Fault::new(class, error.to_string()), again: Again::Late };
        }
        Failure::lasting("store", error.to_string())
    }
}

impl Call {
    /// The parameters as `T`. They were checked against its schema; templates may still have filled in
    /// something else.
    pub fn params<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_value(self.with.clone()).map_err(|error| {
            let name = culprit::<T>(&self.with, &error).map(|name| format!(" {name}:")).unwrap_or_default();
            Failure::input(format!("step {}: `with`:{name} {error}", self.path))
        })
    }
}

/// The parameter that `error` is about: the one without which it is another error, or none.
fn culprit<'a, T: DeserializeOwned>(with: &'a Value, error: &serde_json::Error) -> Option<&'a str> {
    let members = with.as_object()?;
    let is_it = |name: &str| {
        let mut rest = members.clone();
        rest.remove(name);
        let without = serde_json::from_value::<T>(Value::Object(rest)).err();
        without.is_none_or(|without| without.to_string() != error.to_string())
    };
    members.keys().map(String::as_str).find(|name| is_it(name))
}
