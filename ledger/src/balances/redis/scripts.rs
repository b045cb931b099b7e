//! The scripts, one for each verb. Redis carries each out as one step.

use redis::Script;

use super::breaches;

const PRELUDE: &str = include_str!("prelude.lua");
const ENDING: &str = include_str!("ending.lua");
const JOURNAL: &str = include_str!("journal.lua");
const RECORDS: &str = include_str!("records.lua");

/// All scripts, as they are called.
pub(super) struct Scripts {
    pub(super) hold: Script,
    pub(super) checkpoint: Script,
    pub(super) put_back: Script,
    pub(super) finish: Script,
    pub(super) finish_unknown: Script,
    pub(super) overdue: Script,
    pub(super) expire: Script,
    pub(super) seed: Script,
    pub(super) set_status: Script,
    pub(super) credit: Script,
    pub(super) look: Script,
    pub(super) audit: Script,
    pub(super) read: Script,
    pub(super) trim: Script,
    pub(super) freeze: Script,
    pub(super) survivors: Script,
    pub(super) open_shard: Script,
    pub(super) length: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            hold: script("", include_str!("hold.lua")),
            checkpoint: script("", include_str!("checkpoint.lua")),
            put_back: script("", include_str!("put_back.lua")),
            finish: script(ENDING, include_str!("finish.lua")),
            finish_unknown: script(ENDING, include_str!("finish_unknown.lua")),
            overdue: script("", include_str!("overdue.lua")),
            expire: script(ENDING, include_str!("expire.lua")),
            seed: script("", include_str!("seed.lua")),
            set_status: script("", include_str!("set_status.lua")),
            credit: script("", include_str!("credit.lua")),
            look: script(RECORDS, include_str!("look.lua")),
            audit: script(RECORDS, include_str!("audit.lua")),
            read: script(JOURNAL, include_str!("read.lua")),
            trim: script(JOURNAL, include_str!("trim.lua")),
            freeze: script("", include_str!("freeze.lua")),
            survivors: script(JOURNAL, include_str!("survivors.lua")),
            open_shard: script(JOURNAL, include_str!("open_shard.lua")),
            length: script("", include_str!("length.lua")),
        }
    }
}

/// The verb behind what it shares with others. Its first line says what Redis may let it do, and stays the first.
fn script(shared: &str, verb: &str) -> Script {
    let (flags, body) = verb.split_once('\n').unwrap_or((verb, ""));
    Script::new(&breaches::apply([flags, PRELUDE, shared, body].join("\n")))
}

/// The texts of which rules are broken on demand.
#[cfg(test)]
pub(super) fn texts() -> [&'static str; 4] {
    [PRELUDE, ENDING, include_str!("overdue.lua"), include_str!("credit.lua")]
}
