//! Which machine somebody is: known, a reinstall of a known one, a clone of one, or new.

use palisade_types::{DeviceId, MachineId, TimeMicros};
use serde::{Deserialize, Serialize};

use crate::HOUR;

/// What is known of a machine that might be meant. Empty texts are not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The machine.
    pub machine: MachineId,
    /// Its name in its cloud, such as an instance id with its account and region.
    pub cloud_id: String,
    /// What its firmware says it is.
    pub hardware_id: String,
    /// Its device.
    pub device: Option<DeviceId>,
    /// When its device was heard last.
    pub heard: Option<TimeMicros>,
    /// Whether it was retired; only its cloud's name finds it then.
    pub retired: bool,
}

/// Who has enrolled, or was listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Newcomer<'a> {
    /// Its name in its cloud.
    pub cloud_id: &'a str,
    /// What its firmware says it is.
    pub hardware_id: &'a str,
    /// The device that it proved to be, or is about to become, if it has an identity of ours.
    pub device: Option<DeviceId>,
    /// Whether a sensor enrols from it; otherwise a connector has only listed it.
    pub enrols: bool,
}

/// Who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "who", content = "machine")]
pub enum Identity {
    /// That machine.
    Same(MachineId),
    /// That machine, set up anew: its new device takes over the history.
    Reinstalled(MachineId),
    /// A copy of that machine: it gets an identity of its own.
    CloneOf(MachineId),
    /// Nobody known.
    New,
}

/// A device that was heard within this time is alive, so that whoever else claims its hardware is
/// another machine.
const ALIVE: i64 = HOUR;

/// Firmware that says this says nothing: makers leave it so, and hypervisors hand it out twice.
pub fn says_nothing(id: &str) -> bool {
    let digits: Vec<u8> = id.bytes().filter(u8::is_ascii_alphanumeric).collect();
    digits.len() < 8
        || digits.windows(2).all(|w| w[0] == w[1])
        || id.eq_ignore_ascii_case("03000200-0400-0500-0006-000700080009")
}

