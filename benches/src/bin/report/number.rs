//! Numbers as people read them.

/// Writes a number with as many digits as mean something.
pub(crate) fn write(value: f64) -> String {
    let size = value.abs();
    if size >= 100.0 || size.fract() == 0.0 {
        return separated(value);
    }
    let digits = match size {
        10.0.. => 1,
        1.0.. => 2,
        // Two that are not zero.
        _ => 1 - size.log10().floor() as i32,
    };
    format!("{value:.*}", digits as usize)
}

/// Writes a whole number with a comma every three digits.
fn separated(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_have_the_digits_that_mean_something() {
        let cases = [
            (0.0, "0"),
            (0.00123, "0.0012"),
            (0.5, "0.50"),
            (1.234, "1.23"),
            (7.0, "7"),
            (12.34, "12.3"),
            (123.4, "123"),
            (1234.5, "1,234"),
            (1_234_567.0, "1,234,567"),
            (-4321.0, "-4,321"),
        ];
        for (value, text) in cases {
            assert_eq!(super::write(value), text, "{value}");
        }
    }
}
