//! Shops that are not public: what was sold through each, beside what it may sell. Only shops that sell, and
//! whose name says that they are for partners, count; a volume that the source does not state is not none.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::days::Day;
use super::rows::Board;
use super::rules::{Category, Rules};

/// What the shops of this sort are called in reports.
pub const PARTNER_ACCESS: &str = "partneraccess";

/// Tickets of one type through one shop.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShopCount {
    /// Source key of the shop.
    pub shop: String,
    /// Its name.
    pub shop_name: String,
    /// Its sort.
    pub shop_category: String,
    /// Source key of the type.
    pub offer: String,
    /// What the type is called.
    pub name: String,
    /// Category of the type.
    pub category: Category,
    /// Group of the type.
    pub group: String,
    /// Day of the type.
    pub day: Option<Day>,
    /// Tickets sold through the shop.
    pub tickets: u64,
    /// How many the shop may sell; `None` where that is not said.
    pub volume: Option<i64>,
}

/// What a shop's name makes of it; `None` for one that no report tells of.
pub fn category(name: &str, rules: &Rules) -> Option<&'static str> {
    let ignored = rules.marked(name, "shop_ignored");
    (!ignored && rules.marked(name, "shop_partner")).then_some(PARTNER_ACCESS)
}

/// Sold tickets by shop and type, those included that a shop may sell and has not. Spectators' tickets and
/// extras are not told.
pub fn usage(board: &Board, rules: &Rules) -> Vec<ShopCount> {
    let shops: BTreeMap<&str, (&str, &'static str)> = board
        .shops
        .iter()
        .filter(|shop| shop.active)
        .filter_map(|shop| Some((shop.key.as_str(), (shop.name.as_str(), category(&shop.name, rules)?))))
        .collect();
    let told = |category: Category| !matches!(category, Category::Extra | Category::Spectator);
    let mut sold: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut called: BTreeMap<&str, _> = board.types.iter().map(|one| (one.key.as_str(), &one.name)).collect();
    for ticket in board.sold().filter(|ticket| told(ticket.name.category)) {
        let (Some(shop), offer) = (ticket.shop.as_deref(), ticket.offer.as_deref().unwrap_or_default())
        else {
            continue;
        };
        *sold.entry((shop, offer)).or_default() += 1;
        called.entry(offer).or_insert(&ticket.name);
    }
    let mut volumes: BTreeMap<(&str, &str), Option<i64>> = BTreeMap::new();
    for offer in board.shop_offers.iter().filter(|offer| offer.active) {
        volumes.insert((&offer.shop, &offer.offer), offer.volume);
    }
    let pairs: BTreeSet<(&str, &str)> = sold.keys().chain(volumes.keys()).copied().collect();
    let mut counts = Vec::new();
    for (shop, offer) in pairs {
        let (Some((shop_name, sort)), Some(name)) = (shops.get(shop), called.get(offer)) else { continue };
        if !told(name.category) {
            continue;
        }
        counts.push(ShopCount {
            shop: shop.to_owned(),
            shop_name: (*shop_name).to_owned(),
            shop_category: (*sort).to_owned(),
            offer: offer.to_owned(),
            name: name.said.clone(),
            category: name.category,
            group: name.group_label().to_owned(),
            day: name.day,
            tickets: sold.get(&(shop, offer)).copied().unwrap_or(0),
            volume: volumes.get(&(shop, offer)).copied().flatten(),
        });
    }
    counts.sort_by_key(|count| {
        (count.shop_name.clone(), rules.place_of(&count.group), count.day, count.name.clone())
    });
    counts
}

/// Tickets of one group through all shops of one sort.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShopGroup {
    /// Sort of the shops.
    pub shop_category: String,
    /// Group of the tickets.
    pub group: String,
    /// Tickets sold.
    pub tickets: u64,
    /// How many the shops may sell together; `None` where that is not said of any of them.
    pub volume: Option<i64>,
}

/// The same by sort of shop and group, in the order of groups.
pub fn by_group(usage: &[ShopCount], rules: &Rules) -> Vec<ShopGroup> {
    let mut groups: BTreeMap<(&str, usize, &str), ShopGroup> = BTreeMap::new();
    for count in usage {
        let (shop_category, group) = (count.shop_category.clone(), count.group.clone());
        let key = (count.shop_category.as_str(), rules.place_of(&group), count.group.as_str());
        let sum =
            groups.entry(key).or_insert(ShopGroup { shop_category, group, tickets: 0, volume: Some(0) });
        sum.tickets += count.tickets;
        sum.volume = sum.volume.zip(count.volume).map(|(sum, one)| sum + one);
    }
    groups.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticketing::rows::kit::{board, ticket};
    use crate::ticketing::rows::{Shop, ShopOffer, Ticket};

    #[test]
    fn names_tell_what_a_shop_is() {
        let check = |name: &str, expected: Option<&str>| {
            assert_eq!(category(name, Rules::shipped()), expected, "{name}");
        };
        check("PARTNERSHIP ACCESS", Some("partneraccess"));
        check("Partnership-Access  2025", Some("partneraccess"));
        check("PARTNERSHIP_ACCESS", Some("partneraccess"));
        check("PARTNERSHIPACCESS", Some("partneraccess"));
        check("PARTNERSHIP ACCESS (DEPRECATED)", None);
        check("GYM ACCESS", None);
        check("", None);
    }

    #[test]
    fn a_volume_that_is_not_stated_is_not_none() {
        let name = "HYROX MEN | Saturday";
        let through = |key: &str, name: &str, shop: &str| Ticket {
            shop: Some(shop.to_owned()),
            ..ticket(key, name, "t")
        };
        let mut all = board(vec![
            through("1", name, "s1"),
            through("2", name, "s1"),
            through("3", "SPECTATOR | Saturday", "s1"),
            through("4", name, "closed"),
            ticket("5", name, "t"),
        ]);
        let shop = |key: &str, active| Shop {
            key: key.to_owned(),
            name: format!("Partnership Access {key}"),
            active,
        };
        all.shops = vec![shop("s1", true), shop("s2", true), shop("closed", false)];
        let offer = |shop: &str, volume| ShopOffer {
            shop: shop.to_owned(),
            offer: format!("type of {name}"),
            volume,
            active: true,
        };
        all.shop_offers = vec![offer("s1", None), offer("s2", Some(20))];
        let usage = usage(&all, Rules::shipped());
        let shown: Vec<_> = usage.iter().map(|one| (one.shop.as_str(), one.tickets, one.volume)).collect();
        // The second shop has sold nothing of a type that tickets name.
        assert_eq!(shown, [("s1", 2, None), ("s2", 0, Some(20))]);
        let groups = by_group(&usage, Rules::shipped());
        assert_eq!((groups.len(), groups[0].tickets, groups[0].volume), (1, 2, None));
        assert_eq!(by_group(&usage[1..], Rules::shipped())[0].volume, Some(20));
    }
}
