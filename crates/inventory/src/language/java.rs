//! Java: archives of classes, and those packed within them.

use super::walk::Read;
use super::zip::{Archive, STORED};
use super::{Found, package};
use crate::bytes::{ReadAt, Sized};
use crate::error::{InventoryError, Result};
use crate::model::{Ecosystem, Package};

/// Archives within archives.
const MAX_NESTING: usize = 4;
/// A nested archive that is packed is unpacked into memory.
const MAX_NESTED: u64 = 32 << 20;
/// All of them together, for one archive on the disk.
const MAX_SPENT: u64 = 512 << 20;
const MAX_TEXT: u64 = 256 << 10;
const MAX_MEMBERS: usize = 500_000;
const MAX_PACKAGES: usize = 20_000;

pub(super) fn file(found: &Found<'_>) -> Read {
    let (file, stamp) = found.open(None)?;
    if stamp.size > found.limits.archive {
        return Err(InventoryError::TooLarge("an archive"));
    }
    let whole = Sized { file, size: stamp.size };
    let mut magic = [0; 2];
    if whole.fill(&mut magic, 0).is_err() || (&magic != b"PK" && &magic != b"#!") {
        return Ok(None);
    }
    let mut reader = Reader::default();
    reader.read(&whole, found.path, 0)?;
    Ok(Some((reader.packages, stamp)))
}

/// Packages of an archive in memory that is called `path`.
///
/// # Errors
/// When it is no archive, a broken one, or holds too much.
pub fn archive(data: &[u8], path: &str) -> Result<Vec<Package>> {
    let mut reader = Reader::default();
    reader.read(&data, path, 0)?;
    Ok(reader.packages)
}

#[derive(Default)]
struct Reader {
    packages: Vec<Package>,
    /// Bytes that were read and unpacked so far, tables included: members may overlap and lie within
    /// themselves.
    spent: u64,
    members: usize,
}

impl Reader {
    fn read(&mut self, from: &dyn ReadAt, path: &str, nesting: usize) -> Result<()> {
        let archive = Archive::open(from)?;
        self.spend(archive.cost())?;
        let before = self.packages.len();
        let (mut manifest, mut described) = (None, false);
        for m in archive.members() {
            self.members += 1;
            if self.members > MAX_MEMBERS {
                return Err(InventoryError::TooMany("members of an archive"));
            }
            if self.packages.len() > MAX_PACKAGES {
                return Err(InventoryError::TooMany("packages of an archive"));
            }
            if m.name == "META-INF/MANIFEST.MF" {
                manifest = archive.read(&m, MAX_TEXT).ok();
            } else if m.name.starts_with("META-INF/maven/") && m.name.ends_with("/pom.properties") {
                let text = archive.read(&m, MAX_TEXT)?;
                self.spend(text.len() as u64)?;
                let found = Description::maven(&text);
                described |= found.is_for(path);
                self.packages.extend(found.package(path));
            } else if nesting < MAX_NESTING && is_archive(&m.name) {
                let inner = format!("{path}!/{}", m.name);
                // One that is broken does not hide the others.
                let done = if m.method == STORED {
                    archive.part(&m).and_then(|part| self.read(&part, &inner, nesting + 1))
                } else {
                    self.unpack(&archive, &m, &inner, nesting)
                };
                if matches!(done, Err(InventoryError::TooMany(_))) {
                    return done;
                }
            }
        }
        // Descriptions of what was packed into the archive say nothing of the archive itself.
        if !described {
            let own = Description::manifest(manifest.as_deref().unwrap_or_default(), path).package(path);
            let known =
                |p: &Package| self.packages[before..].iter().any(|k| k.name.ends_with(artifact(&p.name)));
            let own = own.filter(|p| !known(p));
            self.packages.extend(own);
        }
        Ok(())
    }

    fn unpack(
        &mut self,
        archive: &Archive<'_>,
        m: &super::zip::Member,
        path: &str,
        nesting: usize,
    ) -> Result<()> {
        self.spend(m.size)?;
        let data = archive.read(m, MAX_NESTED)?;
        self.read(&&data[..], path, nesting + 1)
    }

    fn spend(&mut self, bytes: u64) -> Result<()> {
        self.spent = self.spent.saturating_add(bytes);
        if self.spent > MAX_SPENT {
            Err(InventoryError::TooMany("bytes packed within an archive"))
        } else {
            Ok(())
        }
    }
}

