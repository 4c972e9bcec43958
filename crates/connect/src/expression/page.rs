//! HTML as values of expressions: a page, and its elements, with the ways to walk from one to another.
//!
//! An element prints as its text. Addresses in `href` and `src` come out absolute.

mod pieces;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ego_tree::NodeId;
use minijinja::value::{Object, ObjectRepr, Value};
use scraper::{ElementRef, Html, Node, Selector};
use url::Url;

use super::cache;
use crate::format::html::nests_too_deeply;
use crate::value::text::fold;

/// A parsed page. Its tree caches inside itself, which is why it stands behind a lock; a page is read
/// by one thread, so the lock is never waited for.
struct Page {
    html: Mutex<Html>,
    base: Url,
    /// The element this page is a piece of.
    around: Option<Element>,
}

/// One element of a page.
#[derive(Clone)]
pub struct Element {
    page: Arc<Page>,
    id: NodeId,
}

impl Element {
    /// The root element of a parsed page. `base` resolves relative links; a `<base href>` comes first.
    /// `None` where the page nests too deeply for a tree.
    pub fn parse(html: &str, base: &Url) -> Option<Element> {
        if nests_too_deeply(html) {
            return None;
        }
        let html = Html::parse_document(html);
        let base = base_of(&html).and_then(|href| base.join(&href).ok()).unwrap_or_else(|| base.clone());
        let id = html.root_element().id();
        Some(Element { page: Arc::new(Page { html: Mutex::new(html), base, around: None }), id })
    }

    /// Its content line by line, each line an element: see the `pieces` filter.
    pub fn pieces(&self) -> Vec<Element> {
        let lines = self.with(pieces::markup_by_line).unwrap_or_default();
        let said = |piece: &Element| !piece.text().is_empty() || !piece.links().is_empty();
        lines.iter().map(|markup| self.piece(markup)).filter(said).collect()
    }

    fn piece(&self, markup: &str) -> Element {
        let html = Html::parse_fragment(markup);
        let id = html.root_element().id();
        let around = Some(self.clone());
        Element { page: Arc::new(Page { html: Mutex::new(html), base: self.page.base.clone(), around }), id }
    }

    /// What `find` gives for the element, or else for the one it is a piece of.
    fn here_or_around(&self, find: impl Fn(&Element) -> Option<Element>) -> Option<Element> {
        find(self).or_else(|| self.page.around.as_ref()?.here_or_around(find))
    }

