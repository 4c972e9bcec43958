//! The report of one certificate: what was graded (player, set, subset, variation), its score of 1000, and a
//! picture of it.
//!
//! The page says these in blocks of text without fixed class names. A block is told by the label before it;
//! without labels by its place among the four, and only where there are four.

use std::sync::LazyLock;

use model::{GradedCard, Record};
use regex::Regex;
use scraper::{ElementRef, Html, Selector};

use super::levels::Page;
use super::table::text;

/// What a block says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Player,
    Set,
    Subset,
    Variation,
}

/// In the order in which they stand.
const BLOCKS: [Block; 4] = [Block::Player, Block::Set, Block::Subset, Block::Variation];

impl Block {
    fn labelled(label: &str) -> Option<Block> {
        match label.trim().trim_end_matches(':').trim_end().to_lowercase().as_str() {
            "player" | "player name" | "card name" | "subject" => Some(Block::Player),
            "set" | "set name" => Some(Block::Set),
            "subset" | "sub set" | "subset name" => Some(Block::Subset),
            "variation" => Some(Block::Variation),
            _ => None,
        }
    }
}

/// The texts of the blocks, by place in [`BLOCKS`].
type Texts = [Option<String>; BLOCKS.len()];

static SCORE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)\bscore\b\D{0,20}(\d{3,4})\b").expect("a constant pattern is valid"));
static PICTURE: LazyLock<Selector> = LazyLock::new(|| selector("img[src*='card-images']"));
static ALL: LazyLock<Selector> = LazyLock::new(|| selector("body *"));

fn selector(css: &str) -> Selector {
    Selector::parse(css).expect("a constant selector is valid")
}

impl Page<'_> {
    /// Reads the report of a certificate.
    pub fn certificate(&mut self, certificate: &str) {
        let all = text(self.html.root_element());
        let score = SCORE.captures(&all).and_then(|found| found.get(1)?.as_str().parse::<i64>().ok());
        let picture = self.html.select(&PICTURE).next();
        let image_url = picture.and_then(|image| self.url.join(image.attr("src")?).ok());
        let [player, set_title, subset, variation] = blocks(self.html);
        let fields = GradedCard {
            certificate: certificate.into(),
            url: self.url.to_string().into(),
            player: player.into(),
            set_title: set_title.into(),
            subset: subset.into(),
            variation: variation.into(),
            score: score.filter(|score| *score <= 1000).into(),
            image_url: image_url.map(String::from).into(),
            ..GradedCard::default()
        };
        self.reading.records.push(Record::new(certificate, fields));
    }
}

fn blocks(html: &Html) -> Texts {
    let labelled = by_label(html);
    if labelled.iter().any(Option::is_some) { labelled } else { by_place(html).unwrap_or_default() }
}

/// `Player` and then `Gary Carter`, or `Player: Gary Carter` in one.
fn by_label(html: &Html) -> Texts {
    let mut texts = Texts::default();
    let mut waits: Option<Block> = None;
    let leaves = html.select(&ALL).filter(|element| is_leaf(*element)).map(text);
    for leaf in leaves.filter(|leaf| !leaf.is_empty()) {
        let (label, rest) = leaf.split_once(':').unwrap_or((leaf.as_str(), ""));
        match (Block::labelled(label), waits.take()) {
            (Some(block), _) if rest.trim().is_empty() => waits = Some(block),
            (Some(block), _) => keep(&mut texts, block, rest),
            (None, Some(block)) => keep(&mut texts, block, &leaf),
            (None, None) => {}
        }
    }
    texts
}

fn keep(texts: &mut Texts, block: Block, said: &str) {
    let said = said.trim();
    if !said.is_empty() && said != "-" {
        texts[block as usize].get_or_insert(said.to_owned());
    }
}

/// The first four blocks of text that stand together.
fn by_place(html: &Html) -> Option<Texts> {
    let four = html.select(&ALL).find_map(|element| {
        let within: Vec<ElementRef<'_>> = element.child_elements().collect();
        let blocks = within.len() == BLOCKS.len() && within.iter().all(|block| is_block(*block));
        blocks.then_some(within)
    })?;
    let mut texts = Texts::default();
    for (block, element) in BLOCKS.into_iter().zip(four) {
        keep(&mut texts, block, &text(element));
    }
    Some(texts)
}

fn is_leaf(element: ElementRef<'_>) -> bool {
    element.child_elements().next().is_none() && !matches!(element.value().name(), "script" | "style")
}

fn is_block(element: ElementRef<'_>) -> bool {
    is_leaf(element) && matches!(element.value().name(), "div" | "p" | "span" | "h1" | "h2" | "h3" | "h4")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_told_by_label_or_as_four() {
        let check = |html: &str, expected: [&str; 4]| {
            let found = blocks(&Html::parse_document(html)).map(Option::unwrap_or_default);
            assert_eq!(found, expected, "{html}");
        };
        let all = ["Gary Carter", "1989 Donruss", "Diamond Kings", "Red Back"];
        check(
            "<div><div class=jss139>Gary Carter</div><div class=jss140>1989 Donruss</div>\
             <div class=jss141>Diamond Kings</div><div class=jss142>Red Back</div></div>",
            all,
        );
        check(
            "<p>Set: 1989 Donruss</p><span>Player</span><b>Gary Carter</b><dl><dt>Variation<dd>Red Back\
             <dt>Subset:<dd>Diamond Kings</dl>",
            all,
        );
        // An empty one keeps its place, and a label without a value takes nothing that is another's.
        check("<div><p>A</p><p>B</p><p></p><p>-</p></div>", ["A", "B", "", ""]);
        check("<i>Player</i><i>Set</i><i>B</i>", ["", "B", "", ""]);
        // Three are not told apart.
        check("<div><p>A</p><p>B</p><p>C</p></div>", [""; 4]);
    }
}
