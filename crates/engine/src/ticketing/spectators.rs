//! Spectators by day: a ticket for several days is told by its name, as passes of two and of five days are
//! different things.

use serde::Serialize;

use super::days::Day;
use super::rows::Ticket;
use super::rules::Category;

/// Spectators' tickets of one day, or of one pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpectatorCount {
    /// The day; `None` where the ticket's name tells none.
    pub day: Option<Day>,
    /// The name of a pass for several days.
    pub pass: Option<String>,
    /// Tickets sold.
    pub tickets: u64,
}

/// Spectators' tickets by day and pass, in the order of days; those of no known day come first.
pub fn by_day<'a>(sold: impl Iterator<Item = &'a Ticket>) -> Vec<SpectatorCount> {
    let mut counts: Vec<SpectatorCount> = Vec::new();
    for ticket in sold.filter(|ticket| ticket.name.category == Category::Spectator) {
        let day = ticket.name.day;
        let pass = (day == Some(Day::Several)).then(|| ticket.name.said.clone());
        match counts.iter_mut().find(|count| count.day == day && count.pass == pass) {
            Some(count) => count.tickets += 1,
            None => counts.push(SpectatorCount { day, pass, tickets: 1 }),
        }
    }
    counts.sort_by(|a, b| (a.day, &a.pass).cmp(&(b.day, &b.pass)));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticketing::rows::kit::ticket;

    #[test]
    fn fault_12_real_names_are_no_saturdays() {
        let names = [
            "SPECTATOR | Saturday",
            "Spectators 23rd of October 2025",
            "Spectators 22nd of October 2025",
            "SPECTATOR | All days",
            "Spectators 5 days Pass",
            "SPECTATOR",
            "HYROX MEN | Saturday",
        ];
        let tickets: Vec<Ticket> = names.iter().map(|name| ticket(name, name, "t")).collect();
        let shown: Vec<String> = by_day(tickets.iter())
            .into_iter()
            .map(|count| {
                format!(
                    "{} {} {}",
                    count.day.map_or("-", Day::name),
                    count.pass.unwrap_or_default(),
                    count.tickets
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "-  1",
                "WEDNESDAY  1",
                "THURSDAY  1",
                "SATURDAY  1",
                "MULTI_DAY SPECTATOR | All days 1",
                "MULTI_DAY Spectators 5 days Pass 1"
            ]
        );
    }
}
