//! Compiled code, kept in a directory for whoever loads the same component again.
//!
//! An entry is a file: the code, then a tail that only this code can have under this name. What is not
//! exactly as a host leaves it is removed and compiled again. Nothing here makes a load fail.
//!
//! Code is mapped, not read: processes share its pages, and those that no call needs are never copied.

mod trust;

use std::{
    fs::{self, File},
    hash::{Hash as _, Hasher},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crc32fast::Hasher as Checksum;
use sha2::{Digest as _, Sha256};
use wasmtime::{Engine, component::Component};

use crate::{
    compile::{Identity, hex},
    limits::HostLimits,
    worker::Code,
};

/// A directory in which hosts keep the code that they compiled, so that the same component is compiled
/// once: for a Python plugin, tens of milliseconds in place of many seconds.
///
/// ```no_run
/// use actionbox_host::{ActionHost, CompileCache};
///
/// # fn main() -> Result<(), actionbox_host::ConfigError> {
/// let cache = CompileCache::at("/var/cache/my-service/plugins");
/// let host = ActionHost::builder().compile_cache(cache).build()?;
/// # Ok(())
/// # }
/// ```
///
/// Any number of hosts, in any number of processes, may share a directory. An entry belongs to the bytes of
/// one component, one version of wasmtime and of this crate, one kind of processor, the settings that code is
/// compiled for, and the limits of what is compiled; nothing else finds it. All limits and checks of a load are the
/// same with an entry as without, except the time and memory to compile. A component in a
/// [file](crate::ActionHost::load_file) that has code here is read for its digest alone.
///
/// The directory is made, for its owner alone, when it is first needed. A cache never makes a load fail:
/// where it cannot be used, `tracing` has a warning that says why, and the component is compiled.
///
/// # Security
///
/// Whoever can write to the directory runs code in this process. The checksum of an entry finds damage, not
/// malice. On Unix, the directory and each entry are used only if they belong to the user that this process
/// runs as and nobody else may write to them, and if not everybody may rename a directory above. Elsewhere,
/// that is for you to see to. Code is mapped from its file: whoever overwrites or shortens the file of code in use,
/// which takes this user's rights, can crash the process; to remove it is harmless. Have nothing else in the directory, and do not fill it from a place where
/// others can write, such as a cache that a build service shares between branches.
#[derive(Debug, Clone)]
pub struct CompileCache {
    directory: PathBuf,
    max_bytes: u64,
}

/// Where the code of one component is, or will be, in a directory that was found to be this user's alone.
pub(crate) struct Place {
    directory: PathBuf,
    name: String,
    max_bytes: u64,
}

/// Changes with the layout of an entry.
const MAGIC: [u8; 16] = *b"actionbox code 2";
/// The magic, the length of the code, and the CRC-32 of name and code. Behind the code, which is mapped from the
/// start of a page.
const TAIL: usize = MAGIC.len() + 8 + 4;

impl CompileCache {
    /// Names a directory. It need not exist yet.
    ///
    /// ```
    /// use actionbox_host::{ActionHost, CompileCache};
    ///
    /// // Where systemd runs the service, it makes one for the service's user and names it here.
    /// let directory = std::env::var_os("CACHE_DIRECTORY").unwrap_or("/var/cache/my-service".into());
    /// let host = ActionHost::builder().compile_cache(CompileCache::at(directory)).build()?;
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn at(directory: impl AsRef<Path>) -> Self {
        // A symbolic link with a slash behind it would pass for what it points to.
        let directory = directory.as_ref().components().collect();
        Self { directory, max_bytes: 2 << 30 }
    }

    /// Sets how many bytes all entries together may have; those that were not used for longest go first.
    /// Default: 2 GiB.
    ///
    /// Kept after each compilation: for a moment, one entry of each process may come on top.
    ///
    /// ```
    /// use actionbox_host::CompileCache;
    ///
    /// let cache = CompileCache::at("/var/cache/my-service/plugins").max_bytes(256 << 20);
    /// ```
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Tells whether the directory is one to be trusted.
    pub(crate) fn is_usable(&self) -> bool {
        trust::directory(&self.directory).is_ok()
    }

    /// Finds the place of a component's code for an engine; none in a directory that is not to be trusted.
    pub(crate) fn place(&self, engine: &Engine, limits: &HostLimits, component: &Identity) -> Option<Place> {
        match trust::directory(&self.directory) {
            Ok(directory) => {
                let name = name(engine, limits, component);
                Some(Place { directory, name, max_bytes: self.max_bytes })
            }
            Err(error) => {
                let directory = self.directory.display();
                tracing::warn!(%directory, %error, "the compile cache is not used");
                None
            }
        }
    }
}

impl Place {
    /// Loads the code, if it is here and has at most so many bytes.
    pub(crate) fn find(&self, engine: &Engine, max_code: usize) -> Option<Component> {
        let load = |()| Code::Kept(self.path()).load(engine).map_err(io::Error::other);
        match self.check(max_code).and_then(load) {
            Ok(component) => Some(component),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                let entry = self.path();
                tracing::warn!(entry = %entry.display(), %error, "an entry of the compile cache is not used");
                remove(&entry);
                None
            }
        }
    }

    /// Keeps code that this host has compiled.
    pub(crate) fn keep(&self, component: &Component) {
        let kept = component.serialize().map_err(io::Error::other).and_then(|code| self.write(&code));
        // On a full disk too, where it may help the next one.
        let tidied = self.tidy();
        if let Err(error) = kept.and(tidied) {
            let directory = self.directory.display();
            tracing::warn!(%directory, %error, "the compile cache cannot be written to");
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.join(&self.name)
    }

    /// Checks that an entry is as a host of this user has left it. What is mapped after that is the same file, or
    /// one that was moved to its place, and no less checked by whoever wrote it: nobody writes to a file that has
    /// its name.
    fn check(&self, max_code: usize) -> io::Result<()> {
        let mut file = trust::open(&self.path())?;
        let code_bytes = file.metadata()?.len().saturating_sub(TAIL as u64);
        if code_bytes > max_code as u64 {
            return Err(io::Error::other("it is larger than compile_bytes, a limit of this host"));
        }
        let mut checksum = self.checksum();
        // Small enough to stay in the processor's own cache.
        let mut buffer = vec![0; 64 << 10];
        let mut code = (&mut file).take(code_bytes);
        loop {
            match code.read(&mut buffer)? {
                0 => break,
                read => checksum.update(&buffer[..read]),
            }
        }
        let mut found = Vec::with_capacity(TAIL + 1);
        (&mut file).take(TAIL as u64 + 1).read_to_end(&mut found)?;
        if found != tail(code_bytes, checksum) {
            return Err(io::Error::other("it is damaged"));
        }
        if let Err(error) = file.set_modified(SystemTime::now()) {
            tracing::debug!(%error, "an entry of the compile cache goes sooner than it should");
        }
        Ok(())
    }

    /// Returns the checksum of an entry that has no code yet.
    fn checksum(&self) -> Checksum {
        let mut checksum = Checksum::new();
        checksum.update(self.name.as_bytes());
        checksum
    }

    /// Writes an entry beside its place, then moves it there: nobody ever finds half of one.
    fn write(&self, code: &[u8]) -> io::Result<()> {
        if (code.len() + TAIL) as u64 > self.max_bytes {
            return Ok(());
        }
        let unfinished = self.directory.join(format!("{}.{:016x}", self.name, fastrand::u64(..)));
        let file = trust::create(&unfinished)?;
        let written = self.fill(file, code).and_then(|()| fs::rename(&unfinished, self.path()));
        if written.is_err() {
            remove(&unfinished);
        }
        written
    }

    fn fill(&self, mut file: File, code: &[u8]) -> io::Result<()> {
        let mut checksum = self.checksum();
        checksum.update(code);
        file.write_all(code)?;
        file.write_all(&tail(code.len() as u64, checksum))?;
        // Before it has its name: a crash of the machine leaves no entry with holes.
        file.sync_data()
    }

    /// Removes what killed writers left, and the entries that were not used for longest, until the rest
    /// is no more than it may be.
    fn tidy(&self) -> io::Result<()> {
        /// A writer takes seconds.
        const ABANDONED: Duration = Duration::from_secs(3600);
        let mut entries = Vec::new();
        for file in fs::read_dir(&self.directory)? {
            let file = file?;
            let name = file.file_name();
            let name = name.to_string_lossy();
            // What has another name is not ours. What is gone meanwhile, another process has removed.
            let Ok(found) = file.metadata() else { continue };
            let used = found.modified()?;
            if is_entry(&name) {
                entries.push((used, file.path(), found.len()));
            } else if is_unfinished(&name) && used.elapsed().is_ok_and(|age| age > ABANDONED) {
                remove(&file.path());
            }
        }
        entries.sort();
        let mut total: u64 = entries.iter().map(|(.., bytes)| bytes).sum();
        for (_, path, bytes) in entries {
            if total <= self.max_bytes {
                break;
            }
            remove(&path);
            total -= bytes;
        }
        Ok(())
    }
}

/// Returns what is behind so many bytes of code.
fn tail(code_bytes: u64, checksum: Checksum) -> [u8; TAIL] {
    let mut tail = [0; TAIL];
    tail[..16].copy_from_slice(&MAGIC);
    tail[16..24].copy_from_slice(&code_bytes.to_le_bytes());
    tail[24..].copy_from_slice(&checksum.finalize().to_le_bytes());
    tail
}

/// Names an entry: `<component>-<engine>.code`, both in hexadecimal digits.
///
/// The limits of what is compiled are part of it: what one host has compiled, another may have to refuse.
fn name(engine: &Engine, limits: &HostLimits, component: &Identity) -> String {
    let mut compiler = Fingerprint(Sha256::new_with_prefix(env!("CARGO_PKG_VERSION")));
    engine.precompile_compatibility_hash().hash(&mut compiler);
    (limits.component_bytes, limits.functions, limits.function_bytes).hash(&mut compiler);
    let component = component.digest.trim_start_matches("sha256:");
    format!("{component}-{}.code", &hex(&compiler.0.finalize())[..32])
}

fn is_entry(name: &str) -> bool {
    let parts = name.strip_suffix(".code").and_then(|name| name.split_once('-'));
    parts.is_some_and(|(component, engine)| is_hex(component, 64) && is_hex(engine, 32))
}

fn is_unfinished(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(entry, random)| is_entry(entry) && is_hex(random, 16))
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "the compile cache cannot remove a file");
        }
        _ => {}
    }
}

