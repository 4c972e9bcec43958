//! Tickets, with what their holders have answered.

use std::collections::BTreeMap;

use model::{Note, Record, Stated, Ticket};
use serde_json::Value;

use super::answers::{self, Membership};
use super::said;

/// Columns that are read from answers, and what the systems before called them.
pub(super) const MAPPED: [(&str, &[&str]); 9] = [
    ("gender", &[]),
    ("birth_date", &["birthday"]),
    ("nationality", &[]),
    ("residence", &["region_of_residence"]),
    ("returning_athlete", &["is_returning_athlete"]),
    ("returning_city", &["returning_athlete_city", "is_returning_athlete_to_city"]),
    ("gym_status", &["is_gym_affiliate"]),
    ("gym", &["gym_affiliate"]),
    ("gym_location", &["location", "gym_affiliate_location"]),
];

/// Reads tickets; counts what could not be understood, without telling whose it was.
pub(super) struct Tickets<'a> {
    /// For columns the answer they are read from, where it is not the usual one.
    fields: &'a BTreeMap<String, String>,
    bad_dates: usize,
}

impl<'a> Tickets<'a> {
    pub(super) fn new(fields: &'a BTreeMap<String, String>) -> Tickets<'a> {
        Tickets { fields, bad_dates: 0 }
    }

    /// One ticket; `None` for what has no key.
    pub(super) fn record(&mut self, row: &Value) -> Option<Record> {
        let mut ticket = sold(row);
        holder(row, &mut ticket);
        if let Some(extra) = row.get("extraFields") {
            self.answered(extra, &mut ticket);
        }
        Some(Record::new(said::key(row)?, ticket))
    }

    /// Remarks on all that was read.
    pub(super) fn notes(&self) -> Option<Note> {
        (self.bad_dates > 0).then(|| {
            Note::new(format!(
                "{} birth dates are no dates like 1990-05-17; they are kept in extra_fields only",
                self.bad_dates
            ))
        })
    }

    fn answered(&mut self, extra: &Value, ticket: &mut Ticket) {
        ticket.extra_fields = match extra.as_object() {
            Some(fields) => Stated::Value(Value::Object(fields.clone())),
            None => Stated::Empty,
        };
        ticket.gender = found(self.said(extra, "gender", "gender").and_then(answers::gender));
        ticket.birth_date = self.birth_date(extra);
        ticket.nationality = found(self.said(extra, "nationality", "nationality"));
        ticket.residence = found(self.said(extra, "residence", "region_of_residence"));
        ticket.returning_athlete =
            found(self.said(extra, "returning_athlete", "returning_athlete").and_then(answers::yes));
        ticket.returning_city =
            found(self.said(extra, "returning_city", "returning_athlete_city").and_then(answers::yes));
        self.gym(extra, ticket);
    }

    fn birth_date(&mut self, extra: &Value) -> Stated<String> {
        let Some(text) = self.said(extra, "birth_date", "birth_date") else { return Stated::Empty };
        let date = answers::birth_date(text);
        self.bad_dates += usize::from(date.is_none());
        found(date.map(|date| date.to_string()))
    }

    fn gym(&self, extra: &Value, ticket: &mut Ticket) {
        let status = self.said(extra, "gym_status", "hyrox_training_clubs").and_then(answers::membership);
        let (name, place) = match status {
            Some(Membership::Elsewhere) => {
                ("hyrox_training_club_other_territory_name", Some("region_training"))
            }
            Some(Membership::Member) => ("local_territory_training_club", Some("local_territory_training")),
            Some(Membership::None) | None => ("gym_club_community", None),
        };
        ticket.gym_status = found(status.map(Membership::name));
        ticket.gym = found(self.said(extra, "gym", name).and_then(answers::gym));
        ticket.gym_location = found(place.and_then(|place| self.said(extra, "gym_location", place)));
    }

    /// The answer that `column` is read from.
    fn said<'v>(&self, extra: &'v Value, column: &str, usual: &str) -> Option<&'v str> {
        debug_assert!(super::mapped(column) == Some(column), "{column} is no column to be mapped");
        let name = self.fields.get(column).map_or(usual, String::as_str);
        extra.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
    }
}

/// What the answers do not give is not there: they come as a whole.
fn found<T: Into<U>, U>(answer: Option<T>) -> Stated<U> {
    answer.map_or(Stated::Empty, |answer| Stated::Value(answer.into()))
}

