//! A word that nobody can guess, for an address.

use crate::error::FarmError;

/// Another one each time.
///
/// # Errors
/// The system has no random numbers.
pub(super) fn word() -> Result<String, FarmError> {
    let mut random = [0; 12];
    getrandom::fill(&mut random).map_err(|error| FarmError::Random(error.to_string()))?;
    Ok(hex(&random))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
