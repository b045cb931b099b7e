//! Images, sounds and files inside a request: they are checked where they stand, never decoded into memory.

/// The payload of a data URL in base64.
pub(crate) struct DataUrl<'u> {
    /// Without its parameters, in whatever case it was written.
    pub(crate) media_type: &'u str,
    pub(crate) payload: &'u str,
}

impl<'u> DataUrl<'u> {
    /// Takes `data:<media type>[;<parameter>]*;base64,<payload>` apart; `None` where a text is not of that form.
    pub(crate) fn parse(url: &'u str) -> Option<Self> {
        let (scheme, rest) = url.split_at_checked("data:".len())?;
        // The comma is near the beginning, so a payload of megabytes is not searched for it.
        let (header, payload) = rest.split_once(',').filter(|_| scheme.eq_ignore_ascii_case("data:"))?;
        let (media_type, encoding) = header.rsplit_once(';')?;
        let media_type = media_type.split(';').next().unwrap_or_default();
        encoding.trim().eq_ignore_ascii_case("base64").then_some(Self { media_type, payload })
    }

    fn is_image(&self) -> bool {
        let (kind, subtype) = self.media_type.split_once('/').unwrap_or_default();
        kind.eq_ignore_ascii_case("image") && !subtype.is_empty()
    }
}

/// Says what would be right where this is not the address of an image.
pub(super) fn check_image_url(url: &str) -> Result<(), &'static str> {
    if is_web_url(url) {
        return Ok(());
    }
    match DataUrl::parse(url) {
        None => Err("must have a url that is http(s)://... or data:image/<type>;base64,<data>"),
        Some(data) if !data.is_image() => Err("must have a data URL of an image: data:image/<type>;base64,<data>"),
        Some(data) if !is_base64(data.payload) => Err("must have valid base64, with its padding, in its data URL"),
        Some(_) => Ok(()),
    }
}

/// Says what would be right where this is not the content of a file.
pub(super) fn check_file_data(url: &str) -> Result<(), &'static str> {
    match DataUrl::parse(url) {
        Some(data) if is_base64(data.payload) => Ok(()),
        Some(_) => Err("must have valid base64, with its padding, in its data URL"),
        None => Err("must be a data URL: data:<media type>;base64,<data>"),
    }
}

/// Whether a text is base64 of at least one byte, in the standard alphabet and padded.
pub(super) fn is_base64(text: &str) -> bool {
    let bytes = text.as_bytes();
    let data = bytes.strip_suffix(b"==").or_else(|| bytes.strip_suffix(b"=")).unwrap_or(bytes);
    let in_alphabet = |byte: &u8| byte.is_ascii_alphanumeric() | matches!(byte, b'+' | b'/');
    // Chunks without an early exit are checked many bytes at a time.
    let all = |chunk: &[u8]| chunk.iter().fold(true, |good, byte| good & in_alphabet(byte));
    !data.is_empty() && bytes.len().is_multiple_of(4) && data.chunks(1024).all(all)
}

/// How many bytes a base64 text stands for, at most two too many.
pub(super) const fn decoded_bytes(base64: &str) -> u64 {
    (base64.len() as u64).div_ceil(4) * 3
}

fn is_web_url(url: &str) -> bool {
    let after = |scheme: &str| {
        let (start, rest) = url.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    let Some(rest) = after("https://").or_else(|| after("http://")) else { return false };
    let has_host = rest.bytes().next().is_some_and(|byte| !matches!(byte, b'/' | b'?' | b'#'));
    has_host && !rest.chars().any(|char| char.is_whitespace() || char.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_base64() {
        for good in ["AA==", "AAA=", "AAAA", "+/+/", &"QUJD".repeat(1000)] {
            assert!(is_base64(good), "{good}");
        }
        for bad in ["", "=", "==", "====", "A", "AA", "AAA", "A===", "AA=A", "AA-_", "AAA\n", "AA A", "ééé="] {
            assert!(!is_base64(bad), "{bad}");
        }
        let late = format!("{}*AAA", "QUJD".repeat(1000));
        assert!(!is_base64(&late));
    }

    #[test]
    fn takes_data_urls_apart() {
        for good in [
            "data:image/png;base64,AAAA",
            "DATA:IMAGE/JPEG;BASE64,AAAA",
            "data:image/svg+xml;charset=utf-8;base64,AAAA",
            "http://a",
            "HTTPS://a.example/b.png?x=1,2",
        ] {
            assert_eq!(check_image_url(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "data:",
            "data:,",
            "data:image/png,AAAA",
            "data:image/png;base64",
            "data:image/png;base64,",
            "data:image/;base64,AAAA",
            "data:;base64,AAAA",
            "data:text/plain;base64,AAAA",
            "data:image/png;base64,A",
            "date:image/png;base64,AAAA",
            "ftp://a",
            "file:///etc/passwd",
            "https://",
            "https:///a",
            "https://a b",
            "é:image",
            "httpé://",
        ] {
            assert!(check_image_url(bad).is_err(), "{bad}");
        }
    }
}
