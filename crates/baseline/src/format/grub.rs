//! GRUB's menu, and the kernel's command line.

/// The command line of every entry that starts a kernel: words, line.
pub fn kernel_lines(text: &str) -> Vec<(Vec<String>, u32)> {
    let mut out = Vec::new();
    for (line, text) in super::lines(text, &['#']) {
        let mut words = text.split_whitespace();
        match words.next() {
            Some("linux" | "linux16" | "linuxefi" | "multiboot2") => {
                out.push((words.skip(1).map(str::to_owned).collect(), line));
            }
            // An entry of the boot loader specification.
            Some("options") => out.push((words.map(str::to_owned).collect(), line)),
            _ => {}
        }
    }
    out
}

/// Whether a password is asked for: who may act, and a digest for them.
pub fn has_password(text: &str) -> bool {
    let (mut users, mut digest) = (false, false);
    for (_, line) in super::lines(text, &['#']) {
        users |= line.starts_with("set superusers=") || line.starts_with("superusers=");
        digest |= line.starts_with("password_pbkdf2 ");
    }
    users && digest
}

/// The value of a parameter in a command line: `audit=1` gives `1`, a word alone an empty text.
pub fn parameter<'a>(words: &'a [String], name: &str) -> Option<&'a str> {
    words.iter().rev().find_map(|w| match w.split_once('=') {
        Some((key, value)) => (key == name).then_some(value),
        None => (w == name).then_some(""),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_read() {
        let text = "set superusers=\"root\"\npassword_pbkdf2 root grub.pbkdf2.x\nmenuentry 'a' {\n\
                    \tlinux /vmlinuz root=/dev/vda audit=1 quiet\n}\n#linux /x\n";
        let all = kernel_lines(text);
        assert_eq!((all.len(), all[0].1), (1, 4));
        assert_eq!((parameter(&all[0].0, "audit"), parameter(&all[0].0, "quiet")), (Some("1"), Some("")));
        assert!(has_password(text) && !has_password("password_pbkdf2 root x"));
    }
}
