//! The upstreams of a catalog: which of them are on, and where.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::http::Uri;
use syntopen_shared::config::Environment;
use syntopen_shared::secret::Secret;
use toml::{Table, Value};

use super::Upstream;
use super::section::Section;
use crate::providers::{Named, Provider};

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
    let variable =
        section.string("api_key_env").and_then(|variable| variable_name(&mut section, "api_key_env", variable));
    let credential = variable.as_deref().and_then(|variable| environment.get(variable));
    if let (Some(Named::Offered(_)), Some(variable), Some(credential)) = (provider, &variable, credential)
        && !credential.bytes().all(|byte| byte.is_ascii_graphic())
    {
        section
            .refuse("api_key_env", format_args!("names {variable}, whose value has spaces, line breaks or the like"));
    }
    section.finish();

    let (provider, base_url, variable) = (provider?, base_url?, variable?);
    let Named::Offered(provider) = provider else {
        return Some(State::Off(format!("upstream {name} is off: its provider is not offered by this version")));
    };
    Some(credential.map_or_else(
        || State::Off(format!("upstream {name} is off: set {variable} to switch it on")),
        |credential| State::On(on(name, provider, base_url, credential)),
    ))
}

fn on(name: &str, provider: Provider, base_url: String, credential: &str) -> Upstream {
    Upstream {
        name: name.into(),
        provider,
        provider_name: provider.as_str().into(),
        base_url,
        credential: Secret::new(credential.to_owned()),
    }
}

fn read_provider(section: &mut Section<'_>) -> Option<Named> {
    let name = section.string("provider")?;
    match Provider::named(&name) {
        Named::Unknown => {
            section.refuse("provider", format_args!("{name:?} is no provider: openai, anthropic or google"));
            None
        }
        named => Some(named),
    }
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
