//! Rules of the scripts, broken on demand to prove that the chaos harness notices (`syntopen_shared::chaos`).

use syntopen_shared::chaos::is_mutant;

/// A rule as a script has it, and what stands in its place where the mutant of that name is chosen.
struct Breach {
    mutant: &'static str,
    rule: &'static str,
    instead: &'static str,
}

const BREACHES: [Breach; 5] = [
    Breach {
        mutant: "no_idempotency",
        rule: "  return finish_ended(epoch, hold)\n",
        instead: "  return post(epoch, hold, hold.state, total_of(ARGV[5]), total_of(ARGV[5]))\n",
    },
    // Records of all epochs look alike.
    Breach {
        mutant: "epoch_ignored",
        rule: "if fields[2] == 'open' then return fields[1] end",
        instead: "if fields[2] == 'open' then return '0' end",
    },
    // The look names holds before their time, which does no harm as long as each deadline is checked again.
    Breach { mutant: "expire_blind", rule: "'-inf', digits(unix_ms(ARGV[2]))", instead: "'-inf', '+inf'" },
    Breach { mutant: "expire_blind", rule: "then return {'alive'} end", instead: "then cost = hold.cost end" },
    Breach {
        mutant: "credit_without_number",
        rule: "if number <= credit_no then return {'applied'} end\nif number ~= credit_no + 1 then return {'gap', account[3]} end",
        instead: "number = math.max(number, credit_no)",
    },
];

/// The text of a script, unless a mutant is chosen the same.
pub(super) fn apply(text: String) -> String {
    let chosen = BREACHES.iter().filter(|breach| is_mutant(breach.mutant));
    chosen.fold(text, |text, breach| text.replace(breach.rule, breach.instead))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_stands_in_a_script() {
        let scripts = super::super::scripts::texts();
        for Breach { mutant, rule, instead } in &BREACHES {
            assert!(scripts.iter().any(|text| text.contains(rule)), "{mutant}: {rule}");
            assert!(scripts.iter().all(|text| !text.contains(instead)), "{mutant}: {instead}");
        }
    }
}
