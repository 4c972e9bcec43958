//! Filters on prices and numbers.

use minijinja::value::Value;
use model::Amount;

use super::Argument::Any;
use super::{Call, Filter, Outcome};
use crate::expression::text_of;
use crate::value::money;

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "money",
        takes: "",
        first: Any,
        run: |call| Ok(amount(money::read_price(&call.text()?))),
        doc: "The first price in a text, without its currency.",
        examples: &[("'Tickets: £12.50 each' | money", "12.5"), ("'Free' | money", "0.0")],
    },
    Filter {
        name: "price_range",
        takes: "",
        first: Any,
        run: price_range,
        doc: "Lowest and highest price of a text: `{min, max, currency, is_free}`.",
        examples: &[
            ("('£5 / £8 concs' | price_range).max", "8.0"),
            ("('10-15 €' | price_range).currency", "\"EUR\""),
        ],
    },
    Filter {
        name: "currency",
        takes: "",
        first: Any,
        run: currency,
        doc: "The ISO code of a sign or a code, or of the prices in a text; nothing for signs that several countries share.",
        examples: &[("'€' | currency", "\"EUR\""), ("'12 GBP' | currency", "\"GBP\"")],
    },
    Filter {
        name: "minor",
        takes: "(digits=2)",
        first: Any,
        run: minor,
        doc: "An amount from minor units, such as cents.",
        examples: &[("3560 | minor", "35.6"), ("'1200' | minor(0)", "1200.0")],
    },
    Filter {
        name: "number",
        takes: "",
        first: Any,
        run: number,
        doc: "The first number in a text; thousands may be separated by commas.",
        examples: &[
            ("'Capacity: 1,200 seats' | number", "1200"),
            ("'-12.5 deg' | number", "-12.5"),
            ("7 | number", "7"),
        ],
    },
];

fn amount(amount: Option<Amount>) -> Value {
    amount.map(|amount| Value::from(amount.as_f64())).unwrap_or_default()
}

fn price_range(call: &Call<'_>) -> Outcome {
    let range = money::read_range(&call.text()?);
    Ok(Value::from_pairs([
        ("min", amount(range.min)),
        ("max", amount(range.max)),
        ("currency", range.currency.map(Value::from).unwrap_or_default()),
        ("is_free", range.is_free.map(Value::from).unwrap_or_default()),
    ]))
}

fn currency(call: &Call<'_>) -> Outcome {
    let text = call.text()?;
    let code = money::currency_code(&text).or_else(|| money::read_range(&text).currency);
    Ok(code.map(Value::from).unwrap_or_default())
}

fn minor(call: &Call<'_>) -> Outcome {
    let digits = call.arg_int(0, "digits")?.unwrap_or(2);
    let text = text_of(&call.value);
    let whole = call.value.as_i64().or_else(|| text.trim().parse().ok());
    let read = whole.and_then(|minor| Amount::from_minor(minor, u32::try_from(digits).ok()?));
    read.map(|read| amount(Some(read)))
        .ok_or_else(|| call.fault(&format!("takes a whole number, not `{text}`")))
}

fn number(call: &Call<'_>) -> Outcome {
    if call.value.is_number() {
        return Ok(call.value.clone());
    }
    let text = call.text()?;
    let digits =
        crate::expression::cache::regex(r"-?\d[\d,]*(\.\d+)?").map_err(|error| call.fault(&error))?;
    let Some(found) = digits.find(&text) else { return Ok(Value::UNDEFINED) };
    let plain = found.as_str().replace(',', "");
    let whole = plain.parse::<i64>().ok().map(Value::from);
    Ok(whole.or_else(|| plain.parse::<f64>().ok().map(Value::from)).unwrap_or_default())
}
