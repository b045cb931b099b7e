//! Settings of payments.

use std::ops::RangeInclusive;
use std::str::FromStr;

use actix_web::http::Uri;
use syntopen_shared::config::Reader;
use syntopen_shared::secret::Secret;

const STRIPE: &str = "https://api.stripe.com";
const CHECKOUT: &str = "https://checkout.stripe.com";
/// Nobody pays more at once.
const TOP_UP_USD_MAX: i64 = 100_000;

/// How customers pay.
#[derive(Clone, Debug)]
pub struct PaymentSettings {
    /// Stripe, where customers pay by themselves.
    pub stripe: Option<StripeSettings>,
    /// `SYNTOPEN_TOP_UP_MIN_USD`, default 5, and `SYNTOPEN_TOP_UP_MAX_USD`, default 1,000: what can be paid at once, in
    /// whole dollars.
    pub top_up_usd: RangeInclusive<i64>,
    /// `SYNTOPEN_SUPPORT_EMAIL`: whom customers write to, shown to them.
    pub support_email: Option<SupportEmail>,
}

/// Stripe.
#[derive(Clone, Debug)]
pub struct StripeSettings {
    /// `STRIPE_SECRET_KEY`: set together with the other.
    pub secret_key: Secret,
    /// `STRIPE_WEBHOOK_SECRET`: signs what Stripe tells.
    pub webhook_secret: Secret,
    /// `STRIPE_API_BASE`, default `https://api.stripe.com`: another one for tests.
    pub api_base: ApiBase,
}

/// Where Stripe's API is: scheme and authority, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiBase(String);

/// An e-mail address that stands in pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupportEmail(String);

impl PaymentSettings {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let secret_key: Option<Secret> = reader.optional("STRIPE_SECRET_KEY");
        let webhook_secret: Option<Secret> = reader.optional("STRIPE_WEBHOOK_SECRET");
        let api_base = reader.value("STRIPE_API_BASE", ApiBase(STRIPE.to_owned()));
        let is_visible = |secret: &Secret| secret.expose().bytes().all(|byte| byte.is_ascii_graphic());
        if secret_key.as_ref().is_some_and(|key| !is_visible(key)) {
            reader.refuse("STRIPE_SECRET_KEY", "must be of visible ASCII characters");
        }
        let stripe = match (secret_key, webhook_secret) {
            (Some(secret_key), Some(webhook_secret)) => Some(StripeSettings { secret_key, webhook_secret, api_base }),
            (None, None) => None,
            (Some(_), None) => {
                reader.refuse("STRIPE_WEBHOOK_SECRET", "must be set where STRIPE_SECRET_KEY is");
                None
            }
            (None, Some(_)) => {
                reader.refuse("STRIPE_SECRET_KEY", "must be set where STRIPE_WEBHOOK_SECRET is");
                None
            }
        };
        let min = reader.within("SYNTOPEN_TOP_UP_MIN_USD", 5, 1..=TOP_UP_USD_MAX);
        let max = reader.within("SYNTOPEN_TOP_UP_MAX_USD", 1_000.max(min), 1..=TOP_UP_USD_MAX);
        if max < min {
            reader.refuse("SYNTOPEN_TOP_UP_MAX_USD", "must not be less than SYNTOPEN_TOP_UP_MIN_USD");
        }
        Self { stripe, top_up_usd: min..=max, support_email: reader.optional("SYNTOPEN_SUPPORT_EMAIL") }
    }
}

impl StripeSettings {
    /// Where the browser may be sent to pay: of a test, to the API's own host.
    #[must_use]
    pub fn checkout(&self) -> &str {
        if self.api_base.0 == STRIPE { CHECKOUT } else { &self.api_base.0 }
    }

    /// Whether a page is the payment service's.
    #[must_use]
    pub fn is_checkout(&self, url: &str) -> bool {
        let is_below = |base: &str| url.strip_prefix(base).is_some_and(|path| path.starts_with('/'));
        url.bytes().all(|byte| byte.is_ascii_graphic()) && (is_below(CHECKOUT) || is_below(self.checkout()))
    }
}

impl ApiBase {
    /// The URL of a path.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl SupportEmail {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ApiBase {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Option<Uri> = text.parse().ok();
        let is_right = uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.authority().is_some_and(|authority| is_plain(authority.as_str()))
                && uri.path() == "/"
                && uri.query().is_none()
        });
        let bare = text.strip_suffix('/').unwrap_or(text);
        if is_right { Ok(Self(bare.to_owned())) } else { Err("must be like https://api.stripe.com, without a path") }
    }
}

/// It becomes part of a header, in which `;` and `,` end a source.
fn is_plain(authority: &str) -> bool {
    authority.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
}

impl FromStr for SupportEmail {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_plain = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_+".contains(&byte))
        };
        let is_right = text.split_once('@').is_some_and(|(local, domain)| is_plain(local) && is_plain(domain));
        if is_right { Ok(Self(text.to_owned())) } else { Err("must be an address such as help@example.com") }
    }
}

#[cfg(test)]
mod tests {
    use syntopen_shared::config::{Environment, InvalidSettings};

    use super::*;

    fn read(environment: Environment) -> Result<PaymentSettings, Vec<String>> {
        let mut reader = Reader::new(environment);
        let settings = PaymentSettings::read(&mut reader);
        reader.finish().map(|()| settings).map_err(|InvalidSettings(problems)| problems)
    }

    #[test]
    fn both_secrets_or_none() {
        let (key, secret) = (("STRIPE_SECRET_KEY", "sk_test_1"), ("STRIPE_WEBHOOK_SECRET", "whsec_1"));
        assert!(read([].into()).unwrap().stripe.is_none());
        assert!(read([key, secret].into()).unwrap().stripe.is_some());
        for one in [key, secret] {
            assert_eq!(read([one].into()).unwrap_err().len(), 1);
        }
        assert!(read([("SYNTOPEN_TOP_UP_MIN_USD", "50"), ("SYNTOPEN_TOP_UP_MAX_USD", "10")].into()).is_err());
    }

    #[test]
    fn browsers_are_sent_to_the_payment_service_alone() {
        let settings = |base: &str| StripeSettings {
            secret_key: Secret::new("sk".to_owned()),
            webhook_secret: Secret::new("whsec".to_owned()),
            api_base: base.parse().unwrap(),
        };
        let (real, test) = (settings("https://api.stripe.com/"), settings("http://127.0.0.1:12111"));
        for (url, by_real, by_test) in [
            ("https://checkout.stripe.com/c/pay/cs_1#x", true, true),
            ("http://127.0.0.1:12111/pay", false, true),
            ("https://checkout.stripe.com.evil.example/", false, false),
            ("https://checkout.stripe.com@evil.example/", false, false),
            ("javascript:alert(1)", false, false),
            ("https://checkout.stripe.com/\r\nSet-Cookie: a=b", false, false),
        ] {
            assert_eq!((real.is_checkout(url), test.is_checkout(url)), (by_real, by_test), "{url}");
        }
        assert!("https://a;b".parse::<ApiBase>().is_err());
        assert!("help@example.com".parse::<SupportEmail>().is_ok());
        assert!("<b>@example.com".parse::<SupportEmail>().is_err());
    }
}
