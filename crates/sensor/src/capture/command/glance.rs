//! A cheap look that spares most command lines the search for secrets.

/// Whether anything is in the arguments that the search could act on.
pub(super) fn may_hold_secret(argv: &[u8]) -> bool {
    argv.iter().enumerate().any(|(at, byte)| {
        let rest = &argv[at + 1..];
        endings(byte.to_ascii_lowercase()).iter().any(|ending| begins(rest, ending))
    })
}

fn begins(text: &[u8], lower: &[u8]) -> bool {
    text.len() >= lower.len() && text[..lower.len()].eq_ignore_ascii_case(lower)
}

/// What follows a letter in the words that matter: names, keys by their looks, and programs.
fn endings(first: u8) -> &'static [&'static [u8]] {
    match first {
        b'p' => {
            &[b"ass", b"wd", b"sk", b"in=", b"in\0", b"in ", b"w=", b"w\0", b"w ", b"uk", b"al_", b"ypi-"]
        }
        b's' => &[
            b"ecret",
            b"ig=",
            b"ignature",
            b"k-",
            b"k_live_",
            b"k_test_",
            b"hpat_",
            b"g.",
            b"ql",
            b"mb",
            b"nmp",
        ],
        b't' => &[b"oken", b"skey-", b"sql", b"wine"],
        b'k' => &[b"ey"],
        b'a' => &[b"uth", b"kia", b"sia", b"iza", b"ws"],
        b'b' => &[b"earer", b"cp\0", b"cp "],
        b'c' => &[b"redential", b"ookie", b"url", b"qlsh"],
        b'd' => &[b"ckr_pat_", b"op_v1_"],
        b'e' => &[b"yj", b"xpdp"],
        b'f' => &[b"reerdp"],
        b'g' => &[b"hp_", b"ho_", b"hu_", b"hs_", b"hr_", b"ithub_pat_", b"lpat-"],
        b'h' => &[b"vs.", b"ttp"],
        b'i' => &[b"dentified", b"nnobackup", b"pmitool", b"mpdp"],
        b'j' => &[b"wt"],
        b'l' => &[b"dap", b"ftp", b"ogin"],
        b'm' => &[b"ysql", b"ariadb", b"ariabackup", b"osquitto", b"ycli", b"ytop", b"ongo"],
        b'n' => &[b"pm_", b"et\0", b"et ", b"mcli"],
        b'o' => &[b"penssl"],
        b'r' => {
            &[b"k_live_", b"edis-cli", b"pcclient", b"desktop", b"man\0", b"man ", b"clone", b"ar\0", b"ar "]
        }
        b'u' => &[b"seradd", b"sermod"],
        b'v' => &[b"alkey", b"ault"],
        b'w' => &[b"inexe"],
        b'x' => &[b"ox", b"app-", b"trabackup", b"h\0", b"hs\0", b"h ", b"hs "],
        b'y' => &[b"a29."],
        b'z' => &[b"ip"],
        b'7' => &[b"z"],
        b':' => &[b"//"],
        _ => &[],
    }
}
