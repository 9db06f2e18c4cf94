use serde::{Deserialize, Serialize};

use super::{Effective, Plan};
use Plan::{Posture, ServersP1, ServersP2};

/// Whether plans open and close anything in a tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// Everything is open; plans only say what is metered.
    #[default]
    Off,
    /// Pages and recommendations need their plan.
    On,
}

/// What a feature needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: it protects the machine, or says how it is.
    Nothing,
    /// All plans of any one of these lists.
    AnyOf(&'static [&'static [Plan]]),
}

macro_rules! features {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal, $need:expr;)*) => {
        /// What the product does, as far as plans tell it apart.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Feature { $($(#[doc = $doc])* $name,)* }

        impl Feature {
            /// Every feature.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it needs: the matrix.
            pub fn need(self) -> Need {
                match self { $(Self::$name => $need,)* }
            }

            /// What it is, in words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*).trim(),)* }
            }
        }
    };
}

const SERVERS: Need = Need::AnyOf(&[&[ServersP1]]);
const SERVERS_2: Need = Need::AnyOf(&[&[ServersP2]]);
const POSTURE: Need = Need::AnyOf(&[&[Posture]]);
const SERVERS_2_OR_POSTURE: Need = Need::AnyOf(&[&[ServersP2], &[Posture]]);

features! {
    /// Recording what happens on a machine.
    Capture = "capture", Need::Nothing;
    /// Preventing it.
    Prevention = "prevention", Need::Nothing;
    /// A device's own health.
    OwnHealth = "own_health", Need::Nothing;
    /// Machines of other clouds and of one's own.
    Hybrid = "hybrid", SERVERS;
    /// Sensors that come by themselves.
    AutomaticOnboarding = "automatic_onboarding", SERVERS;
    /// Detection, investigation and response.
    Edr = "edr", SERVERS;
    /// Alerts and incidents in one place.
    Incidents = "incidents", SERVERS;
    /// Software inventory.
    SoftwareInventory = "software_inventory", SERVERS;
    /// Regulatory compliance.
    Compliance = "compliance", SERVERS;
    /// Vulnerabilities found by the sensor.
    SensorVulnerabilities = "sensor_vulnerabilities", SERVERS;
    /// Vulnerabilities, secrets and software found without a sensor.
    AgentlessScan = "agentless_scan", SERVERS_2_OR_POSTURE;
    /// Malware found without a sensor.
    AgentlessMalware = "agentless_malware", SERVERS_2;
    /// Vulnerability management beyond the list: baselines, blocked applications, certificates.
    VulnerabilityPremium = "vulnerability_premium", SERVERS_2;
    /// Alerts on name resolution.
    DnsAlerts = "dns_alerts", SERVERS_2;
    /// Alerts on the network layer.
    NetworkAlerts = "network_alerts", SERVERS_2;
    /// File integrity monitoring.
    FileIntegrity = "file_integrity", SERVERS_2;
    /// Just-in-time access to management ports.
    JitAccess = "jit_access", SERVERS_2;
    /// The network map.
    NetworkMap = "network_map", SERVERS_2;
    /// Missing updates of the operating system.
    OsUpdates = "os_updates", SERVERS_2;
    /// The operating system measured against a baseline.
    OsBaseline = "os_baseline", SERVERS_2;
    /// The free daily allowance of ingested security data.
    FreeIngestion = "free_ingestion", SERVERS_2;
    /// The security explorer.
    Explorer = "explorer", POSTURE;
    /// Attack paths.
    AttackPaths = "attack_paths", POSTURE;
    /// Recommendations ordered by risk.
    RiskPriority = "risk_priority", POSTURE;
    /// Governance rules.
    Governance = "governance", POSTURE;
    /// Health findings as nodes of the explorer.
    ExplorerHealth = "explorer_health", Need::AnyOf(&[&[ServersP2], &[Posture, ServersP1]]);
    /// Recommendations on EDR products, found without a sensor.
    EdrRecommendations = "edr_recommendations", SERVERS_2_OR_POSTURE;
}

/// Whether a feature is open, and if not, what would open it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is.
    Open,
    /// It is not; any one of these lists of plans would do.
    NeedsPlan(&'static [&'static [Plan]]),
}

impl Decision {
    /// Whether it is open.
    pub fn is_open(self) -> bool {
        self == Self::Open
    }
}

impl Enforcement {
    /// The one place where a plan opens or closes something.
    pub fn decide(self, feature: Feature, plan: &Effective) -> Decision {
        match (self, feature.need()) {
            (Self::Off, _) | (_, Need::Nothing) => Decision::Open,
            (Self::On, Need::AnyOf(ways)) => {
                if ways.iter().any(|all| all.iter().all(|p| plan.has(*p))) {
                    Decision::Open
                } else {
                    Decision::NeedsPlan(ways)
                }
            }
        }
    }
}
