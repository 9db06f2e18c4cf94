//! The checks that profiles of baselines can name.

use axum::Json;
use palisade_baseline::{Check, Scalar, builtin};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::gate::{Authorized, VulnerabilitiesRead, audit};
use crate::page::page;

/// A parameter of a check.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BaselineParameter {
    /// Its name.
    name: String,
    /// What is set by it.
    what: String,
    /// Its value where a profile says nothing: a number or a word.
    default: Value,
    /// The smallest number.
    #[schema(required = true)]
    min: Option<i64>,
    /// The largest number.
    #[schema(required = true)]
    max: Option<i64>,
    /// The only words; empty where any is taken.
    one_of: Vec<String>,
}

/// A check that profiles can name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BaselineCheck {
    /// Identifier.
    id: String,
    /// What should be.
    title: String,
    /// Why.
    why: String,
    /// What to do about it.
    fix: String,
    /// `low`, `medium`, `high`.
    severity: String,
    /// `application`, `os`, `network`, `accounts`, `security_controls`.
    category: String,
    /// 1: every server; 2: where security goes before comfort.
    level: u8,
    /// Its weight in the secure score, 1 to 10.
    impact: u8,
    /// What profiles can set.
    parameters: Vec<BaselineParameter>,
    /// The same in other catalogues: `cis`, `stig`, `cce`, `nist`, `attack`.
    #[schema(value_type = Object)]
    references: Value,
}

impl From<&Check> for BaselineCheck {
    fn from(c: &Check) -> Self {
        let parameter = |(name, p): (&String, &palisade_baseline::Parameter)| BaselineParameter {
            name: name.clone(),
            what: p.what.clone(),
            default: scalar(&p.default),
            min: p.min,
            max: p.max,
            one_of: p.one_of.clone(),
        };
        Self {
            id: c.id.clone(),
            title: c.title.clone(),
            why: c.why.clone(),
            fix: c.fix.clone(),
            severity: c.severity.as_str().to_owned(),
            category: c.category().as_str().to_owned(),
            level: c.level,
            impact: c.impact(),
            parameters: c.params.iter().map(parameter).collect(),
            references: serde_json::to_value(&c.refs).unwrap_or_default(),
        }
    }
}

fn scalar(value: &Scalar) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

page! {
    /// Checks, by topic.
    BaselineCheckPage of BaselineCheck
}

/// Lists the checks that profiles can name.
#[utoipa::path(get, path = "/api/v1/baseline-checks", operation_id = "baseline_checks_list", tag = "baselines",
    responses((status = 200, description = "Checks.", body = BaselineCheckPage)))]
pub(crate) async fn list(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
) -> Json<BaselineCheckPage> {
    caller.no_devices();
    Json(BaselineCheckPage::whole(builtin().checks.iter().map(Into::into).collect()))
}
