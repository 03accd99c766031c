//! Secrets of targets in the system's keyring: the Keychain, the Credential
//! Manager, or the Secret Service of a desktop.

use crate::target::TargetError;
use keyring::v1::{Entry, Error};
use std::collections::BTreeMap;

/// What our entries are filed under.
const SERVICE: &str = "dashcam";

/// The account under which a target's header is kept.
pub(crate) fn account(target: &str, header: &str) -> String {
    format!("{target}/{header}")
}

/// The secret of an account.
pub(crate) fn read(account: &str) -> Result<String, TargetError> {
    entry(account)?
        .get_password()
        .map_err(|error| problem(account, &error))
}

/// Puts the secrets of a target's headers in.
pub(crate) fn write(target: &str, secrets: &BTreeMap<String, String>) -> Result<(), TargetError> {
    for (header, secret) in secrets {
        let account = account(target, header);
        entry(&account)?
            .set_password(secret)
            .map_err(|error| problem(&account, &error))?;
    }
    Ok(())
}

/// Takes an account's secret out; one that is not there is out already.
pub(crate) fn remove(account: &str) -> Result<(), TargetError> {
    match entry(account)?.delete_credential() {
        Ok(()) | Err(Error::NoEntry) => Ok(()),
        Err(error) => Err(problem(account, &error)),
    }
}

fn entry(account: &str) -> Result<Entry, TargetError> {
    Entry::new(SERVICE, account).map_err(|error| match (error, Entry::store_status()) {
        // It says only that there is none; the status says why.
        (Error::NoDefaultStore, Err(reason)) => problem(account, reason),
        (error, _) => problem(account, &error),
    })
}

fn problem(account: &str, error: &Error) -> TargetError {
    TargetError::Keyring {
        account: account.to_owned(),
        message: error.to_string(),
    }
}
