//! Requests, their pages, and what follows from them.

use std::collections::HashSet;

use model::Method;

use super::super::plan::{BodyPlan, FollowPlan, PagesPlan, RequestPlan, WindowsPlan};
use super::super::rule::Rule;
use super::super::spec::{
    BodySpec, DecodeSpec, FollowSpec, MethodSpec, Ordered, PaginateSpec, RequestSpec, ValueSpec,
};
use super::{Compiler, Item, Names, item_of};

impl<'a> Compiler<'a> {
    pub(super) fn requests(&mut self) -> Vec<RequestPlan> {
        let spec = self.spec;
        let any_says = spec.requests.iter().any(|(_, request)| request.start == Some(true));
        let mut plans = Vec::new();
        self.inside("requests", |c| {
            if spec.requests.is_empty() && !c.code {
                c.fault("there are no requests");
            }
            for (index, (name, request)) in spec.requests.iter().enumerate() {
                let starts = request.start.unwrap_or(!any_says && index == 0);
                plans.push(c.inside(name, |c| c.request(name, request, starts)));
            }
        });
        self.check_reached(&plans);
        plans
    }

    /// Every request begins a run or follows from another.
    fn check_reached(&mut self, plans: &[RequestPlan]) {
        let followed: HashSet<&str> =
            plans.iter().flat_map(follows).map(|follow| follow.request.as_str()).collect();
        for plan in plans.iter().filter(|plan| !plan.starts && !followed.contains(plan.name.as_str())) {
            let name = plan.name.clone();
            if self.spec.requests.get(&name).is_some_and(|spec| spec.start == Some(false)) {
                continue;
            }
            self.inside("requests", |c| {
                c.inside(&name, |c| {
                    c.warning(format!("nothing leads to the request `{name}`")).help =
                        Some("name it in a `follow`, or say `start: true` or `start: false`".to_owned());
                });
            });
        }
    }

    fn request(&mut self, name: &str, spec: &'a RequestSpec, starts: bool) -> RequestPlan {
        let item = match spec.decode {
            DecodeSpec::Html | DecodeSpec::Listing => Item::Html,
            DecodeSpec::Json | DecodeSpec::Csv => Item::Json,
            DecodeSpec::Xml | DecodeSpec::Text => Item::Unknown,
        };
        let asking = asking_names(spec);
        let reading = reading_names(item);
        if spec.url.is_none() && starts {
            self.fault(format!("`{name}` begins a run and has no `url`"));
        }
        let own_readers = spec.decode == DecodeSpec::Listing;
        if own_readers && !spec.read.is_empty() {
            self.fault("`decode: listing` reads by itself; `read` has nothing to work on").help =
                Some("name the format (`html`, `xml`, `json`) to write rules of your own".to_owned());
        }
        if spec.read.is_empty() && spec.follow.is_empty() && !own_readers {
            self.warning(format!("nothing is read from the answer of `{name}`")).help =
                Some("give it `read` or `follow`".to_owned());
        }
        let for_each = self.inside("for_each", |c| c.optional_rule(&spec.for_each, &plain_names()));
        let (windows, pages) = self.inside("paginate", |c| c.paginate(spec.paginate.as_ref(), &reading));
        self.check_uses(spec, windows.is_some());
        RequestPlan {
            name: name.to_owned(),
            starts,
            for_each,
            url: spec.url.as_ref().and_then(|url| self.inside("url", |c| c.template(url, &asking))),
            method: method(spec),
            headers: self.named_rules("headers", &spec.headers, &asking),
            query: self.named_rules("query", &spec.query, &asking),
            body: self.inside("body", |c| c.body(spec.body.as_ref(), &asking)),
            windows,
            pages,
            max_pages: spec.max_pages,
            decode: spec.decode,
            encoding: self.encoding(spec),
            csv: spec.csv.clone(),
            error: self.inside("error", |c| c.optional_rule(&spec.error, &reading)),
            total: self.inside("total", |c| c.optional_rule(&spec.total, &reading)),
            complete: spec.complete,
            read: self.reads(&spec.read, &reading),
            follow: self.follows(&spec.follow, &reading),
        }
    }

    /// A request by windows must say where the window goes.
    fn check_uses(&mut self, spec: &RequestSpec, by_windows: bool) {
        if !by_windows {
            return;
        }
        let mut texts: Vec<String> = spec.url.iter().cloned().collect();
        texts.extend(spec.query.iter().map(|(_, value)| value.0.to_string()));
        texts.push(format!("{:?}", spec.body));
        if !texts.iter().any(|text| text.contains("window.")) {
            self.inside("paginate", |c| {
                c.fault("the request does not use its window").help = Some(
                    "put `{{ window.from }}` and `{{ window.to }}` into `url`, `query` or `body`".to_owned(),
                );
            });
        }
    }

