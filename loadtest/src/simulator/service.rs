//! The services that are simulated, and the headers by which their answers are told apart.

use crate::simulator::leaks::OWN_COOKIE;

/// Whose answer it is. A gateway must not copy any of these headers to its customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Service {
    OpenAi,
    /// With the id of the request, which errors name in their bodies too.
    Anthropic(String),
    Google,
}

impl Service {
    /// Appends the service's own headers; `request` is the id of the request in the record.
    pub(super) fn write_headers(&self, request: &str, head: &mut String) {
        match self {
            Self::OpenAi => {
                head.push_str("\r\nx-request-id: ");
                head.push_str(request);
                head.push_str("\r\nopenai-organization: simulator\r\nopenai-processing-ms: 1");
                head.push_str("\r\nopenai-version: 2020-10-01\r\nx-ratelimit-limit-requests: 10000");
                head.push_str("\r\nx-ratelimit-remaining-requests: 9999");
                head.push_str("\r\nx-ratelimit-reset-requests: 6ms\r\nset-cookie: ");
                head.push_str(OWN_COOKIE);
            }
            Self::Anthropic(id) => {
                head.push_str("\r\nrequest-id: ");
                head.push_str(id);
                head.push_str("\r\nanthropic-organization-id: 00000000-0000-4000-8000-000000000000");
                for kind in ["requests", "tokens", "input-tokens", "output-tokens"] {
                    let name = format!("\r\nanthropic-ratelimit-{kind}");
                    let [limit, remaining, reset] = ["limit: 4000", "remaining: 3999", "reset: 2030-01-01T00:00:00Z"];
                    head.push_str(&format!("{name}-{limit}{name}-{remaining}{name}-{reset}"));
                }
                head.push_str("\r\nvia: 1.1 google\r\ncf-cache-status: DYNAMIC");
            }
            Self::Google => {
                head.push_str(
                    "\r\nvary: Origin\r\nvary: X-Origin\r\nvary: Referer\r\nserver: scaffolding on HTTPServer2",
                );
                head.push_str("\r\nx-xss-protection: 0\r\nx-content-type-options: nosniff");
            }
        }
    }
}
