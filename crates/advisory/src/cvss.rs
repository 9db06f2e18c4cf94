//! Severity scores from CVSS vectors: 2.0, 3.0, 3.1 by FIRST's formulas, 4.0 by the `cvss` crate.

mod v2;
mod v3;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest vector that is read, bytes.
pub const MAX_VECTOR: usize = 512;

/// A vector with its scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Cvss {
    /// The version of the standard.
    pub version: CvssVersion,
    /// The vector, without the marks that some feeds put around it.
    pub vector: String,
    /// The base score, 0.0 to 10.0; with version 4 the one score that there is.
    pub base: f64,
    /// With the temporal metrics: always with version 3, with version 2 only if there are some.
    pub temporal: Option<f64>,
    /// With the environmental metrics: as [`Cvss::temporal`].
    pub environmental: Option<f64>,
}

/// A version of the standard; later ones are more telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CvssVersion {
    /// 2.0.
    #[serde(rename = "2.0")]
    V2,
    /// 3.0.
    #[serde(rename = "3.0")]
    V30,
    /// 3.1.
    #[serde(rename = "3.1")]
    V31,
    /// 4.0.
    #[serde(rename = "4.0")]
    V40,
}

/// The qualitative scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rating {
    /// 0.0.
    None,
    /// Up to 3.9.
    Low,
    /// Up to 6.9.
    Medium,
    /// Up to 8.9.
    High,
    /// From 9.0; version 2 does not have it.
    Critical,
}

/// Why a text is no vector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no CVSS vector: {0}")]
pub struct CvssError(pub &'static str);

impl CvssVersion {
    /// `2.0`, `3.0`, `3.1` or `4.0`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2 => "2.0",
            Self::V30 => "3.0",
            Self::V31 => "3.1",
            Self::V40 => "4.0",
        }
    }
}

impl Rating {
    /// Lower-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// What a distribution's word means on the scale.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "none" | "informational" => Self::None,
            "low" | "negligible" | "unimportant" | "minor" => Self::Low,
            "medium" | "moderate" => Self::Medium,
            "high" | "important" => Self::High,
            "critical" | "urgent" => Self::Critical,
            _ => return None,
        })
    }
}

impl Cvss {
    /// Reads a vector. A score before it (`7.8/AV:N…`), brackets around it and a slash at its end are
    /// skipped, since feeds write them.
    ///
    /// # Errors
    /// What is missing or unknown in it.
    pub fn parse(text: &str) -> Result<Self, CvssError> {
        let text = text.trim().trim_matches(['(', ')']).trim_end_matches('/');
        if text.len() > MAX_VECTOR {
            return Err(CvssError("it is too long"));
        }
        let text = match text.split_once('/') {
            Some((score, rest)) if score.parse::<f64>().is_ok() => rest,
            _ => text,
        };
        let read = |version, scores: (f64, Option<f64>, Option<f64>)| Self {
            version,
            vector: text.to_owned(),
            base: scores.0,
            temporal: scores.1,
            environmental: scores.2,
        };
        if let Some(metrics) = text.strip_prefix("CVSS:3.0/") {
            Ok(read(CvssVersion::V30, v3::scores(&Metrics::read(metrics)?, false)?))
        } else if let Some(metrics) = text.strip_prefix("CVSS:3.1/") {
            Ok(read(CvssVersion::V31, v3::scores(&Metrics::read(metrics)?, true)?))
        } else if text.starts_with("CVSS:4.0/") {
            let vector =
                cvss::v4::Vector::from_str(text).map_err(|_| CvssError("not of version 4's form"))?;
            Ok(read(CvssVersion::V40, (vector.score().value(), None, None)))
        } else if text.starts_with("CVSS:") {
            Err(CvssError("of an unknown version"))
        } else {
            Ok(read(CvssVersion::V2, v2::scores(&Metrics::read(text)?)?))
        }
    }

    /// The rating of the base score.
    pub fn rating(&self) -> Rating {
        match self.base {
            b if self.version == CvssVersion::V2 && b >= 7.0 => Rating::High,
            b if b >= 9.0 => Rating::Critical,
            b if b >= 7.0 => Rating::High,
            b if b >= 4.0 => Rating::Medium,
            b if b > 0.0 || self.version == CvssVersion::V2 => Rating::Low,
            _ => Rating::None,
        }
    }
}

impl fmt::Display for Cvss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.vector)
    }
}

/// The metrics of a vector, each at most once.
struct Metrics<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Metrics<'a> {
    fn read(text: &'a str) -> Result<Self, CvssError> {
        let mut out: Vec<(&str, &str)> = Vec::with_capacity(24);
        for part in text.split('/') {
            let pair = part.split_once(':').ok_or(CvssError("a metric has no value"))?;
            if out.iter().any(|(name, _)| *name == pair.0) {
                return Err(CvssError("a metric is there twice"));
            }
            out.push(pair);
        }
        Ok(Self(out))
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
    }

    /// The weight of a metric's value; `missing` if the metric is not there.
    fn weight(&self, name: &str, values: &[(&str, f64)], missing: Option<f64>) -> Result<f64, CvssError> {
        match self.get(name) {
            Some(value) => values
                .iter()
                .find(|(v, _)| *v == value)
                .map(|(_, weight)| *weight)
                .ok_or(CvssError("a metric has an unknown value")),
            None => missing.ok_or(CvssError("a metric of the base group is missing")),
        }
    }

    fn any(&self, names: &[&str]) -> bool {
        names.iter().any(|n| self.get(n).is_some())
    }
}
