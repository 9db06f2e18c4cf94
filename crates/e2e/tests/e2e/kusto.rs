//! Kusto's official clients for Python and Node.js, as they are published, against a real server.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use palisade_e2e::Product;
use palisade_testkit::{kernel_available, scratch, skipped};
use serde_json::{Value, json};

/// A column of each type, and what is no number or null.
const TYPES: &str = "print b = true, i = int(7), l = 9007199254740993, r = 1.5, nan = real(nan), inf = real(+inf), \
    s = 'a \"b\" é', t = datetime(2026-01-02 03:04:05.678901), d = 1d + 1h + 1ms, \
    g = guid(12345678-1234-1234-1234-123456789abc), j = dynamic({\"k\": [1, \"x\"]}), n = long(null)";

/// A client that `scripts/setup.sh test` put below the cache folder; noted as skipped where it is not.
fn installed(name: &str, part: &str) -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from)?;
    let folder = home.join(".cache/palisade").join(name);
    if folder.join(part).exists() {
        return Some(folder);
    }
    skipped("needs Kusto's clients: scripts/setup.sh test");
    None
}

struct Server {
    product: Product,
    token: String,
    tenant: String,
    /// With TLS, without.
    urls: [String; 2],
}

impl Server {
    fn up() -> Result<Self> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let product = Product::up_by(false, |command| {
            command.args(["--plain-http", &free.to_string()]);
            Ok(())
        })?;
        let token = std::fs::read_to_string(product.home().join("secrets/cli.token"))?.trim().to_owned();
        let console = product.record()?["ports"]["console"].as_u64().context("a port")?;
        let listed = product.palisade(&["tenant", "list", "--format", "json"]).output()?;
        let listed: Value = serde_json::from_slice(&listed.stdout)?;
        let tenant = listed[0]["name"].as_str().context("a tenant")?.to_owned();
        let urls = [format!("https://localhost:{console}"), format!("http://127.0.0.1:{free}")];
        Ok(Self { product, token, tenant, urls })
    }

    /// What a client's script printed.
    fn ask(&self, mut command: Command, url: &str) -> Result<Value> {
        let ca = self.product.home().join("secrets/ca.pem");
        command.args([url, &self.token, &self.tenant, TYPES]);
        command.env("REQUESTS_CA_BUNDLE", &ca).env("NODE_EXTRA_CA_CERTS", &ca);
        let out = command.output()?;
        if !out.status.success() {
            bail!(
                "{url}: {}\n{}",
                String::from_utf8_lossy(&out.stdout),
                String::from_utf8_lossy(&out.stderr)
            );
        }
        Ok(serde_json::from_slice(&out.stdout)?)
    }
}

/// What holds for either client.
fn common(told: &Value, server: &Server) {
    let kinds = [
        "bool", "int", "long", "real", "real", "real", "string", "datetime", "timespan", "guid", "dynamic",
        "long",
    ];
    let columns = told["columns"].as_array().expect("columns");
    assert_eq!(columns.iter().map(|c| c[1].as_str().expect("a type")).collect::<Vec<_>>(), kinds);
    assert_eq!(told["events"][0], json!(["QueryInfo", {"Count": 1, "Text": "Query completed successfully"}]));
    assert_eq!(told["events"][1][0], "QueryResourceConsumption");
    assert!(told["events"][1][1]["ExecutionTime"].is_number(), "{}", told["events"]);
    assert_eq!(told["errors"], 0);
    let tables: Vec<&str> =
        told["tables"].as_array().expect("tables").iter().filter_map(Value::as_str).collect();
    assert!(tables.contains(&"DeviceProcessEvents") && tables.contains(&"DeviceInfo"), "{tables:?}");
    assert_eq!(told["databases"], json!([server.tenant]));
    let semantic = told["semantic"]["text"].as_str().expect("a text");
    assert!(semantic.starts_with("Semantic error: ") && semantic.contains("Nothing"), "{semantic}");
    assert!(
        told["cut"]["text"].as_str().is_some_and(|t| t.contains("E_QUERY_RESULT_SET_TOO_LARGE")),
        "{}",
        told["cut"]
    );
}

