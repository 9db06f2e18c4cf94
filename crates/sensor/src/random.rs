//! Randomness from the kernel's call. The usual crate looks the call up by name at run time, which
//! a static program cannot, and then wants /dev/urandom, which an empty root does not have.

/// Fills `bytes` with randomness.
///
/// # Errors
/// When the kernel refuses, which it does not once it has started.
pub fn fill(bytes: &mut [u8]) -> std::io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        let rest = &mut bytes[done..];
        // SAFETY: pointer and length are those of a live slice.
        let n = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        match usize::try_from(n) {
            Ok(n) => done += n,
            Err(_) => {
                let e = std::io::Error::last_os_error();
                if e.kind() != std::io::ErrorKind::Interrupted {
                    return Err(e);
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_draws_differ() {
        let mut draws = [[0u8; 32]; 2];
        for d in &mut draws {
            super::fill(d).expect("the kernel gives randomness");
        }
        assert_ne!(draws[0], draws[1]);
    }
}
