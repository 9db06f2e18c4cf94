//! Up, the first event, an order, up again, down: and nothing stays behind.

use std::path::Path;

use palisade_e2e::{Product, wait_until};
use palisade_testkit::kernel_available;

#[test]
fn the_product_starts_records_obeys_and_leaves_nothing() {
    if !kernel_available() {
        return;
    }
    let product = Product::up(true).expect("up");
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
}
