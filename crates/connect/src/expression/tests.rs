use super::*;
use model::{When, Zone};
use url::Url;

const PAGE: &str = r#"<html><body><script>var meta = {"a": [1, 2]};</script>
<h2>Meetings 2019</h2><p>All at 7 pm.</p>
<table><tr><th>Date</th><th>Papers</th></tr><tbody>
<tr class="row"><td>Jan 9</td><td><a href="/docs/jan.pdf">Agenda</a></td></tr>
<tr class="row"><td>Feb 6</td><td>none</td></tr></tbody></table>
<p id="place"><b>City Hall</b><br>1 Main St<br>Room 3</p></body></html>"#;

fn scope() -> Arc<Scope> {
    let url = Url::parse("https://example.org/meetings.html").unwrap();
    let page = Value::from(Element::parse(PAGE, &url).unwrap());
    let now = Moment(When::at_local("", "2019-10-07T12:00:00".parse().unwrap(), Zone::Floating));
    let fixed = vec![("doc", page.clone()), ("url", Value::from(url.to_string())), ("now", Value::from(now))];
    Arc::new(Scope { fixed: Arc::new(fixed), item: page, ..Scope::default() })
}

const NAMES: &[&str] = &["item", "doc", "url", "now"];

#[test]
fn every_example_of_the_reference_gives_what_it_says() {
    let scope = scope();
    for filter in all_filters() {
        assert!(!filter.examples.is_empty(), "{} has no example", filter.name);
        for (source, expected) in filter.examples {
            let expression = Expression::parse(source).unwrap_or_else(|fault| panic!("{source}: {fault:?}"));
            assert_eq!(expression.faults(NAMES), [], "{source}");
            let value = expression.eval(&scope).unwrap_or_else(|error| panic!("{source}: {error}"));
            assert_eq!(to_json(&value).to_string(), *expected, "{source}");
        }
    }
}

