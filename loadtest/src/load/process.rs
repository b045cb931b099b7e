//! The CPU time of a process, all its threads included, from `/proc`.

use std::str::FromStr;

/// The kernel counts in hundredths of a second here, whatever its own tick is (`USER_HZ`, fixed on every Linux that
/// this program is built for).
const US_PER_TICK: u64 = 10_000;
/// Positions of user and system time among the fields that follow the command's name.
const UTIME: usize = 11;
const STIME: usize = 12;

/// A process that is watched, such as `gateway=4711`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// What the report calls it.
    pub name: String,
    /// The process.
    pub pid: u32,
}

impl Watch {
    /// The process that runs this.
    #[must_use]
    pub fn own() -> Self {
        Self { name: "loadtest".to_owned(), pid: std::process::id() }
    }

    /// The CPU time that the process has spent, in microseconds, to ten milliseconds; `None` when there is none such.
    #[must_use]
    pub fn cpu_us(&self) -> Option<u64> {
        parse_stat(&std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?)
    }
}

impl FromStr for Watch {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text.split_once('=').and_then(|(name, pid)| Some((name, pid.parse().ok()?)));
        let (name, pid) = parsed.ok_or("must be NAME=PID")?;
        Ok(Self { name: name.to_owned(), pid })
    }
}

/// The command's name stands in parentheses and may itself contain some.
fn parse_stat(stat: &str) -> Option<u64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |position: usize| fields.get(position)?.parse::<u64>().ok();
    Some((ticks(UTIME)? + ticks(STIME)?) * US_PER_TICK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kernels_line() {
        let stat = "4711 (a) (b)) S 1 4711 4711 0 -1 4194560 1 2 3 4 250 30 7 8 20 0 1 0 100 0 0";
        assert_eq!(parse_stat(stat), Some(2_800_000));
        assert_eq!(parse_stat("4711 (a) S 1"), None);
        assert!(Watch::own().cpu_us().is_some());
    }

    #[test]
    fn reads_arguments() {
        assert_eq!("nginx=7".parse(), Ok(Watch { name: "nginx".to_owned(), pid: 7 }));
        assert!("nginx".parse::<Watch>().is_err() && "nginx=x".parse::<Watch>().is_err());
    }
}
