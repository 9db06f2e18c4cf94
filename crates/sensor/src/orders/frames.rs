//! Splits the order stream into its length-delimited frames, whatever way they arrive in.

use palisade_wire::msg::OrderFrame;
use prost::Message;

use crate::error::SensorError;

/// Largest frame: an order of 256 KiB, its signature, and room.
const MAX_FRAME: usize = 320 << 10;

/// Collects bytes and gives out whole frames.
#[derive(Debug, Default)]
pub struct Frames {
    buffer: Vec<u8>,
}

impl Frames {
    /// Adds what arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame, if there is one.
    ///
    /// # Errors
    /// For a frame that is too large or no frame; the stream is then of no more use.
    pub fn next(&mut self) -> Result<Option<OrderFrame>, SensorError> {
        let Some((length, prefix)) = length(&self.buffer)? else { return Ok(None) };
        if length > MAX_FRAME {
            return Err(SensorError::Malformed("order frame over 320 KiB"));
        }
        let Some(body) = self.buffer.get(prefix..prefix + length) else { return Ok(None) };
        let frame = OrderFrame::decode(body).map_err(|_| SensorError::Malformed("not an order frame"))?;
        self.buffer.drain(..prefix + length);
        Ok(Some(frame))
    }
}

/// The length at the front and its own size in bytes; `None` while it is not whole.
fn length(bytes: &[u8]) -> Result<Option<(usize, usize)>, SensorError> {
    let mut value = 0usize;
    for (i, b) in bytes.iter().take(4).enumerate() {
        value |= usize::from(b & 0x7f) << (7 * i);
        if b & 0x80 == 0 {
            return Ok(Some((value, i + 1)));
        }
    }
    if bytes.len() >= 4 {
        Err(SensorError::Malformed("order frame with an endless length"))
    } else {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_wire::msg::SignedOrder;

    #[test]
    fn frames_arrive_whole_however_they_are_cut() {
        let sent: Vec<OrderFrame> = (0..5)
            .map(|n| OrderFrame {
                order: (n % 2 == 0)
                    .then(|| SignedOrder { order: vec![n; 300].into(), ..SignedOrder::default() }),
                server_time_us: i64::from(n),
            })
            .collect();
        let bytes: Vec<u8> = sent.iter().flat_map(Message::encode_length_delimited_to_vec).collect();
        for step in [1, 2, 7, 4096] {
            let mut frames = Frames::default();
            let mut got = Vec::new();
            for piece in bytes.chunks(step) {
                frames.push(piece);
                while let Some(f) = frames.next().expect("frames") {
                    got.push(f);
                }
            }
            assert_eq!(got, sent);
        }
    }

    #[test]
    fn huge_and_endless_lengths_end_the_stream() {
        for bad in [vec![0xff, 0xff, 0xff, 0x01], vec![0xff; 10], vec![2, 0xff, 0xff]] {
            let mut frames = Frames::default();
            frames.push(&bad);
            assert!(frames.next().is_err(), "{bad:?}");
        }
    }
}