#[test]
fn pieces_keep_their_links_and_know_what_stands_around_them() {
    let html = "<h2>2026</h2><div id=all><p><strong>May 1 <a href='/a?x=1&amp;y'>Agenda</a><br>June 5 &lt;new&gt;</strong></p>\
                <img alt='x'>tail</div>";
    let page = Element::parse(html, &Url::parse("https://example.org/").unwrap()).unwrap();
    let eval = |source: &str| {
        let scope = Scope { item: Value::from(page.clone()), ..Scope::default() };
        to_json(&Expression::parse(source).unwrap().eval(&Arc::new(scope)).unwrap()).to_string()
    };
    let pieces = "item | css('#all') | pieces";
    assert_eq!(eval(pieces), r#"["May 1 Agenda","June 5 <new>","tail"]"#);
    let links = r#"[{"title":"Agenda","url":"https://example.org/a?x=1&y"}]"#;
    assert_eq!(eval(&format!("({pieces})[0] | links")), links);
    assert_eq!(eval(&format!("({pieces})[1] | css('strong') | preceding('h2')")), r#""2026""#);
    assert_eq!(eval(&format!("({pieces})[1] | pieces | first | closest('#all') | attr('id')")), r#""all""#);
}

#[test]
fn nothing_in_gives_nothing_out() {
    for filter in all_filters().filter(|filter| filter.name != "or_else") {
        let expression = Expression::parse(&format!("item.absent.deeper | {}", filter.name)).unwrap();
        let value = expression.eval(&Arc::new(Scope::default()));
        assert!(value.is_ok_and(|value| value.is_undefined()), "{}", filter.name);
    }
}

#[test]
fn no_filter_panics_on_any_kind_of_value() {
    let scope = scope();
    for filter in all_filters() {
        for value in
            ["1", "-1.5", "'x'", "[]", "[none]", "{}", "true", "doc", "now", "'é' * 50", "99999999999999999"]
        {
            for arguments in ["", "(1)", "('x')", "(-99999999999999)", "({})", "('(')", "('', '')"] {
                let source = format!("{value} | {}{arguments}", filter.name);
                let _ = Expression::parse(&source).map(|expression| expression.eval(&scope));
            }
        }
    }
}

fn fault(source: &str) -> String {
    let faults = match Expression::parse(source) {
        Ok(expression) => expression.faults(NAMES),
        Err(fault) => vec![fault],
    };
    let shown = |f: &Fault| format!("{}: {} ({})", f.at, f.message, f.help.clone().unwrap_or_default());
    faults.iter().map(shown).collect::<Vec<_>>().join("; ")
}

#[test]
fn faults_name_the_nearest() {
    assert_eq!(fault("itm.a"), "0: there is no name `itm` (did you mean `item`?)");
    assert_eq!(fault("item.a | regx('a')"), "9: there is no filter `regx` (did you mean `regex`?)");
    assert_eq!(fault("doc | css('a[')").split(':').next(), Some("6"));
    assert!(fault("item | regex('(')").contains("is not a pattern: unclosed group"));
    assert!(fault("item | zone('Europe/Berln')").contains("not a time zone"));
    assert!(fault("item | ").contains("not an expression"));
    assert!(fault("item is definde").contains("did you mean `defined`"));
    assert!(!fault("item.a if item.b is not none else [x for x in y]").is_empty());
}

#[test]
fn a_text_with_a_missing_part_is_missing() {
    let json = serde_json::json!({"id": 7, "blank": " "});
    let scope = Arc::new(Scope { item: from_json(&json), ..Scope::default() });
    let eval = |text: &str| to_json(&Template::parse(text).unwrap().eval(&scope).unwrap()).to_string();
    assert_eq!(eval("{{ item.id }}"), "7");
    assert_eq!(eval("x/{{ item.id }}/y"), "\"x/7/y\"");
    assert_eq!(eval("x/{{ item.none }}"), "null");
    assert_eq!(eval("x/{{ item.blank }}"), "null");
    assert!(Template::parse("{% if a %}").is_err());
    assert!(Template::parse("{{ a").is_err());
}

#[test]
fn addresses_fit_what_they_are_put_to() {
    let first = |item: &Value, address: &str| to_json(&Address::parse(address).first(item, item)).to_string();
    let json =
        from_json(&serde_json::json!({"a": {"b": [{"c": 1}, {"c": 2}]}, "x.y": 3, "m": {"p": {"q": 4}}}));
    assert_eq!(first(&json, "a.b[1].c"), "2");
    assert_eq!(first(&json, "a.b[-1].c"), "2");
    assert_eq!(first(&json, "a.b[*].c"), "[1,2]");
    assert_eq!(first(&json, "m[*].q"), "[4]");
    assert_eq!(first(&json, "['x.y']"), "3");
    assert_eq!(first(&json, "a.none.c"), "null");
    assert_eq!(first(&json, "$.a.b[0].c"), "1");
    let url = Url::parse("https://example.org/").unwrap();
    let page = Value::from(Element::parse(PAGE, &url).unwrap());
    assert_eq!(first(&page, "td a@href"), "\"https://example.org/docs/jan.pdf\"");
    assert_eq!(first(&page, "#place b"), "\"City Hall\"");
    assert_eq!(first(&page, "$ h2"), "\"Meetings 2019\"");
    assert_eq!(Address::parse("tr.row").all(&page, &page).len(), 2);
    let xml = "<rss xmlns:ev='urn:e'><channel><item><ev:startdate>x</ev:startdate><link href='u'/></item><item/></channel></rss>";
    let xml = Value::from_dyn_object(XmlElement::parse(xml).unwrap());
    assert_eq!(Address::parse("channel.item").all(&xml, &xml).len(), 2);
    assert_eq!(Address::parse("rss.channel.item").all(&xml, &xml).len(), 2);
    assert_eq!(first(&xml, "channel.item.ev:startdate"), "\"x\"");
    assert_eq!(first(&xml, "channel.item.startdate"), "\"x\"");
    assert_eq!(first(&xml, "channel.item.link@href"), "\"u\"");
}

const BEGIN: &str = "<!-- filters:begin";
const END: &str = "<!-- filters:end -->";

/// The chapter of the reference, made from the table of filters.
fn filter_chapter() -> String {
    let mut chapter = String::new();
    for group in GROUPS {
        chapter.push_str(&format!(
            "\n### {}\n\n| filter | | example | gives |\n|---|---|---|---|\n",
            group.title
        ));
        for filter in group.filters {
            let cell = |text: &str| text.replace('|', "\\|");
            let (source, gives) = filter.examples.first().copied().unwrap_or_default();
            let row = [filter.name, filter.takes, filter.doc, source, gives].map(cell);
            chapter.push_str(&format!(
                "| `{}{}` | {} | `{}` | `{}` |\n",
                row[0], row[1], row[2], row[3], row[4]
            ));
        }
    }
    let names = BUILT_IN.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ");
    chapter.push_str(&format!("\nAnd Jinja's own: {names}.\n"));
    chapter
}

#[test]
fn the_reference_lists_every_filter() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/connectors.md");
    let page = std::fs::read_to_string(path).unwrap();
    let begin = page.find(BEGIN).map(|at| at + page[at..].find('\n').unwrap() + 1).unwrap();
    let end = page.find(END).unwrap();
    let chapter = filter_chapter();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let renewed = format!("{}{chapter}{}", &page[..begin], &page[end..]);
        std::fs::write(path, renewed).unwrap();
        return;
    }
    assert_eq!(&page[begin..end], chapter, "run again with UPDATE_DOCS=1");
}

#[test]
fn what_is_absent_passes_or_fails_as_asked() {
    let json = serde_json::json!({"a": null, "list": [1]});
    let scope = Arc::new(Scope { item: from_json(&json), ..Scope::default() });
    let eval = |absent, source: &str| Expression::parse_as(absent, source).unwrap().eval(&scope);
    assert!(eval(Absent::Passes, "item.b.c.d").unwrap().is_undefined());
    assert_eq!(eval(Absent::Fails, "item.b.c.d").unwrap_err(), "`item.b` is undefined");
    assert_eq!(eval(Absent::Fails, "item.b ~ 'x'").unwrap_err(), "`item.b` is undefined");
    assert_eq!(eval(Absent::Fails, "item.b").unwrap_err(), "`item.b` is undefined");
    assert!(eval(Absent::Fails, "item.a").unwrap().is_none());
    assert_eq!(eval(Absent::Fails, "item.b | default(3)").unwrap().as_i64(), Some(3));
    assert_eq!(eval(Absent::Fails, "item.b | or_else(3)").unwrap().as_i64(), Some(3));
    for source in ["item.list | first", "range(3) | list | length", "item.a is none"] {
        let both = [Absent::Passes, Absent::Fails].map(|absent| to_json(&eval(absent, source).unwrap()));
        assert_eq!(both[0], both[1], "{source}");
    }
}

/// Jinja goes down a chain as deep as it is long, without looking at the stack; a file from anybody must
/// not end the program.
#[test]
fn a_chain_without_end_is_refused() {
    for part in
        ["+1", ".a", "|d", "~1", " and 1", " if 1 else 1", " is odd", "[1]", "(1)", "==1", " not in a"]
    {
        let long = format!("a{}", part.repeat(100_000));
        assert!(Expression::parse(&long).is_err(), "{part}");
        // As long as allowed, on the small stack of a test.
        let most = format!("a{}", part.repeat(999 / 2));
        let _ = Expression::parse(&most).map(|expression| expression.eval(&Arc::new(Scope::default())));
    }
    for part in ["not ", "-", "(", "[", "{'a': "] {
        assert!(Expression::parse(&format!("{}a", part.repeat(100_000))).is_err(), "{part}");
    }
    for part in ["+1", ".a", "|d", "~1"] {
        let most = format!("a{}", part.repeat(1_000));
        let _ = Expression::parse(&most).map(|expression| expression.eval(&Arc::new(Scope::default())));
    }
    let wide = format!("[{}]", "1, ".repeat(50_000));
    assert!(Expression::parse(&wide).is_ok());
    let many = "{{ 1 }}".repeat(50_000);
    assert_eq!(Template::parse(&many).unwrap().expressions().len(), 50_000);
}