#[test]
fn the_python_client_works_unmodified() {
    if !kernel_available() {
        return;
    }
    let Some(client) = installed("kusto-python", "bin/python") else { return };
    let server = Server::up().expect("up");
    for url in &server.urls {
        let mut command = Command::new(client.join("bin/python"));
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/kusto/client.py"));
        let told = server.ask(command, url).expect("the client works");
        common(&told, &server);
        for (name, value) in [
            ("b", "True"),
            ("i", "7"),
            ("l", "9007199254740993"),
            ("r", "1.5"),
            ("nan", "'NaN'"),
            ("inf", "'Infinity'"),
            ("s", "'a \"b\" é'"),
            ("t", "datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=tzutc())"),
            ("d", "datetime.timedelta(days=1, seconds=3600, microseconds=1000)"),
            ("g", "'12345678-1234-1234-1234-123456789abc'"),
            ("j", "{'k': [1, 'x']}"),
            ("n", "None"),
        ] {
            assert_eq!(told["types"][name], value, "{name}");
        }
        assert_eq!((&told["empty"], &told["streamed"]), (&json!(0), &json!(12_502_500)));
        assert_eq!(told["parameters"], json!([[4, "a\"b"], [5, "a\"b"]]));
        assert_eq!(told["piped"][0][0].as_u64(), told["tables"].as_array().map(|t| t.len() as u64));
        let schema: Value = serde_json::from_str(told["schema"].as_str().expect("a text")).expect("JSON");
        let table = &schema["Databases"][&server.tenant]["Tables"]["DeviceProcessEvents"];
        assert_eq!(
            table["OrderedColumns"][0],
            json!({"Name": "Timestamp", "Type": "System.DateTime",
            "CslType": "datetime", "DocString": table["OrderedColumns"][0]["DocString"]})
        );
        assert_eq!(told["version"]["ServiceType"], "Engine");
        assert_eq!(
            (&told["semantic"]["semantic"], &told["semantic"]["permanent"]),
            (&json!(true), &json!(true))
        );
        assert!(
            told["syntax"]["text"].as_str().is_some_and(|t| t.starts_with("Syntax error: ")),
            "{}",
            told["syntax"]
        );
        assert!(
            told["database"]["text"].as_str().is_some_and(|t| t.contains("was not found")),
            "{}",
            told["database"]
        );
        assert!(
            told["command"]["text"].as_str().is_some_and(|t| t.contains(".drop table")),
            "{}",
            told["command"]
        );
        assert!(told["token"]["text"].as_str().is_some_and(|t| t.starts_with("401")), "{}", told["token"]);
    }
}

#[test]
fn the_node_client_works_unmodified() {
    if !kernel_available() {
        return;
    }
    let Some(client) = installed("kusto-node", "node_modules/azure-kusto-data") else { return };
    let server = Server::up().expect("up");
    // Modules are looked for beside the script.
    let folder = scratch();
    std::os::unix::fs::symlink(client.join("node_modules"), folder.path().join("node_modules"))
        .expect("linked");
    let script = folder.path().join("client.mjs");
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/kusto/client.mjs"), &script)
        .expect("copied");
    for url in &server.urls {
        let mut command = Command::new("node");
        command.arg(&script);
        let told = server.ask(command, url).expect("the client works");
        common(&told, &server);
        let types = &told["types"];
        assert_eq!((&types["b"], &types["i"], &types["n"]), (&json!(true), &json!(7), &Value::Null));
        assert_eq!((&types["nan"], &types["inf"]), (&json!("NaN"), &json!("Infinity")));
        // As this client counts: whole milliseconds.
        assert_eq!(types["t"], "2026-01-02T03:04:05.678Z");
        assert_eq!((&types["d"], &types["j"]), (&json!(90_000_001), &json!({"k": [1, "x"]})));
        assert_eq!(told["first"], json!({"b": 1, "j": "{\"k\":1}"}));
        assert_eq!(told["parameters"], json!([4, 5]));
        assert_eq!(told["semantic"]["status"], 400);
    }
}
