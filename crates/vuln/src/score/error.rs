/// Why a score cannot be kept up to date. What was asked for has then changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScoreError {
    /// A device's number is not below [`super::MAX_ORDINAL`].
    #[error("device number {0} is too large")]
    OrdinalTooLarge(u32),
    /// No such device was inserted.
    #[error("device {0} is not in the fleet")]
    UnknownDevice(u32),
    /// More is to be taken off a device than was put onto it.
    #[error("device {0} does not hold what is to be taken off")]
    NotHeld(u32),
}

impl ScoreError {
    /// The code that does not change.
    pub fn code(self) -> &'static str {
        match self {
            Self::OrdinalTooLarge(_) => "ordinal_too_large",
            Self::UnknownDevice(_) => "unknown_device",
            Self::NotHeld(_) => "not_held",
        }
    }
}
