//! Which cloud a machine runs in and what it is, from what its firmware says.

use crate::files::read_text;

/// What the firmware says.
#[derive(Clone, Debug, Default)]
pub struct Dmi {
    pub vendor: String,
    pub model: String,
    pub uuid: String,
    chassis_type: String,
    asset_tag: String,
    bios: String,
}

/// Azure writes this into the chassis of all its machines.
const AZURE_TAG: &str = "7783-7084-3265-9085-8269-3286-77";

impl Dmi {
    /// Reads /sys/class/dmi; fields that the machine does not have are empty.
    pub fn read() -> Self {
        let field = |name: &str| read_text(format!("/sys/class/dmi/id/{name}"));
        Self {
            vendor: field("sys_vendor"),
            model: field("product_name"),
            uuid: field("product_uuid").to_lowercase(),
            chassis_type: field("chassis_type"),
            asset_tag: field("chassis_asset_tag"),
            bios: field("bios_vendor"),
        }
    }

    /// Azure, AWS, GCP and others by their usual names; empty for a machine of one's own.
    pub fn cloud(&self) -> &'static str {
        let says = |needle: &str| {
            [&self.vendor, &self.model, &self.bios, &self.asset_tag]
                .iter()
                .any(|f| f.to_lowercase().contains(needle))
        };
        match () {
            () if self.asset_tag == AZURE_TAG => "Azure",
            () if says("amazon") => "AWS",
            () if says("google") => "GCP",
            () if says("oraclecloud") => "OCI",
            () if says("alibaba") => "Alibaba",
            () if says("digitalocean") => "DigitalOcean",
            () if says("hetzner") => "Hetzner",
            () if says("openstack") => "OpenStack",
            () => "",
        }
    }

    /// Server or Workstation, by the chassis.
    pub fn device_type(&self) -> &'static str {
        match self.chassis_type.as_str() {
            "8" | "9" | "10" | "14" | "30" | "31" | "32" => "Workstation",
            _ => "Server",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clouds_are_told_by_their_firmware() {
        let dmi =
            |vendor: &str, tag: &str| Dmi { vendor: vendor.into(), asset_tag: tag.into(), ..Dmi::default() };
        assert_eq!(dmi("Microsoft Corporation", AZURE_TAG).cloud(), "Azure");
        assert_eq!(dmi("Microsoft Corporation", "").cloud(), "");
        assert_eq!(dmi("Amazon EC2", "").cloud(), "AWS");
        assert_eq!(dmi("Google", "").cloud(), "GCP");
        assert_eq!(dmi("QEMU", "").device_type(), "Server");
        assert_eq!(Dmi { chassis_type: "10".into(), ..Dmi::default() }.device_type(), "Workstation");
    }
}
