//! Whether a text is base64, which the services check before they look at what it encodes.

/// Whether `text` is base64 of the standard alphabet, padded, and encodes anything.
pub(super) fn is_standard(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let of_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    !body.is_empty() && text.len().is_multiple_of(4) && text.len() - body.len() <= 2 && body.bytes().all(of_alphabet)
}

/// The same for either alphabet, padded or not, as readers of protocol buffers take it.
pub(super) fn is_lenient(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let of_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    text.len() - body.len() <= 2 && body.len() % 4 != 1 && body.bytes().all(of_alphabet)
}

/// A text that is base64 itself and follows from `text`: the signature under it.
pub(super) fn signature(text: &str) -> String {
    // FNV-1a, because it needs to be the same in each process and nothing more.
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_base64() {
        assert!(is_standard("aGk=") && is_standard("aGkh") && is_standard("+/8="));
        assert!(
            !is_standard("")
                && !is_standard("aGk")
                && !is_standard("a===")
                && !is_standard("-_8=")
                && !is_standard("a b=")
        );
        assert!(is_lenient("") && is_lenient("aGk") && is_lenient("-_8="));
        assert!(!is_lenient("a") && !is_lenient("a b="));
        assert!(is_standard(&signature("text")) && signature("a") != signature("b"));
    }
}
