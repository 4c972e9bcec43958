//! What a process and all that it started take in memory, from `/proc`; nothing elsewhere.

use std::collections::HashMap;
use std::fs;

/// Megabytes that the process `root` and its descendants take, shared pages counted by their share.
pub fn tree_mb(root: u32) -> Option<u64> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        if let Some(parent) = parent(pid) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let (mut open, mut kilobytes) = (vec![root], 0);
    while let Some(pid) = open.pop() {
        kilobytes += share_kb(pid).unwrap_or(0);
        open.extend(children.remove(&pid).unwrap_or_default());
    }
    (kilobytes > 0).then_some(kilobytes / 1024)
}

/// The fourth field of `stat`; the second is a name in brackets that may hold anything.
fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn share_kb(pid: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find(|line| line.starts_with("Pss:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_takes_some() {
        if std::path::Path::new("/proc/self/smaps_rollup").exists() {
            assert!(super::tree_mb(std::process::id()).is_some_and(|used| used > 0));
        }
        assert_eq!(super::tree_mb(u32::MAX), None);
    }
}
