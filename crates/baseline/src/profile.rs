//! A profile: which checks, with which values. It goes in and out as TOML.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{BaselineError, Result};
use crate::parameter::Scalar;

/// The word and version that every profile starts with.
pub const FORMAT: &str = "palisade-baseline-profile/1";
/// Most bytes of a profile's text.
const MAX_TEXT: usize = 1 << 20;
/// Most checks of a profile.
const MAX_CHECKS: usize = 2000;

/// Which checks are run, with which values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Always [`FORMAT`].
    pub format: String,
    /// Its name.
    pub name: String,
    /// In a line, for people.
    pub title: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The profile whose checks and values it begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// Every check of this level or below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// Further checks, by id; `ssh.*` stands for all that begin so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<String>,
    /// Checks that are left out, in the same way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// Values of parameters: check, parameter, value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, BTreeMap<String, Scalar>>,
}

impl Profile {
    /// Reads a profile; whether the catalogue has what it names is asked by `Catalogue::check_profile`.
    ///
    /// # Errors
    /// When it is too large, no profile, or badly named.
    pub fn import(text: &str) -> Result<Self> {
        if text.len() > MAX_TEXT {
            return Err(BaselineError::TooLarge(MAX_TEXT));
        }
        let profile: Self = toml::from_str(text).map_err(|e| BaselineError::Syntax(e.to_string()))?;
        profile.check()?;
        Ok(profile)
    }

    /// Whether it is well formed; `Catalogue::check_profile` asks whether there is what it names.
    ///
    /// # Errors
    /// When it is of another format, badly named or too large.
    pub fn check(&self) -> Result<()> {
        if self.format != FORMAT {
            return Err(BaselineError::Format(self.format.clone()));
        }
        name(&self.name)?;
        if self.title.len() > 200 || self.description.len() > 4000 {
            return Err(BaselineError::Profile("a title has at most 200 bytes, a description 4000".into()));
        }
        if self.checks.len() + self.without.len() > MAX_CHECKS {
            return Err(BaselineError::Profile(format!("a profile names at most {MAX_CHECKS} checks")));
        }
        Ok(())
    }

    /// A word for exactly this content at a revision, by which results say what was run: `3-9f86d081884c`.
    pub fn word(&self, revision: u32) -> String {
        // A struct of texts and numbers, which JSON can hold.
        let digest = palisade_inventory::parts::digest(&serde_json::to_string(self).unwrap_or_default());
        format!("{revision}-{}", digest.get(..12).unwrap_or_default())
    }

    /// Writes it so that `import` reads the same.
    ///
    /// # Errors
    /// Never for a profile that was imported.
    pub fn export(&self) -> Result<String> {
        toml::to_string_pretty(self).map_err(|e| BaselineError::Syntax(e.to_string()))
    }
}

/// Whether it is a name.
pub(crate) fn name(text: &str) -> Result<()> {
    let fine = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'-' | b'_' | b'.');
    if text.is_empty() || text.len() > 80 || !text.bytes().all(fine) {
        return Err(BaselineError::Name(text.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exported_is_imported() {
        let text = "format = \"palisade-baseline-profile/1\"\nname = \"web\"\ntitle = \"Web\"\nlevel = 1\n\
                    checks = [\"ssh.*\"]\n[values.\"ssh.max_auth_tries\"]\nlimit = 3\n";
        let profile = Profile::import(text).expect("imports");
        let again = Profile::import(&profile.export().expect("exports")).expect("imports");
        assert_eq!(profile, again);
        assert_eq!(again.values["ssh.max_auth_tries"]["limit"], Scalar::Int(3));
        let other = Profile { level: Some(2), ..again.clone() };
        assert_eq!(again.word(3), profile.word(3));
        assert!(again.word(3).starts_with("3-") && again.word(3) != other.word(3));
    }

    #[test]
    fn what_is_wrong_has_a_code() {
        let code = |text: &str| Profile::import(text).map_err(|e| e.code());
        assert_eq!(code("x = "), Err("baseline_syntax"));
        assert_eq!(code("format = \"other/1\"\nname = \"a\"\ntitle = \"A\""), Err("baseline_format"));
        let named = "format = \"palisade-baseline-profile/1\"\nname = \"A b\"\ntitle = \"A\"";
        assert_eq!(code(named), Err("baseline_name"));
        assert_eq!(code(&"#".repeat(MAX_TEXT + 1)), Err("baseline_too_large"));
    }
}
