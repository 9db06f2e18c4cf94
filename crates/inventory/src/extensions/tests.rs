use super::*;

#[test]
fn profiles_of_both_families_are_read() {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(path, text).expect("writable");
    };
    write("etc/passwd", "ann:x:1000:1000::/home/ann:/bin/sh\n");
    let id = "abcdefghijklmnopabcdefghijklmnop";
    let profile = "home/ann/.config/chromium/Default";
    let manifest = r#"{"manifest_version":3,"name":"__MSG_extName__","version":"2.0","default_locale":"en",
        "permissions":["tabs","https://example.org/*"],"host_permissions":["<all_urls>"],
        "optional_permissions":["bookmarks","history"],"optional_host_permissions":["https://later.example/*"],
        "content_scripts":[{"matches":["*://a.example/*"]}]}"#;
    write(&format!("{profile}/Extensions/{id}/9.0_0/manifest.json"), "{}");
    write(&format!("{profile}/Extensions/{id}/10.0_0/manifest.json"), manifest);
    write(
        &format!("{profile}/Extensions/{id}/10.0_0/_locales/en/messages.json"),
        r#"{"extname":{"message":"Reader"}}"#,
    );
    write(&format!("{profile}/Extensions/Temp/x"), "");
    write(
        &format!("{profile}/Preferences"),
        &format!(
            r#"{{"extensions":{{"settings":{{"{id}":{{"state":0,"from_webstore":true,
                "active_permissions":{{"api":["tabs","history"]}}}}}}}}}}"#
        ),
    );
    let list = r#"{"addons":[
        {"id":"u@x","version":"1.5","type":"extension","active":true,"location":"app-profile","defaultLocale":{"name":"Blocker"},
         "userPermissions":{"permissions":["webRequest"],"origins":["<all_urls>"]},
         "optionalPermissions":{"permissions":["bookmarks","webRequest"],"origins":[]}},
        {"id":"builtin","type":"extension","location":"app-builtin"},{"id":"theme","type":"theme","location":"app-profile"}]}"#;
    write("home/ann/.mozilla/firefox/x.default/extensions.json", list);
    write("home/ann/.mozilla/firefox/y.broken/extensions.json", "{");
    let root = Root::open(dir.path()).expect("opens");
    let (all, sources) = read(&root, &Limits::default());
    assert_eq!(all.len(), 2);
    let c = &all[0];
    assert_eq!((c.browser.as_str(), c.name.as_str(), c.version.as_str()), ("chromium", "Reader", "2.0"));
    assert_eq!(
        (c.enabled, c.origin.as_str(), c.user.as_str(), c.profile.as_str()),
        (Some(false), "store", "ann", "Default")
    );
    assert_eq!(c.permissions, ["bookmarks", "history", "tabs"]);
    assert_eq!(
        c.hosts,
        ["*://a.example/*", "<all_urls>", "https://example.org/*", "https://later.example/*"]
    );
    assert_eq!(c.optional, ["bookmarks", "https://later.example/*"], "the user has agreed to history since");
    let f = &all[1];
    assert_eq!(
        (f.name.as_str(), f.enabled, f.permissions.as_slice()),
        ("Blocker", Some(true), &["bookmarks".to_owned(), "webRequest".to_owned()][..])
    );
    assert_eq!(f.optional, ["bookmarks"]);
    let codes: Vec<_> = sources.iter().map(|s| s.code.as_str()).collect();
    assert_eq!(codes, ["malformed", ""]);
}

#[test]
fn a_user_with_very_many_extensions_does_not_hold_up_the_scan() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(dir.path().join("etc")).expect("writable");
    std::fs::write(dir.path().join("etc/passwd"), "ann:x:1000:1000::/home/ann:/bin/sh\n").expect("writable");
    let extensions = dir.path().join("home/ann/.config/chromium/Default/Extensions");
    for n in 0..MAX_OF_PROFILE + 20 {
        let letters =
            |c: char| char::from(b'a' + u8::try_from(c.to_digit(16).expect("a digit")).expect("small"));
        let id: String = format!("{n:032x}").chars().map(letters).collect();
        let version = extensions.join(id).join("1.0_0");
        std::fs::create_dir_all(&version).expect("writable");
        std::fs::write(version.join("manifest.json"), r#"{"name":"x","version":"1.0"}"#).expect("writable");
    }
    let root = Root::open(dir.path()).expect("opens");
    let (all, sources) = read(&root, &Limits::default());
    assert_eq!(all.len(), MAX_OF_PROFILE);
    assert!(sources.iter().any(|s| s.code == "too_many"), "what is left out is said: {sources:?}");
}
