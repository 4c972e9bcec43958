//! What stands above the steps: the name, the parameters, the schedule.

use connect::yaml::shape::Shape;
use schemars::JsonSchema as _;
use serde_json::Value;

use super::Compiler;
use crate::pipeline::spec::Param;

impl Compiler<'_> {
    pub(super) fn head(&mut self) {
        let name = self.pipeline.name.as_str();
        let sign = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
        if name.is_empty() || name.chars().count() > 100 || !name.chars().all(sign) {
            self.inside("name", |c| {
                if c.is_absent() {
                    return;
                }
                c.fault(format!("`{name}` cannot be the name of a pipeline")).help =
                    Some("letters, digits, `-`, `_`, `.` and `/`; 100 signs at most".to_owned());
            });
        }
        self.inside("params", |c| c.params());
        self.inside("schedule", |c| c.schedule());
    }

    fn params(&mut self) {
        for (name, value) in &self.pipeline.params {
            self.inside(name, |c| c.param(name, value));
        }
    }

    fn param(&mut self, name: &str, value: &Value) {
        let starts = |c: char| c.is_alphabetic() || c == '_';
        if !name.starts_with(starts) || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            self.name_fault(format!("`{name}` cannot be the name of a parameter")).help =
                Some("expressions write `params.name`: letters, digits and `_`".to_owned());
        }
        if !Param::is_declaration(value) {
            return;
        }
        let schema = declaration();
        let node = self.tree.at(&self.path);
        let shape = Shape { file: self.file, schema: &schema, whole: "the parameter", templates: false };
        for mut fault in shape.faults(node) {
            if let Some(help) = fault.help.as_mut().filter(|_| fault.message.starts_with("unknown key")) {
                help.push_str("; a default that is an object stands under `default`");
            }
            self.findings.push(fault);
        }
        let param = Param::of(value);
        if param.required && !param.default.is_null() {
            self.warning(format!("`{name}` is required, so its default is never used"));
        }
        if param.secret && !param.default.is_null() {
            self.warning(format!("the secret `{name}` stands in the file")).help =
                Some("leave `default` out and set it from the environment: `--set NAME=VALUE`, or `env.NAME` where it is used".to_owned());
        }
    }

    fn schedule(&mut self) {
        let Some(schedule) = &self.pipeline.schedule else { return };
        let zone = schedule.timezone.as_deref();
        // In UTC first, so that what is wrong with the zone is told where the zone stands.
        if let Err(why) = (self.rules.schedule)(&schedule.cron, None) {
            let message = format!("`{}` is not a schedule: {why}", schedule.cron);
            match self.inside("cron", |c| c.is_absent()) {
                true => self.fault(message).help = None,
                false => self.inside("cron", |c| c.fault(message).help = None),
            }
        } else if let Err(why) = (self.rules.schedule)(&schedule.cron, zone) {
            self.inside("timezone", |c| c.fault(why).help = None);
        }
    }
}

/// The schema of a declared parameter alone.
fn declaration() -> Value {
    let schema = Param::json_schema(&mut schemars::SchemaGenerator::default());
    schema.as_value().pointer("/anyOf/0").cloned().unwrap_or_default()
}
