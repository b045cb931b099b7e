//! What the provider truly served, by its own record, and what that costs by the catalog. Nothing here asks a ledger.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use syntopen_shared::money::NanoUsd;

/// One call that reached the provider.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Served {
    id: u64,
    /// The customer's own name of the request.
    pub tag: Option<String>,
    /// The model, as it is called upstream.
    pub model: String,
    body: String,
    /// The status that was answered; 0 where none was.
    pub status: u16,
    prompt_tokens: u64,
    /// Tokens of the whole answer.
    pub completion_tokens: u64,
    tokens_written: u64,
    /// Whether the whole answer was written.
    pub complete: bool,
}

/// A line of the record. Lines behind the first of a call name only what has changed.
#[derive(Deserialize)]
struct Line {
    event: String,
    id: u64,
    status: Option<u16>,
    tokens_written: Option<u64>,
    complete: Option<bool>,
}

/// All calls, by the names of their requests.
pub struct Record(HashMap<String, Vec<Served>>);

/// In nano-dollars per token: uncached input, cached input, output.
struct Price {
    input: u64,
    cached: u64,
    output: u64,
}

impl Record {
    /// Reads the record of a provider that was killed and started any number of times.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let mut calls: Vec<Served> = Vec::new();
        // Each start of the provider counts its calls from one again.
        let mut latest: HashMap<u64, usize> = HashMap::new();
        // A line that a kill cut short speaks of bytes that never went out.
        for line in text.lines() {
            let Ok(told) = serde_json::from_str::<Line>(line) else { continue };
            if told.event == "start" {
                calls.push(serde_json::from_str(line).unwrap());
                latest.insert(told.id, calls.len() - 1);
            } else if let Some(call) = latest.get(&told.id).and_then(|at| calls.get_mut(*at)) {
                call.status = told.status.unwrap_or(call.status);
                call.tokens_written = told.tokens_written.unwrap_or(call.tokens_written);
                call.complete = told.complete.unwrap_or(call.complete);
            }
        }
        let mut record: HashMap<String, Vec<Served>> = HashMap::new();
        for call in calls {
            record.entry(call.tag.clone().unwrap_or_default()).or_default().push(call);
        }
        Self(record)
    }

    /// The calls of a request.
    #[must_use]
    pub fn of(&self, tag: &str) -> &[Served] {
        self.0.get(tag).map_or(&[], Vec::as_slice)
    }

    /// How many calls there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// Whether no call reached the provider.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What may at most be charged for a request, by what was written for it.
    #[must_use]
    pub fn at_most(&self, tag: &str) -> i64 {
        self.of(tag).iter().map(Served::written).max().unwrap_or(0)
    }
}

impl Served {
    /// What the whole answer costs.
    ///
    /// # Panics
    /// When the call was for a model without a price.
    #[must_use]
    pub fn whole(&self) -> NanoUsd {
        let asked: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let control = &asked["simulator"];
        let told = control["fault"]["missing_usage"] != true;
        let cached = control["cached_tokens"].as_u64().filter(|_| told).unwrap_or(0).min(self.prompt_tokens);
        let Price { input, cached: cached_price, output } = self.price();
        let uncached = self.prompt_tokens - cached;
        let nanos = uncached * input + cached * cached_price + self.completion_tokens * output;
        NanoUsd::new(i64::try_from(nanos).unwrap())
    }

    /// What a token of output costs.
    #[must_use]
    pub fn output_price(&self) -> i64 {
        i64::try_from(self.price().output).unwrap()
    }

    fn written(&self) -> i64 {
        let Price { input, output, .. } = self.price();
        let nanos = self.prompt_tokens * input + self.tokens_written * output;
        if self.status == 200 { i64::try_from(nanos).unwrap() } else { 0 }
    }

    fn price(&self) -> Price {
        match self.model.as_str() {
            "output-only" => Price { input: 0, cached: 0, output: 1_000_000 },
            "gpt-4o-mini" => Price { input: 150, cached: 75, output: 600 },
            "free" => Price { input: 0, cached: 0, output: 0 },
            other => panic!("nobody asked for {other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_goes_on_where_the_provider_was_killed() {
        let lines = [
            r#"{"event":"start","id":1,"tag":"a","model":"gpt-4o-mini","body":"{}","prompt_tokens":10,"completion_tokens":2}"#,
            r#"{"event":"chunk","id":1,"tag":"a","status":200,"tokens_written":1,"complete":false,"cancelled":false}"#,
            r#"{"event":"start","id":1,"tag":"b","model":"output-only","body":"{}","prompt_tokens":9,"completion_tokens":3}"#,
            r#"{"event":"end","id":1,"tag":"b","status":200,"tokens_written":3,"complete":true,"cancelled":false}"#,
            r#"{"event":"en"#,
        ];
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), lines.join("\n")).unwrap();
        let record = Record::read(file.path());
        let (a, b) = (&record.of("a")[0], &record.of("b")[0]);
        assert_eq!((a.complete, record.at_most("a"), a.whole().nanos()), (false, 1_500 + 600, 1_500 + 1_200));
        assert_eq!((b.complete, record.at_most("b"), b.whole().nanos()), (true, 3_000_000, 3_000_000));
        assert_eq!((record.len(), record.at_most("c")), (2, 0));
    }
}