fn sold(row: &Value) -> Ticket {
    Ticket {
        event: said::text(row, "eventId"),
        offer: said::text(row, "ticketTypeId"),
        name: said::line(row, "ticketName"),
        category_name: said::line(row, "categoryName"),
        status: said::text(row, "status"),
        form: said::text(row, "type"),
        origin: said::text(row, "origin"),
        transaction: said::text(row, "transactionId"),
        currency: said::text(row, "currency"),
        price_regular: said::amount(row, "regularPrice"),
        price: said::amount(row, "realPrice"),
        shop: said::text(row, "underShopId"),
        batch: said::text(row, "batch"),
        batch_counter: said::whole(row, "batchCounter"),
        customer: said::text(row, "customerId"),
        personalized: said::flag(row, "personalized"),
        completed: said::flag(row, "completed"),
        expired: said::flag(row, "expired"),
        claimed: said::flag(row, "claimed"),
        add_ons: said::add_ons(row),
        origin_ticket: said::text(row, "originTicketId"),
        package: said::whatever(row, "packageInfo"),
        seat: said::whatever(row, "seatingInfo"),
        created_at: said::instant(row, "createdAt"),
        updated_at: said::instant(row, "updatedAt"),
        expires_at: said::instant(row, "expiresAt"),
        history: said::history(row, "history"),
        ..Ticket::default()
    }
}

fn holder(row: &Value, ticket: &mut Ticket) {
    ticket.holder = said::line(row, "name");
    ticket.firstname = said::line(row, "firstname");
    ticket.lastname = said::line(row, "lastname");
    ticket.email = said::text(row, "email");
    ticket.company = said::line(row, "company");
    ticket.street = said::line(row, "street");
    ticket.postal = said::text(row, "postal");
    ticket.city = said::line(row, "city");
    ticket.country = said::text(row, "country");
    ticket.barcode = said::text(row, "barcode");
    ticket.secret = said::text(row, "secret");
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(row: Value) -> (Value, Option<String>) {
        let fields = BTreeMap::new();
        let mut tickets = Tickets::new(&fields);
        let record = tickets.record(&row).unwrap();
        (record.to_json(), tickets.notes().map(|note| note.message))
    }

    fn with_answers(answers: Value) -> (Value, Option<String>) {
        read(json!({"_id": "t1", "extraFields": answers}))
    }

    #[test]
    fn fault_11_a_malformed_birth_date_never_drops_the_ticket() {
        let (ticket, note) = with_answers(json!({"birth_date": "31.12.1990", "gender": "Female 여성"}));
        assert_eq!(ticket["birth_date"], Value::Null);
        assert_eq!(
            (&ticket["gender"], &ticket["extra_fields"]["birth_date"]),
            (&json!("Female"), &json!("31.12.1990"))
        );
        let note = note.unwrap();
        assert!(note.starts_with("1 birth dates") && !note.contains("31.12"), "{note}");
        assert_eq!(with_answers(json!({"birth_date": "1990-12-31"})).0["birth_date"], "1990-12-31");
    }

    #[test]
    fn fault_24_all_add_ons_and_prices_are_kept() {
        let (ticket, _) =
            read(json!({"_id": "t1", "regularPrice": 99.5, "realPrice": 80, "currency": "EUR", "addOns": [
            {"productId": "p1", "productVariantId": "v1", "name": "Photo"},
            {"productId": "p2", "productVariantId": "v2", "name": "Patch"}]}));
        assert_eq!(ticket["add_ons"][1], json!({"product": "p2", "variant": "v2", "name": "Patch"}));
        assert_eq!((&ticket["price_regular"], &ticket["price"]), (&json!(99.5), &json!(80.0)));
    }

    #[test]
    fn fault_21_a_gym_keeps_its_script_and_its_place() {
        let (ticket, _) = with_answers(json!({
            "hyrox_training_clubs": "I'm a member of another HYROX Training Club",
            "hyrox_training_club_other_territory_name": "크로스핏 (서울)",
            "region_training": "Korea", "gym_club_community": "not this"}));
        let told = ["gym_status", "gym", "gym_location"].map(|name| ticket[name].clone());
        assert_eq!(told, [json!("member_elsewhere"), json!("크로스핏 서울"), json!("Korea")]);
    }

    #[test]
    fn what_is_left_out_is_not_stated_and_what_is_blank_is_empty() {
        let (ticket, _) = read(json!({"_id": "t1", "transactionId": "", "name": ""}));
        assert_eq!(ticket, json!({"key": "t1", "transaction": null, "holder": null}));
    }

    #[test]
    fn a_column_may_be_read_from_another_answer() {
        let fields = BTreeMap::from([("nationality".to_owned(), "citizenship".to_owned())]);
        let row = json!({"_id": "t1", "extraFields": {"citizenship": "TH", "nationality": "x"}});
        let record = Tickets::new(&fields).record(&row).unwrap();
        assert_eq!(record.to_json()["nationality"], "TH");
    }
}
