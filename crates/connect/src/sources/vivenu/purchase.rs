//! Purchases, coupons and check-ins.

use model::{Coupon, CouponSeries, Record, Scan, Stated, Transaction};
use serde_json::{Value, json};

use super::said;

/// A purchase; `None` for what has no key.
pub(super) fn transaction(row: &Value) -> Option<Record> {
    let transaction = Transaction {
        event: said::text(row, "eventId"),
        status: said::text(row, "status"),
        payment_status: said::text(row, "paymentStatus"),
        payment_method: said::text(row, "paymentMethod"),
        origin: said::text(row, "origin"),
        currency: said::text(row, "currency"),
        price_regular: said::amount(row, "regularPrice"),
        price: said::amount(row, "realPrice"),
        charge_inner: said::amount(row, "innerCharge"),
        charge_outer: said::amount(row, "outerCharge"),
        charge_payment: said::amount(row, "paymentCharge"),
        tax_rate: said::number(row, "taxRate"),
        items: items(row),
        coupons: coupons(row),
        shop: said::text(row, "underShop"),
        customer: said::text(row, "customerId"),
        refunded: refunded(row),
        cancellation_reason: said::text(row, "cancellationReason"),
        city: said::line(row, "city"),
        country: said::text(row, "country"),
        buyer: said::line(row, "name"),
        firstname: said::line(row, "prename").or(said::line(row, "firstname")),
        lastname: said::line(row, "lastname"),
        email: said::text(row, "email"),
        company: said::line(row, "company"),
        street: said::line(row, "street"),
        postal: said::text(row, "postal"),
        secret: said::text(row, "secret"),
        history: said::history(row, "history").or(said::history(row, "historyEntries")),
        created_at: said::instant(row, "createdAt"),
        updated_at: said::instant(row, "updatedAt"),
    };
    Some(Record::new(said::key(row)?, transaction))
}

/// What was bought: tickets first, then products.
fn items(row: &Value) -> Stated<Value> {
    if row.get("tickets").is_none() && row.get("products").is_none() {
        return Stated::Unstated;
    }
    let of = |item: &Value, name: &str| item.get(name).cloned().unwrap_or(Value::Null);
    let item = |item: &Value| {
        json!({
            "offer": of(item, "ticketTypeId"), "name": of(item, "name"), "amount": of(item, "amount"),
            "price": of(item, "price"), "net_price": of(item, "netPrice"), "tax_rate": of(item, "taxRate"),
            "add_ons": said::add_ons(item).into_value().unwrap_or_else(|| json!([])),
        })
    };
    let listed = ["tickets", "products"].into_iter().filter_map(|name| row.get(name));
    Stated::Value(listed.flat_map(said::items).map(item).collect())
}

fn coupons(row: &Value) -> Stated<Vec<String>> {
    let Some(listed) = row.get("appliedCoupons") else { return Stated::Unstated };
    Stated::Value(said::items(listed).filter_map(|one| Some(one.get("code")?.as_str()?.to_owned())).collect())
}

/// What went back of single items, where that is said; all of the price where payment went back; nothing for
/// a purchase that stands; else it cannot be told.
fn refunded(row: &Value) -> Stated<model::Amount> {
    let word = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
    match (word("paymentStatus"), word("status")) {
        ("REFUND" | "CHARGEBACK", _) => said::amount(row, "realPrice"),
        (_, "COMPLETE") => Stated::Value(of_items(row).unwrap_or(model::Amount::ZERO)),
        _ => Stated::Unstated,
    }
}

/// What went back of the items that have a refund.
fn of_items(row: &Value) -> Option<model::Amount> {
    let items = said::items(row.get("cancellationInfo")?.get("cancellableItems")?);
    let back = items.filter(|item| item.get("refundId").is_some_and(|id| !id.is_null()));
    model::Amount::from_f64(back.filter_map(|item| item.get("price")?.as_f64()).sum())
}

/// A series of coupons; `None` for what has no key.
pub(super) fn series(row: &Value) -> Option<Record> {
    let series = CouponSeries {
        name: said::line(row, "name"),
        active: said::flag(row, "active"),
        single_usage: said::flag(row, "singleUsage"),
        max_usage: said::whole(row, "maxUsage"),
        discount_type: said::text(row, "discountType"),
        discount: said::number(row, "discountValue"),
        discount_max: said::amount(row, "discountMaxValue"),
        all_events: said::flag(row, "allowAllEvents"),
        events: said::texts(row, "allowedEvents"),
        all_offers: said::flag(row, "allowAllTickets"),
        offers: said::texts(row, "allowedTickets"),
        tags: said::texts(row, "tags"),
        valid_from: said::instant(row, "validFrom"),
        valid_until: said::instant(row, "validUntil"),
        note: said::text(row, "note"),
        unlocks: unlocks(row),
        created_at: said::instant(row, "createdAt"),
        updated_at: said::instant(row, "updatedAt"),
    };
    Some(Record::new(said::key(row)?, series))
}

