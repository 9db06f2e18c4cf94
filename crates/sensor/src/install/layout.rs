//! Where things lie on a machine.

use std::path::{Path, PathBuf};

/// Where the program is installed unless somebody says otherwise.
pub const PATH: &str = "/opt/palisade";

/// The fixed places, all below one folder: `/`, or another that stands for a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The places of this machine, or those below another root.
    pub fn new(root: Option<&Path>) -> Self {
        let root = root.and_then(|r| std::path::absolute(r).ok()).unwrap_or_else(|| "/".into());
        Self { root }
    }

    /// The root, where it is not that of this machine.
    pub fn other_root(&self) -> Option<&Path> {
        (self.root != Path::new("/")).then_some(&self.root)
    }

    /// An absolute path below the root.
    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Folder of everything that is written about this sensor on this machine.
    pub fn etc(&self) -> PathBuf {
        self.at("/etc/palisade")
    }

    /// What is installed, as the installation wrote it down.
    pub fn record(&self) -> PathBuf {
        self.etc().join("installed.json")
    }

    /// How to undo an installation that has not ended.
    pub fn journal(&self) -> PathBuf {
        self.etc().join("install.journal")
    }

    /// Settings of the machine's operator.
    pub fn operator(&self) -> PathBuf {
        self.etc().join("sensor.toml")
    }

    /// A machine with this file wants no sensor.
    pub fn exclude(&self) -> PathBuf {
        self.etc().join("exclude")
    }

    /// The unit of systemd.
    pub fn unit(&self) -> PathBuf {
        self.at("/etc/systemd/system").join(super::unit::NAME)
    }

    /// Identity, spool and status.
    pub fn state_dir(&self) -> PathBuf {
        self.at("/var/lib/palisade-sensor")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_lies_below_the_root() {
        let machine = Layout::new(None);
        assert_eq!(machine.record(), Path::new("/etc/palisade/installed.json"));
        assert_eq!(machine.other_root(), None);
        let other = Layout::new(Some(Path::new("/srv/host1")));
        assert_eq!(other.state_dir(), Path::new("/srv/host1/var/lib/palisade-sensor"));
        assert_eq!(other.at(PATH), Path::new("/srv/host1/opt/palisade"));
    }
}
