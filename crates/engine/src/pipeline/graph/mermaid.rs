//! A plan as a Mermaid flowchart, for READMEs and wikis that draw it.

use std::fmt::Write as _;

use super::{condition_line, each_line, edges, function_line, nested};
use crate::pipeline::plan::{Plan, PlanStep, StepNo};

/// The plan as a `flowchart`.
pub fn mermaid(plan: &Plan) -> String {
    let mut chart = String::from("flowchart TD\n");
    list(plan, &plan.roots, 1, &mut chart);
    let disabled = plan.steps.iter().filter(|step| !step.enabled).map(|step| format!("s{}", step.no));
    let disabled: Vec<String> = disabled.collect();
    if !disabled.is_empty() {
        let _ = writeln!(chart, "    classDef disabled stroke-dasharray:4 4,opacity:0.6");
        let _ = writeln!(chart, "    class {} disabled", disabled.join(","));
    }
    chart
}

fn list(plan: &Plan, steps: &[StepNo], depth: usize, chart: &mut String) {
    let indent = "    ".repeat(depth);
    for step in steps.iter().filter_map(|no| plan.step(*no)) {
        let inner = nested(step);
        if inner.is_empty() {
            let _ = writeln!(chart, "{indent}s{}[\"{}\"]", step.no, label(step));
        } else {
            let _ = writeln!(chart, "{indent}subgraph s{}[\"{}\"]", step.no, label(step));
            list(plan, inner, depth + 1, chart);
            let _ = writeln!(chart, "{indent}end");
        }
    }
    for edge in edges(plan, steps) {
        let arrow = if edge.depends { "-->" } else { "-.->" };
        let _ = writeln!(chart, "{indent}s{} {arrow} s{}", edge.from, edge.to);
    }
}

fn label(step: &PlanStep) -> String {
    let function = function_line(step).map(str::to_owned);
    let lines = [Some(step.name.clone()), function, each_line(step), condition_line(step)];
    lines.into_iter().flatten().map(|line| escaped(&line)).collect::<Vec<_>>().join("<br/>")
}

/// Signs that would end the label or begin markup, as Mermaid's character codes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '#' | '<' | '>' | '&' | '`' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            '\n' => out.push(' '),
            plain => out.push(plain),
        }
    }
    out
}