    fn encoding(&mut self, spec: &RequestSpec) -> Option<&'static encoding_rs::Encoding> {
        let name = spec.encoding.as_deref()?;
        let encoding = encoding_rs::Encoding::for_label(name.as_bytes());
        if encoding.is_none() {
            self.inside("encoding", |c| {
                c.fault(format!("`{name}` is not a character encoding")).help =
                    Some("names are those of the web: `utf-8`, `windows-1252`, `shift_jis`".to_owned());
            });
        }
        encoding
    }

    fn named_rules(&mut self, key: &str, spec: &Ordered<ValueSpec>, names: &Names) -> Vec<(String, Rule)> {
        self.inside(key, |c| {
            let rule = |(name, value): (&str, &ValueSpec)| {
                (name.to_owned(), c.inside(name, |c| c.rule(&value.0, names)))
            };
            spec.iter().map(rule).collect()
        })
    }

    fn body(&mut self, spec: Option<&BodySpec>, names: &Names) -> Option<BodyPlan> {
        match spec? {
            BodySpec::Json(value) => Some(BodyPlan::Json(self.inside("json", |c| c.rule(&value.0, names)))),
            BodySpec::Form(fields) => Some(BodyPlan::Form(self.named_rules("form", fields, names))),
            BodySpec::Text(text) => self.inside("text", |c| c.template(text, names)).map(BodyPlan::Text),
        }
    }

    fn paginate(
        &mut self,
        spec: Option<&PaginateSpec>,
        names: &Names,
    ) -> (Option<WindowsPlan>, Option<PagesPlan>) {
        let Some(PaginateSpec::Windows(windows)) = spec else {
            return (None, spec.and_then(|spec| self.pages(spec, names)));
        };
        self.inside("windows", |c| {
            let total = c.inside("total", |c| c.rule(&windows.total.0, names));
            if windows.total.0.is_null() {
                c.fault("`windows` needs `total`: where the answer says how many there are");
            }
            let pages = c.inside("then", |c| match windows.then.as_deref() {
                Some(PaginateSpec::Windows(_)) => {
                    c.fault("windows inside windows");
                    None
                }
                then => then.and_then(|then| c.pages(then, names)),
            });
            let &super::super::spec::WindowsSpec { days_back, days_ahead, days_each, cap, .. } = windows;
            (Some(WindowsPlan { days_back, days_ahead, days_each, total, cap }), pages)
        })
    }

    fn pages(&mut self, spec: &PaginateSpec, names: &Names) -> Option<PagesPlan> {
        match spec {
            PaginateSpec::Page(page) => self.inside("page", |c| {
                let pages = c.inside("pages", |c| c.optional_rule(&page.pages, names));
                let (param, size_param) = (page.param.clone(), page.size_param.clone());
                Some(PagesPlan::Page { param, first: page.first, size_param, size: page.size, pages })
            }),
            PaginateSpec::Offset(offset) => self.inside("offset", |c| {
                if offset.limit == 0 {
                    c.fault("a `limit` of 0 never moves on");
                }
                let total = c.inside("total", |c| c.optional_rule(&offset.total, names));
                let (param, limit_param) = (offset.param.clone(), offset.limit_param.clone());
                Some(PagesPlan::Offset { param, limit_param, limit: offset.limit, total, cap: offset.cap })
            }),
            PaginateSpec::Cursor(cursor) => self.inside("cursor", |c| {
                let from = c.needed_rule(&cursor.from, "cursor", names);
                let more = c.inside("while", |c| c.condition(cursor.more.as_ref(), names));
                Some(PagesPlan::Cursor { param: cursor.param.clone(), from, more })
            }),
            PaginateSpec::NextLink(link) => self.inside("next_link", |c| {
                Some(PagesPlan::NextLink { from: c.needed_rule(&link.from, "next_link", names) })
            }),
            PaginateSpec::LinkHeader(_) => Some(PagesPlan::LinkHeader),
            PaginateSpec::Windows(_) => None,
        }
    }

    fn needed_rule(&mut self, spec: &ValueSpec, within: &str, names: &Names) -> Rule {
        if spec.0.is_null() {
            self.fault(format!("`{within}` needs `from`: where it stands in the answer"));
        }
        self.inside("from", |c| c.rule(&spec.0, names))
    }

    pub(super) fn follows(&mut self, specs: &[FollowSpec], names: &Names) -> Vec<FollowPlan> {
        let mut plans = Vec::new();
        for (index, spec) in specs.iter().enumerate() {
            plans.push(self.inside("follow", |c| c.at_index(index, |c| c.follow(spec, names))));
        }
        plans
    }

    fn follow(&mut self, spec: &FollowSpec, names: &Names) -> FollowPlan {
        self.inside("request", |c| c.check_request_name(&spec.request));
        let target = self.spec.requests.get(&spec.request);
        if spec.url.0.is_null() && target.is_some_and(|target| target.url.is_none()) {
            let name = &spec.request;
            self.fault(format!("neither this `follow` nor the request `{name}` has a `url`"));
        }
        let each = self.inside("each", |c| c.optional_rule(&spec.each, names));
        let inner = match &each {
            Some(each) => names.on(item_of(each, names.item)).with("index"),
            None => names.clone(),
        };
        let condition = self.inside("where", |c| c.condition(spec.condition.as_ref(), &inner));
        let url = self.inside("url", |c| c.optional_rule(&spec.url, &inner));
        let with = self.named_rules("with", &spec.with, &inner);
        FollowPlan { request: spec.request.clone(), each, condition, url, with }
    }
}

fn follows(plan: &RequestPlan) -> impl Iterator<Item = &FollowPlan> {
    plan.follow.iter().chain(plan.read.iter().flat_map(|read| &read.follow))
}

fn method(spec: &RequestSpec) -> Method {
    match (spec.method, &spec.body) {
        (Some(MethodSpec::Post), _) | (None, Some(_)) => Method::Post,
        _ => Method::Get,
    }
}

fn plain_names() -> Names {
    let names = ["params", "now", "timezone"].map(str::to_owned).to_vec();
    Names { names, item: Item::Unknown, addresses: false }
}

/// What the texts of a request can use.
fn asking_names(spec: &RequestSpec) -> Names {
    let mut names = plain_names().with("context").with("page");
    if !spec.for_each.0.is_null() {
        names = names.with("item");
    }
    if matches!(spec.paginate, Some(PaginateSpec::Windows(_))) {
        names = names.with("window");
    }
    names
}

/// What the rules that read an answer can use.
fn reading_names(item: Item) -> Names {
    let names = ["item", "doc", "params", "context", "page", "window", "now", "url", "timezone"];
    Names { names: names.map(str::to_owned).to_vec(), item, addresses: true }
}
