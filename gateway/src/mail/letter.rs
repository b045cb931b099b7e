//! What messages say. Plain text, from templates beside this folder's code.
#![expect(unused_qualifications, reason = "what askama derives for an enum names what is in scope by its path")]

use askama::Template;
use lettre::Address;
use lettre::message::Mailbox;
use syntopen_shared::money::NanoUsd;

/// Somebody who gets a message.
#[derive(Clone)]
pub(crate) struct Recipient(Address);

impl Recipient {
    /// An address that a server can take; `None` for what is none, whatever the ledger took it for.
    #[must_use]
    pub(crate) fn parse(email: &str) -> Option<Self> {
        let email = email.trim();
        // An ASCII address needs nothing of the server that it may not offer.
        let is_plain = email.bytes().all(|byte| byte.is_ascii_graphic());
        // As users are known: another spelling might be another's mailbox.
        email.to_lowercase().parse().ok().filter(|_| is_plain).map(Self)
    }

    pub(super) fn mailbox(&self) -> Mailbox {
        Mailbox::new(None, self.0.clone())
    }
}

/// A message. It has no `Debug`: links are secrets.
#[derive(Template)]
pub(crate) enum Letter {
    /// Somebody wants to make an account with this address.
    #[template(path = "sign_up.txt")]
    SignUp { link: String },
    /// The same, but there is one.
    #[template(path = "known.txt")]
    Known { sign_in: String, forgot: String },
    /// The account of this address was closed.
    #[template(path = "closed.txt")]
    Closed {},
    /// A user is to prove the address.
    #[template(path = "verify.txt")]
    Verify { link: String },
    /// Somebody wants to choose another password.
    #[template(path = "reset.txt")]
    Reset { link: String },
    /// Somebody is invited to an account.
    #[template(path = "invitation.txt")]
    Invitation { link: String, inviter: String },
    /// Somebody is invited to open an account.
    #[template(path = "customer.txt")]
    Customer { link: String },
    /// A balance is low.
    #[template(path = "low_balance.txt")]
    LowBalance { balance: NanoUsd, below: NanoUsd, billing: String },
}

impl Letter {
    /// What it is called, in logs and metrics.
    #[must_use]
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::SignUp { .. } => "sign_up",
            Self::Known { .. } => "known",
            Self::Closed {} => "closed",
            Self::Verify { .. } => "verify",
            Self::Reset { .. } => "reset",
            Self::Invitation { .. } => "invitation",
            Self::Customer { .. } => "customer",
            Self::LowBalance { .. } => "low_balance",
        }
    }

    /// The subject: nothing of what anybody typed.
    #[must_use]
    pub(super) const fn subject(&self) -> &'static str {
        match self {
            Self::SignUp { .. } => "Finish your Syntopen account",
            Self::Known { .. } => "You have a Syntopen account already",
            Self::Closed {} => "Your Syntopen account is closed",
            Self::Verify { .. } => "Confirm your e-mail address",
            Self::Reset { .. } => "Choose a new password",
            Self::Invitation { .. } => "You are invited to a Syntopen account",
            Self::Customer { .. } => "You are invited to Syntopen",
            Self::LowBalance { .. } => "Your Syntopen balance is low",
        }
    }

    pub(super) fn body(&self) -> askama::Result<String> {
        self.render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_slips_a_header_or_another_recipient_in() {
        let wrong = ["a@b.example\r\nBcc: c@d.example", "a@b.example,c@d.example", "<a@b.example>", "A <a@b.example>"];
        for email in wrong.into_iter().chain(["a", "@b", "a@", "a@b\0.example", "ä@b.example", "a b@c.example"]) {
            assert!(Recipient::parse(email).is_none(), "{email}");
        }
        for email in ["ada@example.com", "ada+tag@sub.example.com", "o'hara@example.com"] {
            assert!(Recipient::parse(email).is_some(), "{email}");
        }
    }

    #[test]
    fn templates_show_what_they_are_given_as_it_is() {
        let (link, inviter) = ("https://a.example/x".to_owned(), "o'hara&co@example.com".to_owned());
        let body = Letter::Invitation { link, inviter }.body().unwrap();
        assert!(body.contains("\nhttps://a.example/x\n") && body.contains("o'hara&co@example.com"), "{body}");
    }
}
