//! `fstab` and `mountinfo`.

/// A mount, as configured or as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mount {
    /// Where.
    pub point: String,
    /// The file system's type.
    pub kind: String,
    /// Its options.
    pub options: Vec<String>,
    /// The line.
    pub line: u32,
}

/// The lines of an `fstab`.
pub fn parse(text: &str) -> Vec<Mount> {
    let mut out = Vec::new();
    for (line, text) in super::lines(text, &['#']) {
        let f: Vec<&str> = text.split_whitespace().collect();
        let [_, point, kind, ..] = f[..] else { continue };
        let options = f.get(3).copied().unwrap_or("defaults").split(',').map(str::to_owned).collect();
        out.push(Mount { point: unescape(point), kind: kind.into(), options, line });
    }
    out
}

/// The lines of a `mountinfo`: options of the mount and of its file system together.
pub fn mountinfo(text: &str) -> Vec<Mount> {
    let mut out = Vec::new();
    for (line, n) in text.lines().zip(1..) {
        let mut f = line.split(' ');
        let (Some(point), Some(own)) = (f.nth(4), f.next()) else { continue };
        let mut rest = f.skip_while(|w| *w != "-").skip(1);
        let (kind, all) = (rest.next().unwrap_or_default(), rest.nth(1).unwrap_or_default());
        let options =
            own.split(',').chain(all.split(',')).filter(|o| !o.is_empty()).map(str::to_owned).collect();
        out.push(Mount { point: unescape(point), kind: kind.into(), options, line: n });
    }
    out
}

fn unescape(word: &str) -> String {
    word.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_read() {
        let all = parse("# c\nUUID=1 / ext4 defaults 0 1\ntmpfs /a\\040b tmpfs nodev,nosuid\nshort\n");
        assert_eq!((all[1].point.as_str(), all[1].options.len(), all.len()), ("/a b", 2, 2));
        let now = mountinfo("22 1 254:0 / /tmp rw,nodev shared:1 - tmpfs tmpfs rw,size=1g\nbad\n");
        assert_eq!((now[0].kind.as_str(), now[0].options.len()), ("tmpfs", 4));
    }
}
