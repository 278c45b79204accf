//! What the sections of a component tell without compiling it: who says to have made it, and how much memory
//! it begins with.
//!
//! The bytes may be anyone's, and need not even be valid: what cannot be read ends the reading, and what was
//! read before is kept. One pass, in memory that does not grow with the input.

use std::collections::BTreeSet;

use wasmparser::{BinaryReader, MemoryType, Parser, Payload, ProducersSectionReader};

use crate::audit::escaped;

/// Components in components; no plugin has more.
const DEPTH: usize = 16;
/// Parts, each function one of them: ten times the functions that a plugin may have.
const PARTS: usize = 1_000_000;
/// Bytes of all sections about producers; tools write some hundred a module.
const PRODUCERS_BYTES: usize = 64 << 10;
/// Different producers.
const PRODUCERS: usize = 64;

/// One of the languages and tools that a component says it was made with.
///
/// A component can claim what it likes: this is for people who look at one, and no ground to trust it.
///
/// ```
/// use actionbox_host::{Inspection, ProducerField};
///
/// fn languages(found: &Inspection) -> Vec<String> {
///     let languages = found.producers.iter().filter(|producer| producer.field == ProducerField::Language);
///     languages.map(|producer| format!("{} {}", producer.name, producer.version)).collect()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Producer {
    /// What it was to the component.
    pub field: ProducerField,
    /// Its name, such as `Rust`, escaped and cut.
    pub name: String,
    /// Its version, escaped and cut; often empty.
    pub version: String,
}

/// What a [`Producer`] was to a component.
///
/// ```
/// use actionbox_host::ProducerField;
///
/// fn heading(field: ProducerField) -> &'static str {
///     match field {
///         ProducerField::Language => "Written in",
///         ProducerField::Sdk => "with the SDK",
///         _ => "and made by",
///     }
/// }
/// assert_eq!(heading(ProducerField::ProcessedBy), "and made by");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProducerField {
    /// The language of its source.
    Language,
    /// The SDK it was written with.
    Sdk,
    /// A tool on the way from the source to the component.
    ProcessedBy,
}

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Sections {
    producers: BTreeSet<Producer>,
    producers_bytes: usize,
    /// The initial size of all memories, in bytes.
    pub(super) memory_bytes: u64,
}

impl Sections {
    /// Reads as far as it can be read.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let (mut sections, mut depth) = (Self::default(), 0);
        for payload in Parser::new(0).parse_all(bytes).take(PARTS).map_while(Result::ok) {
            match payload {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) if depth > 0 => depth -= 1,
                Payload::MemorySection(memories) => {
                    memories.into_iter().map_while(Result::ok).for_each(|memory| sections.add(&memory));
                }
                Payload::CustomSection(custom) if custom.name() == "producers" => sections.see(custom.data()),
                _ => {}
            }
            if depth > DEPTH {
                break;
            }
        }
        sections
    }

    /// Returns the producers in order: languages, SDKs, tools.
    pub(super) fn producers(self) -> Vec<Producer> {
        self.producers.into_iter().collect()
    }

    fn add(&mut self, memory: &MemoryType) {
        const PAGE_LOG2: u32 = 16;
        let page = 1u64.checked_shl(memory.page_size_log2.unwrap_or(PAGE_LOG2)).unwrap_or(u64::MAX);
        self.memory_bytes = self.memory_bytes.saturating_add(memory.initial.saturating_mul(page));
    }

    fn see(&mut self, section: &[u8]) {
        self.producers_bytes = self.producers_bytes.saturating_add(section.len());
        if self.producers_bytes > PRODUCERS_BYTES {
            return;
        }
        let Ok(fields) = ProducersSectionReader::new(BinaryReader::new(section, 0)) else { return };
        for field in fields.into_iter().map_while(Result::ok) {
            let Some(kind) = ProducerField::of(field.name) else { continue };
            for value in field.values.into_iter().map_while(Result::ok) {
                if self.producers.len() < PRODUCERS {
                    let (name, version) = (escaped(value.name), escaped(value.version));
                    self.producers.insert(Producer { field: kind, name, version });
                }
            }
        }
    }
}

impl ProducerField {
    fn of(name: &str) -> Option<Self> {
        [Self::Language, Self::Sdk, Self::ProcessedBy].into_iter().find(|field| field.as_str() == name)
    }

    /// Returns the word that components use for it.
    ///
    /// ```
    /// use actionbox_host::{Producer, ProducerField};
    ///
    /// let field = ProducerField::ProcessedBy;
    /// let tool = Producer { field, name: "wit-component".to_owned(), version: "0.240.0".to_owned() };
    /// let shown = format!("{} {} {}", tool.field.as_str(), tool.name, tool.version);
    /// assert_eq!(shown, "processed-by wit-component 0.240.0");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Language => "language",
            Self::Sdk => "sdk",
            Self::ProcessedBy => "processed-by",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn component(text: &str) -> Vec<u8> {
        wat::parse_str(format!("(component {text})")).expect("text that is valid")
    }

    fn shown(bytes: &[u8]) -> Vec<String> {
        let producers = Sections::read(bytes).producers();
        producers.iter().map(|p| format!("{} {} {}", p.field.as_str(), p.name, p.version)).collect()
    }

