//! Changes a component within its sections, and makes their lengths fit again: otherwise hardly any change
//! comes past the parser.

const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// Changes the contents of one section, however deep, or the order of sections, as the seed says. Returns
/// `None` for what has no sections.
pub fn change_section(bytes: &[u8], seed: u64, change: &mut dyn FnMut(&mut Vec<u8>)) -> Option<Vec<u8>> {
    changed(bytes, &mut fastrand::Rng::with_seed(seed), change)
}

fn changed(
    bytes: &[u8],
    random: &mut fastrand::Rng,
    change: &mut dyn FnMut(&mut Vec<u8>),
) -> Option<Vec<u8>> {
    let (head, mut sections) = parse(bytes)?;
    if sections.is_empty() {
        return None;
    }
    let (at, other) = (random.usize(..sections.len()), random.usize(..sections.len()));
    match random.u8(..12) {
        0 => sections.swap(at, other),
        1 => sections.insert(other, sections[at].clone()),
        2 => drop(sections.remove(at)),
        _ => change_contents(head, &mut sections[at], random, change),
    }
    let mut out = head.to_vec();
    for (id, contents) in &sections {
        out.push(*id);
        out.extend(prefixed(contents));
    }
    Some(out)
}

fn change_contents(
    head: &[u8],
    (id, contents): &mut (u8, Vec<u8>),
    random: &mut fastrand::Rng,
    change: &mut dyn FnMut(&mut Vec<u8>),
) {
    const CODE: u8 = 10;
    const NESTED: [u8; 2] = [1, 4];
    if head == COMPONENT
        && NESTED.contains(id)
        && let Some(inner) = changed(contents, random, change)
    {
        *contents = inner;
    } else if head == MODULE
        && *id == CODE
        && let Some(mut bodies) = functions(contents)
        && !bodies.is_empty()
    {
        change(random.choice(&mut bodies).expect("there is one"));
        *contents = number(bodies.len());
        bodies.iter().for_each(|body| contents.extend(prefixed(body)));
    } else {
        change(contents);
    }
}

/// An id and its content.
type Section = (u8, Vec<u8>);

/// Parses a component or a module into its header and its sections.
fn parse(bytes: &[u8]) -> Option<(&[u8], Vec<Section>)> {
    let (head, mut rest) = bytes.split_at_checked(8)?;
    if head != COMPONENT && head != MODULE {
        return None;
    }
    let mut sections = Vec::new();
    while let Some((id, after)) = rest.split_first() {
        let (contents, after) = take(after)?;
        sections.push((*id, contents.to_vec()));
        rest = after;
    }
    Some((head, sections))
}

/// Parses a code section into the bodies of its functions.
fn functions(contents: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (count, mut rest) = read_number(contents)?;
    let mut bodies = Vec::new();
    for _ in 0..count {
        let (body, after) = take(rest)?;
        bodies.push(body.to_vec());
        rest = after;
    }
    Some(bodies)
}

/// Takes what is prefixed by its length.
fn take(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = read_number(bytes)?;
    rest.split_at_checked(length)
}

fn read_number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0;
    for (index, byte) in bytes.iter().enumerate().take(5) {
        number |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[index + 1..]));
        }
    }
    None
}

fn prefixed(contents: &[u8]) -> Vec<u8> {
    [&*number(contents.len()), contents].concat()
}

/// Writes a number as LEB128.
fn number(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}
