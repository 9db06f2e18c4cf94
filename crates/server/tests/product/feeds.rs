//! Feeds that the running product fetches by itself, from a publisher on loopback.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use palisade_e2e::{Product, wait_until};
use palisade_feeds::Catalogue;
use serde_json::json;

/// Answers every request with one document, until it is dropped.
struct Publisher {
    at: SocketAddr,
    asked: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Publisher {
    fn start(document: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("an address");
        let (asked, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, end) = (asked.clone(), over.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(mut stream) = stream else { continue };
                stream.set_read_timeout(Some(Duration::from_secs(10))).expect("set");
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
                    head.push(byte[0]);
                }
                count.fetch_add(1, Ordering::SeqCst);
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{document}",
                    document.len()
                );
                // Who hung up meanwhile asks again.
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { at, asked, over, thread: Some(thread) }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes it up.
        drop(TcpStream::connect(self.at));
        if let Some(thread) = self.thread.take() {
            thread.join().expect("it ended well");
        }
    }
}

#[test]
fn feeds_are_fetched_by_themselves_once_somebody_switches_that_on() {
    let entry = |id: &str| {
        json!({"cveID": id, "vendorProject": "a", "product": "b", "vulnerabilityName": "c",
            "dateAdded": "2021-11-03", "shortDescription": "d", "requiredAction": "update",
            "dueDate": "2021-11-17", "knownRansomwareCampaignUse": "Unknown", "notes": "", "cwes": []})
    };
    let list = [entry("CVE-2020-0001"), entry("CVE-2020-0002")];
    let publisher = Publisher::start(
        json!({"title": "CISA Catalog of Known Exploited Vulnerabilities", "catalogVersion": "2026.11.23",
            "dateReleased": "2026-11-23T00:00:00.0000Z", "count": list.len(), "vulnerabilities": list})
        .to_string(),
    );
    let product = Product::up(false).expect("up");
    let feeds = product.home().join("feeds");
    let others: Vec<String> =
        Catalogue::built_in().feeds.iter().filter(|f| f.id != "kev").map(|f| format!("{:?}", f.id)).collect();
    let site = format!(
        "disable = [{}]\n[limits]\ntries = 1\n[mirrors]\n\"https://www.cisa.gov/\" = \"http://{}/\"\n",
        others.join(", "),
        publisher.at
    );
    std::fs::write(feeds.join("feeds.toml"), site).expect("written");
    let run = |args: &[&str]| {
        let out = product.palisade(args).output().expect("runs");
        (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned())
    };
    let (code, said) = run(&["feeds", "schedule"]);
    assert!(code == Some(0) && said.contains("not fetched by themselves"), "{said}");
    assert_eq!(run(&["feeds", "schedule", "--every", "0h"]).0, Some(1));
    assert_eq!(publisher.asked.load(Ordering::SeqCst), 0);

    assert_eq!(run(&["feeds", "schedule", "--every", "6h"]).0, Some(0));
    wait_until("the feeds are there", 60, || feeds.join("current").exists().then_some(())).expect("fetched");
    wait_until("its course is written down", 60, || {
        let (_, said) = run(&["feeds", "schedule", "--format", "json"]);
        let told: serde_json::Value = serde_json::from_str(&said).ok()?;
        let good =
            told["course"]["reason"] == "" && told["course"]["next"].is_i64() && told["every_hours"] == 6;
        good.then_some(())
    })
    .expect("it went well");
    let (owner, current) =
        (feeds.metadata().expect("there"), feeds.join("current").metadata().expect("there"));
    assert_eq!(owner.uid(), current.uid(), "whoever fetches owns what came");

    // Root goes on as that user: what a command writes can be replaced by the process later.
    assert_eq!(run(&["feeds", "gc"]).0, Some(0));
    let (code, said) = run(&["feeds", "sync", "kev", "--format", "json"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(feeds.join("current").metadata().expect("there").uid(), owner.uid());
    assert_eq!(run(&["feeds", "schedule", "--every", "off"]).0, Some(0));
    assert!(!product.home().join("feeds-schedule.json").exists());
}
