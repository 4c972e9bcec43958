//! Which of a partner's codes were redeemed: the partner's own table, with one more column that says so.

use std::collections::HashSet;

use super::coupons::folded;
use super::rows::Coupon;

/// Codes that were used at least once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsedCodes(HashSet<String>);

/// A partner's table, told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redeemed {
    /// The table with the column `redeemed`.
    pub table: String,
    /// Its codes.
    pub codes: u64,
    /// Those of them that were used.
    pub used: u64,
}

impl UsedCodes {
    /// Adds those of these coupons that were used.
    pub fn add(&mut self, coupons: &[Coupon]) {
        self.0.extend(coupons.iter().filter(|coupon| coupon.used > 0).map(|coupon| folded(&coupon.code)));
    }

    /// Those of a `;`-separated table of a series whose column `used` is 1, as sellers can download it; the
    /// error says what is wrong with the table.
    pub fn parse(name: &str, series: &str) -> Result<UsedCodes, String> {
        let fault = |error: csv::Error| format!("{name}: {error}");
        let mut reader =
            csv::ReaderBuilder::new().delimiter(b';').flexible(true).from_reader(series.as_bytes());
        let headers = reader.headers().map_err(fault)?.clone();
        let place = |wanted: &str| {
            let found = headers.iter().position(|own| own.trim().eq_ignore_ascii_case(wanted));
            found.ok_or_else(|| format!("{name}: there is no column {wanted}; columns are parted by `;`"))
        };
        let (code, used) = (place("code")?, place("used")?);
        let mut codes = HashSet::new();
        for row in reader.records() {
            let row = row.map_err(fault)?;
            if row.get(used).is_some_and(|text| text.trim() == "1") {
                codes.extend(row.get(code).map(folded));
            }
        }
        Ok(UsedCodes(codes))
    }

    fn has(&self, code: &str) -> bool {
        self.0.contains(&folded(code))
    }
}

/// A partner's table with one more column, `redeemed`, that says yes for codes that were used. The codes stand
/// in the column called Code, or else in the fourth one.
pub fn redeemed(name: &str, partner: &str, used: &UsedCodes) -> Result<Redeemed, String> {
    let fault = |error: csv::Error| format!("{name}: {error}");
    let partner = partner.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(partner.as_bytes());
    let headers = reader.headers().map_err(fault)?.clone();
    let named = headers.iter().position(|header| header.trim().eq_ignore_ascii_case("code"));
    let at = named.unwrap_or(3);
    if at >= headers.len() {
        return Err(format!("{name}: there is no column Code, and fewer than four columns"));
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(headers.iter().chain(["redeemed"])).map_err(fault)?;
    let mut told = Redeemed { table: String::new(), codes: 0, used: 0 };
    for row in reader.records() {
        let row = row.map_err(fault)?;
        let code = row.get(at).filter(|code| !code.trim().is_empty());
        let is_used = code.is_some_and(|code| used.has(code));
        (told.codes, told.used) = (told.codes + u64::from(code.is_some()), told.used + u64::from(is_used));
        // A short row is filled up, so that the answer stands in its column.
        let empty = std::iter::repeat_n("", headers.len().saturating_sub(row.len()));
        let said = row.iter().chain(empty).chain([if is_used { "yes" } else { "no" }]);
        writer.write_record(said).map_err(fault)?;
    }
    let bytes = writer.into_inner().map_err(|error| format!("{name}: {error}"))?;
    let table = String::from_utf8(bytes).map_err(|error| format!("{name}: {error}"))?;
    Ok(Redeemed { table, ..told })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_partner_sees_which_codes_were_redeemed() {
        let used = UsedCodes::parse("s.csv", "code;used\nAA;1\nBB;0\n").unwrap();
        let partner = "name,mail,club,voucher\nx,y,z,aa\nx,y,z,bb\nx\n";
        let told = redeemed("p.csv", partner, &used).unwrap();
        assert_eq!(told.table, "name,mail,club,voucher,redeemed\nx,y,z,aa,yes\nx,y,z,bb,no\nx,,,,no\n");
        assert_eq!((told.codes, told.used), (2, 1));
        let named = redeemed("p.csv", "\u{feff}Code,club\n aa ,z\n", &used).unwrap();
        assert_eq!(named.table, "Code,club,redeemed\n aa ,z,yes\n");
        assert!(redeemed("p.csv", "a,b\n1,2\n", &used).is_err());
        assert!(UsedCodes::parse("s.csv", "code,used\nAA,1\n").unwrap_err().contains("no column code"));
    }

    #[test]
    fn codes_used_are_those_of_the_coupons() {
        let coupon = |code: &str, used| Coupon {
            key: code.to_owned(),
            code: code.to_owned(),
            series: None,
            name: None,
            active: None,
            used,
        };
        let mut used = UsedCodes::default();
        used.add(&[coupon("G-1", 2), coupon("G-2", 0)]);
        used.add(&[coupon("H-1", 1)]);
        assert!(used.has(" g-1") && used.has("H-1") && !used.has("G-2"));
    }
}
