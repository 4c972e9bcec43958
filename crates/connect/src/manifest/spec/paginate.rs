//! The closed set of ways to ask for further pages.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Condition, ValueSpec};

/// How further pages are asked for. Inside the request, `page` holds what the next page needs:
/// `page.number`, `page.offset`, `page.cursor`, and `page.count`, the pages asked so far.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaginateSpec {
    /// Numbered pages.
    Page(PageSpec),
    /// Steps of an offset.
    Offset(OffsetSpec),
    /// A token in the answer (cursor, continuation token) that the next request repeats.
    Cursor(CursorSpec),
    /// The address of the next page in the answer: in JSON, XML or HTML.
    NextLink(NextLinkSpec),
    /// The address of the next page in the `Link` header (RFC 8288, `rel="next"`).
    LinkHeader(LinkHeaderSpec),
    /// Spans of days, halved where the source holds more than it will list.
    Windows(WindowsSpec),
}

/// Numbered pages.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageSpec {
    /// Query parameter that takes the number; without it the request uses `{{ page.number }}`.
    pub param: Option<String>,
    /// Number of the first page.
    #[serde(default = "one")]
    pub first: u64,
    /// Query parameter that takes the page size.
    pub size_param: Option<String>,
    /// Listings a page.
    pub size: Option<u64>,
    /// Number of pages there are, where the answer says so. Without it, pages are asked for until one
    /// holds nothing, or less than `size`.
    #[serde(default)]
    pub pages: ValueSpec,
}

fn one() -> u64 {
    1
}

/// Steps of an offset.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OffsetSpec {
    /// Query parameter that takes the offset; without it the request uses `{{ page.offset }}`.
    pub param: Option<String>,
    /// Query parameter that takes the step.
    pub limit_param: Option<String>,
    /// The step: listings a page.
    pub limit: u64,
    /// Number of listings there are, where the answer says so. Without it, pages are asked for until
    /// one holds less than `limit`.
    #[serde(default)]
    pub total: ValueSpec,
    /// The highest offset the source answers.
    pub cap: Option<u64>,
}

/// A token in the answer.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CursorSpec {
    /// Query parameter that takes the token; without it the request uses `{{ page.cursor }}`.
    pub param: Option<String>,
    /// The token; absent or null on the last page.
    #[serde(default)]
    pub from: ValueSpec,
    /// An expression that is true while there is more (`doc.pagination.has_more_items`).
    #[serde(rename = "while")]
    pub more: Option<Condition>,
}

/// The address of the next page.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextLinkSpec {
    /// The address, absolute or relative; absent on the last page: `next_url`, `a.next@href`.
    #[serde(default)]
    pub from: ValueSpec,
}

/// Nothing to set.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkHeaderSpec {}

/// Spans of days. The request uses `{{ window.from }}` and `{{ window.to }}` (days, both included).
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowsSpec {
    /// Days before today.
    #[serde(default)]
    pub days_back: u32,
    /// Days after today.
    pub days_ahead: u32,
    /// Days of one span to begin with; the whole of it unless said.
    pub days_each: Option<u32>,
    /// Number of listings in the span, as the answer says.
    #[serde(default)]
    pub total: ValueSpec,
    /// The most listings the source lists for one span; a span that holds more is halved.
    pub cap: u64,
    /// How the pages of one span are asked for.
    pub then: Option<Box<PaginateSpec>>,
}
