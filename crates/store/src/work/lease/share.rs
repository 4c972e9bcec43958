//! Sharing out what a runner asks for: alike between runs, alike between the branches of a run, and
//! within a branch to one holder after the other.

/// An item with children of which some are ready, and room for more of them to be under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holder {
    pub(super) item: i64,
    pub(super) run: i64,
    pub(super) branch: i64,
    /// How many may be taken.
    pub(super) room: usize,
}

/// How many each holder is to give. Where a rest does not go round, `turn` says who is first.
pub(super) fn share_out(holders: &[Holder], want: usize, turn: u64) -> Vec<usize> {
    let mut shares = vec![0; holders.len()];
    let all: Vec<usize> = (0..holders.len()).collect();
    for (run, share) in divide(holders, &all, want, turn, |holder| holder.run) {
        for (branch, share) in divide(holders, &run, share, turn, |holder| holder.branch) {
            let mut left = share;
            for index in branch {
                shares[index] = left.min(holders[index].room);
                left -= shares[index];
            }
        }
    }
    shares
}

/// Groups of holders that are alike in `of`, each with its share of `want`.
fn divide(
    holders: &[Holder],
    indexes: &[usize],
    want: usize,
    turn: u64,
    of: impl Fn(&Holder) -> i64,
) -> Vec<(Vec<usize>, usize)> {
    let mut groups: Vec<(i64, Vec<usize>)> = Vec::new();
    for index in indexes {
        let key = of(&holders[*index]);
        match groups.iter_mut().find(|(group, _)| *group == key) {
            Some((_, members)) => members.push(*index),
            None => groups.push((key, vec![*index])),
        }
    }
    groups.sort_by_key(|(key, _)| *key);
    let first = usize::try_from(turn % groups.len().max(1) as u64).unwrap_or(0);
    groups.rotate_left(first);
    let room = |members: &Vec<usize>| members.iter().map(|index| holders[*index].room).sum();
    let rooms: Vec<usize> = groups.iter().map(|(_, members)| room(members)).collect();
    let shares = split(want, &rooms);
    groups.into_iter().map(|(_, members)| members).zip(shares).collect()
}

/// Splits `want` into equal shares, none above its room; what one cannot take goes to the others.
fn split(want: usize, rooms: &[usize]) -> Vec<usize> {
    let mut shares = vec![0; rooms.len()];
    let mut left = want;
    loop {
        let open = (0..rooms.len()).filter(|index| shares[*index] < rooms[*index]);
        let open: Vec<usize> = open.collect();
        if left == 0 || open.is_empty() {
            return shares;
        }
        let each = (left / open.len()).max(1);
        for index in open {
            let give = each.min(rooms[index] - shares[index]).min(left);
            shares[index] += give;
            left -= give;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holders as run, branch, room.
    fn check(holders: &[(i64, i64, usize)], want: usize, expected: &[usize]) {
        let holder = |(run, branch, room): &(i64, i64, usize)| Holder {
            item: 0,
            run: *run,
            branch: *branch,
            room: *room,
        };
        let holders: Vec<Holder> = holders.iter().map(holder).collect();
        assert_eq!(share_out(&holders, want, 0), expected);
    }

    #[test]
    fn runs_share_alike_whatever_they_hold() {
        check(&[(1, 1, 100)], 8, &[8]);
        check(&[(1, 1, 3)], 8, &[3]);
        check(&[(1, 1, 100), (2, 2, 100)], 8, &[4, 4]);
        check(&[(1, 1, 100), (1, 2, 100), (2, 3, 100)], 8, &[2, 2, 4]);
        check(&[(1, 1, 1), (2, 2, 100)], 8, &[1, 7]);
        check(&[(1, 1, 100), (2, 2, 100), (3, 3, 100)], 8, &[3, 3, 2]);
        check(&[(1, 1, 0), (2, 2, 0)], 8, &[0, 0]);
        check(&[], 8, &[]);
    }

    #[test]
    fn a_branch_gives_from_its_first_holder_while_that_has_some() {
        check(&[(1, 1, 100), (1, 1, 100)], 8, &[8, 0]);
        check(&[(1, 1, 3), (1, 1, 100), (1, 2, 100)], 8, &[3, 1, 4]);
    }

    #[test]
    fn what_does_not_go_round_goes_to_one_after_the_other() {
        let holders = [1, 2].map(|run| Holder { item: 0, run, branch: run, room: 9 });
        assert_eq!(share_out(&holders, 1, 0), [1, 0]);
        assert_eq!(share_out(&holders, 1, 1), [0, 1]);
    }
}
