//! A report as Slack messages: Block Kit, within what Slack takes of a message. What is longer becomes several
//! messages, cut between rows; nothing is dropped without being said.

use serde_json::{Value, json};

use super::report::{Report, Section};

/// Blocks that Slack takes in one message, and signs in one block; both a little less than what it says.
const BLOCKS_MAX: usize = 45;
const TEXT_MAX: usize = 2_900;
/// Signs in one header.
const HEADER_MAX: usize = 150;
/// Fields of one section block.
const FIELDS_MAX: usize = 10;
/// Messages of one report.
const MESSAGES_MAX: usize = 20;
/// Bytes of one message.
const BYTES_MAX: usize = 30_000;

/// The messages that tell a report, in order, each as the body to send.
pub fn messages(report: &Report) -> Vec<Value> {
    let mut blocks = head(report);
    for section in report.sections.iter().filter(|section| !section.detail) {
        blocks.extend(section_blocks(section, report));
    }
    let left_out: Vec<&str> = report
        .sections
        .iter()
        .filter(|section| section.detail)
        .map(|section| section.title.as_str())
        .collect();
    if !left_out.is_empty() {
        let text = format!("In the workbook too: {}", escape(&left_out.join(", ")));
        blocks
            .push(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": cut(&text, TEXT_MAX)}]}));
    }
    let parts = parts(blocks);
    let all = parts.len();
    let mut messages: Vec<Value> =
        parts.into_iter().take(MESSAGES_MAX).map(|part| message(report, part)).collect();
    if all > MESSAGES_MAX
        && let Some(last) = messages.last_mut().and_then(|message| message["blocks"].as_array_mut())
    {
        let text = "The report is longer than twenty messages; the rest is in the workbook.";
        last.push(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}));
    }
    messages
}

/// Blocks in parts that fit a message each.
fn parts(blocks: Vec<Value>) -> Vec<Vec<Value>> {
    let mut parts: Vec<Vec<Value>> = vec![Vec::new()];
    let mut bytes = 0;
    for block in blocks {
        let size = block.to_string().len();
        let full = parts.last().is_some_and(|part| part.len() >= BLOCKS_MAX || bytes + size > BYTES_MAX);
        if full {
            parts.push(Vec::new());
            bytes = 0;
        }
        bytes += size;
        if let Some(part) = parts.last_mut() {
            part.push(block);
        }
    }
    parts
}

/// `text` is what notifications show.
fn message(report: &Report, blocks: Vec<Value>) -> Value {
    let text = format!("{} ({})", report.heading(), report.time());
    json!({"text": escape(&text), "blocks": blocks})
}

fn head(report: &Report) -> Vec<Value> {
    let heading = cut(&report.heading(), HEADER_MAX);
    let mut blocks =
        vec![json!({"type": "header", "text": {"type": "plain_text", "text": heading, "emoji": true}})];
    let context = format!("{}  |  {}", escape(&report.event), report.time());
    blocks
        .push(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": cut(&context, TEXT_MAX)}]}));
    for facts in report.facts.chunks(FIELDS_MAX) {
        let field = |fact: &super::report::Fact| {
            let text = format!("*{}*\n{}", fact.title, escape(&fact.value.shown(report.zone)));
            json!({"type": "mrkdwn", "text": cut(&text, 2_000)})
        };
        blocks.push(json!({"type": "section", "fields": facts.iter().map(field).collect::<Vec<_>>()}));
    }
    blocks
}

/// A section as a title and tables of fixed width, as many as it takes.
fn section_blocks(section: &Section, report: &Report) -> Vec<Value> {
    let title = format!("*{}*\n_{}_", escape(&section.title), escape(section.counts));
    let mut blocks = vec![json!({"type": "divider"}), text_block(&title)];
    let lines = lines(section, report);
    let head = lines.first().cloned().unwrap_or_default();
    let mut table = String::new();
    for line in lines.iter().skip(1) {
        if !table.is_empty() && table.len() + line.len() + 10 > TEXT_MAX {
            blocks.push(text_block(&format!("```{table}```")));
            table.clear();
        }
        if table.is_empty() {
            table.clone_from(&head);
        }
        table.push('\n');
        table.push_str(line);
    }
    if !table.is_empty() {
        blocks.push(text_block(&format!("```{table}```")));
    }
    if section.rows.is_empty() && section.notes.is_empty() {
        blocks.push(text_block("none"));
    }
    for note in &section.notes {
        let text = cut(&escape(note), TEXT_MAX);
        blocks.push(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}));
    }
    blocks
}

/// Head and rows as lines of columns that stand under one another.
fn lines(section: &Section, report: &Report) -> Vec<String> {
    let titles: Vec<String> = section.columns.iter().map(|column| column.title.to_owned()).collect();
    let shown = |row: &Vec<super::report::Cell>| {
        row.iter().map(|cell| escape(&cut(&cell.shown(report.zone), 60))).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<String>> = section.rows.iter().map(shown).collect();
    let signs = |text: &str| text.chars().count();
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| signs(cell));
        cells.chain([signs(&titles[at])]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..titles.len()).map(width).collect();
    let right =
        |at: usize| section.rows.iter().any(|row| row.get(at).is_some_and(super::report::Cell::is_number));
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(at, cell)| {
            let fill = " ".repeat(widths[at].saturating_sub(signs(cell)));
            if right(at) { format!("{fill}{cell}") } else { format!("{cell}{fill}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    [&titles].into_iter().chain(&rows).map(line).collect()
}

fn text_block(text: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": cut(text, TEXT_MAX + 90)}})
}

/// What means something to Slack.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('`', "'")
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::ticketing::report::Cell;
    use crate::ticketing::reports::tests::made;

    fn check_limits(messages: &[Value]) {
        for message in messages {
            let blocks = message["blocks"].as_array().unwrap();
            assert!(blocks.len() <= 50 && !blocks.is_empty());
            assert!(!message["text"].as_str().unwrap().is_empty());
            for block in blocks {
                let text = block["text"]["text"].as_str().unwrap_or_default();
                let most = if block["type"] == "header" { 150 } else { 3_000 };
                assert!(text.chars().count() <= most, "{}", text.len());
                assert!(block["fields"].as_array().is_none_or(|fields| fields.len() <= 10));
            }
        }
    }

    #[test]
    fn every_report_fits_what_slack_takes() {
        for spec in crate::ticketing::reports::REPORTS {
            let messages = messages(&made(spec.name));
            assert_eq!(messages.len(), 1, "{}", spec.name);
            check_limits(&messages);
        }
    }

    #[test]
    fn fault_27_a_long_report_becomes_several_messages_and_loses_no_row() {
        let mut report = made("coupons");
        let section = &mut report.sections[1];
        let row = section.rows[0].clone();
        for number in 0..2_000 {
            let mut row = row.clone();
            row[1] = Cell::Text(format!("<series {number:04}> `&`"));
            section.rows.push(row);
        }
        let messages = messages(&report);
        assert!(messages.len() > 3, "{}", messages.len());
        check_limits(&messages);
        let text = messages.iter().map(Value::to_string).collect::<String>();
        for number in [0, 1_000, 1_999] {
            assert!(text.contains(&format!("&lt;series {number:04}&gt; '&amp;'")), "{number}");
        }
    }
}
