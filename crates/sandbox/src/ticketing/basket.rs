//! Baskets, in every broken way: teams without a partner, members without a team, relays of two or five,
//! two teams in one order, free tickets, and sales at the door.

use super::kind::Category;
use super::seller::Seller;

/// One order to be: which ticket types, and how it came about.
#[derive(Debug, Default)]
pub(crate) struct Basket {
    pub event: usize,
    /// Types in the order they were put in. Members follow the main ticket that brought them.
    pub lines: Vec<usize>,
    pub free: bool,
    pub pos: bool,
    pub reserved: bool,
}

/// What somebody puts into a basket for an event.
pub(crate) fn basket(seller: &mut Seller, event: usize) -> Basket {
    let mut basket = Basket { event, ..Basket::default() };
    let roll = seller.dice.below(1000);
    let category = match roll {
        0..400 | 945..975 | 985.. => Category::Single,
        400..620 | 975..985 => Category::Double,
        620..720 => Category::Relay,
        720..860 | 920..945 => Category::Spectator,
        860..920 => Category::Extra,
    };
    basket.pos = (920..945).contains(&roll);
    basket.free = (945..985).contains(&roll);
    basket.reserved = roll >= 985;
    let Some(main) = pick_type(seller, event, category) else {
        basket.lines = vec![0];
        return basket;
    };
    basket.lines = match seller.events[event].types[main].members {
        Some(members) => teams(seller, main, members, category.team() - 1),
        None if category == Category::Spectator => vec![main; 1 + seller.dice.below(4)],
        None if seller.dice.chance(15) => vec![main; 2 + seller.dice.below(2)],
        None => vec![main],
    };
    if category.races() && !basket.free && seller.dice.chance(5) {
        basket.lines.extend(pick_type(seller, event, Category::Extra));
    }
    basket
}

fn pick_type(seller: &mut Seller, event: usize, category: Category) -> Option<usize> {
    let types = seller.events[event].types.iter().enumerate();
    let fitting: Vec<usize> =
        types.filter(|(_, of)| of.kind.category == category && !of.kind.member).map(|(at, _)| at).collect();
    let chosen = seller.dice.below(fitting.len());
    fitting.get(chosen).copied()
}

/// One team, or two; what is broken is in the last one, so that who belongs together stays plain.
fn teams(seller: &mut Seller, main: usize, members: usize, size: usize) -> Vec<usize> {
    let team = |with: usize| [vec![main], vec![members; with]].concat();
    let mut lines = if seller.dice.chance(8) { team(size) } else { Vec::new() };
    let last = match (seller.dice.below(100), size) {
        (0..5, 1) => team(0),
        (0..4, _) => team(1),
        (4..7, 3) => team(2),
        (7..10, 3) => team(4),
        (10..12, _) if lines.is_empty() => vec![members],
        _ => team(size),
    };
    lines.extend(last);
    lines
}
