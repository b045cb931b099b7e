//! Google's stream: responses that each have a part of the answer, as events or as one array.

use serde_json::{Value, json};

use super::Delivery;
use super::render::{Part, Rendering};
use crate::simulator::answer::{Choice, Content, Finish};
use crate::simulator::script::{Piece, Script};

/// The whole stream.
pub(super) fn script(rendering: &Rendering<'_>) -> Script {
    let responses = Stream { rendering, said: 0, responses: Vec::new() }.responses();
    let last = responses.len().saturating_sub(1);
    let pieces = responses.into_iter().enumerate().map(|(position, (response, tokens))| {
        let text = match rendering.delivery {
            Delivery::Array => {
                let (begin, end) =
                    (if position == 0 { "[" } else { ",\r\n" }, if position == last { "\r\n]" } else { "" });
                format!("{begin}{response:#}{end}")
            }
            Delivery::Json | Delivery::Events => format!("data: {response}\r\n\r\n"),
        };
        Piece { tokens, ..Piece::silent(text.into()) }
    });
    let script = Script::stream(200, pieces.collect());
    match rendering.delivery {
        Delivery::Array => Script { content_type: "application/json; charset=UTF-8", ..script },
        Delivery::Json | Delivery::Events => Script { content_type: "text/event-stream", ..script },
    }
}

struct Stream<'a> {
    rendering: &'a Rendering<'a>,
    /// Tokens of all candidates so far.
    said: u64,
    responses: Vec<(Value, u64)>,
}

impl Stream<'_> {
    fn responses(mut self) -> Vec<(Value, u64)> {
        let rendering = self.rendering;
        if rendering.blocked.is_some() {
            return vec![(rendering.response(rendering.usage), 0)];
        }
        let choices: Vec<_> = rendering.answer.choices.iter().enumerate().collect();
        let groups = |(index, choice): &(usize, &Choice)| self.groups(rendering.parts(*index, choice)).into_iter();
        let mut groups: Vec<_> = choices.iter().map(groups).collect();
        // An empty text first, so that the first chunk has no token, whichever the protocol.
        for (index, _) in &choices {
            self.say(*index, vec![Part { json: json!({"text": ""}), tokens: 0 }]);
        }
        // Candidates take turns, as the tokens of a batch do.
        loop {
            let mut is_over = true;
            for (index, _) in &choices {
                if let Some(parts) = groups[*index].next() {
                    is_over = false;
                    self.say(*index, parts);
                }
            }
            if is_over {
                break;
            }
        }
        for (index, choice) in choices {
            self.end(index, choice);
        }
        self.responses
    }

    /// The parts of each response: one, or with models that think a text with the calls that follow it, so that a
    /// client meets both.
    fn groups(&self, parts: Vec<Part>) -> Vec<Vec<Part>> {
        let joins = self.rendering.chat.model.thinks();
        let mut groups: Vec<Vec<Part>> = Vec::with_capacity(parts.len());
        for part in parts {
            match groups.last_mut() {
                Some(last) if joins && part.json["functionCall"].is_object() => last.push(part),
                _ => groups.push(vec![part]),
            }
        }
        groups
    }

    fn say(&mut self, index: usize, parts: Vec<Part>) {
        let tokens = parts.iter().map(|part| part.tokens).sum();
        let said = parts.iter().filter(|part| 0 < part.tokens).filter_map(|part| part.json["text"].as_str());
        let said: Vec<_> = said.map(|text| Content::Text(text.to_owned().into())).collect();
        let parts: Vec<_> = parts.into_iter().map(|part| part.json).collect();
        let mut candidate = json!({"content": {"parts": parts, "role": "model"}});
        if 0 < index {
            candidate["index"] = Value::from(index);
        }
        if let Some(logprobs) = self.rendering.logprobs(said.iter()).filter(|_| !said.is_empty()) {
            candidate["logprobsResult"] = logprobs;
        }
        self.said += tokens;
        // Models that think count as they go; older ones tell the length of the answer only at its end.
        let so_far = if self.rendering.chat.model.thinks() { self.said } else { 0 };
        let mut response = self.rendering.response(self.rendering.usage.so_far(so_far));
        response["candidates"] = json!([candidate]);
        self.responses.push((response, tokens));
    }

    fn end(&mut self, index: usize, choice: &Choice) {
        let mut candidate = self.rendering.end(index, choice);
        if !matches!(choice.finish, Finish::Native(_)) {
            candidate["content"] = json!({"parts": [{"text": ""}], "role": "model"});
        }
        let mut response = self.rendering.response(self.rendering.usage);
        response["candidates"] = json!([candidate]);
        self.responses.push((response, 0));
    }
}
