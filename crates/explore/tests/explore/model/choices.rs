/// Decisions from a list of bytes, so that a failing case shrinks.
pub struct Choices<'b> {
    bytes: &'b [u8],
    state: u64,
}

impl<'b> Choices<'b> {
    pub fn new(bytes: &'b [u8]) -> Self {
        // What follows after the last byte depends on the first ones.
        let state =
            bytes.iter().take(16).fold(1, |s: u64, b| s.wrapping_mul(0x100_0000_01B3) ^ u64::from(*b));
        Self { bytes, state }
    }

    pub fn below(&mut self, n: usize) -> usize {
        let byte = match self.bytes.split_first() {
            Some((first, rest)) => {
                self.bytes = rest;
                u64::from(*first)
            }
            None => {
                self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                self.state >> 40
            }
        };
        (byte % n as u64) as usize
    }

    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}