/// Finds out who it is among the machines of one tenant.
pub fn identify(who: &Newcomer<'_>, known: &[Candidate], now: TimeMicros) -> Identity {
    let alive = |c: &Candidate| c.heard.is_some_and(|at| now.0.saturating_sub(at.0) <= ALIVE);
    let differ = |a: &str, b: &str| !a.is_empty() && !b.is_empty() && a != b;
    // The cloud's name is the best there is: a cloud gives it once.
    if !who.cloud_id.is_empty()
        && let Some(c) = known.iter().find(|c| c.cloud_id == who.cloud_id)
    {
        let anew = who.enrols && c.device.is_some_and(|own| who.device != Some(own));
        return if anew { Identity::Reinstalled(c.machine) } else { Identity::Same(c.machine) };
    }
    if let Some(device) = who.device
        && let Some(c) = known.iter().find(|c| c.device == Some(device))
    {
        let other_hardware = differ(&c.hardware_id, who.hardware_id)
            && !says_nothing(&c.hardware_id)
            && !says_nothing(who.hardware_id);
        // Other hardware and the first is still there: two machines hold one identity. If the first
        // is silent, the machine has moved.
        let clone = differ(&c.cloud_id, who.cloud_id) || (other_hardware && alive(c));
        return if clone { Identity::CloneOf(c.machine) } else { Identity::Same(c.machine) };
    }
    if who.cloud_id.is_empty() && !says_nothing(who.hardware_id) {
        let mut same =
            known.iter().filter(|c| !c.retired && c.cloud_id.is_empty() && c.hardware_id == who.hardware_id);
        // Only where the firmware's word is unambiguous, and nobody is there any more.
        if let (Some(c), None) = (same.next(), same.next())
            && !alive(c)
        {
            return if c.device.is_some() && who.enrols {
                Identity::Reinstalled(c.machine)
            } else {
                Identity::Same(c.machine)
            };
        }
    }
    Identity::New
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::DAY;

    const NOW: TimeMicros = TimeMicros(1_700_000_000_000_000);
    const HARDWARE: &str = "4c4c4544-0042-3510-8051-b4c04f4e3132";
    const OTHER: &str = "4c4c4544-0042-3510-8051-b4c04f4e9999";
    const A: MachineId = MachineId(Uuid::from_u128(1));
    const D: DeviceId = DeviceId([1; 20]);
    const E: DeviceId = DeviceId([2; 20]);

    fn machine(cloud_id: &str, hardware_id: &str, device: Option<DeviceId>, silent: i64) -> Candidate {
        Candidate {
            machine: A,
            cloud_id: cloud_id.into(),
            hardware_id: hardware_id.into(),
            device,
            heard: device.map(|_| NOW.plus_micros(-silent)),
            retired: false,
        }
    }

    fn who<'a>(cloud_id: &'a str, hardware_id: &'a str, device: Option<DeviceId>) -> Newcomer<'a> {
        Newcomer { cloud_id, hardware_id, device, enrols: true }
    }

    #[test]
    fn a_cloud_gives_a_name_once() {
        let known = [machine("i-1", HARDWARE, Some(D), 0)];
        assert_eq!(identify(&who("i-1", "", Some(D)), &known, NOW), Identity::Same(A));
        assert_eq!(identify(&who("i-1", "", Some(E)), &known, NOW), Identity::Reinstalled(A));
        assert_eq!(identify(&who("i-1", "", None), &known, NOW), Identity::Reinstalled(A));
        let listed = Newcomer { enrols: false, ..who("i-1", "", None) };
        assert_eq!(identify(&listed, &known, NOW), Identity::Same(A), "a list says nothing of sensors");
        assert_eq!(identify(&who("i-2", "", None), &known, NOW), Identity::New);
        let listed = [machine("i-1", "", None, 0)];
        assert_eq!(
            identify(&who("i-1", HARDWARE, Some(D)), &listed, NOW),
            Identity::Same(A),
            "its first sensor"
        );
        let retired = [Candidate { retired: true, ..machine("", HARDWARE, Some(D), 9 * DAY) }];
        assert_eq!(identify(&who("", HARDWARE, None), &retired, NOW), Identity::New);
    }

    #[test]
    fn a_copied_identity_is_split_and_a_moved_one_kept() {
        let cloud = [machine("i-1", "", Some(D), 30 * DAY)];
        assert_eq!(identify(&who("i-2", "", Some(D)), &cloud, NOW), Identity::CloneOf(A));
        let there = [machine("", HARDWARE, Some(D), 0)];
        assert_eq!(identify(&who("", OTHER, Some(D)), &there, NOW), Identity::CloneOf(A));
        let gone = [machine("", HARDWARE, Some(D), DAY)];
        assert_eq!(identify(&who("", OTHER, Some(D)), &gone, NOW), Identity::Same(A), "new hardware");
        let off = [machine("", HARDWARE, Some(D), 90 * DAY)];
        assert_eq!(identify(&who("", HARDWARE, Some(D)), &off, NOW), Identity::Same(A), "off for 90 days");
    }

    #[test]
    fn hardware_finds_its_machine_where_its_word_can_be_believed() {
        let gone = [machine("", HARDWARE, Some(D), DAY)];
        assert_eq!(identify(&who("", HARDWARE, None), &gone, NOW), Identity::Reinstalled(A));
        let there = [machine("", HARDWARE, Some(D), 0)];
        assert_eq!(identify(&who("", HARDWARE, None), &there, NOW), Identity::New, "somebody else is it");
        let twice =
            [gone[0].clone(), Candidate { machine: MachineId(Uuid::from_u128(2)), ..gone[0].clone() }];
        assert_eq!(identify(&who("", HARDWARE, None), &twice, NOW), Identity::New, "whose is it?");
        for nothing in
            ["", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "To be"]
        {
            let known = [machine("", nothing, Some(D), DAY)];
            assert_eq!(identify(&who("", nothing, None), &known, NOW), Identity::New, "{nothing}");
        }
    }
}
