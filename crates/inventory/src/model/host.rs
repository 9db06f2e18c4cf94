//! Operating system, kernel, hardware, start of the machine.

use serde::{Deserialize, Serialize};

use super::is_false;

/// The operating system, as os-release has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Os {
    /// `ID`: debian, ubuntu, rhel…
    pub id: String,
    /// `ID_LIKE`: what it is made from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub id_like: Vec<String>,
    /// `NAME`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// `VERSION_ID`; the code name where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The exact release where the distribution writes one: 12.9 for Debian 12.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub point_release: String,
    /// `VERSION_CODENAME`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub codename: String,
    /// `PRETTY_NAME`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pretty_name: String,
    /// `VARIANT_ID`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub variant: String,
    /// `CPE_NAME`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cpe: String,
    /// The file that said so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Until when it is supported; none for a release that our table does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_of_life: Option<EndOfLife>,
}

impl Os {
    /// The distribution by the name that people use; `Linux` where it says nothing of itself.
    pub fn distribution(&self) -> &str {
        match self.id.as_str() {
            "debian" => "Debian",
            "ubuntu" => "Ubuntu",
            "rhel" => "RedHatEnterpriseLinux",
            "centos" => "CentOS",
            "rocky" => "Rocky",
            "almalinux" => "AlmaLinux",
            "fedora" => "Fedora",
            "amzn" => "AmazonLinux",
            "sles" => "SUSE",
            "ol" => "OracleLinux",
            "alpine" => "Alpine",
            _ if self.name.is_empty() => "Linux",
            _ => &self.name,
        }
    }
}

/// Until when a release gets security updates, by our table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndOfLife {
    /// Last day of support for everybody, `YYYY-MM-DD`.
    pub standard: String,
    /// Last day of further support that one has to ask or pay for, or that covers less.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub extended: String,
    /// What that further support is called.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub extended_by: String,
    /// What this means on the day of the inventory.
    pub support: Support,
    /// The day of the table.
    pub data_of: String,
}

/// Where in its life a release is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// Everybody gets updates.
    #[default]
    Supported,
    /// Only those who have the extended support.
    Extended,
    /// Nobody.
    Ended,
}

/// The kernel that runs, and those that are installed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kernel {
    /// Release of the running one; empty where none of this root runs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub running: String,
    /// What it says about its build.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The package that brought the running one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub package: String,
    /// All that are installed, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub installed: Vec<InstalledKernel>,
    /// Whether a newer one is installed than runs.
    #[serde(default, skip_serializing_if = "is_false")]
    pub newer_installed: bool,
    /// Whether the distribution's own tools ask for a restart of the machine.
    #[serde(default, skip_serializing_if = "is_false")]
    pub restart_asked: bool,
    /// Packages that ask for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restart_asked_by: Vec<String>,
    /// Patches of the running kernel that were loaded into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub live_patches: Vec<String>,
    /// Loaded modules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<String>,
    /// The kernel's taint bits.
    #[serde(default)]
    pub taint: u64,
}

/// A kernel that is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledKernel {
    /// Its release.
    pub release: String,
    /// Its image, else the folder of its modules.
    pub path: String,
    /// The package that brought it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub package: String,
    /// Whether it is the one that runs.
    pub running: bool,
}

/// Processor, memory, firmware, devices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hardware {
    /// Who made the machine.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vendor: String,
    /// Its model.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// The model's version.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model_version: String,
    /// Its serial number, where we may read it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub serial: String,
    /// Maker and name of the main board.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub board: String,
    /// Who made the firmware.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub firmware_vendor: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub firmware_version: String,
    /// Its release, where it has one besides.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub firmware_release: String,
    /// Its date, as the firmware writes it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub firmware_date: String,
    /// Processor.
    pub cpu: Cpu,
    /// Bytes of memory that the kernel has.
    pub memory_bytes: u64,
    /// Disks: name, model and bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disks: Vec<String>,
    /// Network cards: name, driver.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub network: Vec<String>,
    /// PCI devices: `class vendor:device subsystem-vendor:subsystem-device`, hexadecimal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pci: Vec<String>,
}

/// The processor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cpu {
    /// What it calls itself.
    pub model: String,
    /// Its maker's word: GenuineIntel, AuthenticAMD, ARM's number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vendor: String,
    /// Family, model and stepping, as numbers with dashes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub signature: String,
    /// The microcode that runs, as the kernel writes it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub microcode: String,
    /// Logical processors.
    pub processors: u32,
    /// The kernel's word on each weakness of the processor: `name: state`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weaknesses: Vec<String>,
}

/// How far the start of the machine is protected. `None` is: the machine does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    /// `efi` or `bios`.
    pub firmware: String,
    /// Whether only signed loaders start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secure_boot: Option<bool>,
    /// Whether the firmware waits for its owner's keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup_mode: Option<bool>,
    /// The kernel's lockdown: none, integrity, confidentiality; empty where the kernel has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lockdown: String,
    /// The version of the TPM: 1.2 or 2.0; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tpm: String,
    /// Whether the kernel refuses modules that are not signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_modules_only: Option<bool>,
    /// Security modules that are in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub security_modules: Vec<String>,
    /// Whether devices' access to memory is checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iommu: Option<bool>,
    /// Files that said so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}
