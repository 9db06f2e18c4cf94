//! The log of a supervised sensor, which nobody else keeps short.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use crate::install::log_file;

/// The log is looked at this often.
pub const LOOK: Duration = Duration::from_secs(60);

const MOST: u64 = 4 << 20;

/// Keeps a log that has become long as `sensor.log.1` and begins it anew. Who writes to it appends,
/// so that the same file can be emptied under them.
pub fn shorten(state_dir: &Path) {
    let path = log_file(state_dir);
    if std::fs::metadata(&path).is_ok_and(|m| m.len() > MOST) {
        let before = path.with_extension("log.1");
        let done = std::fs::copy(&path, &before)
            .and_then(|_| File::options().write(true).open(&path))
            .and_then(|f| f.set_len(0));
        if let Err(error) = done {
            tracing::warn!(%error, "the log cannot be shortened");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn only_a_long_log_is_begun_anew() {
        let dir = tempfile::TempDir::new().expect("dir");
        let path = log_file(dir.path());
        let mut writer = File::options().create(true).append(true).open(&path).expect("opens");
        writer.write_all(b"short\n").expect("written");
        shorten(dir.path());
        assert_eq!(std::fs::metadata(&path).expect("there").len(), 6);
        writer.write_all(&vec![b'x'; (MOST + 1) as usize]).expect("written");
        shorten(dir.path());
        writer.write_all(b"after\n").expect("written");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "after\n");
        assert!(std::fs::metadata(path.with_extension("log.1")).expect("there").len() > MOST);
    }
}
