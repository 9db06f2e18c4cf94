use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn by_name(inventory: &Inventory) -> BTreeMap<&str, &Target> {
    inventory.targets.iter().map(|t| (t.name.as_str(), t)).collect()
}

const INI: &str = r#"
# the whole company
gateway ansible_host=192.0.2.1

[web]
web[01:03].example.com ansible_port=2222   # three of them
old.example.com:2200

[db]
db-[a:b] ansible_user=admin palisade_tag_owner="Data Team"

[prod:children]
web
db

[prod:vars]
ansible_user = deploy
ansible_password=hunter2
palisade_tag_stage='production; really'

[web:vars]
ansible_user=www

[all:vars]
ansible_user=root
ansible_port=22

[windows]
win1 ansible_connection=winrm
"#;

#[test]
fn an_ini_inventory_is_read_with_groups_ranges_and_variables() {
    let inventory = parse_ini(INI).expect("good");
    let hosts = by_name(&inventory);
    assert_eq!(
        hosts.keys().copied().collect::<Vec<_>>(),
        [
            "db-a",
            "db-b",
            "gateway",
            "old.example.com",
            "web01.example.com",
            "web02.example.com",
            "web03.example.com",
            "win1"
        ]
    );
    let web = hosts["web02.example.com"];
    assert_eq!((web.port, web.user.as_deref()), (Some(2222), Some("www")), "a group wins over its parent");
    assert_eq!(web.groups.iter().map(String::as_str).collect::<Vec<_>>(), ["prod", "web"]);
    assert_eq!(web.tags["stage"], "production; really");
    assert_eq!(web.line, 6);
    let db = hosts["db-b"];
    assert_eq!((db.user.as_deref(), db.port), (Some("admin"), Some(22)), "a host wins over its groups");
    assert_eq!(db.tags["owner"], "Data Team");
    let gateway = hosts["gateway"];
    assert_eq!((gateway.address.as_str(), gateway.user.as_deref()), ("192.0.2.1", Some("root")));
    assert!(gateway.groups.is_empty());
    assert_eq!(hosts["old.example.com"].port, Some(2200));
    assert_eq!(hosts["win1"].connection, Connection::Other);
    assert!(inventory.notices.iter().all(|n| n.code == "secret_ignored"));
    assert_eq!(inventory.passed_over, 6, "the six machines of prod");
    assert!(!format!("{inventory:?}").contains("hunter2"), "a password goes nowhere");
}

#[test]
fn the_json_of_ansible_is_read() {
    let text = r#"{
        "_meta": {"hostvars": {"a": {"ansible_host": "192.0.2.7", "ansible_port": 2022, "list": [1]}, "b": {}}},
        "all": {"children": ["ungrouped", "web"]},
        "web": {"hosts": ["a", "b"], "vars": {"ansible_user": "www", "palisade_tag_tier": 1}},
        "short": ["b"]
    }"#;
    let inventory = parse_json(text).expect("good");
    let hosts = by_name(&inventory);
    assert_eq!((hosts["a"].address.as_str(), hosts["a"].port), ("192.0.2.7", Some(2022)));
    assert_eq!(hosts["a"].tags["tier"], "1");
    assert_eq!(hosts["b"].groups.iter().map(String::as_str).collect::<Vec<_>>(), ["short", "web"]);
    let broken = parse_json("{\n\"a\": [}").expect_err("no JSON");
    assert_eq!((broken.code(), broken.line()), ("inventory_malformed", 2));
    let yaml_shape = parse_json(r#"{"all": {"hosts": {"a": {}}}}"#).expect_err("the form of YAML files");
    assert!(yaml_shape.to_string().contains("ansible-inventory --list"), "{yaml_shape}");
}

#[test]
fn a_plain_list_is_read() {
    let text = "# mine\nroot@web1:2222 owner=web name=front\n\n192.0.2.9  # a comment\n[2001:db8::1]:22 stage=\"a b\"\n2001:db8::2\n";
    let inventory = parse_list(text).expect("good");
    let hosts = by_name(&inventory);
    let front = hosts["front"];
    assert_eq!(
        (front.address.as_str(), front.port, front.user.as_deref()),
        ("web1", Some(2222), Some("root"))
    );
    assert_eq!((front.tags["owner"].as_str(), front.line), ("web", 2));
    assert_eq!(hosts["2001:db8::1"].port, Some(22));
    assert_eq!(hosts["2001:db8::1"].tags["stage"], "a b");
    assert_eq!(hosts["2001:db8::2"].port, None);
    assert_eq!(hosts["192.0.2.9"].address, "192.0.2.9");
}

