//! Stored functions and saved queries: from the command line into real query workers.

use std::process::Output;

use palisade_e2e::Product;
use serde_json::json;

fn run(product: &Product, args: &[&str]) -> Output {
    product.palisade(args).output().expect("it runs")
}

/// What a command prints when all is well.
fn told(product: &Product, args: &[&str]) -> String {
    let out = run(product, args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

#[test]
fn functions_of_the_command_line_run_in_the_workers() {
    let product = Product::up(false).expect("up");
    let folder = palisade_testkit::scratch();
    let set = |name: &str, parameters: &str, body: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, body).expect("written");
        let file = file.to_str().expect("a path");
        told(&product, &["hunting", "functions", "set", name, "--file", file, "--parameters", parameters])
    };
    assert_eq!(
        set("Numbers", "(least: long = 1)", "range x from 1 to 5 step 1\n| where x >= least"),
        "Numbers"
    );
    set("Twice", "(x: long)", "x * 2");
    set("Odd", "()", "Numbers | where x % 2 == 1");
    set("Bags", "()", "print b = dynamic({\"a\": 1, \"c\": \"x\"}) | evaluate bag_unpack(b)");
    let rows = |query: &str| product.query(query).expect("rows");
    assert_eq!(rows("Odd | summarize s = sum(Twice(x))"), [json!({"s": 18})]);
    assert_eq!(rows("Numbers(4) | join kind=inner Odd on x | project x"), [json!({"x": 5})]);
    // Bound again once its rows say which columns there are.
    assert_eq!(rows("Bags | extend d = strcat(c, a)"), [json!({"a": 1, "c": "x", "d": "x1"})]);

    // Changed from what is there, without naming what stays.
    let file = folder.path().join("Numbers");
    std::fs::write(&file, "range x from 1 to 9 step 1 | where x >= least").expect("written");
    told(&product, &["hunting", "functions", "set", "Numbers", "--file", file.to_str().expect("a path")]);
    assert_eq!(rows("Odd | summarize s = sum(Twice(x))"), [json!({"s": 50})]);
    assert!(told(&product, &["hunting", "functions", "show", "Numbers"]).contains("\"revision\": 2"));
    assert!(told(&product, &["hunting", "functions", "show", "Twice", "--body"]).starts_with("x * 2"));
    let list = told(&product, &["hunting", "functions", "list", "--format", "csv"]);
    assert!(list.contains("Numbers,(least: long = 1),true"), "{list}");
    told(&product, &["hunting", "functions", "delete", "Numbers"]);
    let error = product.query_error("print 1 | union Odd").expect("an error");
    assert!(error.contains("in function Odd, line 1, column 1"), "{error}");

    let file = folder.path().join("saved");
    std::fs::write(&file, "print answer = Twice(21)").expect("written");
    let file = file.to_str().expect("a path");
    let save = ["hunting", "saved", "set", "Answer", "--file", file, "--folder", "team"];
    let id = told(&product, &save);
    assert_eq!(told(&product, &save), id, "the same again, in its next revision");
    let text = told(&product, &["hunting", "saved", "show", "team/answer", "--text"]);
    assert_eq!(rows(&text), [json!({"answer": 42})]);
    told(&product, &["hunting", "saved", "delete", &id]);
    assert!(!run(&product, &["hunting", "saved", "show", &id]).status.success());
}
