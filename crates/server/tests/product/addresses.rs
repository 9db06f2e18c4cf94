//! A database of addresses, brought by hand and asked by queries in the workers, who run as the user that they have.

use std::path::Path;

use palisade_e2e::Product;
use serde_json::{Value, json};

use crate::console::Console;

const QUERY: &str = "print geo_info_from_ip_address('192.0.2.77'), geo_info_from_ip_address('192.0.3.1')";

#[tokio::test]
async fn queries_know_where_addresses_are_once_a_database_was_imported() {
    let product = Product::up(false).expect("up");
    let token = std::fs::read_to_string(product.home().join("secrets/cli.token")).expect("the token");
    let console = Console::of(&product);
    let ask = async |query: &str| {
        let (status, answer) = console.ask(Some(token.trim()), query).await;
        assert_eq!(status, 200, "{query}: {answer}");
        (answer["rows"][0].clone(), answer["warnings"].clone())
    };
    let (row, warnings) = ask(QUERY).await;
    assert_eq!(row, json!([null, null]));
    assert!(warnings[0]["code"] == "no_address_database", "{warnings}");

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kql-exec/tests/data/addresses.mmdb");
    let run = |args: &[&str]| {
        let out = product.palisade(args).output().expect("runs");
        (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned())
    };
    let import = |path: &Path| run(&["feeds", "import", path.to_str().expect("a path"), "--format", "json"]);
    let (code, said) = import(&file);
    assert_eq!(code, Some(0), "{said}");
    let bern = json!({"country": "Switzerland", "state": "Canton of Bern", "city": "Bern",
        "latitude": 46.948, "longitude": 7.447});
    assert_eq!(ask(QUERY).await, (json!([bern, null]), json!([])));
    // Also where only a stored function asks.
    let folder = palisade_testkit::scratch();
    let body = folder.path().join("body");
    std::fs::write(&body, "tostring(geo_info_from_ip_address(ip).city)").expect("written");
    let body = body.to_str().expect("a path");
    let set = ["hunting", "functions", "set", "CityOf", "--file", body, "--parameters", "(ip: string)"];
    assert_eq!(run(&set).0, Some(0));
    assert_eq!(ask("print CityOf('::ffff:192.0.2.1')").await, (json!(["Bern"]), json!([])));

    // What is not whole changes nothing.
    let cut = folder.path().join("cut.mmdb");
    let bytes = std::fs::read(&file).expect("readable");
    std::fs::write(&cut, &bytes[..bytes.len() - 40]).expect("written");
    let (code, said) = import(&cut);
    assert!(code == Some(3) && said.contains("cut.mmdb"), "{said}");
    assert_eq!(ask(QUERY).await.0, json!([bern, null]));
    let (_, said) = run(&["feeds", "status", "--format", "json"]);
    let told: Value = serde_json::from_str(&said).expect("JSON");
    let feeds = told["feeds"].as_array().expect("a list");
    let it = feeds.iter().find(|f| f["id"] == "address-database").expect("it is shown");
    assert_eq!((&it["records"], &it["newest"]), (&json!(149), &json!(1_700_000_000_000_000_i64)));
    assert_eq!(it["last_failure"]["code"], "bad_record", "{it}");
}
