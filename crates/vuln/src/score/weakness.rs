use palisade_advisory::Rating;
use serde::{Deserialize, Serialize};

use super::{HORIZON, Hazard, MAX_SHARE, PRIOR_CVSS, PRIOR_EPSS};

/// One known vulnerability of a component, with what the score needs of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Weakness {
    /// `CVE-2024-3094`.
    pub id: String,
    /// CVSS base score, 0 to 10.
    pub cvss: Option<f64>,
    /// The distribution's own word; used where there is no CVSS score.
    pub rating: Option<Rating>,
    /// EPSS: probability of exploitation within 30 days, 0 to 1.
    pub epss: Option<f64>,
    /// What is known about attacks.
    pub threats: Threats,
    /// From where it can be attacked, by the CVSS vector.
    pub vector: Option<AttackVector>,
    /// The first version without it; `None` if there is no such version yet.
    pub fix: Option<String>,
}

/// What is known about attacks with a vulnerability.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Threats {
    /// A proof of concept is public.
    pub proof_of_concept: bool,
    /// An exploit is public.
    pub exploit: bool,
    /// A public exploit was seen to work.
    pub verified: bool,
    /// It is in an exploit kit.
    pub kit: bool,
    /// It is exploited in the wild: in CISA's catalogue, or SSVC says active.
    pub exploited: bool,
    /// An active alert of the tenant names it.
    pub alert: bool,
    /// A known campaign uses it.
    pub campaign: bool,
}

/// From where an attack is possible, as CVSS says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttackVector {
    /// With a hand on the machine.
    Physical,
    /// From an account on the machine, or a file that somebody opens.
    Local,
    /// From the same network segment.
    Adjacent,
    /// From anywhere.
    Network,
}

/// From where the component can be reached on this device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Only from the device itself.
    Local,
    /// Not known.
    #[default]
    Unknown,
    /// It listens, for the estate's own networks.
    Network,
    /// It listens, for the internet.
    Internet,
}

/// Whether the component is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Usage {
    /// Installed, but no process has it loaded.
    Installed,
    /// Not known.
    #[default]
    Unknown,
    /// A process runs it or has it loaded.
    Running,
}

/// The circumstances of a component on a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Context {
    /// From where it can be reached.
    pub reach: Reach,
    /// Whether it is in use.
    pub usage: Usage,
    /// Whether a control of the device (confinement, a blocked path) stands before it.
    pub mitigated: bool,
}

/// The risk of one weakness in one context, with its factors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Risk {
    /// CVSS / 10.
    pub impact: f64,
    /// Probability of exploitation within the horizon.
    pub probability: f64,
    /// What the context leaves of it.
    pub context: f64,
    /// The product, at most [`MAX_SHARE`].
    pub share: f64,
    /// Whether `impact` is the prior, for want of a score and of a word.
    pub assumed_impact: bool,
    /// Whether EPSS is the prior.
    pub assumed_epss: bool,
}

impl Threats {
    /// The probability that the evidence alone stands for.
    pub fn floor(self) -> f64 {
        match self {
            t if t.exploited || t.alert || t.campaign => 0.9,
            t if t.kit => 0.7,
            t if t.verified => 0.5,
            t if t.exploit => 0.3,
            t if t.proof_of_concept => 0.1,
            _ => 0.0,
        }
    }

    /// Both together.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            proof_of_concept: self.proof_of_concept || other.proof_of_concept,
            exploit: self.exploit || other.exploit,
            verified: self.verified || other.verified,
            kit: self.kit || other.kit,
            exploited: self.exploited || other.exploited,
            alert: self.alert || other.alert,
            campaign: self.campaign || other.campaign,
        }
    }
}

impl Context {
    /// The factor for an attack of that kind, 0 to 1.
    pub fn factor(self, vector: Option<AttackVector>) -> f64 {
        let reach = match self.reach {
            Reach::Internet => 1.0,
            Reach::Network => 0.7,
            Reach::Unknown => 0.5,
            Reach::Local => 0.35,
        };
        let most = match vector {
            None | Some(AttackVector::Network) => 1.0,
            Some(AttackVector::Adjacent) => 0.7,
            Some(AttackVector::Local) => 0.35,
            Some(AttackVector::Physical) => 0.1,
        };
        let usage = match self.usage {
            Usage::Running => 1.0,
            Usage::Unknown => 0.75,
            Usage::Installed => 0.5,
        };
        let mitigation = if self.mitigated { 0.3 } else { 1.0 };
        f64::min(reach, most) * usage * mitigation
    }
}

impl Weakness {
    /// One of which nothing is known but that it is likely there: what software without support counts as.
    pub fn unreported() -> Self {
        Self { id: "unreported".to_owned(), ..Self::default() }
    }

    /// The risk in a context.
    pub fn risk(&self, context: Context) -> Risk {
        let cvss = self.cvss.filter(|s| s.is_finite());
        let word = self.rating.map(typical);
        let impact = cvss.or(word).unwrap_or(PRIOR_CVSS).clamp(0.0, 10.0) / 10.0;
        let epss = self.epss.filter(|p| p.is_finite());
        let within = epss.unwrap_or(PRIOR_EPSS).clamp(0.0, 1.0);
        let probability = (1.0 - (1.0 - within).powi(HORIZON)).max(self.threats.floor());
        let context = context.factor(self.vector);
        Risk {
            impact,
            probability,
            context,
            share: (impact * probability * context).min(MAX_SHARE),
            assumed_impact: cvss.is_none() && word.is_none(),
            assumed_epss: epss.is_none(),
        }
    }

    /// The hazard in a context, before it is combined with the component's others.
    pub fn hazard(&self, context: Context) -> Hazard {
        Hazard::of(self.risk(context).share)
    }
}

/// The median score of the vulnerabilities that have the rating.
fn typical(rating: Rating) -> f64 {
    match rating {
        Rating::None => 0.0,
        Rating::Low => 3.3,
        Rating::Medium => 5.5,
        Rating::High => 7.8,
        Rating::Critical => 9.8,
    }
}
