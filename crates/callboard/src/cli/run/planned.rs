//! What a run would consist of: its steps, what they wait for and what they depend on.

use engine::pipeline::{Plan, PlanStep, StepNo};
use serde_json::{Value, json};

/// For people.
pub(super) fn text(plan: &Plan) -> String {
    let mut text = format!("{}: what would run\n", plan.name);
    for no in &plan.roots {
        line(plan, *no, 1, &mut text);
    }
    text
}

/// For programs: each step with those nested in it.
pub(super) fn steps(plan: &Plan) -> Value {
    objects(plan, &plan.roots)
}

fn objects(plan: &Plan, steps: &[StepNo]) -> Value {
    let object = |no: &StepNo| {
        let step = plan.step(*no)?;
        Some(json!({
            "step": step.name, "function": step.function(), "after": waits_for(plan, step),
            "condition": step.condition.as_ref().map(|condition| condition.source()), "enabled": step.enabled,
            "steps": objects(plan, plan.nested(*no)),
        }))
    };
    steps.iter().filter_map(object).collect()
}

fn line(plan: &Plan, no: StepNo, depth: usize, text: &mut String) {
    let Some(step) = plan.step(no) else { return };
    let mut about = Vec::from([step.function().map_or("for each".to_owned(), str::to_owned)]);
    let names = waits_for(plan, step);
    if !names.is_empty() {
        about.push(format!("after {}", names.join(", ")));
    }
    if let Some(condition) = &step.condition {
        about.push(format!("if {}", condition.source()));
    }
    if !step.enabled {
        about.push("not enabled".to_owned());
    }
    *text += &format!("{}{}  ({})\n", "  ".repeat(depth), step.name, about.join("; "));
    plan.nested(no).iter().for_each(|nested| line(plan, *nested, depth + 1, text));
}

fn waits_for<'a>(plan: &'a Plan, step: &PlanStep) -> Vec<&'a str> {
    let before = step.needs.iter().chain(&step.after);
    before.filter_map(|no| Some(plan.step(*no)?.name.as_str())).collect()
}
