//! Up, the first event, an order, up again, down: and nothing stays behind.

use std::path::Path;

use palisade_e2e::{Product, wait_until};
use palisade_testkit::kernel_available;

#[test]
fn the_product_starts_records_obeys_and_leaves_nothing() {
    if !kernel_available() {
        return;
    }
    let before = kernel_state();
    let product = Product::up(true).expect("up");
    assert_ne!(kernel_state(), before, "the sensor's programs are seen");
    assert!(product.printed().contains("https://localhost:"), "{}", product.printed());
    assert!(product.printed().contains("/setup?token="), "{}", product.printed());
    let id = product.record().expect("record")["instance_id"].as_str().expect("id").to_owned();

    let marker = format!("pal-e2e-{}", std::process::id());
    std::process::Command::new("/bin/echo").arg(&marker).status().expect("echo runs");
    let query =
        format!("DeviceProcessEvents | where ProcessCommandLine has '{marker}' and FileName == 'echo'");
    let row = wait_until("the echo is queryable", 30, || product.query(&query).ok()?.into_iter().next())
        .expect("row");
    assert_eq!(row["InitiatingProcessId"], std::process::id(), "{row}");
    assert_eq!(row["AccountName"], "root", "{row}");
    assert_eq!(row["SHA256"].as_str().map(str::len), Some(64), "{row}");

    for kind in ["ping", "collect-now"] {
        let out = product.palisade(&["order", kind]).output().expect("order");
        let text = String::from_utf8_lossy(&out.stdout);
        assert!(
            out.status.success() && text.contains("\"succeeded\""),
            "{kind}: {text}{}",
            String::from_utf8_lossy(&out.stderr)
        );
    }

    let supervisor = std::fs::read_to_string(product.home().join("run/supervisor.pid")).expect("pid");
    product.start(true).expect("a second up");
    assert_eq!(std::fs::read_to_string(product.home().join("run/supervisor.pid")).expect("pid"), supervisor);

    product.down().expect("down");
    assert_eq!(product.processes(), Vec::<i32>::new());
    assert!(!Path::new("/dev/shm").join(format!("palisade-{id}")).exists());
    assert!(!Path::new("/sys/fs/bpf").join(format!("palisade-{id}")).exists());
    // The kernel frees a program a moment after its last link is gone.
    wait_until("the kernel is as it was", 10, || (kernel_state() == before).then_some(()))
        .unwrap_or_else(|e| panic!("{e}: {:?}, it was {before:?}", kernel_state()));

    // Now the first rows are in Delta and the next are hot: ordered questions go over both.
    product.start(true).expect("up after down");
    let ordered = "DeviceProcessEvents | sort by Timestamp asc, ReportId asc | take 50000 \
                   | extend Earlier = prev(Timestamp) | summarize Rows = count(), Wrong = countif(Earlier > Timestamp)";
    let row = product.query(ordered).expect("answered").remove(0);
    assert!(row["Rows"].as_u64() > Some(10) && row["Wrong"] == 0, "{row}");
}

/// Names of BPF programs, mounts of the kernel's own file systems, tables of nftables.
fn kernel_state() -> [Vec<String>; 3] {
    let run = |program: &str, args: &[&str]| {
        let out = std::process::Command::new(program).args(args).output();
        let out = out.unwrap_or_else(|e| panic!("{program}: {e}"));
        assert!(out.status.success(), "{program}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    let programs: serde_json::Value =
        serde_json::from_str(&run("/usr/sbin/bpftool", &["prog", "show", "-j"])).expect("JSON");
    let programs = programs.as_array().into_iter().flatten();
    let mut programs: Vec<_> = programs.filter_map(|p| Some(p["name"].as_str()?.to_owned())).collect();
    programs.sort();
    let mounts = std::fs::read_to_string("/proc/mounts").expect("mounts");
    let ours = |l: &&str| l.split(' ').nth(2).is_some_and(|kind| ["bpf", "tracefs", "tmpfs"].contains(&kind));
    let tables = run("/usr/sbin/nft", &["list", "tables"]);
    [
        programs,
        mounts.lines().filter(ours).map(str::to_owned).collect(),
        tables.lines().map(str::to_owned).collect(),
    ]
}
