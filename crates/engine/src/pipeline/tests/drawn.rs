//! What a plan looks like.

use super::*;

const FORKED: &str = "
name: forked
parallel_execution: true
steps:
  - {name: a, function: do}
  - {name: b, function: do, depends_on: [a]}
  - {name: c, function: ask, depends_on: [a], with: {text: x}, condition: params is defined and 1 < 2}
  - {name: d, function: do, depends_on: [b, c]}
  - {name: e, function: do, enabled: false}
";

#[test]
fn for_terminals() {
    let drawn = graph::text(&loaded(FORKED).plan);
    assert_eq!(
        drawn,
        "forked: 5 steps, 3 at once, stops on failure

● a   do
├─▼ b   do
└─▼ c   ask; if params is defined and 1 < 2
    ▼ d   do; also needs b
● e   do; not enabled

▼ depends on the step above
"
    );
    let nested = graph::text(&loaded(NESTED).plan);
    assert_eq!(
        nested,
        "calendar: 5 steps, one after the other, stops on failure

● dates   do
▼ per_date   for each of steps.dates.output.dates, 5 at once, 10 % may fail
│  ┊ ● extract   ask
│  ┊ ▽ load   ask
▽ report   do; if steps.per_date.status == 'completed'

▼ depends on the step above   ▽ only comes after it
"
    );
    assert!(nested.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn as_mermaid() {
    let drawn = graph::mermaid(&loaded(FORKED).plan);
    assert!(drawn.starts_with("flowchart TD\n    s0[\"a<br/>do\"]\n"), "{drawn}");
    assert!(drawn.contains("s2[\"c<br/>ask<br/>if params is defined and 1 #60; 2\"]"), "{drawn}");
    assert!(
        drawn.contains("    s1 --> s3\n    s2 --> s3\n") && drawn.contains("class s4 disabled"),
        "{drawn}"
    );
    let nested = graph::mermaid(&loaded(NESTED).plan);
    assert!(nested.contains("subgraph s1[") && nested.contains("        s2 -.-> s3\n    end\n"), "{nested}");
}

#[test]
fn as_svg_that_needs_nothing_else() {
    for file in [FORKED, NESTED] {
        let drawn = graph::svg(&loaded(file).plan);
        assert!(drawn.starts_with("<svg ") && drawn.ends_with("</svg>\n"));
        let inside = drawn.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        for foreign in ["http", "<script", "@import", "<image", "href", "NaN", "inf\""] {
            assert!(!inside.contains(foreign), "{foreign}");
        }
        assert_eq!(drawn.matches("<text").count(), drawn.matches("</text>").count());
    }
}

#[test]
fn boxes_do_not_overlap() {
    // Forty steps that depend on one another here and there.
    let step = |no: u32| {
        let on: Vec<String> = (0..no)
            .filter(|other| (no * 7 + other * 13).is_multiple_of(11))
            .map(|other| format!("s{other}"))
            .collect();
        format!("  - {{name: s{no}, function: do, depends_on: [{}]}}\n", on.join(", "))
    };
    let steps: String = (0..40).map(step).collect();
    let drawn = graph::svg(&loaded(&format!("name: p\nparallel_execution: true\nsteps:\n{steps}")).plan);
    let number = |line: &str, name: &str| -> f64 {
        let from = line.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
        line[from..].split('"').next().unwrap().parse().unwrap()
    };
    let boxes: Vec<[f64; 4]> = drawn
        .lines()
        .filter(|line| line.contains("class=\"card\""))
        .map(|line| ["x", "y", "width", "height"].map(|name| number(line, name)))
        .collect();
    assert_eq!(boxes.len(), 40);
    for (index, [x, y, width, height]) in boxes.iter().enumerate() {
        for [ox, oy, other_width, other_height] in &boxes[index + 1..] {
            let apart =
                x + width <= *ox || ox + other_width <= *x || y + height <= *oy || oy + other_height <= *y;
            assert!(apart, "{index}");
        }
    }
}

/// Every step depends on every one before it: as many edges as a file can hold.
#[test]
fn the_densest_file_is_checked_and_drawn() {
    let count = if cfg!(debug_assertions) { 150 } else { 450 };
    let step = |no: u32| {
        let on: Vec<String> = (0..no).map(|other| format!("s{other}")).collect();
        format!("  - {{name: s{no}, function: do, depends_on: [{}]}}\n", on.join(","))
    };
    let steps: String = (0..count).map(step).collect();
    let off: String =
        (0..2 * count).map(|no| format!("  - {{name: s{no}, function: do, enabled: false}}\n")).collect();
    for (parallel, steps) in [(true, &steps), (false, &steps), (false, &off)] {
        let plan = loaded(&format!("name: p\nparallel_execution: {parallel}\nsteps:\n{steps}")).plan;
        assert!(graph::svg(&plan).len() > 10_000);
        assert_eq!(
            graph::text(&plan).lines().filter(|line| line.contains("   do")).count(),
            plan.steps.len()
        );
        assert!(graph::mermaid(&plan).contains("s1[\""));
    }
}
