//! To be filled.

/// Not yet.
pub fn read(_: &model::Document, _: &crate::ReadOptions) -> Result<model::Reading, crate::ReadError> {
    Err(crate::ReadError::Unrecognised("iCalendar".to_owned()))
}
