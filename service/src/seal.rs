//! Secrets at rest: each is encrypted with a key of its own, and that key with the master key.
//!
//! AES-256-GCM (NIST SP 800-38D) by `ring`. What a secret belongs to is authenticated with it, so that one that is
//! moved to another row does not open.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom as _, SystemRandom},
};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// Changes with the layout of what is sealed.
const VERSION: u8 = 1;
const KEY: usize = 32;
const TAG: usize = 16;
const ID: usize = 8;
/// A nonce, and a key encrypted.
const WRAPPED: usize = NONCE_LEN + KEY + TAG;

/// Encrypts and decrypts the secrets of a service: the master key, and those that were it before.
///
/// ```
/// use actionbox_service::Keyring;
///
/// let text = Keyring::generate().expect("the system has random numbers");
/// let keyring = Keyring::parse(&text).expect("it is a key");
/// let sealed = keyring.seal(b"pk_live_1", "acme/refold").expect("sealed");
/// assert_eq!(&*keyring.open(&sealed, "acme/refold").expect("it is ours"), b"pk_live_1");
/// assert!(keyring.open(&sealed, "globex/refold").is_err());
/// ```
pub struct Keyring {
    /// The first seals.
    keys: Vec<MasterKey>,
}

struct MasterKey {
    id: [u8; ID],
    key: LessSafeKey,
}

/// What is sealed, opened by half.
struct Unwrapped<'a> {
    /// Which master key sealed it.
    master: [u8; ID],
    /// Its own key.
    data_key: Vec<u8>,
    /// The secret, still encrypted.
    secret: &'a [u8],
}

/// Why a secret cannot be sealed or opened. None of these shows any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// A master key is no 32 bytes in base64.
    #[error("a master key is 32 random bytes in base64, one key a line; `openssl rand -base64 32` makes one")]
    MasterKey,
    /// It was sealed under a master key that is not in the keyring.
    #[error("it is encrypted under another master key; add that key below the new one")]
    AnotherKey,
    /// It is damaged, or belongs to something else.
    #[error("it is damaged, or was moved here from elsewhere")]
    Damaged,
    /// The system has no random numbers.
    #[error("the system has no random numbers")]
    Random,
}

impl Keyring {
    /// Reads master keys: 32 bytes in base64, one key a line. The first one seals, all open.
    ///
    /// # Errors
    ///
    /// [`SealError::MasterKey`] when a line is no key, or when there is none.
    pub fn parse(text: &SecretString) -> Result<Self, SealError> {
        let lines = text.expose_secret().lines().map(str::trim).filter(|line| !line.is_empty());
        let keys: Vec<_> = lines.map(MasterKey::parse).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(SealError::MasterKey) } else { Ok(Self { keys }) }
    }

    /// Makes the text of a new master key.
    ///
    /// # Errors
    ///
    /// [`SealError::Random`] when the system has no random numbers.
    pub fn generate() -> Result<SecretString, SealError> {
        Ok(BASE64_STANDARD.encode(random::<KEY>()?).into())
    }

    /// Encrypts a secret that belongs to what `context` names.
    ///
    /// # Errors
    ///
    /// [`SealError::Random`] when the system has no random numbers.
    pub fn seal(&self, secret: &[u8], context: &str) -> Result<Vec<u8>, SealError> {
        let Some(master) = self.keys.first() else { return Err(SealError::AnotherKey) };
        let data_key = random::<KEY>()?;
        let mut sealed = vec![VERSION];
        sealed.extend(master.id);
        sealed.extend(encrypt(&master.key, &data_key, "data key")?);
        sealed.extend(encrypt(&aes(&data_key)?, secret, context)?);
        Ok(sealed)
    }

    /// Decrypts what was sealed for the same context.
    ///
    /// # Errors
    ///
    /// [`SealError`] when it is not ours.
    pub fn open(&self, sealed: &[u8], context: &str) -> Result<Vec<u8>, SealError> {
        let Unwrapped { data_key, secret, .. } = self.unwrap(sealed)?;
        decrypt(&aes(&data_key)?, secret, context)
    }

    /// Seals under the first master key what was sealed under another; nothing when it is already.
    ///
    /// # Errors
    ///
    /// [`SealError`] when it is not ours.
    pub fn rewrap(&self, sealed: &[u8]) -> Result<Option<Vec<u8>>, SealError> {
        let Unwrapped { master: id, data_key, secret } = self.unwrap(sealed)?;
        let Some(master) = self.keys.first().filter(|first| first.id != id) else { return Ok(None) };
        let mut anew = vec![VERSION];
        anew.extend(master.id);
        anew.extend(encrypt(&master.key, &data_key, "data key")?);
        anew.extend(secret);
        Ok(Some(anew))
    }

    fn unwrap<'a>(&self, sealed: &'a [u8]) -> Result<Unwrapped<'a>, SealError> {
        let damaged = SealError::Damaged;
        let rest = sealed.strip_prefix(&[VERSION]).ok_or(damaged)?;
        let (id, rest) = rest.split_first_chunk::<ID>().ok_or(damaged)?;
        let (wrapped, secret) = rest.split_at_checked(WRAPPED).ok_or(damaged)?;
        let master = self.keys.iter().find(|key| key.id == *id).ok_or(SealError::AnotherKey)?;
        Ok(Unwrapped { master: *id, data_key: decrypt(&master.key, wrapped, "data key")?, secret })
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

