//! A small Debian of a test's own: a folder with this machine's dpkg and apt, no package of the machine, and
//! a repository of packages that the test builds. It is made within a second, and nothing is mounted.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use tempfile::TempDir;

use crate::skip::skipped;

/// What is taken from this machine: the package manager, what maintainer scripts use, and what asks the
/// policy about services.
const PROGRAMS: [&str; 23] = [
    "apt-cache",
    "apt-get",
    "basename",
    "cat",
    "diff",
    "dpkg",
    "dpkg-deb",
    "dpkg-query",
    "dpkg-split",
    "dpkg-trigger",
    "env",
    "invoke-rc.d",
    "ldconfig",
    "ls",
    "mkdir",
    "rm",
    "sed",
    "sh",
    "sleep",
    "start-stop-daemon",
    "tar",
    "touch",
    "xargs",
];
const METHODS: [&str; 3] = ["copy", "file", "store"];
const FOLDERS: [&str; 18] = [
    "dev",
    "etc/apt/apt.conf.d",
    "etc/apt/preferences.d",
    "etc/apt/trusted.gpg.d",
    "etc/dpkg/dpkg.cfg.d",
    "proc",
    "repo",
    "root",
    "run",
    "tmp",
    "usr/bin",
    "usr/lib/apt/methods",
    "usr/sbin",
    "usr/share",
    "var/cache/apt/archives/partial",
    "var/lib/apt/lists/partial",
    "var/lib/dpkg/info",
    "var/log/apt",
];
const RELEASE: &str = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n";

/// A package to build.
#[derive(Clone, Debug, Default)]
pub struct Deb {
    /// Its name.
    pub name: String,
    /// The source that it says it is of; its own name if empty.
    pub source: String,
    /// Its version.
    pub version: String,
    /// Further fields of its control file, whole lines.
    pub fields: String,
    /// Files in it: absolute path, text. Those below a `bin` can be executed.
    pub files: Vec<(String, String)>,
    /// Programs in it: absolute path, and the file of this machine that it is a copy of.
    pub programs: Vec<(String, PathBuf)>,
    /// Those of its files that are configuration.
    pub conffiles: Vec<String>,
    /// Its script that configures it, after `#!/bin/sh` and `set -e`.
    pub postinst: Option<String>,
}

impl Deb {
    /// A package with one file that holds its version.
    pub fn new(name: &str, source: &str, version: &str) -> Self {
        let files = vec![(format!("/usr/share/{name}/version"), format!("{version}\n"))];
        Self { name: name.into(), source: source.into(), version: version.into(), files, ..Self::default() }
    }

    /// With further fields.
    #[must_use]
    pub fn with(mut self, fields: &str) -> Self {
        self.fields.push_str(fields);
        self
    }

    /// With a script that configures it.
    #[must_use]
    pub fn configured_by(mut self, script: &str) -> Self {
        self.postinst = Some(script.to_owned());
        self
    }

    /// With a program that is a copy of a file of this machine.
    #[must_use]
    pub fn running(mut self, path: &str, copy_of: &str) -> Self {
        self.programs.push((path.to_owned(), copy_of.into()));
        self
    }

    /// With a further file.
    #[must_use]
    pub fn holding(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }
}

/// The root; gone with the value.
#[derive(Debug)]
pub struct DebianRoot {
    folder: TempDir,
    arch: String,
}

