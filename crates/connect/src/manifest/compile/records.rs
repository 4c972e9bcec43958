//! Rules that read records, with the records inside them.

use model::{Kind, nearest};
use serde_json::Value;

use super::super::plan::{FieldPlan, NestedPlan, ReadPlan, RecordPlan};
use super::super::spec::{ExpectSpec, KindSpec, Ordered, RuleSpec, ValueSpec};
use super::{Compiler, Names, item_of};

impl<'a> Compiler<'a> {
    pub(super) fn reads(&mut self, specs: &[RuleSpec], names: &Names) -> Vec<ReadPlan> {
        let mut plans = Vec::new();
        for (index, spec) in specs.iter().enumerate() {
            plans.push(self.inside("read", |c| c.at_index(index, |c| c.read(spec, names))));
        }
        plans
    }

    fn read(&mut self, spec: &RuleSpec, names: &Names) -> ReadPlan {
        let kind = kind_of(spec.kind);
        let each = self.inside("each", |c| c.optional_rule(&spec.each, names));
        let inner = match &each {
            Some(each) => names.on(item_of(each, names.item)).with("index"),
            None => names.clone(),
        };
        let (lets, inner) = self.lets(&spec.lets, inner);
        let condition = self.inside("where", |c| c.condition(spec.condition.as_ref(), &inner));
        if spec.fields.is_empty() && spec.key.0.is_null() && spec.follow.is_empty() {
            self.fault("a rule of `read` needs `fields`");
        }
        let record = self.record(kind, &spec.key, &spec.fields, &inner);
        self.check_columns("required", &spec.required, kind);
        self.check_columns("clears", &spec.clears, kind);
        let record = RecordPlan { required: spec.required.clone(), clears: spec.clears.clone(), ..record };
        let follow_names = inner.with("key");
        let follow = self.follows(&spec.follow, &follow_names);
        let each_source = spec.each.0.as_str().unwrap_or("each").to_owned();
        ReadPlan {
            each,
            each_source,
            expect_some: spec.expect == ExpectSpec::Some,
            lets,
            condition,
            record,
            follow,
        }
    }

    fn check_columns(&mut self, key: &str, columns: &[String], kind: Kind) {
        for (index, column) in columns.iter().enumerate() {
            if kind.spec().column(column).is_none() {
                self.inside(key, |c| c.at_index(index, |c| c.unknown_field(column, kind, false)));
            }
        }
    }

    fn record(
        &mut self,
        kind: Kind,
        key: &ValueSpec,
        fields: &Ordered<ValueSpec>,
        names: &Names,
    ) -> RecordPlan {
        let key = self.inside("key", |c| c.optional_rule(key, names));
        let plans = self.inside("fields", |c| {
            let field =
                |(name, value): (&str, &ValueSpec)| c.inside(name, |c| c.field(kind, name, &value.0, names));
            fields.iter().filter_map(field).collect()
        });
        RecordPlan { kind, key, fields: plans, required: Vec::new(), clears: Vec::new() }
    }

    fn field(&mut self, kind: Kind, name: &str, value: &Value, names: &Names) -> Option<FieldPlan> {
        let column = kind.spec().column(name);
        if kind == Kind::Event {
            let refers = match name {
                "venue" => Some(Kind::Venue),
                "organizer" => Some(Kind::Organizer),
                _ => None,
            };
            if let (Some(refers), Some(column), Value::Object(members)) = (refers, column, value) {
                return Some(FieldPlan::One {
                    column,
                    record: Box::new(self.nested(refers, members, names)),
                });
            }
            if let ("performers", true) = (name, holds_objects(value)) {
                return Some(FieldPlan::Many {
                    column,
                    records: self.nested_list(Kind::Performer, value, names),
                });
            }
            if name == "offers" {
                return Some(FieldPlan::Many {
                    column: None,
                    records: self.nested_list(Kind::Offer, value, names),
                });
            }
        }
        match column {
            Some(column) => Some(FieldPlan::Column { column, rule: Box::new(self.rule(value, names)) }),
            None => {
                self.unknown_field(name, kind, true);
                None
            }
        }
    }

    fn unknown_field(&mut self, name: &str, kind: Kind, at_name: bool) {
        let offers = (kind == Kind::Event).then_some("offers");
        let columns = || kind.spec().columns.iter().map(|column| column.name).chain(offers);
        let all = columns().map(|column| format!("`{column}`")).collect::<Vec<_>>().join(", ");
        let help = match nearest(name, columns()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the fields are {all}; what has no field of its own can go into `extra`"),
        };
        let message = format!("{} has no field `{name}`", kind.name());
        let finding = if at_name { self.name_fault(message) } else { self.fault(message) };
        finding.help = Some(help);
    }

    fn nested_list(&mut self, kind: Kind, value: &Value, names: &Names) -> Vec<NestedPlan> {
        match value {
            Value::Object(members) => vec![self.nested(kind, members, names)],
            Value::Array(items) => {
                let mut records = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    self.at_index(index, |c| match item {
                        Value::Object(members) => records.push(c.nested(kind, members, names)),
                        _ => drop(
                            c.fault(format!("each of these is an object with the fields of {}", kind.name()))
                                .place,
                        ),
                    });
                }
                records
            }
            _ => {
                let name = kind.name();
                self.fault(format!("this is an object with the fields of {name}, or a list of them")).help =
                    Some("with `each` it gives one for every item".to_owned());
                Vec::new()
            }
        }
    }

    fn nested(&mut self, kind: Kind, members: &serde_json::Map<String, Value>, names: &Names) -> NestedPlan {
        let each = members.get("each").map(|each| self.inside("each", |c| c.rule(each, names)));
        let mut inner = match &each {
            Some(each) => names.on(item_of(each, names.item)).with("index"),
            None => names.clone(),
        };
        let mut lets = Vec::new();
        if let Some(Value::Object(own)) = members.get("let") {
            let named = own.iter().map(|(name, value)| (name.clone(), ValueSpec(value.clone()))).collect();
            (lets, inner) = self.lets(&Ordered(named), inner);
        }
        let condition = members.get("where").and_then(Value::as_str);
        let condition = condition.and_then(|text| self.inside("where", |c| c.expression(text, &inner)));
        let key = members.get("key").map(|key| self.inside("key", |c| c.rule(key, &inner)));
        let own =
            members.iter().filter(|(name, _)| !matches!(name.as_str(), "each" | "where" | "key" | "let"));
        let mut fields = Vec::new();
        for (name, value) in own {
            fields.extend(self.inside(name, |c| c.field(kind, name, value, &inner)));
        }
        let record = RecordPlan { kind, key, fields, required: Vec::new(), clears: Vec::new() };
        NestedPlan { each, lets, condition, record }
    }
}

fn holds_objects(value: &Value) -> bool {
    match value {
        Value::Object(_) => true,
        Value::Array(items) => items.iter().any(Value::is_object),
        _ => false,
    }
}

fn kind_of(kind: KindSpec) -> Kind {
    match kind {
        KindSpec::Event => Kind::Event,
        KindSpec::Venue => Kind::Venue,
        KindSpec::Performer => Kind::Performer,
        KindSpec::Organizer => Kind::Organizer,
        KindSpec::Offer => Kind::Offer,
        KindSpec::Card => Kind::Card,
        KindSpec::GradedCard => Kind::GradedCard,
    }
}