/// A coupon, of a series or of its own; `None` for what has no key.
pub(super) fn coupon(row: &Value) -> Option<Record> {
    let coupon = Coupon {
        code: said::text(row, "code"),
        form: said::text(row, "couponType"),
        series: said::text(row, "couponSeriesId"),
        name: said::line(row, "name"),
        active: said::flag(row, "active"),
        used: said::whole(row, "used"),
        single_usage: said::flag(row, "singleUsage"),
        max_usage: said::whole(row, "maxUsage"),
        discount_type: said::text(row, "discountType"),
        discount: said::number(row, "discountValue"),
        events: said::texts(row, "allowedEvents"),
        offers: said::texts(row, "allowedTickets"),
        customer: said::text(row, "customer"),
        valid_from: said::instant(row, "validFrom"),
        valid_until: said::instant(row, "validUntil"),
        note: said::text(row, "note"),
        unlocks: unlocks(row),
        created_at: said::instant(row, "createdAt"),
        updated_at: said::instant(row, "updatedAt"),
    };
    Some(Record::new(said::key(row)?, coupon))
}

fn unlocks(row: &Value) -> Stated<Value> {
    let Some(listed) = row.get("unlocks") else { return Stated::Unstated };
    let of = |one: &Value, name: &str| one.get(name).cloned().unwrap_or(Value::Null);
    let one = |one: &Value| json!({"event": of(one, "eventId"), "shop": of(one, "underShopId")});
    Stated::Value(said::items(listed).map(one).collect())
}

/// A check-in or check-out; `None` for what has no key.
pub(super) fn scan(row: &Value) -> Option<Record> {
    let scan = Scan {
        event: said::text(row, "eventId"),
        ticket: said::text(row, "ticketId"),
        offer: said::text(row, "ticketTypeId"),
        ticket_name: said::line(row, "ticketName"),
        form: said::text(row, "type"),
        result: said::text(row, "scanResult"),
        at: said::instant(row, "time"),
        device: said::text(row, "deviceId"),
        holder: said::line(row, "name"),
        barcode: said::text(row, "barcode"),
    };
    Some(Record::new(said::key(row)?, scan))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn fault_24_purchases_tell_revenue_and_what_went_back() {
        let bought = json!({"_id": "x1", "status": "COMPLETE", "paymentStatus": "RECEIVED", "currency": "HKD",
            "realPrice": 1800.5, "innerCharge": 20, "appliedCoupons": [{"_id": "c", "code": "SAVE"}],
            "tickets": [{"ticketTypeId": "o1", "name": "HYROX MEN", "amount": 2, "price": 900.25, "netPrice": 800}],
            "products": [{"name": "Patch", "amount": 1, "price": 5}], "prename": "A"});
        let record = transaction(&bought).unwrap().to_json();
        assert_eq!((&record["price"], &record["refunded"]), (&json!(1800.5), &json!(0.0)));
        assert_eq!((&record["coupons"], &record["items"][1]["name"]), (&json!(["SAVE"]), &json!("Patch")));
        let back = json!({"_id": "x2", "status": "CANCELED", "paymentStatus": "REFUND", "realPrice": 50});
        assert_eq!(transaction(&back).unwrap().to_json()["refunded"], 50.0);
        let items = json!([{"price": 12.5, "refundId": "r1"}, {"price": 3}]);
        let part =
            json!({"_id": "x4", "status": "COMPLETE", "cancellationInfo": {"cancellableItems": items}});
        assert_eq!(transaction(&part).unwrap().to_json()["refunded"], 12.5);
        let open = json!({"_id": "x3", "status": "CANCELED", "paymentStatus": "RECEIVED", "realPrice": 50});
        assert!(transaction(&open).unwrap().to_json().get("refunded").is_none());
    }

    #[test]
    fn fault_20_coupons_of_a_series_have_no_name_and_are_kept() {
        let of_series = json!({"_id": "c1", "couponType": "couponSeries", "couponSeriesId": "s1", "code": "AB", "used": 1});
        assert_eq!(
            coupon(&of_series).unwrap().to_json(),
            json!({"key": "c1", "code": "AB", "form": "couponSeries", "series": "s1", "used": 1})
        );
        let own = json!({"_id": "c2", "couponType": "coupon", "code": "CD", "name": "Crew", "active": false, "used": 3});
        let own = coupon(&own).unwrap().to_json();
        assert_eq!((&own["name"], &own["active"]), (&json!("Crew"), &json!(false)));
    }
}