impl MasterKey {
    fn parse(line: &str) -> Result<Self, SealError> {
        let bytes = BASE64_STANDARD.decode(line).map_err(|_| SealError::MasterKey)?;
        let bytes: [u8; KEY] = bytes.try_into().map_err(|_| SealError::MasterKey)?;
        let named = Sha256::new_with_prefix("actionbox master key").chain_update(bytes).finalize();
        let mut id = [0; ID];
        id.copy_from_slice(&named[..ID]);
        Ok(Self { id, key: aes(&bytes)? })
    }
}

fn aes(key: &[u8]) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| SealError::Damaged)
}

fn random<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| SealError::Random)?;
    Ok(bytes)
}

/// Returns a nonce, and the text encrypted with its tag.
fn encrypt(key: &LessSafeKey, text: &[u8], context: &str) -> Result<Vec<u8>, SealError> {
    let nonce = random::<NONCE_LEN>()?;
    let mut encrypted = text.to_vec();
    key.seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(context.as_bytes()),
        &mut encrypted,
    )
    .map_err(|_| SealError::Damaged)?;
    Ok([&nonce[..], &encrypted].concat())
}

fn decrypt(key: &LessSafeKey, encrypted: &[u8], context: &str) -> Result<Vec<u8>, SealError> {
    let (nonce, text) = encrypted.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Damaged)?;
    let mut text = text.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let opened = key.open_in_place(nonce, Aad::from(context.as_bytes()), &mut text);
    let length = opened.map_err(|_| SealError::Damaged)?.len();
    text.truncate(length);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring(texts: &[&SecretString]) -> Keyring {
        let text: Vec<_> = texts.iter().map(|text| text.expose_secret()).collect();
        Keyring::parse(&text.join("\n").into()).expect("keys")
    }

    #[test]
    fn what_is_changed_or_moved_does_not_open() {
        let keyring = keyring(&[&Keyring::generate().expect("random")]);
        let sealed = keyring.seal(b"pk_secret", "acme/refold").expect("sealed");
        assert_eq!(keyring.open(&sealed, "acme/refold").as_deref(), Ok(&b"pk_secret"[..]));
        assert_eq!(keyring.open(&sealed, "globex/refold"), Err(SealError::Damaged));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            keyring.open(&changed, "acme/refold").expect_err("it is changed");
        }
        for length in 0..sealed.len() {
            keyring.open(&sealed[..length], "acme/refold").expect_err("it is cut");
        }
        assert!(!sealed.windows(9).any(|part| part == b"pk_secret"));
        assert_ne!(sealed, keyring.seal(b"pk_secret", "acme/refold").expect("sealed"), "nothing repeats");
    }

    #[test]
    fn a_rotated_key_opens_what_was_sealed_before_and_seals_no_more() {
        let (old, new) = (Keyring::generate().expect("random"), Keyring::generate().expect("random"));
        let sealed = keyring(&[&old]).seal(b"pk_secret", "a").expect("sealed");
        let (both, only_new) = (keyring(&[&new, &old]), keyring(&[&new]));
        assert_eq!(only_new.open(&sealed, "a"), Err(SealError::AnotherKey));
        let rewrapped = both.rewrap(&sealed).expect("ours").expect("it was under the old key");
        assert_eq!(only_new.open(&rewrapped, "a").as_deref(), Ok(&b"pk_secret"[..]));
        assert_eq!(both.rewrap(&rewrapped), Ok(None));
    }

    #[test]
    fn only_keys_are_taken_for_keys() {
        for text in ["", "\n", "c2hvcnQ=", "not base64 at all!", &"A".repeat(44), &"A".repeat(400)] {
            assert_eq!(Keyring::parse(&text.to_owned().into()).err(), Some(SealError::MasterKey), "{text}");
        }
    }
}
