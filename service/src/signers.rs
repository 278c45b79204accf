//! Who may sign plugins, where not everything that an administrator uploads is to be run.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::signature::{ED25519, ED25519_PUBLIC_KEY_LEN, UnparsedPublicKey};

/// Public keys, Ed25519 ([RFC 8032](https://www.rfc-editor.org/rfc/rfc8032)).
#[derive(Debug, Clone, Default)]
pub struct Signers(Vec<Signer>);

#[derive(Debug, Clone)]
struct Signer {
    /// As it was given.
    name: String,
    key: UnparsedPublicKey<[u8; ED25519_PUBLIC_KEY_LEN]>,
}

/// Why a plugin is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsigned {
    /// It has no signature.
    #[error("plugins have to be signed here: send the signature (Ed25519, base64) in x-plugin-signature")]
    NoSignature,
    /// None of the signers has signed it.
    #[error("no signer whom this service trusts has signed it")]
    NoSigner,
}

/// What is no public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no public key: 32 bytes in base64")]
pub struct NoPublicKey(String);

impl Signers {
    /// Takes public keys, in base64. None at all means that plugins need no signature.
    ///
    /// # Errors
    ///
    /// [`NoPublicKey`] for one that is none.
    pub fn new(keys: impl IntoIterator<Item: Into<String>>) -> Result<Self, NoPublicKey> {
        let signer = |name: String| {
            let bytes = BASE64_STANDARD.decode(name.trim()).ok().and_then(|bytes| bytes.try_into().ok());
            match bytes {
                Some(bytes) => Ok(Signer { name, key: UnparsedPublicKey::new(&ED25519, bytes) }),
                None => Err(NoPublicKey(name)),
            }
        };
        keys.into_iter().map(|key| signer(key.into())).collect::<Result<_, _>>().map(Self)
    }

    /// Tells whether somebody has signed it who is trusted now; where nobody has to, anybody is.
    pub(crate) fn still_trust(&self, signer: Option<&str>) -> bool {
        self.0.is_empty() || self.0.iter().any(|trusted| Some(&*trusted.name) == signer)
    }

    /// Returns who has signed it; nothing where nobody has to.
    pub(crate) fn check(
        &self,
        component: &[u8],
        signature: Option<&str>,
    ) -> Result<Option<String>, Unsigned> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let signature = signature.ok_or(Unsigned::NoSignature)?;
        let signature = BASE64_STANDARD.decode(signature.trim()).map_err(|_| Unsigned::NoSigner)?;
        let signed = self.0.iter().find(|signer| signer.key.verify(component, &signature).is_ok());
        signed.map(|signer| Some(signer.name.clone())).ok_or(Unsigned::NoSigner)
    }
}

#[cfg(test)]
mod tests {
    use ring::{
        rand::SystemRandom,
        signature::{Ed25519KeyPair, KeyPair as _},
    };

    use super::*;

    fn signer() -> (Ed25519KeyPair, String) {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("random");
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).expect("it is a key");
        let public = BASE64_STANDARD.encode(pair.public_key());
        (pair, public)
    }

    #[test]
    fn only_a_trusted_signer_over_the_same_bytes_will_do() {
        let ((trusted, public), (stranger, strange)) = (signer(), signer());
        let signers = Signers::new([strange.as_str(), public.as_str()]).expect("keys");
        let sign = |by: &Ed25519KeyPair, bytes: &[u8]| BASE64_STANDARD.encode(by.sign(bytes));
        let good = sign(&trusted, b"component");
        assert_eq!(signers.check(b"component", Some(&good)), Ok(Some(public.clone())));
        assert_eq!(signers.check(b"Component", Some(&good)), Err(Unsigned::NoSigner));
        assert_eq!(signers.check(b"component", None), Err(Unsigned::NoSignature));
        for bad in ["", "no base64!", "AAAA", &sign(&trusted, b"another")] {
            assert_eq!(signers.check(b"component", Some(bad)), Err(Unsigned::NoSigner), "{bad}");
        }
        let one = Signers::new([public]).expect("keys");
        assert_eq!(one.check(b"component", Some(&sign(&stranger, b"component"))), Err(Unsigned::NoSigner));
        assert_eq!(Signers::default().check(b"anything", None), Ok(None));
        for bad in ["", "AAAA", "no base64!"] {
            Signers::new([bad]).expect_err("no key");
        }
    }
}