    /// Runs `f` on the element. `f` must not come back to this page through another [`Element`].
    fn with<R>(&self, f: impl FnOnce(ElementRef<'_>) -> R) -> Option<R> {
        let html = self.page.html.lock().unwrap_or_else(PoisonError::into_inner);
        html.tree.get(self.id).and_then(ElementRef::wrap).map(f)
    }

    fn at(&self, id: NodeId) -> Element {
        Element { page: Arc::clone(&self.page), id }
    }

    fn optional(&self, find: impl FnOnce(ElementRef<'_>) -> Option<NodeId>) -> Option<Element> {
        self.with(find).flatten().map(|id| self.at(id))
    }

    fn list(&self, find: impl FnOnce(ElementRef<'_>) -> Vec<NodeId>) -> Vec<Element> {
        self.with(find).unwrap_or_default().into_iter().map(|id| self.at(id)).collect()
    }

    /// The first element inside that `selector` matches.
    pub fn css(&self, selector: &Selector) -> Option<Element> {
        self.optional(|element| element.select(selector).next().map(|e| e.id()))
    }

    /// Every element inside that `selector` matches, in document order.
    pub fn css_all(&self, selector: &Selector) -> Vec<Element> {
        self.list(|element| element.select(selector).map(|e| e.id()).collect())
    }

    /// Its name in lower case: `td`.
    pub fn name(&self) -> String {
        self.with(|element| element.value().name().to_owned()).unwrap_or_default()
    }

    /// The root of its page.
    pub fn root(&self) -> Element {
        let id = self.page.html.lock().unwrap_or_else(PoisonError::into_inner).root_element().id();
        self.at(id)
    }

    /// All its text in one line.
    pub fn text(&self) -> String {
        let raw = self.with(|element| flow(element, Break::Space)).unwrap_or_default();
        fold(&raw)
    }

    /// Its text without that of the elements inside it.
    pub fn own_text(&self) -> String {
        let own = |element: ElementRef<'_>| {
            let texts = element.children().filter_map(|child| child.value().as_text().map(|t| t.to_string()));
            texts.collect::<Vec<_>>().join(" ")
        };
        fold(&self.with(own).unwrap_or_default())
    }

    /// Its text line by line, as a browser breaks it; blank lines left out.
    pub fn lines(&self) -> Vec<String> {
        let raw = self.with(|element| flow(element, Break::Line)).unwrap_or_default();
        raw.split('\n').map(fold).filter(|line| !line.is_empty()).collect()
    }

    /// Its markup.
    pub fn markup(&self) -> String {
        self.with(|element| element.html()).unwrap_or_default()
    }

    /// An attribute; `href`, `src` and `action` come out absolute.
    pub fn attr(&self, name: &str) -> Option<String> {
        let value = self.with(|element| element.attr(name).map(str::to_owned)).flatten()?;
        if matches!(name, "href" | "src" | "action") {
            return Some(self.absolute(&value).unwrap_or(value));
        }
        Some(value)
    }

    /// An address of the page, made absolute; `None` for what is no address of a document.
    pub fn absolute(&self, href: &str) -> Option<String> {
        let url = self.page.base.join(href.trim()).ok()?;
        Some(url.to_string())
    }

    /// The element around it.
    pub fn parent(&self) -> Option<Element> {
        self.optional(|element| element.parent().and_then(ElementRef::wrap).map(|e| e.id()))
    }

    /// Itself or the nearest element around it that `selector` matches.
    pub fn closest(&self, selector: &Selector) -> Option<Element> {
        let closest = |element: ElementRef<'_>| {
            let around = element.ancestors().filter_map(ElementRef::wrap);
            std::iter::once(element).chain(around).find(|e| selector.matches(e)).map(|e| e.id())
        };
        self.here_or_around(|here| here.optional(closest))
    }

    /// The elements directly inside it.
    pub fn children(&self, selector: Option<&Selector>) -> Vec<Element> {
        self.list(|element| ids(element.child_elements(), selector))
    }

    /// The elements that follow it inside the same parent.
    pub fn next_all(&self, selector: Option<&Selector>) -> Vec<Element> {
        self.list(|element| ids(element.next_siblings().filter_map(ElementRef::wrap), selector))
    }

    /// The elements that precede it inside the same parent, nearest first.
    pub fn prev_all(&self, selector: Option<&Selector>) -> Vec<Element> {
        self.list(|element| ids(element.prev_siblings().filter_map(ElementRef::wrap), selector))
    }

    /// The elements that follow it inside the same parent, up to the first that `stop` matches.
    pub fn next_until(&self, stop: &Selector) -> Vec<Element> {
        self.list(|element| {
            let after = element.next_siblings().filter_map(ElementRef::wrap);
            after.take_while(|e| !stop.matches(e)).map(|e| e.id()).collect()
        })
    }

    /// The nearest element before it in the whole page that `selector` matches: a heading above.
    pub fn preceding(&self, selector: &Selector) -> Option<Element> {
        let preceding = |element: ElementRef<'_>| {
            let mut here = *element;
            loop {
                match here.prev_sibling() {
                    Some(before) => {
                        here = before;
                        let inside = here.descendants().filter_map(ElementRef::wrap);
                        if let Some(last) = inside.filter(|e| selector.matches(e)).last() {
                            return Some(last.id());
                        }
                    }
                    None => {
                        here = here.parent()?;
                        if ElementRef::wrap(here).is_some_and(|e| selector.matches(&e)) {
                            return Some(here.id());
                        }
                    }
                }
            }
        };
        self.here_or_around(|here| here.optional(preceding))
    }

    /// The nearest element after it in the whole page that `selector` matches.
    pub fn following(&self, selector: &Selector) -> Option<Element> {
        self.optional(|element| {
            let mut here = *element;
            loop {
                match here.next_sibling() {
                    Some(after) => {
                        here = after;
                        let mut inside = here.descendants().filter_map(ElementRef::wrap);
                        if let Some(first) = inside.find(|e| selector.matches(e)) {
                            return Some(first.id());
                        }
                    }
                    None => here = here.parent()?,
                }
            }
        })
    }

