use serde::{Deserialize, Serialize};

/// What a cloud says about a machine's power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PowerState {
    /// Nothing was said yet.
    Unknown,
    /// On its way up.
    Starting,
    /// Up.
    Running,
    /// On its way down, its hardware still allocated.
    Stopping,
    /// Down, its hardware still allocated.
    Stopped,
    /// Its hardware is being given back.
    Deallocating,
    /// It has no hardware.
    Deallocated,
    /// Its cloud deleted it.
    Deleted,
}

impl PowerState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Unknown,
        Self::Starting,
        Self::Running,
        Self::Stopping,
        Self::Stopped,
        Self::Deallocating,
        Self::Deallocated,
        Self::Deleted,
    ];

    /// Whether an hour in this state is metered.
    pub fn metered(self) -> bool {
        match self {
            Self::Running | Self::Stopping | Self::Stopped => true,
            Self::Unknown | Self::Starting | Self::Deallocating | Self::Deallocated | Self::Deleted => false,
        }
    }

    /// Whether programs can run on it now, as far as is known.
    pub fn can_run(self) -> bool {
        matches!(self, Self::Unknown | Self::Running)
    }

    /// Whether it is down on purpose, so that silence is no fault.
    pub fn is_down(self) -> bool {
        matches!(
            self,
            Self::Stopping | Self::Stopped | Self::Deallocating | Self::Deallocated | Self::Deleted
        )
    }

    /// From an instance state of EC2. A stopped EC2 instance has no hardware and costs nothing,
    /// which is deallocated in our words.
    pub fn from_ec2(name: &str) -> Self {
        match name {
            "pending" => Self::Starting,
            "running" => Self::Running,
            "stopping" | "shutting-down" => Self::Deallocating,
            "stopped" => Self::Deallocated,
            "terminated" => Self::Deleted,
            _ => Self::Unknown,
        }
    }

    /// From a status code of Azure's instance view, such as `PowerState/running`.
    pub fn from_azure(code: &str) -> Self {
        match code.strip_prefix("PowerState/").unwrap_or(code) {
            "starting" => Self::Starting,
            "running" => Self::Running,
            "stopping" => Self::Stopping,
            "stopped" => Self::Stopped,
            "deallocating" => Self::Deallocating,
            "deallocated" => Self::Deallocated,
            _ => Self::Unknown,
        }
    }
}

/// How a machine that no cloud vouches for is connected: through a connector, or by its sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Known, not heard yet.
    Connecting,
    /// Heard.
    Connected,
    /// Not heard for a while.
    Offline,
    /// Not heard for 45 days.
    Expired,
}

impl LinkState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Connecting, Self::Connected, Self::Offline, Self::Expired];

    /// Whether an hour in this state is metered.
    pub fn metered(self) -> bool {
        self == Self::Connected
    }
}

/// Either of the two, by what kind of machine it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "state")]
pub enum RunState {
    /// A machine whose cloud says how it is.
    Power(PowerState),
    /// One that is judged by whether it is heard.
    Link(LinkState),
}

impl RunState {
    /// Whether an hour in this state is metered.
    pub fn metered(self) -> bool {
        match self {
            Self::Power(p) => p.metered(),
            Self::Link(l) => l.metered(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_what_is_metered_is_the_published_one() {
        let metered: Vec<_> = PowerState::ALL.into_iter().filter(|p| p.metered()).collect();
        assert_eq!(metered, [PowerState::Running, PowerState::Stopping, PowerState::Stopped]);
        let metered: Vec<_> = LinkState::ALL.into_iter().filter(|l| l.metered()).collect();
        assert_eq!(metered, [LinkState::Connected]);
        assert!(RunState::Power(PowerState::Stopped).metered());
        assert!(!RunState::Link(LinkState::Offline).metered());
    }

    #[test]
    fn the_words_of_clouds_are_understood() {
        assert_eq!(PowerState::from_ec2("running"), PowerState::Running);
        assert!(!PowerState::from_ec2("stopped").metered(), "a stopped instance costs nothing there");
        assert!(PowerState::from_azure("PowerState/stopped").metered(), "there it is still allocated");
        assert_eq!(PowerState::from_azure("PowerState/odd"), PowerState::Unknown);
        assert_eq!(PowerState::from_ec2(""), PowerState::Unknown);
    }

    #[test]
    fn nothing_is_both_running_and_down() {
        for state in PowerState::ALL {
            assert!(!(state.can_run() && state.is_down()), "{state:?}");
        }
    }
}
