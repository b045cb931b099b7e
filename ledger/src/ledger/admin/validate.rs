//! What administration commands may say.

use syntopen_shared::money::NanoUsd;
use syntopen_shared::wire::admin::{CreateKey, CreditAccount, CreditClass, UpdateKey};
use syntopen_shared::wire::ledger::SpendLimits;

use crate::error::AdminError;

const EMAIL_MAX: usize = 254;
const NAME_MAX: usize = 100;
const REFERENCE_MAX: usize = 200;
const RPM_MAX: u32 = 1_000_000;
const MODELS_MAX: usize = 200;

/// An e-mail address in the form in which it is stored. Whether it exists, only a message to it could tell.
pub(super) fn email(text: &str) -> Result<String, AdminError> {
    let plain = !text.chars().any(|char| char.is_whitespace() || char.is_control());
    let parts = text
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
    if plain && parts && text.len() <= EMAIL_MAX {
        return Ok(text.to_lowercase());
    }
    Err(AdminError::Invalid(format!("email must be an address such as ada@example.com, at most {EMAIL_MAX} bytes")))
}

pub(super) fn credit(command: &CreditAccount) -> Result<(), AdminError> {
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

pub(super) fn key(command: &CreateKey) -> Result<(), AdminError> {
    check(is_label(&command.name, NAME_MAX), "name must have 1 to 100 characters, none of them a control character")?;
    rpm(command.rpm)?;
    spend_limits(&command.limits)?;
    let models = command.allowed_models.as_deref().unwrap_or_default();
    check(
        models.len() <= MODELS_MAX && models.iter().all(|model| is_label(model, NAME_MAX)),
        "allowed_models must be at most 200 names of models",
    )
}

pub(super) fn update(command: &UpdateKey) -> Result<(), AdminError> {
    check(command.rpm.is_some() || command.limits.is_some(), "name what is to change: rpm or limits")?;
    command.rpm.map_or(Ok(()), rpm)?;
    command.limits.as_ref().map_or(Ok(()), spend_limits)
}

fn rpm(rpm: u32) -> Result<(), AdminError> {
    check(rpm <= RPM_MAX, "rpm must be 0 to 1000000")
}

fn spend_limits(limits: &SpendLimits) -> Result<(), AdminError> {
    check(
        [limits.day, limits.month, limits.total]
            .into_iter()
            .flatten()
            .all(|limit| !limit.is_negative() && limit.is_storable()),
        "spend limits must not be negative, nor too large",
    )
}

fn is_label(text: &str, chars_max: usize) -> bool {
    let count = text.chars().count();
    (1..=chars_max).contains(&count) && !text.chars().any(char::is_control)
}

fn check(right: bool, otherwise: &str) -> Result<(), AdminError> {
    if right { Ok(()) } else { Err(AdminError::Invalid(otherwise.to_owned())) }
}
