//! What a ticket shop states beside its events: tickets and the purchases behind them, coupons, shops
//! within the sale of an event, and check-ins. Rows refer to each other by source key. Each row with an
//! `updated_at` has versions: what a later version says stands, in whatever order they arrive.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::Amount;
use crate::record::record_kind;

record_kind! {
    /// A ticket that was issued, whatever has become of it since.
    Ticket, "ticket", "tickets", persons {
        /// Source key of the event.
        event: String;
        /// Source key of the offer it was sold by: the ticket type.
        offer: String;
        /// What was sold, as printed on it: the name of the ticket type.
        name: String;
        /// The category in the source's words.
        category_name: String;
        /// `VALID`, `INVALID`, `RESERVED`, `DETAILSREQUIRED` or `BLANK`; the change log has those before.
        status: String;
        /// `SINGLE` or `MULTI`: for one entry or several.
        form: String;
        /// How it came about: `yourticket`, `pos`, `rebooking`, `upgrade`, `subscription` or `transfer`.
        origin: String;
        /// Source key of the purchase; unstated for one that was given away.
        transaction: String;
        /// ISO 4217 code of the prices.
        currency: String;
        /// Price before discounts, in units of `currency`.
        price_regular: Amount;
        /// Price paid, in units of `currency`.
        price: Amount;
        /// Source key of the shop it was sold through, where that is not the event's own sale.
        shop: String;
        /// Tickets made together have the same.
        batch: String;
        /// Its place among them.
        batch_counter: i64;
        /// The source's key of the customer.
        customer: String;
        /// Whether its holder has been named.
        personalized: bool;
        /// Whether everything that makes it valid has been done.
        completed: bool;
        /// Whether its time is over.
        expired: bool;
        /// Whether its holder has taken it over.
        claimed: bool;
        /// Everything that was bought along with it: a list of `{product, variant, name}`.
        add_ons: Value;
        /// `Male` or `Female`, as far as the holder's answer tells, in whatever language.
        gender: String;
        /// Birth date of the holder; unstated where the answer is no date, which `extra_fields` keeps.
        birth_date: String, personal;
        /// Nationality of the holder, as answered.
        nationality: String;
        /// Region of residence of the holder, as answered.
        residence: String;
        /// `member`, `member_elsewhere` or `none`: what the holder says of training clubs.
        gym_status: String;
        /// The holder's gym, in its own script; unstated where the answer names none.
        gym: String;
        /// Where the gym is.
        gym_location: String;
        /// Whether the holder took part before.
        returning_athlete: bool;
        /// Whether the holder took part in this city before.
        returning_city: bool;
        /// City of the billing address.
        city: String;
        /// Country of the billing address, ISO 3166-1 alpha-2.
        country: String;
        /// Name of the holder.
        holder: String, personal;
        /// First name of the holder.
        firstname: String, personal;
        /// Last name of the holder.
        lastname: String, personal;
        /// How to write to the holder.
        email: String, personal;
        /// Company of the holder.
        company: String, personal;
        /// Street and number.
        street: String, personal;
        /// Postal code.
        postal: String, personal;
        /// What is scanned at the door.
        barcode: String, personal;
        /// What lets its holder see it.
        secret: String, personal;
        /// Every answer of the holder, by name, as given.
        extra_fields: Value, personal;
        /// Source key of the ticket it was made from (transfer, rebooking, upgrade).
        origin_ticket: String;
        /// The package it is part of, as the source states it.
        package: Value;
        /// Seat, as the source states it.
        seat: Value;
        /// When it was made.
        created_at: DateTime<Utc>;
        /// When the source last changed it.
        updated_at: DateTime<Utc>;
        /// When it ends being valid.
        expires_at: DateTime<Utc>;
        /// What the source says has happened to it: a list of `{type, date}`, oldest first.
        history: Value;
    }
}

record_kind! {
    /// A purchase, whatever has become of it since.
    Transaction, "transaction", "transactions" {
        /// Source key of the event.
        event: String;
        /// `NEW`, `RESERVED-BY-SYSTEM`, `ABORTED`, `COMPLETE` or `CANCELED`.
        status: String;
        /// `AWAITING`, `PENDING`, `RECEIVED`, `REFUND`, `CANCELED`, `FAILED`, `DISPUTE`, `CHARGEBACK` and others.
        payment_status: String;
        /// How it was paid.
        payment_method: String;
        /// Where it was sold: `yourticket`, `pos`, `rebooking`, `upgrade` or `subscription`.
        origin: String;
        /// ISO 4217 code of the amounts.
        currency: String;
        /// Sum before discounts, in units of `currency`.
        price_regular: Amount;
        /// Sum paid, in units of `currency`.
        price: Amount;
        /// Fees within the price.
        charge_inner: Amount;
        /// Fees on top of the price.
        charge_outer: Amount;
        /// Fees of payment.
        charge_payment: Amount;
        /// Tax in percent.
        tax_rate: f64;
        /// What was bought: a list of `{offer, name, amount, price, net_price, tax_rate, add_ons}`.
        items: Value;
        /// Codes of the coupons that were used.
        coupons: Vec<String>;
        /// Source key of the shop it was sold through, where that is not the event's own sale.
        shop: String;
        /// The source's key of the customer.
        customer: String;
        /// Amount given back, where it can be told: all of it for a cancelled or refunded purchase, else that of the items that were.
        refunded: Amount;
        /// Why it was cancelled, in the source's words.
        cancellation_reason: String;
        /// City of the buyer.
        city: String;
        /// Country of the buyer, ISO 3166-1 alpha-2.
        country: String;
        /// Name of the buyer.
        buyer: String, personal;
        /// First name of the buyer.
        firstname: String, personal;
        /// Last name of the buyer.
        lastname: String, personal;
        /// How to write to the buyer.
        email: String, personal;
        /// Company of the buyer.
        company: String, personal;
        /// Street and number.
        street: String, personal;
        /// Postal code.
        postal: String, personal;
        /// What lets the buyer see it.
        secret: String, personal;
        /// What the source says has happened to it: a list of `{type, date}`, oldest first.
        history: Value;
        /// When it was begun.
        created_at: DateTime<Utc>;
        /// When the source last changed it.
        updated_at: DateTime<Utc>;
    }
}

