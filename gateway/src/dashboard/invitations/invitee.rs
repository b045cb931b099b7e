//! Whom an invitation is for, and how its link gets there.

use syntopen_shared::token::Token;
use syntopen_shared::wire::office::members::NewInvitation;

use crate::app::App;
use crate::dashboard::BASE;
use crate::dashboard::form::Errors;
use crate::dashboard::viewer::Signed;
use crate::mail::{Letter, Recipient};

/// Somebody who is invited, by a link of their own.
pub(crate) struct Invitee {
    recipient: Recipient,
    email: String,
    token: Token,
}

impl Invitee {
    /// Whoever has this address.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(email: &str) -> Result<Self, Errors> {
        let Some(recipient) = Recipient::parse(email) else {
            let mut errors = Errors::default();
            errors.add("email", "This is no address to which a message can be sent.");
            return Err(errors);
        };
        Ok(Self { recipient, email: email.trim().to_owned(), token: Token::generate() })
    }

    /// The invitation, for the ledger.
    #[must_use]
    pub(crate) fn invitation(&self, app: &App) -> NewInvitation {
        NewInvitation { email: self.email.clone(), hash: self.token.hash(), mailed: app.mail.is_some() }
    }

    /// Sends the link by the letter that has it. Where nothing can be sent, answers the address and the link, which
    /// whoever invited passes on.
    #[must_use]
    pub(crate) fn send(
        self,
        (app, signed): (&App, &Signed),
        letter: impl FnOnce(String) -> Letter,
    ) -> Option<(String, String)> {
        let path = format!("{BASE}/invitation/{}", self.token.expose());
        match &app.mail {
            Some(mail) => {
                mail.send(self.recipient, letter(format!("{}{path}", mail.public_url())));
                None
            }
            None => Some((self.email, format!("{}{path}", signed.visitor.origin.base))),
        }
    }
}

/// What was done to an invitation, in words.
#[must_use]
pub(crate) fn done(what: &str) -> Option<&'static str> {
    match what {
        "invited" => Some("The invitation is on its way."),
        "withdrawn" => Some("The invitation is taken back: its link does not work any more."),
        _ => None,
    }
}
