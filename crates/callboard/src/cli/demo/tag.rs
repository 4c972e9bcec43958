//! `callboard demo tag`: a slice of a population report that scripts build, crawled through a real browser,
//! grown, crawled again, and asked.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use connect::fetch::find_browser;
use engine::cards::{Filter, moves, reconcile};
use engine::collect::Summary;
use model::Kind;
use sandbox::{CardSite, CardSiteOptions};
use store::Store;

use crate::config::Config;
use crate::origins::{Asked, Catalog};
use crate::output::{print, say};
use crate::summary;

/// Crawls twice, with growth in between.
pub async fn run(config: &Config, seed: u64, keep: bool) -> Result<ExitCode> {
    let browser = find_browser(config.text("browser").map(Path::new)).await;
    let rendered = match &browser {
        Ok(found) => {
            say(&format!("rendering with {}", found.version));
            false
        }
        Err(why) => {
            say(&format!("{why}; until then the demo reads pages that come rendered"));
            true
        }
    };
    let options = CardSiteOptions { categories: 1, years: 2, rendered, ..CardSiteOptions::small(seed) };
    let site = CardSite::start(options).await.context("cannot start the local site")?;
    say(&format!("local site: {}/pop-report", site.url()));
    let store = if keep { crate::world::open(config).await? } else { Store::in_memory().await? };
    let first = crawl(config, &site, rendered, store.clone()).await?;
    print(&summary::for_people(&first, &[]))?;
    say("some cards were graded again; a second crawl asks for what is said to have changed");
    site.grow();
    let second = crawl(config, &site, rendered, store.clone()).await?;
    print(&summary::for_people(&second, &[]))?;
    tell(&store).await?;
    store.close().await;
    match keep {
        true => say(&format!("kept in {}; ask with `callboard tag cards --db {0}`", config.db()?.display())),
        false => say("nothing was kept; next: `callboard run tag --categories Baseball --year-filter 1989`"),
    }
    Ok(ExitCode::from(second.outcome.exit_code().max(first.outcome.exit_code())))
}

async fn crawl(config: &Config, site: &CardSite, rendered: bool, store: Store) -> Result<Summary> {
    let catalog = Catalog::load_only(config, &["tag"])?;
    let params = [
        format!("url={}", site.url()),
        "delay=0".to_owned(),
        format!("render={}", !rendered),
        // A slice: the cards of two people, whose copies are looked at one by one.
        "card_filter=Gary Carter,Mario Lemieux".to_owned(),
    ];
    let asked = Asked {
        inputs: Vec::new(),
        connector: Some("tag".to_owned()),
        params: params.to_vec(),
        source: None,
    };
    super::gather(config, catalog, vec![asked], store).await
}

async fn tell(store: &Store) -> Result<()> {
    let moved = moves(store, "", 5).await?;
    print("\nwhat moved, newest first:\n")?;
    for one in &moved {
        let name = one.name.as_deref().unwrap_or_default();
        let count = |count: Option<i64>| count.map_or("?".to_owned(), |count| count.to_string());
        let (before, after) = (count(one.before), count(one.after));
        let new = if one.new_grades.is_empty() {
            String::new()
        } else {
            format!(", new: {}", one.new_grades.join(" "))
        };
        print(&format!("  {name}: {before} -> {after} copies{new}   {}\n", one.key))?;
    }
    let found = reconcile(store, &Filter::default()).await?;
    let (differing, compared) = (found.differences.len(), found.compared);
    print(&format!("TOTALS, rows and the level below compared: {differing} of {compared} differ\n"))?;
    let copies = engine::cards::rows(store, Kind::GradedCard, &Filter::default()).await?.len();
    Ok(print(&format!("{copies} graded copies, each by its certificate\n"))?)
}
