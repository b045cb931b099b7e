//! The ids of calls, which carry what OpenAI's shape has no field for.
//!
//! Models that think sign their calls, and want the signature back with the history. A client has no field for it but
//! the call's id, which it sends back as it is: `call_<id>.<signature in base64url>`. Neither half has a dot in it, and
//! the whole is safe within a URL. Other ids pass as they are.

/// How the ids begin that are made here.
const PREFIX: &str = "call_";
/// A longer signature is left out: clients keep ids in columns and logs.
const MAX_SIGNATURE_BYTES: usize = 32 * 1024;
/// A longer id of the upstream is replaced.
const MAX_ID_BYTES: usize = 128;

/// An id that a client sent back.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::providers::google) struct CallId<'a> {
    /// The upstream's own id, or the client's where the id comes from elsewhere.
    pub(in crate::providers::google) id: &'a str,
    /// In base64, as the upstream wrote it.
    pub(in crate::providers::google) signature: Option<String>,
}

impl<'a> CallId<'a> {
    /// Takes an id apart. One that was not made here is an id without a signature.
    pub(in crate::providers::google) fn read(sent: &'a str) -> Self {
        let signed = sent.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.'));
        match signed.and_then(|(id, signature)| Some((id, base64(signature)?))) {
            Some((id, signature)) if is_plain(id) => Self { id, signature: Some(signature) },
            _ => Self { id: sent, signature: None },
        }
    }
}

/// The id that the client is told of a call: the upstream's, or a new one where it gives none that can be used.
pub(in crate::providers::google) fn told(id: Option<&str>, signature: Option<&str>) -> String {
    let given = id.filter(|id| is_plain(id));
    let minted = || format!("{:032x}", rand::random::<u128>());
    match signature.and_then(base64url) {
        Some(signature) => format!("{PREFIX}{}.{signature}", given.map_or_else(minted, str::to_owned)),
        None => given.map_or_else(|| format!("{PREFIX}{}", minted()), str::to_owned),
    }
}

fn is_plain(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_ID_BYTES).contains(&id.len()) && id.bytes().all(is_plain)
}

/// Base64 in either alphabet as base64url without padding; `None` where it is none.
fn base64url(base64: &str) -> Option<String> {
    let data = base64.trim_end_matches('=');
    let translate = |byte: u8| match byte {
        b'+' | b'-' => Some('-'),
        b'/' | b'_' => Some('_'),
        _ => byte.is_ascii_alphanumeric().then_some(char::from(byte)),
    };
    let fits = (1..=MAX_SIGNATURE_BYTES).contains(&data.len()) && data.len() % 4 != 1;
    if fits { data.bytes().map(translate).collect() } else { None }
}

/// The reverse: in the standard alphabet, with the padding.
fn base64(base64url: &str) -> Option<String> {
    let translate = |byte: u8| match byte {
        b'-' => Some('+'),
        b'_' => Some('/'),
        _ => byte.is_ascii_alphanumeric().then_some(char::from(byte)),
    };
    let fits = (1..=MAX_SIGNATURE_BYTES).contains(&base64url.len()) && base64url.len() % 4 != 1;
    let mut base64: String = if fits { base64url.bytes().map(translate).collect() } else { None }?;
    while !base64.len().is_multiple_of(4) {
        base64.push('=');
    }
    Some(base64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_of_the_upstream_are_kept_and_others_made() {
        assert_eq!(told(Some("fc-1_a"), None), "fc-1_a");
        assert_eq!(told(Some("fc"), Some("ab+/cQ==")), "call_fc.ab-_cQ");
        let minted = told(None, None);
        assert!(minted.len() == 37 && minted.starts_with("call_"), "{minted}");
        assert_ne!(minted, told(None, None));
        for id in ["", "a.b", "a b", "é", &"x".repeat(129)] {
            assert_eq!(told(Some(id), None).len(), 37, "{id}");
        }
        for signature in ["", "=", "a", "ab c", "é", &"A".repeat(MAX_SIGNATURE_BYTES + 4)] {
            assert_eq!(told(Some("fc"), Some(signature)), "fc", "{signature}");
        }
    }

    #[test]
    fn ids_from_elsewhere_pass() {
        for id in ["call_abc", "toolu_1", "functions.f:0", "call_a.b.c", "call_.ab", "call_a.", "call_a.a", "call_é.ab"]
        {
            assert_eq!(CallId::read(id), CallId { id, signature: None });
        }
    }

    proptest! {
        #[test]
        fn what_was_told_is_read_again(id in "[a-zA-Z0-9_-]{1,128}", quads in 0_usize..50, end in "[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=") {
            let signature = format!("{}{end}", "aZ9+".repeat(quads));
            let told = told(Some(&id), Some(&signature));
            prop_assert_eq!(CallId::read(&told), CallId { id: &id, signature: Some(signature) });
        }
    }
}
