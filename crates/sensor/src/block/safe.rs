//! When a sensor may not prevent anything: a machine that does not come up must come up without it.

use crate::files::read_text;

/// Unclean boots in a row from which on a sensor only looks.
pub const UNCLEAN_BOOTS: u32 = 2;

/// The word on the kernel's command line.
const WORD: &str = "palisade.safe=1";

/// Why a sensor prevents nothing after so many unclean boots in a row; `None` if it may.
pub fn why(unclean_boots: u32) -> Option<String> {
    judge(unclean_boots, &read_text("/proc/cmdline"))
}

fn judge(unclean_boots: u32, command_line: &str) -> Option<String> {
    if command_line.split_whitespace().any(|word| word == WORD) {
        return Some(format!("{WORD} on the kernel's command line"));
    }
    (unclean_boots >= UNCLEAN_BOOTS).then(|| {
        format!("{unclean_boots} boots in a row without a clean end of the sensor (`palisade-sensor arm` forgets them)")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_unclean_boots_or_a_word_on_the_command_line_are_enough() {
        assert_eq!(judge(0, "root=/dev/vda quiet"), None);
        assert_eq!(judge(1, "palisade.safe=10"), None);
        assert!(judge(2, "").is_some_and(|why| why.contains("2 boots")));
        assert!(judge(0, "quiet palisade.safe=1 panic=1").is_some_and(|why| why.contains(WORD)));
    }
}
