use serde::{Deserialize, Serialize};

/// The operating system's family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OsFamily {
    /// Nobody has said yet.
    #[default]
    Unknown,
    /// Linux of any distribution.
    Linux,
    /// Windows Server.
    WindowsServer,
    /// Windows for people: 10, 11 and older.
    WindowsClient,
    /// Of Apple.
    MacOs,
    /// Anything else, such as a BSD.
    Other,
}

/// What a machine's operating system is, as a connector, the preflight or the sensor tells it.
/// An empty text is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OsFacts {
    /// The family.
    pub family: OsFamily,
    /// `ID` of os-release, such as `debian`.
    #[serde(default)]
    pub id: String,
    /// `VERSION_ID` of os-release, such as `12`.
    #[serde(default)]
    pub version: String,
    /// The kernel's release, such as `6.1.0-56-amd64`.
    #[serde(default)]
    pub kernel: String,
    /// The machine's architecture as `uname -m` writes it.
    #[serde(default)]
    pub architecture: String,
}

impl OsFacts {
    /// From the text of os-release and what `uname` says.
    pub fn from_os_release(text: &str, kernel: &str, architecture: &str) -> Self {
        let value = |key: &str| {
            text.lines()
                .filter_map(|l| l.split_once('='))
                .find(|(k, _)| k.trim() == key)
                .map(|(_, v)| v.trim().trim_matches(['"', '\'']).to_owned())
                .unwrap_or_default()
        };
        Self {
            family: OsFamily::Linux,
            id: value("ID").to_lowercase(),
            version: value("VERSION_ID"),
            kernel: kernel.trim().to_owned(),
            architecture: architecture.trim().to_owned(),
        }
    }

    /// The name of a Windows or of a platform, as connectors write it (`Windows Server 2022`,
    /// `Windows 11`, `Linux`), as a family.
    pub fn family_of(platform: &str) -> OsFamily {
        let p = platform.to_lowercase();
        match () {
            () if p.is_empty() => OsFamily::Unknown,
            () if p.contains("windows") && p.contains("server") => OsFamily::WindowsServer,
            () if p.contains("windows 7")
                || p.contains("windows 8")
                || p.contains("windows 10")
                || p.contains("windows 11") =>
            {
                OsFamily::WindowsClient
            }
            // EC2 says only `windows`; client editions do not run there.
            () if p.contains("windows") => OsFamily::WindowsServer,
            () if p.contains("macos") || p.contains("mac os") || p.contains("darwin") => OsFamily::MacOs,
            () if p.contains("linux") => OsFamily::Linux,
            () => OsFamily::Other,
        }
    }

    /// The architecture in one spelling.
    pub fn arch(&self) -> &str {
        match self.architecture.as_str() {
            "amd64" | "x86-64" | "x64" => "x86_64",
            "arm64" => "aarch64",
            other => other,
        }
    }
}

/// Numbers of a dotted version, the leading ones only: `15-SP4` and `15.4` are the same.
pub(crate) fn numbers(version: &str) -> Vec<u32> {
    let version = version.to_lowercase().replace("-sp", ".");
    let mut found = Vec::new();
    for part in version.split('.').take(4) {
        let digits: String = part.chars().take_while(char::is_ascii_digit).take(9).collect();
        let Ok(n) = digits.parse() else { break };
        found.push(n);
        if digits.len() < part.len() {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release_is_read() {
        let os = OsFacts::from_os_release(
            "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\nID_LIKE=other\n",
            "6.1.0-56-amd64\n",
            "amd64",
        );
        assert_eq!((os.id.as_str(), os.version.as_str()), ("debian", "12"));
        assert_eq!((os.arch(), os.kernel.as_str()), ("x86_64", "6.1.0-56-amd64"));
    }

    #[test]
    fn versions_are_numbers_as_far_as_they_go() {
        assert_eq!(numbers("15-SP4"), [15, 4]);
        assert_eq!(numbers("5.14.0-503.el9"), [5, 14, 0]);
        assert_eq!(numbers("22.04"), [22, 4]);
        assert!(numbers("rolling").is_empty() && numbers("").is_empty());
        assert!(numbers("99999999999999999999.1").len() <= 2, "a silly number is no panic");
    }

    #[test]
    fn families_are_told_from_names() {
        assert_eq!(OsFacts::family_of("Windows Server 2022 Datacenter"), OsFamily::WindowsServer);
        assert_eq!(OsFacts::family_of("windows"), OsFamily::WindowsServer);
        assert_eq!(OsFacts::family_of("Windows 11 Pro"), OsFamily::WindowsClient);
        assert_eq!(OsFacts::family_of("Linux/UNIX"), OsFamily::Linux);
        assert_eq!(OsFacts::family_of("macOS 15"), OsFamily::MacOs);
        assert_eq!(OsFacts::family_of("FreeBSD"), OsFamily::Other);
        assert_eq!(OsFacts::family_of(""), OsFamily::Unknown);
    }
}
