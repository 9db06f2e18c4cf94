use proptest::prelude::*;

use crate::edr::*;

const OUTPUT: &str = "Welcome to example!\n\
    palisade-edr-facts\t1\n\
    host\troot\t1764072000\tlive\n\
    os\tdebian\t12\t6.1.0-56-amd64\tx86_64\n\
    pkg\tdeb\tfalcon-sensor\t7.10.0-16303\n\
    pkg\trpm\tMcAfeeTP\t10.7.5\n\
    unit\tfalcon-sensor.service\tactive\tenabled\n\
    unit\tmdatp.service\tfailed\t\n\
    mod\tfalcon_lsm_serviceable\n\
    proc\t812\tfalcon-sensor-b\t/opt/CrowdStrike/falcon-sensor-bpf\tsame\n\
    fan\t900\tclamonacc\t/usr/sbin/clamonacc\t4\t10000,20000,zz\n\
    path\t/opt/CrowdStrike\n\
    hid\t/opt/traps\n\
    file\t/var/lib/clamav/daily.cld\t1764000000\t66000000\n\
    src\tmicrosoft_defender.health\tok\n\
    set\tmicrosoft_defender.health.real_time\t : true [managed]\n\
    src\twazuh.config\tdenied\n\
    blind\tcommands\tno command of a product was run\n\
    later\twhat is this\n\
    end\n\
    pkg\tdeb\tmdatp\t1\n";

#[test]
fn the_scripts_output_is_read() {
    let f = parse(OUTPUT.as_bytes()).expect("facts");
    assert_eq!((f.taken_at, f.root, f.image, f.complete), (1_764_072_000, true, false, true));
    assert_eq!((f.os.id.as_str(), f.os.arch()), ("debian", "x86_64"));
    assert_eq!((f.packages.len(), f.packages[1].manager), (2, Manager::Rpm));
    assert_eq!((f.units[0].state, f.units[1].state), (UnitState::Active, UnitState::Failed));
    assert_eq!((f.processes[0].pid, f.processes[0].place), (812, Place::Same));
    assert_eq!((f.fanotify[0].flags, f.fanotify[0].mask, f.fanotify[0].answers()), (4, 0x30000, true));
    assert_eq!(f.files[0].modified, 1_764_000_000);
    assert_eq!(f.values["microsoft_defender.health.real_time"], "true");
    assert_eq!(f.sources["wazuh.config"], SourceState::Denied);
    assert_eq!(f.blind.keys().collect::<Vec<_>>(), [&Section::Commands]);
    assert_eq!((f.paths.len(), f.hidden.len(), f.modules.len()), (1, 1, 1));
    assert!(!f.packages.iter().any(|p| p.name == "mdatp"), "what comes after the end does not count");
    let json = serde_json::to_string(&f).expect("encodes");
    assert_eq!(serde_json::from_str::<HostFacts>(&json).expect("decodes"), f);
}

#[test]
fn what_was_cut_is_not_complete() {
    let cut = &OUTPUT[..OUTPUT.find("src\t").expect("there")];
    let f = parse(cut.as_bytes()).expect("facts");
    assert!(!f.complete && f.packages.len() == 2);
}

#[test]
fn what_is_none_of_the_scripts_is_refused() {
    let code = |bytes: &[u8]| parse(bytes).map_err(FactsError::code).expect_err("refused");
    assert_eq!(code(b""), "facts_missing");
    assert_eq!(code(b"sh: 1: not found\n"), "facts_missing");
    assert_eq!(code(b"palisade-edr-facts\t2\nhost\troot\t1\tlive\n"), "facts_version_unknown");
    assert_eq!(code(b"palisade-edr-facts\t1\nend\n"), "facts_malformed");
    assert_eq!(code(b"palisade-edr-facts\t1\nhost\troot\tnow\tlive\n"), "facts_malformed");
    assert_eq!(code(&vec![b'x'; MAX_BYTES + 1]), "facts_too_large");
}

#[test]
fn a_flood_is_bounded_and_fields_are_plain() {
    let mut text = String::from("palisade-edr-facts\t1\nhost\troot\t1\tlive\n");
    for n in 0..3000 {
        text.push_str(&format!(
            "mod\tm{n}\nset\tx.y.k{n}\tv\nsrc\ta.b{n}\tok\nproc\t{n}\ta\u{1b}[31m\u{7}\t/x\tsame\n"
        ));
    }
    text.push_str(&format!("path\t/{}\nend\n", "a".repeat(4000)));
    let f = parse(text.as_bytes()).expect("facts");
    assert_eq!((f.modules.len(), f.values.len()), (MAX_ENTRIES, MAX_ENTRIES));
    assert_eq!((f.sources.len(), f.processes.len()), (MAX_ENTRIES, MAX_ENTRIES));
    assert_eq!(f.processes[0].name, "a[31m");
    assert_eq!(f.paths[0].len(), 512);
}

/// Lines that look right, with fields that do not.
fn line() -> impl Strategy<Value = String> {
    let kind = prop_oneof![
        Just("host"),
        Just("os"),
        Just("pkg"),
        Just("unit"),
        Just("proc"),
        Just("mod"),
        Just("fan"),
        Just("file"),
        Just("src"),
        Just("set"),
        Just("blind"),
        Just("path"),
        Just("hid"),
        Just("end"),
        Just("palisade-edr-facts"),
    ];
    let field = prop_oneof![
        "[ -~]{0,30}",
        ".{0,20}",
        any::<i64>().prop_map(|n| n.to_string()),
        Just("deb".to_owned()),
        Just("mdatp".to_owned()),
        Just("same".to_owned()),
        Just("/opt/microsoft/mdatp/wdavdaemon".to_owned()),
        Just("microsoft_defender.health.definitions_age".to_owned()),
        Just("wazuh.config".to_owned()),
    ];
    (kind, prop::collection::vec(field, 0..7)).prop_map(|(k, f)| format!("{k}\t{}", f.join("\t")))
}

proptest! {
    #[test]
    fn no_output_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn any_facts_can_be_judged(lines in prop::collection::vec(line(), 0..60)) {
        let text = format!("palisade-edr-facts\t1\nhost\troot\t1764072000\tlive\n{}\n", lines.join("\n"));
        if let Ok(facts) = parse(text.as_bytes()) {
            let entries = facts.packages.len() + facts.processes.len() + facts.values.len();
            prop_assert!(entries <= lines.len());
            for found in recognise(&facts).found {
                for check in assess(&found, &facts).checks {
                    prop_assert!(check.outcome != Outcome::Healthy || check.message.is_empty());
                }
            }
            let _ = (products(&facts), fanotify_user(&facts));
        }
    }

    #[test]
    fn taking_a_value_never_panics(text in ".{0,400}", after in "[ -~]{1,6}", until in "[ -~]{0,2}", any in any::<bool>()) {
        let spec = ValueSpec { key: "k".into(), after: after.clone(), until, anywhere: any, when: String::new() };
        if let Some(value) = take(&text, &spec) {
            prop_assert!(value.len() <= 200 && value.bytes().all(|b| (b' '..=b'~').contains(&b)));
        }
        let parts = ValueSpec { when: after, ..spec };
        prop_assert!(take(&text, &parts).is_none_or(|n| n.len() <= 15));
    }
}
