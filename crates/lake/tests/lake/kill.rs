//! The writer as a process of its own, killed without warning.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use palisade_lake::{LakeConfig, LakeWriter};
use palisade_log::Record;

use crate::facts::{config, everything, numbered};

const CHILD: &str = "PALISADE_LAKE_TEST_CHILD";
const RECORDS: u64 = 400;

fn busy(dir: &Path) -> LakeConfig {
    // Flushes are due all the time.
    LakeConfig { flush_after: Duration::ZERO, merge_fan_in: 3, ..config(dir) }
}

/// Not a test: the body of the child process of the test below.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the kill test as a child process"]
async fn child() {
    let Some(dir) = std::env::var_os(CHILD) else { return };
    let mut writer = LakeWriter::open(busy(Path::new(&dir))).await.unwrap();
    let compactor = writer.compactor();
    let mut at = writer.resume_offset();
    while at < RECORDS {
        let end = (at + 3).min(RECORDS);
        writer.apply(&(at..end).map(numbered).collect::<Vec<_>>()).unwrap();
        at = end;
        writer.seal().unwrap();
        writer.tick().await.unwrap();
        if at % 30 == 0 {
            compactor.compact().await.unwrap();
        }
        // Standard error is not captured by the test harness.
        std::io::Write::write_all(
            &mut std::io::stderr(),
            format!("at {at} resume {}\n", writer.resume_offset()).as_bytes(),
        )
        .unwrap();
    }
    writer.flush().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_writer_neither_loses_nor_doubles_a_row() {
    let reference = tempfile::tempdir().unwrap();
    let mut writer = LakeWriter::open(config(reference.path())).await.unwrap();
    writer.apply(&(0..RECORDS).map(numbered).collect::<Vec<Record>>()).unwrap();
    writer.seal().unwrap();
    let expected = everything(&config(reference.path())).await;

    let dir = tempfile::tempdir().unwrap();
    let config = busy(dir.path());
    let (mut kills, mut moved) = (0, 0);
    // Each life is killed after another number of steps, wherever it is then.
    for life in 0..60u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["kill::child", "--exact", "--ignored", "--nocapture"])
            .env(CHILD, dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let alive = lines
            .map_while(Result::ok)
            .filter(|l| l.starts_with("at "))
            .nth((life * 7 % 23) as usize)
            .is_some();
        let _ = child.kill();
        let status = child.wait().unwrap();
        if status.success() {
            break;
        }
        assert!(alive, "the child failed by itself: {status}");
        kills += 1;
        let resume = palisade_log::Cursor::open(&config.cursors_dir, "lake").unwrap().get();
        assert!(resume >= moved, "the cursor never goes back");
        moved = resume;
    }
    assert!(kills > 5, "{kills} kills");
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    writer.apply(&(writer.resume_offset()..RECORDS).map(numbered).collect::<Vec<_>>()).unwrap();
    writer.seal().unwrap();
    assert_eq!(everything(&config).await, expected, "after {kills} kills, before the last flush");
    writer.flush().await.unwrap();
    assert_eq!(everything(&config).await, expected, "after {kills} kills and a flush");
}
