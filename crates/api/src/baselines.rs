//! Profiles of baselines: those that come with the product, and those that a tenant made.

use palisade_baseline::{BaselineError, Profile, builtin};
use palisade_state::State;
use palisade_state::vulnerabilities::baselines::KeptProfile;
use palisade_types::TenantId;

use crate::error::ApiError;

/// Most bytes of a profile as JSON: eight of them go into one order.
const MAX_PROFILE: usize = 24 << 10;

/// A profile, and how it is kept where somebody made it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub profile: Profile,
    pub kept: Option<KeptProfile>,
}

impl Known {
    /// The word for its content, by which devices' results name what they ran.
    pub(crate) fn word(&self) -> String {
        self.profile.word(self.revision())
    }

    /// Its revision; 0 for one that comes with the product.
    pub(crate) fn revision(&self) -> u32 {
        self.kept.as_ref().map_or(0, |kept| kept.revision)
    }
}

/// All profiles of a tenant, by name. One that is kept and cannot be read any more is left out.
pub(crate) async fn all(state: &State, tenant: TenantId) -> palisade_state::Result<Vec<Known>> {
    let mut all: Vec<Known> =
        builtin().profiles.values().map(|p| Known { profile: p.clone(), kept: None }).collect();
    for kept in state.baseline_profiles(tenant).await? {
        match serde_json::from_value(kept.document.clone()) {
            Ok(profile) => all.push(Known { profile, kept: Some(kept) }),
            Err(e) => tracing::warn!(%tenant, profile = kept.name, error = %e, "a profile cannot be read"),
        }
    }
    all.sort_by(|a, b| a.profile.name.cmp(&b.profile.name));
    Ok(all)
}

/// The profile of that name.
pub(crate) async fn one(state: &State, tenant: TenantId, name: &str) -> Result<Known, ApiError> {
    let all = all(state, tenant).await?;
    all.into_iter().find(|k| k.profile.name == name).ok_or_else(|| ApiError::not_found("profile"))
}

/// Whether a profile may be kept.
///
/// # Errors
/// `baseline_built_in` for the name of one that comes with the product, else what is wrong with it.
pub(crate) fn check(profile: &Profile) -> Result<(), ApiError> {
    if builtin().profiles.contains_key(&profile.name) {
        let message =
            "a profile of this name comes with the product; give it another name, and let it extend that one";
        return Err(ApiError { code: "baseline_built_in".to_owned(), ..ApiError::bad("", message) });
    }
    profile.check().and_then(|()| builtin().check_profile(profile)).map_err(refused)?;
    if profile.title.trim().is_empty() {
        return Err(ApiError::bad("baseline_profile", "a profile needs a title"));
    }
    let size = serde_json::to_vec(profile).map_or(usize::MAX, |text| text.len());
    if size > MAX_PROFILE {
        return Err(refused(BaselineError::TooLarge(MAX_PROFILE)));
    }
    Ok(())
}

/// What is wrong with a profile, as it is answered.
pub(crate) fn refused(error: BaselineError) -> ApiError {
    ApiError::bad(error.code(), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_of_ours_is_not_overwritten_and_a_large_one_is_refused() {
        let own = |name: &str, checks: Vec<String>| Profile {
            format: palisade_baseline::PROFILE_FORMAT.into(),
            name: name.into(),
            title: "Own".into(),
            description: String::new(),
            extends: None,
            level: None,
            checks,
            without: Vec::new(),
            values: std::collections::BTreeMap::new(),
        };
        assert!(check(&own("own", vec!["ssh.*".into()])).is_ok());
        let code = |p: Profile| check(&p).map_err(|e| e.code).expect_err("refused");
        assert_eq!(code(own("server-level1", vec!["ssh.*".into()])), "baseline_built_in");
        assert_eq!(code(own("own", vec!["ssh.permit_root_login".into(); 1500])), "baseline_too_large");
        assert_eq!(code(own("own", vec!["none".into()])), "baseline_unknown_check");
    }
}
