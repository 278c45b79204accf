//! The file of a component: read whole, or gone through for its digest alone.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use sha2::{Digest as _, Sha256};
use tokio::task::spawn_blocking;

use crate::{
    compile::{Identity, digest},
    error::LoadError,
};

/// Reads a file once, up to the limit: what was checked is what is compiled, even if it changes.
pub(crate) async fn read(path: &Path, limit: usize) -> Result<Vec<u8>, LoadError> {
    off_thread(path, move |path| {
        let (file, length) = open(path)?;
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(limit).min(limit) + 1);
        file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
        // What is only the beginning of a file has no digest worth showing.
        Ok((bytes.len() <= limit).then_some(bytes))
    })
    .await?
    .ok_or(LoadError::TooLarge { limit })
}

/// Tells which component a file is, without holding it in memory.
pub(crate) async fn identify(path: &Path, limit: usize) -> Result<Identity, LoadError> {
    off_thread(path, move |path| {
        let mut file = open(path)?.0.take(limit as u64 + 1);
        let (mut sha256, mut size) = (Sha256::new(), 0);
        // Small enough to stay in the processor's own cache.
        let mut buffer = vec![0; 128 << 10];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                read => {
                    sha256.update(&buffer[..read]);
                    size += read;
                }
            }
        }
        Ok((size <= limit).then(|| Identity { digest: digest(sha256), size }))
    })
    .await?
    .ok_or(LoadError::TooLarge { limit })
}

/// Opens a regular file, and tells how long it is.
fn open(path: &Path) -> io::Result<(File, u64)> {
    // To open a pipe would wait for whoever writes to it.
    let found = std::fs::metadata(path)?;
    if !found.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    Ok((File::open(path)?, found.len()))
}

async fn off_thread<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Result<T, LoadError> {
    let file = path.to_owned();
    let done = spawn_blocking(move || work(&file)).await.unwrap_or_else(|error| Err(error.into()));
    done.map_err(|source| LoadError::File { path: path.display().to_string(), source })
}
