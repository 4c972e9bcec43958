//! The conditions of a query, and the exact distance that SQL leaves to us.

use chrono::{DateTime, SecondsFormat, Utc};

use super::{Bound, EventQuery, Near, text};
use crate::StoreError;
use crate::sql::{Cell, Dialect, keys};

/// Conditions over the aliases of `view::statement`, with their values in order.
#[derive(Debug, Default)]
pub(super) struct Filter {
    pub(super) conditions: Vec<&'static str>,
    pub(super) values: Vec<Cell>,
}

const EARTH_RADIUS_KM: f64 = 6_371.0;
const KM_PER_DEGREE: f64 = 111.0;

impl Filter {
    /// The conditions of `query`; an error when it cannot be meant as it stands.
    pub(super) fn of(query: &EventQuery, dialect: Dialect) -> Result<Filter, StoreError> {
        let mut filter = Filter::default();
        if !query.include_gone {
            filter.add("e.gone_at IS NULL", []);
        }
        filter.add_times(query);
        if let Some(near) = query.near {
            filter.add_box(near)?;
        }
        if let Some(typed) = &query.text {
            let Some(words) = text::match_expression(typed) else {
                let message = format!("{typed:?} holds no word to search for; give at least one");
                return Err(StoreError::Question(message));
            };
            match dialect {
                Dialect::Sqlite => filter.add(
                    "e.rid IN (SELECT rowid FROM event_search WHERE event_search MATCH ?)",
                    [words.into()],
                ),
                Dialect::Postgres => filter.add(
                    "e.rid IN (SELECT rid FROM event_search WHERE words @@ callboard_phrases(?))",
                    [typed.into()],
                ),
            }
        }
        filter.add_names(query);
        Ok(filter)
    }

    /// Exactly these rows.
    pub(super) fn rows(rids: &[i64]) -> Filter {
        let mut filter = Filter::default();
        filter.add("e.rid IN (SELECT value FROM json_each(?))", [keys(rids).into()]);
        filter
    }

    fn add<const N: usize>(&mut self, condition: &'static str, values: [Cell; N]) {
        self.conditions.push(condition);
        self.values.extend(values);
    }

    fn add_times(&mut self, query: &EventQuery) {
        match query.from {
            Some(Bound::Day(day)) => self.add("e.last_date >= ?", [day.to_string().into()]),
            Some(Bound::Instant(at)) => self.add("e.start_at >= ?", [instant(at).into()]),
            None => {}
        }
        match query.to {
            Some(Bound::Day(day)) => self.add("e.start_date <= ?", [day.to_string().into()]),
            Some(Bound::Instant(at)) => self.add("e.start_at <= ?", [instant(at).into()]),
            None => {}
        }
    }

    /// A box around the circle. Near a pole or across the date line it spans all longitudes.
    fn add_box(&mut self, near: Near) -> Result<(), StoreError> {
        let Near { lat, lon, radius_km } = near;
        if !(-90.0..=90.0).contains(&lat) || !(-180.0..=180.0).contains(&lon) {
            let message = format!("{lat},{lon} is not a place: latitude is -90 to 90, longitude -180 to 180");
            return Err(StoreError::Question(message));
        }
        if !radius_km.is_finite() || radius_km < 0.0 {
            return Err(StoreError::Question(format!("a radius of {radius_km} km makes no circle")));
        }
        // `coalesce` keeps the planner from starting at the venues: an event finds its venue by index,
        // a venue its events only by a scan. No place has 999 degrees.
        let degrees = radius_km / KM_PER_DEGREE * 1.01;
        self.add(
            "coalesce(v.lat, 999) BETWEEN ? AND ? AND coalesce(v.lon, 999) < 999",
            [Cell::Real(lat - degrees), Cell::Real(lat + degrees)],
        );
        let widest = (lat.abs() + degrees).min(90.0).to_radians().cos();
        let across = degrees / widest.max(1e-9);
        if lon - across >= -180.0 && lon + across <= 180.0 {
            self.add(
                "coalesce(v.lon, 999) BETWEEN ? AND ?",
                [Cell::Real(lon - across), Cell::Real(lon + across)],
            );
        }
        Ok(())
    }

    fn add_names(&mut self, query: &EventQuery) {
        // Lower case is made here: SQLite's own knows ASCII only.
        if let Some(category) = &query.category {
            let wanted = category.trim().to_lowercase();
            let condition = "(EXISTS (SELECT 1 FROM json_each(e.categories) c WHERE lower(c.value) = ? OR c.value = ?) \
                             OR EXISTS (SELECT 1 FROM json_each(e.tags) t WHERE lower(t.value) = ? OR t.value = ?))";
            self.add(
                condition,
                [
                    wanted.as_str().into(),
                    category.trim().into(),
                    wanted.as_str().into(),
                    category.trim().into(),
                ],
            );
        }
        if let Some(source) = &query.source {
            // Source names are stored in lower case.
            self.add("e.source = ?", [model::SourceName::new(source).as_str().into()]);
        }
        if let Some(status) = &query.status {
            let unless_said = if status.trim().eq_ignore_ascii_case("scheduled") { "scheduled" } else { "" };
            let sql = "lower(coalesce(e.status, ?)) = lower(?)";
            self.add(sql, [unless_said.into(), status.trim().into()]);
        }
        match query.free {
            Some(true) => self.add("e.is_free = TRUE", []),
            Some(false) => self.add("e.is_free = FALSE", []),
            None => {}
        }
    }
}

pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// True when the place lies inside the circle.
pub(super) fn is_near(place: (f64, f64), near: Near) -> bool {
    distance_km(place, (near.lat, near.lon)) <= near.radius_km
}

/// Great-circle distance by the haversine formula.
fn distance_km(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (lat_a, lat_b) = (a.0.to_radians(), b.0.to_radians());
    let (half_lat, half_lon) = ((lat_b - lat_a) / 2.0, (b.1 - a.1).to_radians() / 2.0);
    let chord = half_lat.sin().powi(2) + lat_a.cos() * lat_b.cos() * half_lon.sin().powi(2);
    2.0 * EARTH_RADIUS_KM * chord.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_on_the_map() {
        let check = |a, b, expected: f64| {
            let found = distance_km(a, b);
            assert!((found - expected).abs() < expected * 0.01 + 0.001, "{found} for {expected}");
        };
        check((52.5200, 13.4050), (48.1372, 11.5756), 504.0);
        check((0.0, 179.9), (0.0, -179.9), 22.2);
        check((52.0, 13.0), (52.0, 13.0), 0.0);
    }

    #[test]
    fn senseless_circles_are_refused() {
        let check = |lat, lon, radius_km, fits| {
            assert_eq!(Filter::default().add_box(Near { lat, lon, radius_km }).is_ok(), fits);
        };
        check(91.0, 0.0, 1.0, false);
        check(0.0, 181.0, 1.0, false);
        check(0.0, 0.0, -1.0, false);
        check(0.0, 0.0, f64::NAN, false);
        check(90.0, 180.0, 30_000.0, true);
    }
}
