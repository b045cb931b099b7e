//! Faults of our own making, for the chaos harness: places where a process aborts, and rules that it breaks.
//!
//! Only programs built with the feature `chaos` have them. Without it every call is an empty constant, and the settings
//! are unknown ones, which a program refuses at its start.
//!
//! * `SYNTOPEN_FAILPOINT=<name>[:<n>]` aborts the process at its n-th pass of [`failpoint`]`(name)`, the first by
//!   default.
//! * `SYNTOPEN_MUTANT=<name>` makes [`is_mutant`]`(name)` true: the rule of that name is broken, to prove that the
//!   harness notices.

#[cfg(not(feature = "chaos"))]
pub use disarmed::{failpoint, is_mutant};

#[cfg(feature = "chaos")]
pub use armed::{failpoint, is_mutant};

/// The settings that a program has for this.
#[cfg(not(feature = "chaos"))]
pub(crate) const SETTINGS: [&str; 0] = [];

/// The settings that a program has for this.
#[cfg(feature = "chaos")]
pub(crate) const SETTINGS: [&str; 2] = [armed::FAILPOINT, armed::MUTANT];

#[cfg(not(feature = "chaos"))]
mod disarmed {
    /// Does nothing: this program was built without faults.
    #[inline]
    pub const fn failpoint(_name: &'static str) {}

    /// False: this program was built without faults.
    #[inline]
    #[must_use]
    pub const fn is_mutant(_name: &'static str) -> bool {
        false
    }
}

#[cfg(feature = "chaos")]
mod armed {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use crate::config::Environment;

    pub(super) const FAILPOINT: &str = "SYNTOPEN_FAILPOINT";
    pub(super) const MUTANT: &str = "SYNTOPEN_MUTANT";

    /// What this process was started with.
    static FAULTS: LazyLock<Faults> = LazyLock::new(|| Faults::read(&Environment::of_process()));

    #[derive(Default)]
    struct Faults {
        failpoint: Option<Failpoint>,
        mutant: Option<String>,
    }

    struct Failpoint {
        name: String,
        /// Passes until the process aborts, this one included.
        left: AtomicU64,
    }

    /// Aborts the process where this failpoint is armed and has been passed often enough.
    pub fn failpoint(name: &'static str) {
        if FAULTS.failpoint.as_ref().is_some_and(|failpoint| failpoint.strikes(name)) {
            tracing::warn!(failpoint = name, "aborting");
            std::process::abort();
        }
    }

    /// Whether the rule of this name is to be broken.
    #[must_use]
    pub fn is_mutant(name: &'static str) -> bool {
        FAULTS.mutant.as_deref() == Some(name)
    }

    impl Faults {
        fn read(environment: &Environment) -> Self {
            let mutant = environment.get(MUTANT).map(str::to_owned);
            Self { failpoint: environment.get(FAILPOINT).map(Failpoint::parse), mutant }
        }
    }

    impl Failpoint {
        fn parse(text: &str) -> Self {
            let (name, passes) = text.split_once(':').unwrap_or((text, "1"));
            Self { name: name.to_owned(), left: AtomicU64::new(passes.parse().unwrap_or(1)) }
        }

        fn strikes(&self, name: &str) -> bool {
            self.name == name && self.left.fetch_sub(1, Ordering::SeqCst) == 1
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_failpoint_strikes_once_at_the_pass_it_names() {
            for (text, at) in [("a.b", 1), ("a.b:1", 1), ("a.b:3", 3)] {
                let failpoint = Failpoint::parse(text);
                let struck: Vec<_> = (1..=5).filter(|_| failpoint.strikes("a.b")).collect();
                assert_eq!((struck.len(), struck[0]), (1, at), "{text}");
                assert!(!failpoint.strikes("a.c"), "{text}");
            }
        }

        #[test]
        fn nothing_is_armed_by_itself() {
            let faults = Faults::read(&Environment::default());
            assert!(faults.failpoint.is_none() && faults.mutant.is_none());
            let faults = Faults::read(&[(MUTANT, "expire_blind")].into());
            assert_eq!(faults.mutant.as_deref(), Some("expire_blind"));
        }
    }
}
