use std::path::PathBuf;
use std::process::{Command, Stdio};

use palisade_connectors::onboard::{script, user_data};
use palisade_connectors::secret::SecretText;
use palisade_connectors::{Artefact, Invitation};
use palisade_testkit::{OwnRoot, scratch, skipped};

use crate::door::{Door, TOKEN};
use crate::support::program;

async fn invitation(door: &Door, sensor: &std::path::Path) -> Invitation {
    Invitation {
        server: door.server.clone(),
        sensor: Artefact::of(sensor).await.expect("a file"),
        token: SecretText::new(TOKEN.into()),
        path: "/opt/palisade".into(),
    }
}

/// Runs a command inside a machine.
async fn inside(root: &OwnRoot, words: &[&str]) -> (bool, String) {
    let mut all = root.enter();
    all.extend(words.iter().map(|w| (*w).to_owned()));
    let run = move || Command::new(&all[0]).args(&all[1..]).stdin(Stdio::null()).output().expect("it ran");
    let out = tokio::task::spawn_blocking(run).await.expect("it ended");
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    (out.status.success(), said)
}

const SAYS_YES: &str = "#!/bin/sh\nread -r token\nprintf '{\"ok\": true, \"token\": \"%s\", \"seen\": \"%s\"}' \"$token\" \"$*\"\n";

#[tokio::test]
async fn the_script_fetches_checks_and_installs() {
    let folder = scratch();
    let sensor = program(&folder, SAYS_YES);
    let Some(root) = OwnRoot::new("by-hand") else { return };
    let door = Door::open(&sensor).await;
    let invitation = invitation(&door, &sensor).await;
    let text = script(&invitation).expect("a script");
    let path = folder.path().join("onboard.sh");
    std::fs::write(&path, text.as_bytes()).expect("written");
    // The folder of the script is not seen inside: its own /tmp is empty.
    let run = ["sh", "-c", text.as_str()];
    let (good, said) = inside(&root, &run).await;
    assert!(good && said.contains("palisade: installed"), "{said}");
    assert!(said.contains(TOKEN) && said.contains("install --json --url https://localhost:"), "{said}");
    assert_eq!(door.requests(), ["GET /v1/artefacts/sensor HTTP/1.1"]);

    let other = Invitation {
        sensor: Artefact { sha256: "0".repeat(64), ..invitation.sensor.clone() },
        ..invitation.clone()
    };
    let (good, said) = inside(&root, &["sh", "-c", &script(&other).expect("a script")]).await;
    assert!(!good && said.contains("not the sensor that was offered"), "{said}");
    let mut server = invitation.server.clone();
    server.ca_pem = Door::open(&sensor).await.server.ca_pem.clone();
    let other = Invitation { server, ..invitation };
    let (good, said) = inside(&root, &["sh", "-c", &script(&other).expect("a script")]).await;
    assert!(!good && said.contains("could not be fetched"), "{said}");
}

#[tokio::test]
async fn other_shells_and_wget_do_as_well() {
    let folder = scratch();
    let sensor = program(&folder, SAYS_YES);
    let Some(root) = OwnRoot::new("by-hand") else { return };
    let door = Door::open(&sensor).await;
    let text = script(&invitation(&door, &sensor).await).expect("a script");
    for shell in [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]] {
        if !["/usr/bin", "/bin"].iter().any(|at| PathBuf::from(at).join(shell[0]).exists()) {
            skipped(&format!("needs {}", shell[0]));
            continue;
        }
        let mut words = shell.to_vec();
        words.extend(["-c", text.as_str()]);
        let (good, said) = inside(&root, &words).await;
        assert!(good, "{shell:?}: {said}");
    }
    if PathBuf::from("/usr/bin/wget").exists() {
        // Without curl in the way.
        let without = format!("mount --bind /dev/null /usr/bin/curl\n{}", text.as_str());
        let (good, said) = inside(&root, &["sh", "-c", &without]).await;
        assert!(good, "{said}");
    } else {
        skipped("needs wget");
    }
}

/// cloud-init's own program, where it was unpacked for tests.
fn cloud_init() -> Option<(PathBuf, PathBuf)> {
    let cache = PathBuf::from(std::env::var_os("HOME")?).join(".cache/palisade");
    let found = (cache.join("moto/bin/python"), cache.join("cloud-init/usr/lib/python3/dist-packages"));
    if found.0.exists() && found.1.exists() {
        return Some(found);
    }
    skipped("needs cloud-init: scripts/setup.sh test");
    None
}

#[tokio::test]
async fn user_data_is_what_cloud_init_takes_and_does() {
    let folder = scratch();
    let sensor = program(&folder, SAYS_YES);
    let door = Door::open(&sensor).await;
    let text = user_data(&invitation(&door, &sensor).await).expect("user data");
    let Some((python, packages)) = cloud_init() else { return };
    let file = folder.path().join("user-data");
    std::fs::write(&file, text.as_bytes()).expect("written");
    let out = Command::new(&python)
        .args(["-m", "cloudinit.cmd.main", "schema", "--config-file"])
        .arg(&file)
        .env("PYTHONPATH", &packages)
        .output()
        .expect("python runs");
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success() && said.contains("Valid"), "{said}");
    // What its two modules would do, with its own code: write the file, then run the commands.
    let Some(root) = OwnRoot::new("cloud") else { return };
    let unpack = "import sys, yaml\nfrom cloudinit.config.cc_write_files import extract_contents, canonicalize_extraction\n\
                  c = yaml.safe_load(open(sys.argv[1]))\nf = c['write_files'][0]\n\
                  assert c['runcmd'][0] == ['sh', f['path']], c\n\
                  sys.stdout.buffer.write(extract_contents(f['content'], canonicalize_extraction(f['encoding'])))";
    let out = Command::new(&python)
        .args(["-c", unpack])
        .arg(&file)
        .env("PYTHONPATH", &packages)
        .output()
        .expect("python runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let script = String::from_utf8(out.stdout).expect("a script");
    let (good, said) = inside(&root, &["sh", "-c", &script]).await;
    assert!(good && said.contains("palisade: installed"), "{said}");
}