/// A hash that is the same in every process, and that nobody can make two settings share.
struct Fingerprint(Sha256);

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::Source;

    #[test]
    fn only_names_of_entries_are_ours_to_remove() {
        let entry = format!("{}-{}.code", "a".repeat(64), "0".repeat(32));
        assert!(is_entry(&entry) && !is_unfinished(&entry));
        let unfinished = format!("{entry}.{:016x}", 7);
        assert!(is_unfinished(&unfinished) && !is_entry(&unfinished));
        for other in ["", ".code", "-.code", "main.code", "a-b.code", &entry[1..], &format!("{entry}.bak")] {
            assert!(!is_entry(other) && !is_unfinished(other), "{other}");
        }
    }

    #[test]
    fn another_component_and_other_settings_have_another_name() {
        let engine = |fuel| Engine::new(&crate::host::compiler_config(fuel)).expect("an engine");
        let limited = |fuel, limits: HostLimits, bytes: &[u8]| {
            name(&engine(fuel), &limits, Source::new(bytes.to_vec()).identity())
        };
        let name = |fuel, bytes: &[u8]| limited(fuel, HostLimits::default(), bytes);
        assert!(is_entry(&name(false, b"one")));
        assert_eq!(name(false, b"one"), name(false, b"one"));
        assert_ne!(name(false, b"one"), name(false, b"two"));
        assert_ne!(name(false, b"one"), name(true, b"one"));
        for narrower in [
            HostLimits { component_bytes: 1 << 20, ..HostLimits::default() },
            HostLimits { functions: 1_000, ..HostLimits::default() },
            HostLimits { function_bytes: 1_000, ..HostLimits::default() },
        ] {
            assert_ne!(name(false, b"one"), limited(false, narrower, b"one"));
        }
    }
}
