use super::tar::{self, Entry};
use super::{
    AFTER_INSTALL, BEFORE_REMOVE, DESCRIPTION, MAINTAINER, NAME, PackageError, SUMMARY, ar, check_version,
    gzip,
};

/// A Debian package of a sensor for x86_64. The same sensor and version always give the same bytes.
///
/// # Errors
/// When the version cannot be one of a package.
pub fn deb(sensor: &[u8], version: &str) -> Result<Vec<u8>, PackageError> {
    let version = check_version(version)?;
    let description = wrapped(DESCRIPTION);
    let control = format!(
        "Package: {NAME}\nVersion: {version}\nArchitecture: amd64\nMaintainer: {MAINTAINER}\n\
         Installed-Size: {}\nSection: admin\nPriority: optional\nDescription: {SUMMARY}\n{description}",
        sensor.len().div_ceil(1024),
    );
    let script = |text: &'static str| Entry::File { mode: 0o755, bytes: text.as_bytes() };
    let control = tar::archive(&[
        ("./", Entry::Folder),
        ("./control", Entry::File { mode: 0o644, bytes: control.as_bytes() }),
        ("./postinst", script(AFTER_INSTALL)),
        ("./prerm", script(BEFORE_REMOVE)),
    ]);
    let data = tar::archive(&[
        ("./", Entry::Folder),
        ("./usr/", Entry::Folder),
        ("./usr/lib/", Entry::Folder),
        ("./usr/lib/palisade/", Entry::Folder),
        ("./usr/lib/palisade/palisade-sensor", Entry::File { mode: 0o755, bytes: sensor }),
    ]);
    Ok(ar::archive(&[
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", &gzip(&control)?),
        ("data.tar.gz", &gzip(&data)?),
    ]))
}

/// A longer text as the lines of a control file, each indented.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.len() + word.len() > 75 {
            lines += &format!(" {}\n", line.trim_end());
            line.clear();
        }
        line += word;
        line.push(' ');
    }
    lines + &format!(" {}\n", line.trim_end())
}
