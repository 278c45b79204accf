//! What a bound is called, how much it is, and why: for whoever shows them.

use std::{fmt, time::Duration};

use serde::{Serialize, Serializer};

use super::Rate;

/// One bound of [`Limits`](super::Limits) or [`HostLimits`](super::HostLimits).
///
/// ```
/// use actionbox_host::{Bound, Limits};
///
/// let bounds = Limits::default().bounds();
/// let Bound { name, value, about } = &bounds[0];
/// assert_eq!(format!("{name}: {value}"), "memory_bytes: 128 MiB");
/// assert!(about.starts_with("Bytes of linear memory"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bound {
    /// Its name: that of the field.
    pub name: &'static str,
    /// Its value.
    pub value: BoundValue,
    /// What is counted, the default and its reason: the documentation of the field.
    pub about: String,
}

/// The value of a bound. `Display` is for people; serialized, it is a number, or `null` for none.
///
/// ```
/// use actionbox_host::BoundValue;
/// use std::time::Duration;
///
/// assert_eq!(BoundValue::Bytes(64 << 20).to_string(), "64 MiB");
/// assert_eq!(BoundValue::Count(100_000).to_string(), "100,000");
/// assert_eq!(serde_json::to_value(BoundValue::Time(Duration::from_secs(5)))?, 5000);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BoundValue {
    /// A number of bytes.
    Bytes(u64),
    /// A number of anything else.
    Count(u64),
    /// A time; serialized in milliseconds.
    Time(Duration),
    /// A number of requests in a time; serialized as an object.
    Rate(Rate),
    /// There is no bound.
    None,
}

impl BoundValue {
    /// Returns the unit in which the value is serialized.
    ///
    /// ```
    /// use actionbox_host::BoundValue;
    ///
    /// assert_eq!(BoundValue::Bytes(1024).unit(), Some("bytes"));
    /// assert_eq!(BoundValue::Count(64).unit(), None);
    /// ```
    pub fn unit(&self) -> Option<&'static str> {
        match self {
            Self::Bytes(_) => Some("bytes"),
            Self::Time(_) => Some("ms"),
            Self::Rate(_) => Some("requests"),
            Self::Count(_) | Self::None => None,
        }
    }
}

impl fmt::Display for BoundValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Bytes(bytes) if bytes != 0 && bytes.is_multiple_of(1 << 30) => {
                write!(f, "{} GiB", bytes >> 30)
            }
            Self::Bytes(bytes) if bytes != 0 && bytes.is_multiple_of(1 << 20) => {
                write!(f, "{} MiB", bytes >> 20)
            }
            Self::Bytes(bytes) if bytes != 0 && bytes.is_multiple_of(1 << 10) => {
                write!(f, "{} KiB", bytes >> 10)
            }
            Self::Bytes(bytes) => write!(f, "{} bytes", grouped(bytes)),
            Self::Count(count) => f.write_str(&grouped(count)),
            Self::Time(time) if time.subsec_nanos() == 0 => write!(f, "{} s", time.as_secs()),
            Self::Time(time) => write!(f, "{} ms", time.as_secs_f64() * 1e3),
            Self::Rate(rate) => write!(f, "{} a second with a burst of {}", rate.per_second, rate.burst),
            Self::None => f.write_str("none"),
        }
    }
}

impl Serialize for BoundValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bytes(number) | Self::Count(number) => serializer.serialize_u64(*number),
            Self::Time(time) => serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
            Self::Rate(rate) => rate.serialize(serializer),
            Self::None => serializer.serialize_none(),
        }
    }
}

/// Writes a number with a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at != 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// What the types of the fields have in common.
pub(super) trait Value {
    /// Returns the value of a field of this name.
    fn value(&self, name: &str) -> BoundValue;
}

impl Value for usize {
    fn value(&self, name: &str) -> BoundValue {
        let number = u64::try_from(*self).unwrap_or(u64::MAX);
        if name.ends_with("_bytes") { BoundValue::Bytes(number) } else { BoundValue::Count(number) }
    }
}

impl Value for u32 {
    fn value(&self, _: &str) -> BoundValue {
        BoundValue::Count(u64::from(*self))
    }
}

impl Value for u64 {
    fn value(&self, _: &str) -> BoundValue {
        BoundValue::Count(*self)
    }
}

impl Value for Duration {
    fn value(&self, _: &str) -> BoundValue {
        BoundValue::Time(*self)
    }
}

impl Value for Rate {
    fn value(&self, _: &str) -> BoundValue {
        BoundValue::Rate(*self)
    }
}

impl<V: Value> Value for Option<V> {
    fn value(&self, name: &str) -> BoundValue {
        self.as_ref().map_or(BoundValue::None, |value| value.value(name))
    }
}

/// Joins the lines of a documentation comment.
pub(super) fn about(lines: &[&str]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| line.trim()).collect();
    lines.join(" ")
}

/// Makes a struct of bounds, its defaults, and the list of them: what the documentation says, the command
/// shows.
macro_rules! bounds {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident { $( $(#[doc = $doc:literal])+ pub $field:ident: $type:ty = $default:expr, )+ }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name { $( $(#[doc = $doc])+ pub $field: $type, )+ }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )+ }
            }
        }

        impl $name {
            /// Returns every bound with its value and its documentation, in order.
            ///
            /// ```
            /// use actionbox_host::{HostLimits, Limits};
            ///
            /// let (calls, host) = (Limits::default().bounds(), HostLimits::default().bounds());
            /// for bound in calls.iter().chain(&host) {
            ///     println!("{:30} {}", bound.name, bound.value);
            /// }
            /// assert_eq!((calls[0].name, host[0].name), ("memory_bytes", "component_bytes"));
            /// ```
            pub fn bounds(&self) -> Vec<Bound> {
                use $crate::limits::bound::{Value as _, about};
                vec![ $( Bound {
                    name: stringify!($field),
                    value: self.$field.value(stringify!($field)),
                    about: about(&[$($doc),+]),
                }, )+ ]
            }
        }
    };
}
pub(super) use bounds;

#[cfg(test)]
mod tests {
    use crate::{HostLimits, Limits};

    #[test]
    fn what_the_documentation_says_of_a_default_is_the_default() {
        for bound in Limits::default().bounds().into_iter().chain(HostLimits::default().bounds()) {
            let said = format!("Default {}", bound.value);
            let (_, after) =
                bound.about.split_once(&said).unwrap_or_else(|| panic!("no {said:?}: {bound:?}"));
            assert!(after.starts_with(['.', ':', ',', ' ']), "{said:?} goes on: {bound:?}");
        }
    }
}