record_kind! {
    /// Coupons that are issued together, or the rules of a single one.
    CouponSeries, "coupon_series", "coupon_series" {
        /// Its name, which its coupons bear too.
        name: String;
        /// Whether its coupons can be used.
        active: bool;
        /// Whether each can be used once only.
        single_usage: bool;
        /// How often each can be used.
        max_usage: i64;
        /// `fix`, `var`, `fixPerItem` or `waiveFees`.
        discount_type: String;
        /// The discount: units of the seller's currency, or percent for `var`.
        discount: f64;
        /// The highest discount in units of the seller's currency.
        discount_max: Amount;
        /// Whether they hold for every event.
        all_events: bool;
        /// Source keys of the events they hold for.
        events: Vec<String>;
        /// Whether they hold for every offer.
        all_offers: bool;
        /// Source keys of the offers they hold for.
        offers: Vec<String>;
        /// Tags that buyers get.
        tags: Vec<String>;
        /// From when they can be used.
        valid_from: DateTime<Utc>;
        /// Until when they can be used.
        valid_until: DateTime<Utc>;
        /// A remark of the seller.
        note: String;
        /// Shops that they open: a list of `{event, shop}`.
        unlocks: Value;
        /// When it was made.
        created_at: DateTime<Utc>;
        /// When the source last changed it.
        updated_at: DateTime<Utc>;
    }
}

record_kind! {
    /// A coupon: one of a series, which says what it is worth, or one with rules of its own.
    Coupon, "coupon", "coupons" {
        /// What the buyer types.
        code: String;
        /// `couponSeries` for one of a series, `coupon` for one with rules of its own.
        form: String;
        /// Source key of its series.
        series: String;
        /// Its name; one of a series states none and bears that of its series.
        name: String;
        /// Whether it can be used; one of a series states nothing and goes by its series.
        active: bool;
        /// How often it was used.
        used: i64;
        /// Whether it can be used once only.
        single_usage: bool;
        /// How often it can be used.
        max_usage: i64;
        /// `fix`, `var`, `fixPerItem` or `waiveFees`.
        discount_type: String;
        /// The discount: units of the seller's currency, or percent for `var`.
        discount: f64;
        /// Source keys of the events it holds for.
        events: Vec<String>;
        /// Source keys of the offers it holds for.
        offers: Vec<String>;
        /// The source's key of the customer it was issued to.
        customer: String;
        /// From when it can be used.
        valid_from: DateTime<Utc>;
        /// Until when it can be used.
        valid_until: DateTime<Utc>;
        /// A remark of the seller.
        note: String;
        /// Shops that it opens: a list of `{event, shop}`.
        unlocks: Value;
        /// When it was made.
        created_at: DateTime<Utc>;
        /// When the source last changed it.
        updated_at: DateTime<Utc>;
    }
}

record_kind! {
    /// A check-in or check-out at the door.
    Scan, "scan", "scans" {
        /// Source key of the event.
        event: String;
        /// Source key of the ticket.
        ticket: String;
        /// Source key of the offer the ticket was sold by.
        offer: String;
        /// What the ticket is called.
        ticket_name: String;
        /// `checkin` or `checkout`.
        form: String;
        /// What came of it, in the source's words.
        result: String;
        /// When it was.
        at: DateTime<Utc>;
        /// The device at the door.
        device: String;
        /// Name of the holder.
        holder: String, personal;
        /// What was scanned.
        barcode: String, personal;
    }
}

record_kind! {
    /// A part of an event's sale with an address of its own: an under-shop.
    Shop, "shop", "ticket_shops" {
        /// Source key of the event.
        event: String;
        /// Its name; white space in it is single spaces.
        name: String;
        /// Whether it sells.
        active: bool;
        /// When its sale opens.
        sales_start: DateTime<Utc>;
        /// When its sale closes.
        sales_end: DateTime<Utc>;
        /// How many tickets it may sell.
        capacity: i64;
        /// Tags of the customers it is for.
        customer_tags: Vec<String>;
        /// How its stock is counted, in the source's words.
        inventory: String;
        /// How it is opened, in the source's words.
        unlock: String;
    }
}

record_kind! {
    /// What a shop has of an offer.
    ShopOffer, "shop_offer", "shop_offers" {
        /// Source key of the event.
        event: String;
        /// Source key of the shop.
        shop: String;
        /// Source key of the offer.
        offer: String;
        /// What it is called there.
        name: String;
        /// Price there, in units of `currency`.
        price: Amount;
        /// ISO 4217 code of the price.
        currency: String;
        /// How many it may sell; unstated where the source gives no number, which is not none.
        volume: i64;
        /// Whether it is sold there.
        active: bool;
    }
}