#[test]
fn nothing_becomes_an_option_of_a_command() {
    for bad in [
        "-oProxyCommand=x",
        "root@-x",
        "-l@host",
        "a b@c",
        "host;reboot",
        "ho$t",
        "`id`",
        "h/../x",
        "@host",
        "root@",
    ] {
        let e = parse_list(&format!("good\n{bad}\n")).expect_err(bad);
        assert_eq!(e.line(), 2, "{bad}: {e}");
    }
    for bad in [
        "-oProxyCommand=x",
        "h ansible_user=-x",
        "h ansible_host=-x",
        "h ansible_port=0",
        "h ansible_port=x",
        "[-:a]",
    ] {
        let e = parse_ini(&format!("\n{bad}\n")).expect_err(bad);
        assert!(matches!(e.code(), "inventory_name_invalid" | "inventory_malformed"), "{bad}: {e}");
        assert_eq!(e.line(), 2, "{bad}");
    }
    let e = parse_json(r#"{"g": {"hosts": ["-x"]}}"#).expect_err("an option");
    assert_eq!(e.code(), "inventory_name_invalid");
}

#[test]
fn errors_say_where_and_what() {
    let of = |text: &str| {
        let e = parse_ini(text).expect_err(text);
        (e.code(), e.line())
    };
    assert_eq!(of("a\n[web\n"), ("inventory_malformed", 2));
    assert_eq!(of("[web:odd]\n"), ("inventory_malformed", 1));
    assert_eq!(of("[web] x\n"), ("inventory_malformed", 1));
    assert_eq!(of("a\na b\n"), ("inventory_malformed", 2));
    assert_eq!(of("a x=\"1\n"), ("inventory_malformed", 1));
    assert_eq!(of("a[1:\n"), ("inventory_malformed", 1));
    assert_eq!(of("a[3:1]\n"), ("inventory_malformed", 1));
    assert_eq!(of("a[a:Z]\n"), ("inventory_malformed", 1));
    assert_eq!(of("a[1:9:0]\n"), ("inventory_malformed", 1));
    assert_eq!(of("[a:children]\nb\n[b:children]\na\n"), ("inventory_circular", 1));
    assert_eq!(of("[a:children]\na\n"), ("inventory_circular", 1));
    let e = parse_list("a\nb\na\n").expect_err("twice");
    assert_eq!(e.to_string(), "line 3: a stands in line 1 already");
}

#[test]
fn everything_is_bounded() {
    let of = |r: Result<Inventory, InventoryError>| r.map_or_else(|e| e.code(), |_| "accepted");
    assert_eq!(of(parse_ini(&"#".repeat(MAX_BYTES + 1))), "inventory_too_large");
    assert_eq!(of(parse_json(&" ".repeat(MAX_BYTES + 1))), "inventory_too_large");
    assert_eq!(of(parse_list(&"#".repeat(MAX_BYTES + 1))), "inventory_too_large");
    assert_eq!(of(parse_ini(&"a".repeat(MAX_LINE + 1))), "inventory_too_large");
    assert_eq!(of(parse_ini("a[0:100000]\n")), "inventory_too_large");
    assert_eq!(of(parse_ini("a[0:999999999]\n")), "inventory_too_large");
    assert_eq!(of(parse_ini("a[0:999][0:999][0:999]\n")), "inventory_too_large");
    assert_eq!(of(parse_ini("a[0:99999]\nb\n")), "inventory_too_large");
    assert_eq!(parse_ini("a[0:99999]\n").expect("just fits").targets.len(), MAX_HOSTS);
    let groups: String = (0..=MAX_GROUPS).map(|n| format!("[g{n}]\n")).collect();
    assert_eq!(of(parse_ini(&groups)), "inventory_too_large");
    // A thousand groups, each in the next, with a thousand hosts in the innermost: a million
    // memberships would be fine, twice as many are not.
    let mut chain: String = (0..2100).map(|n| format!("[g{n}:children]\ng{}\n", n + 1)).collect();
    chain.push_str("[g2100]\nh[0:999]\n");
    assert_eq!(of(parse_ini(&chain)), "inventory_too_large");
    let deep = parse_json(&"[".repeat(100_000)).expect_err("deep");
    assert_eq!(deep.code(), "inventory_malformed");
    assert_eq!(parse_json("\n").expect_err("ends early").line(), 1, "no line after the last one is named");
}

proptest! {
    /// Whatever is written, the answer is an inventory within its bounds or an error; never a crash.
    #[test]
    fn any_text_is_survived(text in "(?s)[ -~\\n\\t\\[\\]:=#\"'é]{0,400}") {
        for read in [parse_ini(&text), parse_json(&text), parse_list(&text)] {
            match read {
                Ok(inventory) => {
                    prop_assert!(inventory.targets.len() <= MAX_HOSTS);
                    for t in &inventory.targets {
                        prop_assert!(!t.address.starts_with('-') && !t.name.starts_with('-'));
                        prop_assert!(t.address.bytes().all(|b| b > b' ' && !b"$`;&|<>()\"'\\*?".contains(&b)));
                    }
                }
                Err(e) => prop_assert!(e.line() <= text.lines().count().max(1), "{}", e),
            }
        }
    }

    /// A list that was written is read back.
    #[test]
    fn a_written_list_is_read_back(
        hosts in prop::collection::btree_map("[a-z][a-z0-9.-]{0,20}", (any::<u16>(), "[a-z_][a-z0-9_-]{0,10}"), 0..30),
    ) {
        let text: String =
            hosts.iter().map(|(h, (port, user))| format!("{user}@{h}:{}\n", (*port).max(1))).collect();
        let read = parse_list(&text).expect("good");
        prop_assert_eq!(read.targets.len(), hosts.len());
        for t in &read.targets {
            let (port, user) = &hosts[&t.name];
            prop_assert_eq!(t.port, Some((*port).max(1)));
            prop_assert_eq!(t.user.as_ref(), Some(user));
        }
    }
}
