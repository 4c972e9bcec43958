//! Credentials and the rest of the policy.

use url::Url;

use super::super::plan::{AuthPlan, limit_pattern_fault};
use super::super::spec::{
    AuthSpec, ErrorSpec, ParamSpec, ParamType, ResetUnitSpec, RobotsSpec, StatusSpec, ThenSpec,
};
use super::{Compiler, Item, Names};
use crate::expression::Template;
use crate::fetch::{ErrorRule, LimitHeaders, Need, OnError, Pace, Policy, RenderPlan, ResetUnit};

impl Compiler<'_> {
    pub(super) fn auth(&mut self) -> Option<AuthPlan> {
        let spec = self.spec.auth.as_ref()?;
        self.inside("auth", |c| match spec {
            AuthSpec::Bearer(token) => c.secret("bearer", token).map(AuthPlan::Bearer),
            AuthSpec::Header { name, value } => {
                let value = c.inside("header", |c| c.secret("value", value))?;
                Some(AuthPlan::Header { name: name.clone(), value })
            }
            AuthSpec::Query { name, value } => {
                let value = c.inside("query", |c| c.secret("value", value))?;
                Some(AuthPlan::Query { name: name.clone(), value })
            }
            AuthSpec::Basic { user, password } => c.inside("basic", |c| {
                let password = password.as_ref().and_then(|password| c.secret("password", password));
                Some(AuthPlan::Basic { user: c.secret("user", user)?, password })
            }),
            AuthSpec::Oauth2 { token_url, client_id, client_secret, scope } => c.inside("oauth2", |c| {
                let token_url = c.address("token_url", token_url)?;
                let client_id = c.secret("client_id", client_id)?;
                let client_secret = c.secret("client_secret", client_secret)?;
                let scope = scope.clone().unwrap_or_default();
                Some(AuthPlan::Oauth2 { token_url, client_id, client_secret, scope })
            }),
        })
    }

    fn secret(&mut self, key: &str, text: &str) -> Option<Template> {
        let names = Names { names: vec!["params".to_owned()], item: Item::Unknown, addresses: false };
        self.inside(key, |c| {
            if !text.contains("{{") {
                c.fault(format!("`{key}` stands in the manifest as it is")).help =
                    Some("declare a `secret` under `params` and write `{{ params.name }}`".to_owned());
            }
            c.template(text, &names)
        })
    }

    pub(super) fn address(&mut self, key: &str, text: &str) -> Option<Url> {
        self.inside(key, |c| match Url::parse(text) {
            Ok(url) => Some(url),
            Err(error) => {
                c.fault(format!("`{text}` is not an address: {error}"));
                None
            }
        })
    }

    /// The first variable of each secret: the one that is written down for it.
    fn held_in(&self) -> Vec<String> {
        let secret = |param: &ParamSpec| match param.kind {
            ParamType::Secret => param.env.0.first().cloned(),
            _ => None,
        };
        self.spec.params.iter().filter_map(|(_, param)| secret(param)).collect()
    }

    /// Everything but the credentials.
    pub(super) fn policy(&mut self) -> Policy {
        let (limits, terms) = (&self.spec.limits, &self.spec.terms);
        if let Some(combined) = &limits.headers.combined {
            self.inside("limits", |c| {
                c.inside("headers", |c| {
                    c.inside("combined", |c| {
                        c.inside("pattern", |c| {
                            if let Some(message) = limit_pattern_fault(&combined.pattern) {
                                c.fault(format!("the pattern {message}"));
                            }
                        });
                    });
                });
            });
        }
        let headers = &limits.headers;
        Policy {
            per_second: limits.per_second,
            concurrency: limits.concurrency,
            per_run: limits.per_run,
            attempts: limits.attempts,
            robots: terms.robots == RobotsSpec::Obey,
            limit_headers: LimitHeaders {
                remaining: headers.remaining.clone(),
                reset: headers.reset.as_ref().map(|reset| (reset.name.clone(), unit(reset.unit))),
                combined: headers.combined.as_ref().map(|c| (c.name.clone(), c.pattern.clone())),
            },
            errors: self.spec.errors.iter().map(rule).collect(),
            held_in: self.held_in(),
            auth_host: self.auth_host(),
            resources: self.key().into_iter().collect(),
            render: self.spec.render.as_ref().map(|render| RenderPlan {
                wait_for: render.wait_for.clone(),
                empty: render.empty.clone(),
                pager: render.pager.clone(),
                next: render.next.clone(),
                max_pages: render.max_pages,
            }),
            ..Policy::default()
        }
    }

    /// The key as a resource of its own, where its pace is stated: it may be used on several hosts, and by
    /// several runners.
    fn key(&self) -> Option<Need> {
        let limits = &self.spec.limits;
        let (per_second, concurrency) = (limits.per_second, limits.concurrency);
        let wish = Pace { per_second, concurrency, even: false };
        let resource = format!("key:{}", self.spec.name);
        let stated = self.spec.auth.is_some() && wish != Pace::default();
        stated.then(|| Need { resource, wish, default: Pace::default() })
    }

    /// Credentials belong to the host of the first request, where it is written out.
    fn auth_host(&self) -> Option<String> {
        let (_, first) = self.spec.requests.iter().next()?;
        let url = first.url.as_deref()?;
        let authority = url.split_once("://")?.1.split(['/', '?']).next()?;
        (!authority.contains("{{")).then(|| authority.split(':').next().unwrap_or_default().to_owned())
    }
}

fn unit(unit: ResetUnitSpec) -> ResetUnit {
    match unit {
        ResetUnitSpec::Seconds => ResetUnit::Seconds,
        ResetUnitSpec::EpochSeconds => ResetUnit::EpochSeconds,
        ResetUnitSpec::EpochMillis => ResetUnit::EpochMillis,
        ResetUnitSpec::Iso => ResetUnit::Iso,
    }
}

fn rule(spec: &ErrorSpec) -> ErrorRule {
    ErrorRule {
        status: spec.status.map(|status| match status {
            StatusSpec::One(status) => (status, status),
            StatusSpec::Range([low, high]) => (low, high),
        }),
        body_contains: spec.body_contains.clone(),
        then: Some(match spec.then {
            ThenSpec::Retry => OnError::Retry,
            ThenSpec::Fail => OnError::Fail,
            ThenSpec::Skip => OnError::Skip,
            ThenSpec::Stop => OnError::Stop,
        }),
        message: spec.message.clone(),
    }
}
