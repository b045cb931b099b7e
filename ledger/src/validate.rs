//! What administration commands may say.

use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::{AllowedModels, CreateKey, CreditAccount, CreditClass, UpdateKey};
use syntopen_shared::wire::ledger::SpendLimits;

use crate::error::AdminError;

const EMAIL_MAX: usize = 254;
const NAME_MAX: usize = 100;
/// As long as the catalog lets a model's id be.
const MODEL_MAX: usize = 200;
const REFERENCE_MAX: usize = 200;
const RPM_MAX: u32 = 1_000_000;
const MODELS_MAX: usize = 200;

/// An e-mail address in the form in which it is stored. Whether it exists, only a message to it could tell.
pub(crate) fn email(text: &str) -> Result<String, AdminError> {
    let plain = !text.chars().any(|char| char.is_whitespace() || char.is_control());
    let parts = text
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
    let lower = text.to_lowercase();
    // A foreign letter that becomes a Latin one (the sign for kelvin, a k) would make another's address of it.
    let keeps_its_letters = lower.is_ascii() == text.is_ascii();
    if plain && parts && keeps_its_letters && text.len() <= EMAIL_MAX {
        return Ok(lower);
    }
    Err(AdminError::Invalid(format!("email must be an address such as ada@example.com, at most {EMAIL_MAX} bytes")))
}

pub(crate) fn credit(command: &CreditAccount) -> Result<(), AdminError> {
    check(command.amount != NanoUsd::ZERO && command.amount.is_storable(), "amount must not be zero, nor too large")?;
    check(
        !command.amount.is_negative() || command.class == CreditClass::Adjustment,
        "amount must be positive: only an adjustment takes money away",
    )?;
    check(
        command.reference.as_deref().is_none_or(|reference| is_label(reference, REFERENCE_MAX)),
        "reference must have 1 to 200 characters, none of them a control character",
    )
}

pub(crate) fn key(command: &CreateKey) -> Result<(), AdminError> {
    name(&command.name)?;
    rpm(command.rpm)?;
    spend_limits(&command.limits)?;
    models(command.allowed_models.as_deref().unwrap_or_default())
}

pub(crate) fn update(command: &UpdateKey) -> Result<(), AdminError> {
    let UpdateKey { key, rpm: new_rpm, limits, name: new_name, expiry, models: new_models } = command;
    let changes = *command != UpdateKey::of(*key);
    check(changes, "name what is to change: rpm, limits, name, expiry or models")?;
    check(expiry.is_none_or(|expiry| expiry.expires_ms().is_none_or(|at| 0 < at)), "expiry must be a moment")?;
    new_rpm.map_or(Ok(()), rpm)?;
    limits.as_ref().map_or(Ok(()), spend_limits)?;
    new_name.as_deref().map_or(Ok(()), name)?;
    match new_models {
        Some(AllowedModels::Only(only)) => models(only),
        Some(AllowedModels::All) | None => Ok(()),
    }
}

/// The label of a key.
pub(crate) fn name(name: &str) -> Result<(), AdminError> {
    check(is_label(name, NAME_MAX), "name must have 1 to 100 characters, none of them a control character")
}

/// A rate limit.
pub(crate) fn rpm(rpm: u32) -> Result<(), AdminError> {
    check(rpm <= RPM_MAX, "rpm must be 0 to 1000000")
}

/// What a key may spend.
pub(crate) fn spend_limits(limits: &SpendLimits) -> Result<(), AdminError> {
    check(
        [limits.day, limits.month, limits.total]
            .into_iter()
            .flatten()
            .all(|limit| !limit.is_negative() && limit.is_storable()),
        "spend limits must not be negative, nor too large",
    )
}

/// The models that a key may use.
pub(crate) fn models(models: &[String]) -> Result<(), AdminError> {
    check(
        models.len() <= MODELS_MAX && models.iter().all(|model| is_label(model, MODEL_MAX)),
        "allowed_models must be at most 200 names of models",
    )
}

fn is_label(text: &str, chars_max: usize) -> bool {
    let count = text.chars().count();
    (1..=chars_max).contains(&count) && !text.chars().any(char::is_control)
}

fn check(right: bool, otherwise: &str) -> Result<(), AdminError> {
    if right { Ok(()) } else { Err(AdminError::Invalid(otherwise.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_of_one_spelling_and_of_nobody_else() {
        assert_eq!(email("Ada@Example.COM").unwrap(), "ada@example.com");
        assert_eq!(email("ÄDA@example.com").unwrap(), "äda@example.com");
        for wrong in
            ["", "ada", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\0", "a@b\r\nBcc: c@d", "\u{212a}ate@example.com"]
        {
            assert!(email(wrong).is_err(), "{wrong:?}");
        }
        assert!(email(&format!("{}@example.com", "a".repeat(EMAIL_MAX))).is_err());
    }
}