    /// A number as components write it.
    fn number(mut value: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while value > 0x7f {
            out.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
        out
    }

    fn prefixed(bytes: &[u8]) -> Vec<u8> {
        [number(bytes.len()), bytes.to_vec()].concat()
    }

    /// A component of one section that calls itself one about producers.
    fn with_section(contents: &[u8]) -> Vec<u8> {
        let section = [prefixed(b"producers"), contents.to_vec()].concat();
        [b"\0asm\x0d\0\x01\0".as_slice(), &[0], &prefixed(&section)].concat()
    }

    #[test]
    fn producers_of_all_modules_are_merged_and_sorted() {
        let bytes = component(
            r#"(core module (@producers (processed-by "rustc" "1.95.0") (language "Rust" "2024")))
               (component (core module (@producers (language "C11" "") (language "Rust" "2024"))))
               (@producers (sdk "actionbox" "0.1.0"))"#,
        );
        let expected =
            ["language C11 ", "language Rust 2024", "sdk actionbox 0.1.0", "processed-by rustc 1.95.0"];
        assert_eq!(shown(&bytes), expected);
    }

    #[test]
    fn memories_are_counted_where_they_are_defined() {
        let table = [
            ("", 0),
            ("(core module)", 0),
            ("(core module (memory 2 9))", 2 << 16),
            ("(core module (memory 1) (memory 1)) (component (core module (memory 1)))", 3 << 16),
            (r#"(core module (import "a" "m" (memory 5)))"#, 0),
            ("(core module (memory i64 0x1000000000000))", u64::MAX),
        ];
        for (text, expected) in table {
            assert_eq!(Sections::read(&component(text)).memory_bytes, expected, "{text}");
        }
    }

    #[test]
    fn what_a_stranger_wrote_is_escaped_and_cut() {
        let name = format!("\u{1b}[2J\n\u{202e}{}", "x".repeat(10_000));
        let field = [number(1), prefixed(name.as_bytes()), prefixed(b"\r1")].concat();
        let bytes = with_section(&[number(1), prefixed(b"language"), field].concat());
        let producers = Sections::read(&bytes).producers();
        assert_eq!(producers.len(), 1);
        assert!(producers[0].name.starts_with("\\u{1b}[2J\\n\\u{202e}xxx"), "{producers:?}");
        assert!(producers[0].name.chars().count() < 300 && producers[0].version == "\\r1", "{producers:?}");
    }

    #[test]
    fn what_breaks_off_is_read_so_far() {
        let whole =
            component(r#"(core module (memory 1) (@producers (language "Rust" "2024") (sdk "a" "1")))"#);
        assert_eq!(shown(&whole).len(), 2);
        for length in 0..whole.len() {
            assert!(shown(&whole[..length]).len() <= 2, "{length}");
        }
        assert_eq!(shown(b"hello"), [""; 0]);

        // A whole section, whose contents promise more than there is.
        let most = [0xff, 0xff, 0xff, 0xff, 0x0f].as_slice();
        let rust = [prefixed(b"Rust"), prefixed(b"")].concat();
        let one = [prefixed(b"language"), number(1), rust.clone()].concat();
        let table: [(&str, Vec<u8>, usize); 5] = [
            ("nothing", vec![], 0),
            ("fields", [most, &one].concat(), 1),
            ("values", [number(1), prefixed(b"language"), most.to_vec(), rust.clone()].concat(), 0),
            ("a name", [number(1).as_slice(), most, b"language"].concat(), 0),
            (
                "no UTF-8",
                [number(1), prefixed(b"language"), number(1), prefixed(&[0xff]), vec![0]].concat(),
                0,
            ),
        ];
        for (what, contents, expected) in table {
            assert_eq!(shown(&with_section(&contents)).len(), expected, "{what}");
        }
    }

    #[test]
    fn no_list_is_long() {
        let values: Vec<u8> =
            (0..1_000).flat_map(|n: usize| [prefixed(n.to_string().as_bytes()), vec![0]].concat()).collect();
        let contents = [number(1), prefixed(b"sdk"), number(1_000), values].concat();
        assert_eq!(shown(&with_section(&contents)).len(), PRODUCERS);
        let padding = vec![0; PRODUCERS_BYTES];
        assert_eq!(
            shown(&with_section(&[contents, padding].concat())).len(),
            0,
            "a section that is too long"
        );
    }

    #[test]
    fn a_million_of_anything_takes_no_time_and_stops_no_one() {
        const MILLION: usize = 1_000_000;
        let head = b"\0asm\x0d\0\x01\0".as_slice();
        let one = [head, &[1], &prefixed(b"\0asm\x01\0\0\0\x05\x03\x01\0\x01")].concat();
        // Each holds all that follow it.
        let length = |inner: usize| {
            let digits = [0, 7, 14, 21, 28].map(|shift| (inner >> shift & 0x7f) as u8);
            [digits[0] | 0x80, digits[1] | 0x80, digits[2] | 0x80, digits[3] | 0x80, digits[4]]
        };
        let within = |n: usize| [&[4], length(8 + 14 * n).as_slice(), head].concat();
        let nested = [one, (0..MILLION).rev().flat_map(within).collect()].concat();
        let beside = [head, &[&[4, 8], head].concat().repeat(MILLION)].concat();
        let custom = [head, &[0, 2, 1, b'x'].repeat(2 * MILLION)].concat();
        let memories = [number(MILLION), [0, 1].repeat(MILLION)].concat();
        let module = [b"\0asm\x01\0\0\0".as_slice(), &[5], &prefixed(&memories)].concat();
        let memories = [head, &[1], &prefixed(&module)].concat();
        for (what, bytes, pages) in [
            ("nested", nested, 1),
            ("beside", beside, 0),
            ("custom", custom, 0),
            ("memories", memories, MILLION),
        ] {
            let began = Instant::now();
            let sections = Sections::read(&bytes);
            assert_eq!(sections.memory_bytes, (pages as u64) << 16, "{what}");
            assert!(began.elapsed() < Duration::from_secs(10), "{what}: {:?}", began.elapsed());
        }
    }
}
