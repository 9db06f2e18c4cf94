//! From a package that is downgraded on a machine to a signed body at a webhook.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use palisade_e2e::{Product, Sensor, wait_until};
use palisade_testkit::{kernel_available, shared_data};
use serde_json::{Value, json};

use crate::vulnerabilities::{FIXED, OLD, machine, write_status};

/// What signs the bodies of this test.
const SECRET: &str = "a secret of this test";

/// A request: its signature and its body.
struct Got {
    signature: String,
    body: Vec<u8>,
}

/// Reads one request and answers it.
fn serve(stream: TcpStream, status: &str) -> Option<Got> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut signature) = (0usize, String::new());
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "palisade-signature" => value.trim().clone_into(&mut signature),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut stream = reader.into_inner();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok()?;
    Some(Got { signature, body })
}

/// A server on loopback whose first answer is a failure.
fn receiver() -> (u16, Receiver<Got>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let (send, receive) = channel();
    thread::spawn(move || {
        let mut status = "503 Not Yet";
        for stream in listener.incoming().flatten() {
            let Some(got) = serve(stream, status) else { continue };
            status = "204 No Content";
            if send.send(got).is_err() {
                break;
            }
        }
    });
    (port, receive)
}

/// What OpenSSL says of secret, time and body, as the pages tell receivers to check.
fn openssl(seconds: &str, body: &[u8]) -> String {
    let mut child = Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", SECRET])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl");
    let mut stdin = child.stdin.take().expect("its input");
    stdin.write_all(format!("{seconds}.").as_bytes()).and_then(|()| stdin.write_all(body)).expect("written");
    drop(stdin);
    let out = child.wait_with_output().expect("ends");
    let text = String::from_utf8(out.stdout).expect("text");
    text.split_whitespace().last().expect("a digest").to_owned()
}

fn create(product: &Product, what: &str, body: &Value) -> Value {
    let mut child = product
        .palisade(&["notifications", what])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    child.stdin.take().expect("its input").write_all(body.to_string().as_bytes()).expect("written");
    let out = child.wait_with_output().expect("ends");
    assert!(out.status.success(), "{what}");
    serde_json::from_slice(&out.stdout).expect("JSON")
}

fn rows(product: &Product, args: &[&str]) -> Vec<Value> {
    let out = product.palisade(args).args(["--format", "json"]).output().expect("runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).expect("JSON")
}

#[test]
fn a_downgrade_reaches_a_webhook_signed_and_after_a_failure_again() {
    if !kernel_available() {
        return;
    }
    let Some(feed) = shared_data("vuln/feeds/osv-Debian-12.derived.all.zip") else { return };
    let product = Product::up(false).expect("up");
    let taken = product.palisade(&["feeds", "import"]).arg(feed).output().expect("runs");
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    let (port, receive) = receiver();
    let webhook = json!({
        "name": "loopback", "url": format!("http://127.0.0.1:{port}/in"), "signing_secret": SECRET,
    });
    let webhook = create(&product, "create-webhook", &webhook);
    let id = webhook["id"].as_str().expect("an id");

    // Nobody has allowed this machine's own addresses yet.
    let tried = product.palisade(&["notifications", "test", id]).output().expect("runs");
    assert!(tried.status.success());
    let dead = wait_until("it is refused", 30, || {
        rows(&product, &["notifications", "deliveries", "--state", "dead"]).into_iter().next()
    });
    let refused = dead.expect("refused");
    assert!(refused["error"].as_str().is_some_and(|e| e.contains("operator")), "{refused}");
    std::fs::write(product.home().join("notifications.toml"), "allow = [\"127.0.0.1\"]\n").expect("written");

    let rule = json!({
        "name": "new", "kinds": ["new_vulnerability"], "webhook_ids": [id],
    });
    create(&product, "create-rule", &rule);
    let root = tempfile::tempdir().expect("a folder");
    machine(root.path());
    let root_text = root.path().to_str().expect("text").to_owned();
    let mut sensor = Sensor::enrol(&product, "told").expect("enrols").with(&["--root", &root_text]);
    sensor.start().expect("runs");
    let first = wait_until("it is judged", 90, || {
        rows(&product, &["vulnerability-events", "--kind", "first_assessment"]).into_iter().next()
    });
    println!("{}", first.expect("judged"));

    assert_ne!(OLD, FIXED);
    write_status(root.path(), OLD);
    let told = receive.recv_timeout(std::time::Duration::from_secs(90)).expect("the first attempt");
    let (time, digest) = told.signature.split_once(",v1=").expect("a signature");
    assert_eq!(openssl(time.strip_prefix("t=").expect("a time"), &told.body), digest);
    let body: Value = serde_json::from_slice(&told.body).expect("JSON");
    assert_eq!(
        (&body["version"], &body["type"], &body["rule"]),
        (&json!(1), &json!("events"), &json!("new"))
    );
    let events = body["events"].as_array().expect("events");
    let found = events.iter().find(|e| e["subject"] == "CVE-2024-28757").expect("the vulnerability");
    assert_eq!((&found["devices"], &found["detail"]["cause"]), (&json!(1), &json!("software_changed")));
    assert!(found["detail"]["components"][0].as_str().is_some_and(|c| c.contains(OLD)), "{found}");

    let again = receive.recv_timeout(std::time::Duration::from_secs(90)).expect("the second attempt");
    assert_eq!(again.body, told.body, "it is the same");
    let done = wait_until("it has arrived", 30, || {
        rows(&product, &["notifications", "deliveries", "--state", "delivered"]).into_iter().next()
    });
    assert_eq!(done.expect("arrived")["attempts"], 2);
    write_status(root.path(), FIXED);
    wait_until("its fix is told", 60, || {
        let gone = rows(&product, &["vulnerability-events", "--kind", "vulnerability_fixed"]);
        gone.into_iter().find(|e| e["subject"] == "CVE-2024-28757")
    })
    .expect("fixed");
    sensor.stop().expect("ends");
    product.down().expect("down");
}