fn is_archive(name: &str) -> bool {
    [".jar", ".war", ".ear"].iter().any(|e| name.ends_with(e))
}

fn artifact(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

#[derive(Default)]
struct Description {
    group: String,
    artifact: String,
    version: String,
}

impl Description {
    /// What Maven puts into what it builds.
    fn maven(text: &[u8]) -> Self {
        let mut d = Self::default();
        for line in String::from_utf8_lossy(text).lines() {
            let Some((key, value)) = line.split_once('=') else { continue };
            let to = match key.trim() {
                "groupId" => &mut d.group,
                "artifactId" => &mut d.artifact,
                "version" => &mut d.version,
                _ => continue,
            };
            value.trim().clone_into(to);
        }
        d
    }

    /// What the manifest and the file's own name say.
    fn manifest(text: &[u8], path: &str) -> Self {
        let text = String::from_utf8_lossy(text).replace("\r\n", "\n").replace("\n ", "");
        let field = |key: &str| {
            let main = text.lines().take_while(|l| !l.is_empty());
            let value = main.filter_map(|l| l.split_once(':')).find(|(k, _)| k.eq_ignore_ascii_case(key));
            value.map(|(_, v)| v.trim()).filter(|v| !v.is_empty() && !v.contains("${"))
        };
        let (stem, named) = split(path);
        let version = ["Implementation-Version", "Bundle-Version", "Specification-Version"]
            .iter()
            .find_map(|k| field(k));
        let symbolic = field("Bundle-SymbolicName").map(|v| v.split(';').next().unwrap_or(v).trim());
        let title = field("Implementation-Title").filter(|t| !t.contains(char::is_whitespace));
        let last = symbolic.and_then(|s| s.rsplit_once('.')).map(|(_, l)| l);
        let artifact = if named.is_some() || title.is_none() { stem } else { title.unwrap_or(stem) };
        let group = field("Implementation-Vendor-Id").or_else(|| {
            let (group, _) = symbolic?.rsplit_once('.')?;
            (last == Some(artifact)).then_some(group)
        });
        let said = named.or(version).unwrap_or_default();
        Self { group: group.unwrap_or_default().into(), artifact: artifact.into(), version: said.into() }
    }

    /// Whether it describes the archive that lies at `path`.
    fn is_for(&self, path: &str) -> bool {
        let file = path.rsplit('/').next().unwrap_or(path);
        !self.artifact.is_empty() && file.starts_with(&self.artifact)
    }

    fn package(&self, path: &str) -> Option<Package> {
        if self.artifact.is_empty() || self.version.contains("${") {
            return None;
        }
        let name = match self.group.as_str() {
            "" => self.artifact.clone(),
            group => format!("{group}:{}", self.artifact),
        };
        package(Ecosystem::Maven, &name, &self.version, path)
    }
}

/// `artifact-1.2.3.jar`: both parts.
fn split(path: &str) -> (&str, Option<&str>) {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.rsplit_once('.').map_or(file, |(s, _)| s);
    let dash = stem
        .match_indices('-')
        .map(|(i, _)| i)
        .find(|i| stem.as_bytes().get(i + 1).is_some_and(u8::is_ascii_digit));
    dash.map_or((stem, None), |i| (&stem[..i], Some(&stem[i + 1..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_manifests_describe_what_maven_did_not() {
        assert_eq!(split("/a/log4j-core-2.14.1.jar"), ("log4j-core", Some("2.14.1")));
        assert_eq!(split("/a/servlet.jar"), ("servlet", None));
        let text = b"Manifest-Version: 1.0\r\nBundle-SymbolicName: org.apache.commons.io;x=y\r\nBundle-Version: 2.1\r\n .0\r\n\r\nImplementation-Version: 9\r\n";
        let d = Description::manifest(text, "/a/io.jar");
        assert_eq!(
            (d.group.as_str(), d.artifact.as_str(), d.version.as_str()),
            ("org.apache.commons", "io", "2.1.0")
        );
        let p = Description::manifest(b"", "/a/guava-31.1-jre.jar").package("/a").expect("a package");
        assert_eq!((p.name.as_str(), p.version.as_str()), ("guava", "31.1-jre"));
        assert!(Description::manifest(b"", "/a/app.jar").package("/a").is_none());
    }
}
