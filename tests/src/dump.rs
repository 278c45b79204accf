//! Core dumps: the linear memories, put together again.

/// Returns every linear memory that a core dump holds, whole: the dump itself cuts them into pieces, and
/// what lies across a cut would not be found in it.
///
/// # Panics
///
/// Panics when it is no core dump of 32-bit memories.
pub fn memories(dump: &[u8]) -> Vec<Vec<u8>> {
    const MEMORIES: u8 = 5;
    const DATA: u8 = 11;
    let mut reader = Reader(dump);
    assert_eq!(reader.take(8), b"\0asm\x01\0\0\0", "a core dump is a module");
    let mut memories = Vec::new();
    while !reader.0.is_empty() {
        let id = reader.byte();
        let size = reader.number();
        let mut section = Reader(reader.take(size));
        match id {
            MEMORIES => {
                for _ in 0..section.number() {
                    let has_maximum = section.byte() & 1 == 1;
                    memories.push(vec![0; section.number() << 16]);
                    if has_maximum {
                        section.number();
                    }
                }
            }
            DATA => {
                for _ in 0..section.number() {
                    let memory = match section.number() {
                        0 => 0,
                        2 => section.number(),
                        other => panic!("a segment of kind {other}"),
                    };
                    let offset = section.offset();
                    let size = section.number();
                    memories[memory][offset..offset + size].copy_from_slice(section.take(size));
                }
            }
            _ => {}
        }
    }
    memories
}

/// Reads the binary format of modules and components.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.take(1)[0]
    }

    /// Reads an unsigned LEB128 number.
    pub(crate) fn number(&mut self) -> usize {
        let mut number = 0;
        for shift in (0..).step_by(7) {
            let byte = self.byte();
            number |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        number
    }

    /// Reads the constant expression of an address.
    fn offset(&mut self) -> usize {
        const I32_CONST: u8 = 0x41;
        const END: u8 = 0x0b;
        assert_eq!(self.byte(), I32_CONST, "the address of a segment");
        // Signed, but the bits are those of an unsigned number, cut to 32.
        let (mut number, mut shift) = (0i64, 0);
        loop {
            let byte = self.byte();
            number |= i64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                if byte & 0x40 != 0 {
                    number |= -1 << shift;
                }
                break;
            }
        }
        assert_eq!(self.byte(), END, "the end of an address");
        number as u32 as usize
    }
}
