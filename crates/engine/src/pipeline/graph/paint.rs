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

const STYLE: &str = "\
svg{--page:#fbfbfd;--card:#fff;--edge:#c9ced8;--ink:#1c2330;--soft:#626c7d;--line:#7d8798;--group:#f1f4fa;\
--accent:#3b6cf6;--amber:#a25b00;font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}\
@media(prefers-color-scheme:dark){svg{--page:#12151b;--card:#1d222b;--edge:#3a4250;--ink:#e8ecf3;--soft:#98a2b3;\
--line:#76808f;--group:#171b23;--accent:#7ea2ff;--amber:#f0b35a}}\
.page{fill:var(--page)}.card{fill:var(--card);stroke:var(--edge)}.group{fill:var(--group);stroke:var(--edge)}\
.off{stroke-dasharray:5 4;opacity:.65}.bar{fill:var(--accent)}\
.h{font-size:17px;font-weight:650;fill:var(--ink)}.name{font-size:13.5px;font-weight:600;fill:var(--ink)}\
.soft{font-size:12px;fill:var(--soft)}.when{font-size:12px;fill:var(--amber)}\
.line{fill:none;stroke:var(--line);stroke-width:1.6}.order{stroke-dasharray:3 4}.tip{fill:var(--line)}";

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
    for (index, (px, py)) in line.points.iter().map(|(px, py)| (px + x, py + y)).enumerate() {
        match from {
            None => path += &format!("M{px:.1} {py:.1}"),
            // Straight down through a level, in a curve between two.
            Some(_) if index % 2 == 0 => path += &format!("L{px:.1} {py:.1}"),
            Some((fx, fy)) => {
                let bend = (py - fy) / 2.0;
                path += &format!("C{fx:.1} {:.1} {px:.1} {:.1} {px:.1} {py:.1}", fy + bend, py - bend);
            }
        }
        from = Some((px, py));
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
