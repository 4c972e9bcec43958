//! The tiles of the list of categories: a name, a picture, a link that leads one level down.

use std::sync::LazyLock;

use scraper::{ElementRef, Html, Selector};
use url::Url;

use super::address::Address;
use super::table::text;

/// One tile.
pub struct Tile {
    /// The category's name.
    pub name: String,
    /// Its picture.
    pub image: Option<Url>,
}

static LINKS: LazyLock<Selector> =
    LazyLock::new(|| Selector::parse("a[href]").expect("a constant selector is valid"));
static HEADING: LazyLock<Selector> =
    LazyLock::new(|| Selector::parse("h6").expect("a constant selector is valid"));
static TILES: LazyLock<Selector> =
    LazyLock::new(|| Selector::parse("[class*='Grid-item']").expect("a constant selector is valid"));
static IMAGE: LazyLock<Selector> =
    LazyLock::new(|| Selector::parse("img[src]").expect("a constant selector is valid"));

/// The categories that the page links to, in order. Tiles stand within their link or around it.
pub fn tiles(html: &Html, base: &Url) -> Vec<Tile> {
    let tile = |link: ElementRef<'_>| {
        let url = base.join(link.attr("href")?.trim()).ok()?;
        let address = Address::parse(&url)?;
        let around = link
            .ancestors()
            .filter_map(ElementRef::wrap)
            .find(|element| element.attr("class").is_some_and(|class| class.contains("Grid-item")));
        let tile = around.unwrap_or(link);
        let heading = tile.select(&HEADING).next().map(text).unwrap_or_default();
        // A name with a slash in it may not be escaped in the link.
        let name = match address {
            Address::Category(name) => name,
            _ => return None,
        };
        if name.contains('/') && name != heading && !url.path().to_uppercase().contains("%2F") {
            return None;
        }
        let image = tile.select(&IMAGE).next().and_then(|image| base.join(image.attr("src")?).ok());
        Some(Tile { name, image })
    };
    html.select(&LINKS).filter_map(tile).collect()
}

/// How many tiles have a name and no link to a page of the report, within or around them.
pub fn unlinked(html: &Html, base: &Url) -> usize {
    let leads = |link: ElementRef<'_>| {
        let url = link.attr("href").and_then(|href| base.join(href.trim()).ok());
        url.is_some_and(|url| Address::parse(&url).is_some())
    };
    let linked = |tile: &ElementRef<'_>| {
        tile.select(&LINKS).any(leads) || tile.ancestors().filter_map(ElementRef::wrap).any(leads)
    };
    let named = |tile: &ElementRef<'_>| tile.select(&HEADING).next().is_some();
    html.select(&TILES).filter(named).filter(|tile| !linked(tile)).count()
}
