use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Entry, catalogue};

/// A text that is no code of the catalogue.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such health finding")]
pub struct UnknownCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Every finding that there is. Its words are in `data/health-findings.toml`, in this order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code, in the order of the catalogue.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable text.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

codes! {
    /// The connector cannot reach the machine.
    ConnectorUnreachable = "connector_unreachable";
    /// The machine's SSH host key is not known.
    HostKeyUnknown = "host_key_unknown";
    /// The machine's SSH host key has changed.
    HostKeyMismatch = "host_key_mismatch";
    /// The machine refuses the connector's login.
    ConnectorLoginRefused = "connector_login_refused";
    /// The connector is not root and may not become it.
    PrivilegesMissing = "privileges_missing";
    /// The cloud refuses what the connector asks for.
    CloudPermissionMissing = "cloud_permission_missing";
    /// The cloud's agent on the machine does not answer.
    CloudAgentOffline = "cloud_agent_offline";
    /// The cloud does not accept the connector's credentials.
    CloudCredentialsRefused = "cloud_credentials_refused";
    /// The answer from the machine or its cloud cannot be used.
    ConnectorAnswerInvalid = "connector_answer_invalid";
    /// The connector itself does not work.
    ConnectorFailed = "connector_failed";
    /// The cloud asks the connector to slow down.
    ConnectorThrottled = "connector_throttled";
    /// A step of the installation did not end in time.
    InstallTimeout = "install_timeout";
    /// The kernel is too old.
    KernelTooOld = "kernel_too_old";
    /// The kernel does not describe its types.
    KernelTypesMissing = "kernel_types_missing";
    /// The kernel does not allow BPF programs.
    BpfForbidden = "bpf_forbidden";
    /// Too few processors.
    CpuInsufficient = "cpu_insufficient";
    /// Too little memory.
    MemoryInsufficient = "memory_insufficient";
    /// Too little free space on the disk.
    DiskInsufficient = "disk_insufficient";
    /// The folder for the sensor cannot be used.
    InstallPathUnusable = "install_path_unusable";
    /// A basic tool is missing on the machine.
    HostToolMissing = "host_tool_missing";
    /// The machine cannot reach the server.
    ServerUnreachable = "server_unreachable";
    /// The machine does not trust the server, or something stands in between.
    ServerUntrusted = "server_untrusted";
    /// The proxy cannot be used.
    ProxyUnusable = "proxy_unusable";
    /// The machine's clock is wrong.
    HostClockWrong = "host_clock_wrong";
    /// Another security product is on the machine; ours observes only.
    OtherProductPresent = "other_product_present";
    /// The machine's sensor belongs to another tenant or server.
    ForeignSensor = "foreign_sensor";
    /// The installer failed in an unexpected way.
    InstallerFailed = "installer_failed";
    /// The installer was given something that it cannot use.
    InstallerArgumentsInvalid = "installer_arguments_invalid";
    /// The sensor could not be fetched.
    DownloadFailed = "download_failed";
    /// The sensor's package is not what the server offered.
    PackageDamaged = "package_damaged";
    /// The sensor could not be installed.
    InstallFailed = "install_failed";
    /// The sensor was installed but does not start.
    ServiceFailed = "service_failed";
    /// The sensor's files are incomplete.
    InstallationDamaged = "installation_damaged";
    /// The sensor was removed from the machine.
    SensorRemoved = "sensor_removed";
    /// The sensor is on the machine but does not run.
    SensorStopped = "sensor_stopped";
    /// An installation failed and could not be undone completely.
    RollbackFailed = "rollback_failed";
    /// An upgrade failed; the old version goes on.
    UpgradeFailed = "upgrade_failed";
    /// The sensor refuses a setting of its extension.
    ExtensionSettingsRefused = "extension_settings_refused";
    /// The installer had no enrolment token.
    EnrolmentTokenMissing = "enrolment_token_missing";
    /// The server does not accept the enrolment token.
    EnrolmentTokenRefused = "enrolment_token_refused";
    /// The machine could not enrol.
    EnrolmentFailed = "enrolment_failed";
    /// Installed, but the server hears nothing of it.
    EnrolmentTimeout = "enrolment_timeout";
    /// Sensor and server do not speak the same version.
    ProtocolUnsupported = "protocol_unsupported";
    /// The sensor could not be removed.
    OffboardingFailed = "offboarding_failed";
    /// The roll-out waits for a person.
    RolloutHeld = "rollout_held";
    /// Enrolled, but it never reported.
    HeartbeatNever = "heartbeat_never";
    /// The heartbeat is late.
    HeartbeatLate = "heartbeat_late";
    /// The heartbeat is lost.
    HeartbeatLost = "heartbeat_lost";
    /// Not heard for a long time.
    Inactive = "inactive";
    /// It reports, but no event has ever come.
    NoEventsSinceEnrolment = "no_events_since_enrolment";
    /// It reports, but events have stopped.
    NoEvents = "no_events";
    /// Events were lost.
    EventsLost = "events_lost";
    /// Nothing is captured.
    CaptureOff = "capture_off";
    /// Processes are not captured.
    CaptureProcessOff = "capture_process_off";
    /// Connections are not captured.
    CaptureNetworkOff = "capture_network_off";
    /// File changes are not captured.
    CaptureFileOff = "capture_file_off";
    /// Security events of the kernel are not captured.
    CaptureSecurityOff = "capture_security_off";
    /// A capture group works with limits.
    CaptureDegraded = "capture_degraded";
    /// A part of the sensor does not work.
    ComponentFailed = "component_failed";
    /// Protection is off.
    PreventionOff = "prevention_off";
    /// Protection works on a lower rung.
    PreventionWeakened = "prevention_weakened";
    /// Started in safe mode: it only detects.
    SafeMode = "safe_mode";
    /// Prevention was disarmed by a person.
    Disarmed = "disarmed";
    /// Rules and lists are out of date.
    ContentOld = "content_old";
    /// The sensor refuses the content that it was offered.
    ContentRefused = "content_refused";
    /// The connection keeps failing.
    ConnectionFailing = "connection_failing";
    /// Orders do not reach the machine.
    OrdersUnavailable = "orders_unavailable";
    /// The certificate cannot be renewed.
    CertificateRenewalFailing = "certificate_renewal_failing";
    /// The certificate has ended.
    CertificateEnded = "certificate_ended";
    /// The server does not accept the machine's certificate.
    CertificateRefused = "certificate_refused";
    /// Two machines use one identity.
    IdentityCopied = "identity_copied";
    /// The server refuses what the sensor sends.
    BatchesRefused = "batches_refused";
    /// The server asks the machine to slow down.
    RateLimited = "rate_limited";
    /// The spool is nearly full.
    SpoolNearlyFull = "spool_nearly_full";
    /// The spool cannot be written.
    SpoolFailed = "spool_failed";
    /// The disk under the sensor is nearly full.
    DiskLow = "disk_low";
    /// The machine's clock is wrong.
    ClockDiffers = "clock_differs";
    /// The sensor is held back by its budget.
    OverBudget = "over_budget";
    /// The sensor keeps restarting.
    SensorRestarting = "sensor_restarting";
    /// The sensor is older than what the server offers.
    SensorOutdated = "sensor_outdated";
    /// A client operating system.
    ClientOs = "client_os";
    /// There is no sensor for this operating system.
    NoSensorForOs = "no_sensor_for_os";
    /// The distribution is not supported.
    UnsupportedDistribution = "unsupported_distribution";
    /// The version of the distribution is not supported.
    UnsupportedVersion = "unsupported_version";
    /// The architecture is not supported.
    UnsupportedArchitecture = "unsupported_architecture";
    /// The plan does not include this machine.
    PlanExcludes = "plan_excludes";
    /// Endpoint protection is switched off for the subscription.
    ComponentOff = "component_off";
    /// The machine is excluded.
    Excluded = "excluded";
    /// The machine is switched off.
    Deallocated = "deallocated";
    /// Another product owns the machine.
    OtherProductOwnsHost = "other_product_owns_host";
    /// The device was offboarded.
    Offboarded = "offboarded";
    /// The machine no longer exists.
    Retired = "retired";
}

impl Code {
    /// Its entry in the catalogue.
    pub fn entry(self) -> &'static Entry {
        catalogue().entry(self)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(s: &str) -> Result<Self, UnknownCode> {
        Self::ALL.iter().copied().find(|c| c.as_str() == s).ok_or(UnknownCode)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}
