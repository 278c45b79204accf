//! Components that take more of the engine than one core module can: the hostile plugin, with core
//! modules of our own appended.

use crate::dump::Reader;

/// Appends core modules, in WebAssembly text, to a component, each with a number of instances that are
/// made whenever the component is instantiated.
///
/// # Panics
///
/// Panics when the component is none, or the text is no module.
pub fn with_modules(component: &[u8], modules: &[(&str, usize)]) -> Vec<u8> {
    const MODULE: u8 = 1;
    const INSTANCE: u8 = 2;
    let mut hog = component.to_vec();
    let first = count_sections(component, MODULE);
    for (index, (text, instances)) in modules.iter().enumerate() {
        section(&mut hog, MODULE, &wat::parse_str(text).expect("the text of a module"));
        let mut body = number(*instances);
        for _ in 0..*instances {
            body.push(0); // instantiate …
            body.extend(number(first + index)); // … that module …
            body.push(0); // … with no imports
        }
        section(&mut hog, INSTANCE, &body);
    }
    hog
}

fn section(component: &mut Vec<u8>, id: u8, body: &[u8]) {
    component.push(id);
    component.extend(number(body.len()));
    component.extend(body);
}

/// Writes a number as LEB128.
fn number(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// Counts the sections of a kind at the top of a component.
fn count_sections(component: &[u8], kind: u8) -> usize {
    let mut reader = Reader(component.strip_prefix(b"\0asm\x0d\0\x01\0").expect("a component"));
    let mut count = 0;
    while !reader.0.is_empty() {
        count += usize::from(reader.byte() == kind);
        let size = reader.number();
        reader.take(size);
    }
    count
}