    /// Text and absolute address of every link inside, itself included. Links without text are named
    /// by their `title` or `aria-label`, the `alt` of their picture, or their file name.
    pub fn links(&self) -> Vec<(String, String)> {
        let anchors = cache::selector("a[href]").map(|a| self.css_all(&a)).unwrap_or_default();
        let own = (self.name() == "a").then(|| self.clone());
        own.into_iter().chain(anchors).filter_map(|a| a.link()).collect()
    }

    fn link(&self) -> Option<(String, String)> {
        let raw = self.with(|element| element.attr("href").map(str::to_owned)).flatten()?;
        let scheme = raw.trim_start().split(':').next().unwrap_or_default().to_ascii_lowercase();
        if raw.trim().is_empty() || raw.trim_start().starts_with('#') || scheme == "javascript" {
            return None;
        }
        let url = self.absolute(&raw)?;
        let picture = || cache::selector("img[alt]").and_then(|img| self.css(&img)?.attr("alt"));
        let named = [Some(self.text()), self.attr("title"), self.attr("aria-label"), picture()];
        let title = named.into_iter().flatten().map(|name| fold(&name)).find(|name| !name.is_empty());
        let file_name = || url.rsplit('/').next().unwrap_or_default().to_owned();
        Some((title.unwrap_or_else(file_name), url))
    }

    /// The rows of a table as texts and elements by column: see the `table` filter.
    pub fn table(&self) -> Vec<Vec<Element>> {
        let Some(rows) = cache::selector("tr") else { return Vec::new() };
        self.css_all(&rows).iter().map(|row| row.children(None)).filter(|cells| !cells.is_empty()).collect()
    }
}

fn ids<'a>(elements: impl Iterator<Item = ElementRef<'a>>, selector: Option<&Selector>) -> Vec<NodeId> {
    let fits = |e: &ElementRef<'_>| selector.is_none_or(|selector| selector.matches(e));
    elements.filter(fits).map(|e| e.id()).collect()
}

fn base_of(html: &Html) -> Option<String> {
    let selector = cache::selector("base[href]")?;
    html.select(&selector).next()?.attr("href").map(str::to_owned)
}

/// What stands between blocks of text.
#[derive(Clone, Copy, PartialEq)]
enum Break {
    Space,
    Line,
}

fn flow(element: ElementRef<'_>, at: Break) -> String {
    let mut text = String::new();
    for edge in element.traverse() {
        let (node, opening) = match edge {
            ego_tree::iter::Edge::Open(node) => (node, true),
            ego_tree::iter::Edge::Close(node) => (node, false),
        };
        match node.value() {
            Node::Text(part) if opening && !inside_code(node) => push(&mut text, part, at),
            Node::Element(inner) if breaks(inner.name()) => text.push(separator(at, inner.name())),
            _ => {}
        }
    }
    text
}

/// Line ends in the markup are mere spaces.
fn push(text: &mut String, part: &str, at: Break) {
    match at {
        Break::Space => text.push_str(part),
        Break::Line => text.extend(part.chars().map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c })),
    }
}

fn separator(at: Break, name: &str) -> char {
    if at == Break::Line && !matches!(name, "td" | "th") { '\n' } else { ' ' }
}

fn inside_code(node: ego_tree::NodeRef<'_, Node>) -> bool {
    let parent = node.parent().and_then(ElementRef::wrap);
    parent.is_some_and(|e| matches!(e.value().name(), "script" | "style" | "noscript" | "template"))
}

fn breaks(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "br"
            | "dd"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "li"
            | "main"
            | "nav"
            | "ol"
            | "option"
            | "p"
            | "pre"
            | "section"
            | "table"
            | "tbody"
            | "td"
            | "tfoot"
            | "th"
            | "thead"
            | "tr"
            | "ul"
    )
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.name())
    }
}

impl Object for Element {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl From<Element> for Value {
    fn from(element: Element) -> Value {
        Value::from_object(element)
    }
}
