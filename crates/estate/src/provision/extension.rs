use serde::Serialize;

/// The extension of Linux machines.
pub const LINUX: &str = "Palisade.Linux";
/// The extension of Windows machines.
pub const WINDOWS: &str = "Palisade.Windows";

/// The name of an extension as somebody wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alias {
    /// Ours.
    Native(&'static str),
    /// One that existing scripts use; it may be read by, never written.
    ReadOnly(&'static str),
}

impl Alias {
    /// Understands a name, in any case.
    pub fn of(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "palisade.linux" => Some(Self::Native(LINUX)),
            "palisade.windows" => Some(Self::Native(WINDOWS)),
            "mde.linux" => Some(Self::ReadOnly(LINUX)),
            "mde.windows" => Some(Self::ReadOnly(WINDOWS)),
            _ => None,
        }
    }

    /// Our name for it.
    pub fn native(self) -> &'static str {
        match self {
            Self::Native(name) | Self::ReadOnly(name) => name,
        }
    }
}

/// The parts that make up endpoint protection somewhere, and which of them are there. On a machine
/// these are the extension and the sensor that reports; in a subscription one for each machine that
/// should be protected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extension {
    /// How many there should be.
    pub wanted: usize,
    /// How many are there.
    pub present: usize,
}

/// Endpoint protection in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum ExtensionState {
    /// All parts are there.
    On,
    /// None is, or none is wanted.
    Off,
    /// Some are missing; the button beside it says Fix.
    Partial {
        /// How many.
        missing: usize,
        /// Of how many.
        total: usize,
    },
}

impl Extension {
    /// Of a machine: the extension and the sensor.
    pub fn of_machine(deployed: bool, reporting: bool) -> Self {
        Self { wanted: 2, present: usize::from(deployed) + usize::from(reporting) }
    }

    /// The state.
    pub fn state(&self) -> ExtensionState {
        let missing = self.wanted.saturating_sub(self.present);
        if self.wanted == 0 || self.present == 0 {
            ExtensionState::Off
        } else if missing == 0 {
            ExtensionState::On
        } else {
            ExtensionState::Partial { missing, total: self.wanted }
        }
    }
}

impl ExtensionState {
    /// For people: `On`, `Off`, or `1 of 2 components missing`.
    pub fn label(self) -> String {
        match self {
            Self::On => "On".into(),
            Self::Off => "Off".into(),
            Self::Partial { missing, total } => format!("{missing} of {total} components missing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_off_and_partial() {
        let label = |d, r| Extension::of_machine(d, r).state().label();
        assert_eq!(label(true, true), "On");
        assert_eq!(label(false, false), "Off");
        assert_eq!(label(true, false), "1 of 2 components missing");
        assert_eq!(label(false, true), "1 of 2 components missing");
        assert_eq!(Extension { wanted: 0, present: 3 }.state(), ExtensionState::Off);
        let json = serde_json::to_value(Extension { wanted: 9, present: 7 }.state()).expect("encodes");
        assert_eq!(json, serde_json::json!({"state": "partial", "missing": 2, "total": 9}));
    }

    #[test]
    fn old_names_are_read_and_never_written() {
        assert_eq!(Alias::of("Palisade.Linux"), Some(Alias::Native(LINUX)));
        assert_eq!(Alias::of("MDE.Linux"), Some(Alias::ReadOnly(LINUX)));
        assert_eq!(Alias::of("mde.windows").map(Alias::native), Some(WINDOWS));
        assert_eq!(Alias::of("MDE.Solaris"), None);
    }
}
