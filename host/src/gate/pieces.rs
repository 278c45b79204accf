//! A body that comes in pieces.

use bytes::{Bytes, BytesMut};

/// Bytes as they come in. Most bodies are one piece, which is passed on without a copy.
#[derive(Default)]
pub(super) struct Pieces {
    first: Bytes,
    /// All of it, once there are several.
    whole: BytesMut,
}

impl Pieces {
    pub(super) fn push(&mut self, piece: Bytes) {
        if self.first.is_empty() && self.whole.is_empty() {
            self.first = piece;
            return;
        }
        self.whole.extend_from_slice(&std::mem::take(&mut self.first));
        self.whole.extend_from_slice(&piece);
    }

    pub(super) fn join(self) -> Bytes {
        if self.whole.is_empty() { self.first } else { self.whole.freeze() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_is_all_that_came() {
        for pieces in
            [&[][..], &["abc"], &["a", "bc"], &["", "abc"], &["", "a", "", "b", "c"], &["abc", ""], &["", ""]]
        {
            let mut all = Pieces::default();
            pieces.iter().for_each(|piece| all.push(Bytes::from_static(piece.as_bytes())));
            assert_eq!(all.join(), pieces.concat(), "{pieces:?}");
        }
    }

    #[test]
    fn one_piece_is_not_copied() {
        let piece = Bytes::from(vec![b'x'; 100]);
        let mut all = Pieces::default();
        all.push(piece.clone());
        assert_eq!(all.join().as_ptr(), piece.as_ptr());
    }
}
