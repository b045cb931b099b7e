//! The CPU time of processes, with all their threads and descendants, from `/proc`.

use std::fs;
use std::str::FromStr;

/// The kernel counts in hundredths of a second here, whatever its own tick is (`USER_HZ`, fixed on every Linux that
/// this program is built for).
const US_PER_TICK: u64 = 10_000;
/// Positions among the fields that follow the command's name: user and system time of the process, and the same of
/// those children that have ended and been waited for, with theirs.
const TIMES: [usize; 4] = [11, 12, 13, 14];
/// Descendants of one process, beyond which there are no more looked for.
const FAMILY_MAX: usize = 10_000;

/// What is watched under one name, such as `gateway=4711` or `ledger=4712,4713`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// What the report calls it.
    pub name: String,
    /// The processes, at least one.
    pub pids: Vec<u32>,
}

impl Watch {
    /// The process that runs this.
    #[must_use]
    pub fn own() -> Self {
        Self { name: "loadtest".to_owned(), pids: vec![std::process::id()] }
    }

    /// The CPU time that the processes and their descendants have spent, in microseconds, to ten milliseconds; `None`
    /// when one of them is not there.
    #[must_use]
    pub fn cpu_us(&self) -> Option<u64> {
        self.pids.iter().map(|pid| family_us(*pid)).sum()
    }
}

impl FromStr for Watch {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text.split_once('=').and_then(|(name, pids)| {
            let pids: Result<Vec<_>, _> = pids.split(',').map(str::parse).collect();
            Some((name, pids.ok()?))
        });
        let (name, pids) = parsed.ok_or("must be NAME=PID or NAME=PID,PID")?;
        Ok(Self { name: name.to_owned(), pids })
    }
}

/// The time of a process and its descendants. One that ends meanwhile is part of its parent's time.
fn family_us(pid: u32) -> Option<u64> {
    let mut sum = cpu_us(pid)?;
    let mut family = children(pid);
    let mut next = 0;
    while let Some(descendant) = family.get(next).copied().filter(|_| next < FAMILY_MAX) {
        sum += cpu_us(descendant).unwrap_or(0);
        family.extend(children(descendant));
        next += 1;
    }
    Some(sum)
}

fn cpu_us(pid: u32) -> Option<u64> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The children of all threads of a process.
fn children(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let told: Vec<_> = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok()).collect();
    told.iter().flat_map(|told| told.split_whitespace()).filter_map(|child| child.parse().ok()).collect()
}

/// The command's name stands in parentheses and may itself contain some.
fn parse_stat(stat: &str) -> Option<u64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |position: &usize| fields.get(*position)?.parse::<u64>().ok();
    Some(TIMES.iter().map(ticks).sum::<Option<u64>>()? * US_PER_TICK)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn reads_the_kernels_line() {
        let stat = "4711 (a) (b)) S 1 4711 4711 0 -1 4194560 1 2 3 4 250 30 7 8 20 0 1 0 100 0 0";
        assert_eq!(parse_stat(stat), Some(2_950_000));
        assert_eq!(parse_stat("4711 (a) S 1"), None);
        assert!(Watch::own().cpu_us().is_some());
        assert_eq!(Watch { pids: vec![std::process::id(), u32::MAX], ..Watch::own() }.cpu_us(), None);
    }

    #[test]
    fn counts_what_descendants_spend() {
        // A grandchild that has ended and one that has not, each of which spends more than ten milliseconds.
        let spend = "i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done";
        let script = format!("sh -c '{spend}'; sh -c '{spend}; echo spent; read wait'; true");
        let (input, output) = (Stdio::piped(), Stdio::piped());
        let mut family = Command::new("sh").args(["-c", &script]).stdin(input).stdout(output).spawn().unwrap();
        let mut spent = [0];
        std::io::Read::read_exact(family.stdout.as_mut().unwrap(), &mut spent).unwrap();
        let watch = Watch { name: "family".to_owned(), pids: vec![family.id()] };
        let (alone, all) = (fs::read_to_string(format!("/proc/{}/stat", family.id())).unwrap(), watch.cpu_us());
        drop(family.stdin.take());
        family.wait().unwrap();
        let ended = parse_stat(&alone).unwrap();
        assert!(0 < ended && ended < all.unwrap(), "{ended} {all:?}");
    }

    #[test]
    fn reads_arguments() {
        let watch = |name: &str, pids: &[u32]| Watch { name: name.to_owned(), pids: pids.to_vec() };
        assert_eq!("nginx=7".parse(), Ok(watch("nginx", &[7])));
        assert_eq!("ledger=7,8".parse(), Ok(watch("ledger", &[7, 8])));
        for wrong in ["nginx", "nginx=x", "nginx=", "nginx=7,"] {
            assert!(wrong.parse::<Watch>().is_err(), "{wrong}");
        }
    }
}