impl DebianRoot {
    /// A new one without any package. `None`, noted as skipped, where it cannot be made.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn new() -> Option<Self> {
        if !nix::unistd::geteuid().is_root() {
            skipped("needs root");
            return None;
        }
        if let Some(missing) = PROGRAMS.iter().find(|p| find(p).is_none()) {
            skipped(&format!("needs {missing}"));
            return None;
        }
        let folder = tempfile::Builder::new().prefix("pal-debian-").tempdir().expect("a folder");
        let arch = Command::new("dpkg").arg("--print-architecture").output().expect("dpkg runs");
        let root = Self { folder, arch: String::from_utf8_lossy(&arch.stdout).trim().to_owned() };
        root.fill();
        Some(root)
    }

    fn fill(&self) {
        for folder in FOLDERS {
            fs::create_dir_all(self.at(folder)).expect("a folder");
        }
        for name in ["bin", "sbin", "lib", "lib64"] {
            fs::create_dir_all(self.at("usr").join(name)).expect("a folder");
            symlink(format!("usr/{name}"), self.at(name)).expect("a link");
        }
        // Others enter it too.
        fs::set_permissions(self.path(), fs::Permissions::from_mode(0o755)).expect("set");
        let methods = METHODS.iter().map(|m| PathBuf::from("/usr/lib/apt/methods").join(m));
        let programs: Vec<PathBuf> = PROGRAMS.iter().filter_map(|p| find(p)).chain(methods).collect();
        let mut files: BTreeSet<PathBuf> = programs.iter().flat_map(|p| libraries(p)).collect();
        files.extend(programs);
        for file in files {
            self.take(&file);
        }
        // By these dpkg and apt know architectures.
        for name in ["abitable", "cputable", "ostable", "tupletable"] {
            self.take(&Path::new("/usr/share/dpkg").join(name));
        }
        let null = self.at("dev/null");
        let mode = Mode::from_bits_truncate(0o666);
        mknod(&null, SFlag::S_IFCHR, mode, makedev(1, 3)).expect("a device");
        fs::set_permissions(&null, fs::Permissions::from_mode(0o666)).expect("set");
        for (path, text) in [
            ("etc/os-release", RELEASE),
            ("etc/debian_version", "12.9\n"),
            ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
            ("etc/group", "root:x:0:\n"),
            ("etc/apt/apt.conf.d/10root", "APT::Sandbox::User \"root\";\n"),
            ("etc/apt/sources.list", "deb [trusted=yes] file:/repo ./\n"),
            ("var/lib/dpkg/status", ""),
        ] {
            self.write(path, text);
        }
        self.index();
    }

    /// A file of this machine, in the same place.
    fn take(&self, file: &Path) {
        let to = self.at(file);
        fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        fs::copy(file, to).expect("copied");
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A path within, as this machine calls it.
    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.path().join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The architecture of its packages.
    pub fn arch(&self) -> &str {
        &self.arch
    }

    /// Writes a file within.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, path: &str, text: &str) {
        let to = self.at(path);
        fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        fs::write(&to, text).expect("written");
    }

    /// Writes a file within that can be executed.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write_program(&self, path: &str, text: &str) {
        self.write(path, text);
        fs::set_permissions(self.at(path), fs::Permissions::from_mode(0o755)).expect("set");
    }

    /// Runs a command inside.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn run(&self, argv: &[&str]) -> Output {
        let mut command = Command::new("chroot");
        command.arg(self.path()).args(argv).stdin(Stdio::null()).env_clear();
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LANG", "C.UTF-8");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command.output().expect("chroot runs")
    }

    fn done(&self, argv: &[&str]) {
        let out = self.run(argv);
        assert!(
            out.status.success(),
            "{argv:?}: {}{}",
            String::from_utf8_lossy(&out.stdout),
            String::from_utf8_lossy(&out.stderr)
        );
    }

    /// Builds a package and puts it into the repository; apt knows it after [`DebianRoot::update`].
    ///
    /// # Panics
    /// When it cannot be built.
    pub fn offer(&self, deb: &Deb) {
        self.build(deb);
        self.index();
    }

    /// Takes a version out of the repository.
    ///
    /// # Panics
    /// When it is not there.
    pub fn withdraw(&self, name: &str, version: &str) {
        fs::remove_file(self.at("repo").join(self.file(name, version))).expect("it was offered");
        fs::remove_file(self.at("repo").join(format!("{}.control", self.file(name, version))))
            .expect("there");
        self.index();
    }

    /// Has apt read the repository's list.
    ///
    /// # Panics
    /// When apt fails.
    pub fn update(&self) {
        self.done(&["apt-get", "-qq", "update"]);
    }

    /// Builds a package, offers it and installs it.
    ///
    /// # Panics
    /// When it cannot be installed.
    pub fn install(&self, deb: &Deb) {
        self.offer(deb);
        self.done(&["dpkg", "--install", &format!("/repo/{}", self.file(&deb.name, &deb.version))]);
    }

    /// Status and version of a package, as dpkg has them: `install ok installed 1.0-1`.
    pub fn status(&self, name: &str) -> String {
        let out = self.run(&["dpkg-query", "--show", "--showformat", "${Status} ${Version}", name]);
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    fn file(&self, name: &str, version: &str) -> String {
        format!("{name}_{}_{}.deb", version.replace(':', "%3a"), self.arch)
    }

    fn build(&self, deb: &Deb) {
        let tree = tempfile::tempdir().expect("a folder");
        let source = if deb.source.is_empty() { String::new() } else { format!("Source: {}\n", deb.source) };
        let control = format!(
            "Package: {}\n{source}Version: {}\nArchitecture: {}\nMaintainer: Test <test@example.org>\n{}",
            deb.name, deb.version, self.arch, deb.fields
        );
        let debian = tree.path().join("DEBIAN");
        fs::create_dir(&debian).expect("a folder");
        fs::write(debian.join("control"), format!("{control}Description: of a test\n")).expect("written");
        if let Some(script) = &deb.postinst {
            let path = debian.join("postinst");
            fs::write(&path, format!("#!/bin/sh\nset -e\n{script}\n")).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("set");
        }
        if !deb.conffiles.is_empty() {
            fs::write(debian.join("conffiles"), format!("{}\n", deb.conffiles.join("\n"))).expect("written");
        }
        for (path, text) in &deb.files {
            let to = tree.path().join(path.trim_start_matches('/'));
            fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
            fs::write(&to, text).expect("written");
            if path.contains("bin/") {
                fs::set_permissions(&to, fs::Permissions::from_mode(0o755)).expect("set");
            }
        }
        for (path, copy_of) in &deb.programs {
            let to = tree.path().join(path.trim_start_matches('/'));
            fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
            fs::copy(copy_of, &to).expect("copied");
            fs::set_permissions(&to, fs::Permissions::from_mode(0o755)).expect("set");
        }
        for folder in [tree.path(), &debian] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("set");
        }
        let file = self.at("repo").join(self.file(&deb.name, &deb.version));
        let built = Command::new("dpkg-deb")
            .args(["--root-owner-group", "-Znone", "--build"])
            .arg(tree.path())
            .arg(&file)
            .stdin(Stdio::null())
            .output()
            .expect("dpkg-deb runs");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let sum = Command::new("sha256sum").arg(&file).output().expect("sha256sum runs");
        let sum = String::from_utf8_lossy(&sum.stdout).split(' ').next().unwrap_or_default().to_owned();
        let size = file.metadata().expect("there").len();
        let name = file.file_name().expect("a name").to_string_lossy();
        let record = format!(
            "{control}Installed-Size: 8\nFilename: ./{name}\nSize: {size}\nSHA256: {sum}\nDescription: of a test\n\n"
        );
        fs::write(self.at("repo").join(format!("{name}.control")), record).expect("written");
    }

    /// Writes the repository's list of packages.
    fn index(&self) {
        let mut records = BTreeSet::new();
        for entry in fs::read_dir(self.at("repo")).expect("a folder").flatten() {
            if entry.path().extension().is_some_and(|e| e == "control") {
                records.insert(fs::read_to_string(entry.path()).expect("a record"));
            }
        }
        fs::write(self.at("repo/Packages"), records.into_iter().collect::<String>()).expect("written");
    }
}

/// Where a program really lies on this machine.
fn find(program: &str) -> Option<PathBuf> {
    let folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];
    folders.iter().map(|f| Path::new(f).join(program)).find(|p| p.is_file())
}

/// The libraries that a program maps, with the loader; none for a script.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let out = Command::new("ldd").arg(program).stdin(Stdio::null()).output();
    let text = out.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    let words = text.split_whitespace().filter(|w| w.starts_with('/') && w.contains(".so"));
    words.map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_built_offered_installed_and_upgraded() {
        let Some(root) = DebianRoot::new() else { return };
        root.install(&Deb::new("pal-thing", "pal-source", "1.0-1"));
        assert_eq!(root.status("pal-thing"), "install ok installed 1.0-1");
        root.offer(&Deb::new("pal-thing", "pal-source", "1.1-1"));
        root.update();
        root.done(&["apt-get", "-qq", "--yes", "-o", "Dpkg::Use-Pty=0", "install", "pal-thing"]);
        assert_eq!(root.status("pal-thing"), "install ok installed 1.1-1");
        assert_eq!(fs::read_to_string(root.at("/usr/share/pal-thing/version")).expect("there"), "1.1-1\n");
        root.withdraw("pal-thing", "1.0-1");
    }
}
