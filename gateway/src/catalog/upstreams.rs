//! The upstreams of a catalog: which of them are on, and where.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use actix_web::http::Uri;
use syntopen_shared::config::Environment;
use syntopen_shared::secret::Secret;
use toml::{Table, Value};

use super::section::Section;
use super::{CREDENTIALS_MAX, Credential, Upstream};
use crate::providers::Provider;

/// The variables with this beginning are settings of the gateway, which knows them all.
const RESERVED_PREFIX: &str = "SYNTOPEN_";
const MAX_NAME_CHARS: usize = 64;

/// All upstreams of a file by their names; `None` for one that is off, or wrong.
#[derive(Default)]
pub(super) struct Upstreams {
    pub(super) by_name: HashMap<String, Option<Arc<Upstream>>>,
    pub(super) switched_off: Vec<String>,
}

impl Upstreams {
    pub(super) fn read(table: Table, environment: &Environment, problems: &mut Vec<String>) -> Self {
        let mut upstreams = Self::default();
        for (name, value) in table {
            let state = match value {
                Value::Table(table) => {
                    read_one(&name, Section::new(format!("upstream {name:?}"), table, problems), environment)
                }
                _ => {
                    problems.push(format!("upstream {name:?}: must be a table"));
                    None
                }
            };
            let on = match state {
                Some(State::On(upstream)) => Some(Arc::new(upstream)),
                Some(State::Off(why)) => {
                    upstreams.switched_off.push(why);
                    None
                }
                None => None,
            };
            upstreams.by_name.insert(name, on);
        }
        upstreams
    }
}

enum State {
    On(Upstream),
    /// A sentence that says why, and how to switch it on.
    Off(String),
}

/// One upstream; `None` where something is wrong with it.
fn read_one(name: &str, mut section: Section<'_>, environment: &Environment) -> Option<State> {
    if name.is_empty() || name.len() > MAX_NAME_CHARS || !name.bytes().all(is_name_byte) {
        section.refuse("name", "must be 1 to 64 characters of A-Z a-z 0-9 _ -");
    }
    let provider = read_provider(&mut section);
    let base_url = read_base_url(&mut section, environment);
    let variables = read_variables(&mut section);
    let read = variables.as_ref().map(|variables| read_credentials(&mut section, variables, environment));
    let credentials = read.unwrap_or_default();
    section.finish();

    let (provider, base_url, variables) = (provider?, base_url?, variables?);
    if credentials.is_empty() {
        let variables: Vec<_> = variables.iter().map(|(_, variable)| variable.as_str()).collect();
        let variables = variables.join(" or ");
        return Some(State::Off(format!("upstream {name} is off: set {variables} to switch it on")));
    }
    let provider_name = provider.as_str().into();
    Some(State::On(Upstream { name: name.into(), provider, provider_name, base_url, credentials }))
}

/// The variables that may hold credentials, each with its place.
fn read_variables(section: &mut Section<'_>) -> Option<Vec<(String, String)>> {
    let written = section.strings("api_key_env")?;
    if CREDENTIALS_MAX < written.len() {
        section.refuse("api_key_env", format_args!("must not name more than {CREDENTIALS_MAX} variables"));
    }
    let mut seen = HashSet::new();
    let mut variables = Vec::with_capacity(written.len());
    let mut all_right = written.len() <= CREDENTIALS_MAX;
    for (place, variable) in written {
        let Some(variable) = variable_name(section, &place, variable) else {
            all_right = false;
            continue;
        };
        if !seen.insert(variable.clone()) {
            section.refuse(&place, format_args!("names {variable} once more"));
            all_right = false;
        }
        variables.push((place, variable));
    }
    all_right.then_some(variables)
}

/// The credentials that are set.
fn read_credentials(
    section: &mut Section<'_>,
    variables: &[(String, String)],
    environment: &Environment,
) -> Vec<Credential> {
    let mut credentials = Vec::with_capacity(variables.len());
    for (place, variable) in variables {
        let Some(secret) = environment.get(variable) else { continue };
        if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            section.refuse(place, format_args!("names {variable}, whose value has spaces, line breaks or the like"));
        }
        credentials.push(Credential { name: variable.as_str().into(), secret: Secret::new(secret.to_owned()) });
    }
    credentials
}

fn read_provider(section: &mut Section<'_>) -> Option<Provider> {
    let name = section.string("provider")?;
    let provider = Provider::named(&name);
    if provider.is_none() {
        section.refuse("provider", format_args!("{name:?} is no provider: openai, anthropic or google"));
    }
    provider
}

/// The base URL: the variable's value where one is named and set, else the file's.
fn read_base_url(section: &mut Section<'_>, environment: &Environment) -> Option<String> {
    let written = section.string("base_url");
    let variable =
        section.optional_string("base_url_env").and_then(|variable| variable_name(section, "base_url_env", variable));
    let written = written.and_then(|url| {
        let valid = valid_base_url(&url);
        if valid.is_none() {
            section.refuse("base_url", BASE_URL_FORM);
        }
        valid
    });
    let Some((variable, url)) = variable.and_then(|name| environment.get(&name).map(|url| (name, url.to_owned())))
    else {
        return written;
    };
    let valid = valid_base_url(&url);
    if valid.is_none() {
        section.refuse("base_url_env", format_args!("names {variable}, whose value {BASE_URL_FORM}"));
    }
    valid
}

const BASE_URL_FORM: &str = "must be an http or https URL with a host, and without user, query or fragment";

/// The URL without slashes at its end. What is wrong with it is not shown: it may hold a password.
fn valid_base_url(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let host = uri.host().filter(|host| !host.is_empty())?;
    let right = matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.query().is_none()
        && !text.contains('#')
        && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        && !host.contains(char::is_whitespace);
    right.then(|| text.trim_end_matches('/').to_owned())
}

/// Checks the name of a variable. One that is none is not shown: it may be the credential itself, put there by mistake.
fn variable_name(section: &mut Section<'_>, field: &str, name: String) -> Option<String> {
    let named = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    if !named {
        section.refuse(field, "must be the name of a variable, of A-Z 0-9 _, such as OPENAI_API_KEY, not its value");
        return None;
    }
    if name.starts_with(RESERVED_PREFIX) {
        section.refuse(field, "must not begin with SYNTOPEN_: those are the gateway's own settings");
        return None;
    }
    Some(name)
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}
