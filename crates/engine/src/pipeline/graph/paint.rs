//! A plan as one SVG file that needs nothing else: no script, no font, no address. It follows the
//! reader's light or dark setting.

use std::fmt::Write as _;

use super::place::{Box2, Line, Placed, place};
use super::{condition_line, each_line, function_line, heading, nested, shortened};
use crate::pipeline::plan::{Plan, PlanStep};

const MARGIN: f64 = 24.0;
const TITLE: f64 = 58.0;
const LINE: f64 = 17.0;
const MOST_SIGNS: usize = 38;

/// Plain properties rather than variables: converters to other formats know no more.
const STYLE: &str = "\
svg{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}\
.page{fill:#fbfbfd}.card{fill:#fff;stroke:#c9ced8}.group{fill:#f1f4fa;stroke:#c9ced8}\
.off{stroke-dasharray:5 4;opacity:.65}.bar{fill:#3b6cf6}\
.h{font-size:17px;font-weight:650;fill:#1c2330}.name{font-size:13.5px;font-weight:600;fill:#1c2330}\
.soft{font-size:12px;fill:#626c7d}.when{font-size:12px;fill:#a25b00}\
.line{fill:none;stroke:#7d8798;stroke-width:1.6}.order{stroke-dasharray:3 4}.tip{fill:#7d8798}\
@media(prefers-color-scheme:dark){.page{fill:#12151b}.card{fill:#1d222b;stroke:#3a4250}\
.group{fill:#171b23;stroke:#3a4250}.bar{fill:#7ea2ff}.h,.name{fill:#e8ecf3}.soft{fill:#98a2b3}\
.when{fill:#f0b35a}.line{stroke:#76808f}.tip{fill:#76808f}}";

/// The plan as an SVG document.
pub fn svg(plan: &Plan) -> String {
    let placed = place(plan, &plan.roots, &size);
    let title_width = text_width(&plan.name, 9.6).max(text_width(&heading(plan), 6.6));
    let width = placed.width.max(title_width) + 2.0 * MARGIN;
    let height = placed.height + TITLE + 2.0 * MARGIN;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\" aria-label=\"{}\">\n<style>{STYLE}</style>\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
         orient=\"auto\"><path class=\"tip\" d=\"M0 .6 7.4 4 0 7.4z\"/></marker></defs>\n\
         <rect class=\"page\" width=\"100%\" height=\"100%\"/>\n",
        escaped(&format!("Pipeline {}", plan.name)),
    );
    words(&mut out, "h", MARGIN, MARGIN + 17.0, &plan.name);
    words(&mut out, "soft", MARGIN, MARGIN + 37.0, &heading(plan));
    let left = MARGIN + (width - 2.0 * MARGIN - placed.width) / 2.0;
    paint(&mut out, plan, &placed, left, MARGIN + TITLE);
    out + "</svg>\n"
}

fn paint(out: &mut String, plan: &Plan, placed: &Placed, x: f64, y: f64) {
    placed.boxes.iter().for_each(|one| paint_box(out, plan, one, x, y));
    placed.lines.iter().for_each(|line| paint_line(out, line, x, y));
}

fn paint_box(out: &mut String, plan: &Plan, one: &Box2, x: f64, y: f64) {
    let Some(step) = plan.step(one.no) else { return };
    let (x, y) = (x + one.x, y + one.y);
    let class = if one.inner.is_some() { "group" } else { "card" };
    let off = if step.enabled { "" } else { " off" };
    let _ = writeln!(out, "<g class=\"step{off}\"><title>{}</title>", escaped(&step.path));
    let _ = writeln!(
        out,
        "<rect class=\"{class}{off}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"9\"/>",
        one.width, one.height
    );
    if one.inner.is_none() {
        let height = one.height - 20.0;
        let _ = writeln!(
            out,
            "<rect class=\"bar\" x=\"{:.1}\" y=\"{:.1}\" width=\"3\" height=\"{height:.1}\" rx=\"1.5\"/>",
            x + 8.0,
            y + 10.0
        );
    }
    for (index, (class, line)) in lines(step).into_iter().enumerate() {
        words(out, class, x + 19.0, y + 24.0 + index as f64 * LINE, &line);
    }
    out.push_str("</g>\n");
    if let Some(inner) = &one.inner {
        paint(out, plan, inner, x, y);
    }
}

/// The lines of a box with their classes.
fn lines(step: &PlanStep) -> Vec<(&'static str, String)> {
    let mut lines = vec![("name", step.name.clone())];
    lines.extend(function_line(step).map(|function| ("soft", function.to_owned())));
    lines.extend(each_line(step).map(|each| ("soft", each)));
    lines.extend(condition_line(step).map(|when| ("when", when)));
    let most = if nested(step).is_empty() { MOST_SIGNS } else { 2 * MOST_SIGNS };
    lines.into_iter().map(|(class, line)| (class, shortened(&line, most))).collect()
}

/// How large the box of a step is, or the heading of a group.
fn size(step: &PlanStep) -> (f64, f64) {
    let lines = lines(step);
    let width = |(class, line): &(&str, String)| text_width(line, if *class == "name" { 7.9 } else { 6.7 });
    let widest = lines.iter().map(width).fold(96.0, f64::max);
    let height = 20.0 + LINE * lines.len() as f64 + 3.0;
    let below = if nested(step).is_empty() { 0.0 } else { 8.0 };
    (widest + 36.0, height + below)
}

/// About how wide a text is; signs of East Asian scripts take two places.
fn text_width(text: &str, sign: f64) -> f64 {
    text.chars().map(|c| if u32::from(c) >= 0x1100 { 1.8 * sign } else { sign }).sum()
}

fn paint_line(out: &mut String, line: &Line, x: f64, y: f64) {
    let order = if line.depends { "" } else { " order" };
    let mut path = String::new();
    let mut from: Option<(f64, f64)> = None;
    for stretch in &line.stretches {
        let (px, top, foot) = (stretch.x + x, stretch.top + y, stretch.foot + y);
        path += &match from {
            None => format!("M{px:.1} {top:.1}"),
            Some((fx, fy)) => {
                let bend = (top - fy) / 2.0;
                format!("C{fx:.1} {:.1} {px:.1} {:.1} {px:.1} {top:.1}", fy + bend, top - bend)
            }
        };
        if foot > top {
            path += &format!("V{foot:.1}");
        }
        from = Some((px, foot));
    }
    let _ = writeln!(out, "<path class=\"line{order}\" d=\"{path}\" marker-end=\"url(#tip)\"/>");
}

fn words(out: &mut String, class: &str, x: f64, y: f64, text: &str) {
    let _ = writeln!(out, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(text));
}

/// Safe inside XML; control signs, which XML has no way to write, become spaces.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(u32::from(c), 0xFFFE | 0xFFFF) => out.push(' '),
            plain => out.push(plain),
        }
    }
    out
}
