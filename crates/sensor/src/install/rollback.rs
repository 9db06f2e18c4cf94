//! Taking an installation back, change by change, last first.

use std::path::Path;

use super::journal::{Undo, remove_file};
use super::service::{Service, systemctl};
use super::{Layout, journal};
use crate::files::half_written;

/// Takes every change back; what could not be taken back, for people. A service that ran before is
/// started again; that it does not start is only told where nobody is about to install it anew.
pub fn roll_back(layout: &Layout, changes: &[Undo], service: &Service, anew: bool) -> Vec<String> {
    let mut left = Vec::new();
    let mut unit = false;
    let mut ran = false;
    for change in changes.iter().rev() {
        let done = match change {
            Undo::Folder { path } => remove_dir(path),
            Undo::State { path } => remove_tree(path),
            Undo::Remove { path } => remove_file(&half_written(path)).and_then(|()| remove_file(path)),
            Undo::Restore { path, kept } => {
                remove_file(&half_written(path)).and_then(|()| restore(path, kept))
            }
            Undo::Unit { enabled } => {
                unit = true;
                if *enabled { Ok(()) } else { systemctl(&["disable", "--quiet", super::unit::NAME]) }
            }
            Undo::Service { ran: before } => {
                ran = *before;
                service.stop()
            }
            Undo::Pins { instance } => {
                crate::capture::Capture::detach(&crate::capture::default_pin_dir(instance))
                    .map(drop)
                    .map_err(|e| std::io::Error::other(e.to_string()))
            }
        };
        if let Undo::Remove { path } | Undo::Restore { path, .. } = change {
            unit |= *path == layout.unit();
        }
        if let Err(e) = done {
            left.push(format!("{} ({e})", what(change)));
        }
    }
    if unit && let Err(e) = systemctl(&["daemon-reload"]) {
        left.push(format!("systemd's view of the unit ({e})"));
    }
    // Only now is everything of the old installation back in its place.
    if ran
        && let Err(e) = service.start()
        && !anew
    {
        left.push(format!("the service, which ran before ({e})"));
    }
    if left.is_empty()
        && let Err(e) = journal::end(layout)
    {
        left.push(format!("{} ({e})", layout.journal().display()));
    }
    left
}

fn what(change: &Undo) -> String {
    match change {
        Undo::Folder { path } | Undo::State { path } | Undo::Remove { path } => path.display().to_string(),
        Undo::Restore { path, .. } => format!("the new {}", path.display()),
        Undo::Unit { .. } => super::unit::NAME.into(),
        Undo::Service { .. } => "the running service".into(),
        Undo::Pins { instance } => format!("programs in the kernel named {instance}"),
    }
}

fn restore(path: &Path, kept: &Path) -> std::io::Result<()> {
    match std::fs::rename(kept, path) {
        // Already back, or never replaced.
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && path.symlink_metadata().is_ok() => {}
        other => other?,
    }
    // Renaming one name of a file onto another name of it does nothing at all.
    remove_file(kept)
}

/// Somebody else may have put something into a folder that we made: it stays then.
fn remove_dir(path: &Path) -> std::io::Result<()> {
    use std::io::ErrorKind as Kind;
    match std::fs::remove_dir(path) {
        Err(e)
            if !matches!(
                e.kind(),
                Kind::NotFound | Kind::DirectoryNotEmpty | Kind::NotADirectory | Kind::ResourceBusy
            ) =>
        {
            Err(e)
        }
        _ => Ok(()),
    }
}

fn remove_tree(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Manager;
    use super::super::journal::Journal;
    use super::*;

    fn tree(dir: &Path) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut open = vec![dir.to_owned()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(&folder).expect("lists").flatten() {
                let path = entry.path();
                let text = match path.symlink_metadata().expect("there") {
                    m if m.is_dir() => {
                        open.push(path.clone());
                        String::new()
                    }
                    m if m.is_symlink() => path.read_link().expect("link").display().to_string(),
                    _ => std::fs::read_to_string(&path).expect("text"),
                };
                found.push((path.display().to_string(), text));
            }
        }
        found.sort();
        found
    }

    #[test]
    fn everything_is_as_before_also_when_it_is_done_twice() {
        let dir = tempfile::TempDir::new().expect("dir");
        let layout = Layout::new(Some(dir.path()));
        std::fs::create_dir_all(layout.etc()).expect("made");
        let bin = dir.path().join("opt/bin");
        std::fs::create_dir_all(&bin).expect("made");
        std::fs::write(bin.join("program"), "old").expect("written");
        std::os::unix::fs::symlink("program", bin.join("link")).expect("linked");
        let before = tree(dir.path());
        let service = Service::new(Manager::Supervisor, &layout, &bin, &dir.path().join("state"));

        let mut j = Journal::begin(&layout).expect("begins");
        j.make_dir(&dir.path().join("opt/deep/er"), 0o755).expect("made");
        let state = dir.path().join("state");
        j.will(Undo::State { path: state.clone() }).expect("noted");
        std::fs::create_dir_all(state.join("spool")).expect("made");
        for name in ["program", "link", "fresh"] {
            j.replace(&bin.join(name)).expect("kept");
            files_write(&bin.join(name), "new");
        }
        // A change that was noted and then not made.
        j.replace(&bin.join("never")).expect("noted");
        let lines = j.lines().to_vec();
        assert_ne!(tree(dir.path()), before);
        assert_eq!(roll_back(&layout, &lines, &service, false), Vec::<String>::new());
        assert_eq!(tree(dir.path()), before);
        assert_eq!(roll_back(&layout, &lines, &service, false), Vec::<String>::new());
        assert_eq!(tree(dir.path()), before);
    }

    fn files_write(path: &Path, text: &str) {
        crate::files::write_atomic(path, text.as_bytes(), 0o644).expect("written");
    }

    #[test]
    fn what_cannot_be_undone_is_named_and_the_journal_stays() {
        let dir = tempfile::TempDir::new().expect("dir");
        let layout = Layout::new(Some(dir.path()));
        std::fs::create_dir_all(layout.etc()).expect("made");
        let mut j = Journal::begin(&layout).expect("begins");
        // A folder where a file was expected.
        let odd = dir.path().join("odd");
        j.replace(&odd).expect("noted");
        std::fs::create_dir(&odd).expect("made");
        let service = Service::new(Manager::Supervisor, &layout, dir.path(), &dir.path().join("state"));
        let left = roll_back(&layout, j.lines(), &service, false);
        assert!(left.len() == 1 && left[0].contains("odd"), "{left:?}");
        assert!(layout.journal().exists());
    }
}
