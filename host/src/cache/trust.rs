//! Whether a file or a directory is this user's alone. Checked on what was opened, not on what has its name.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions},
    io,
    path::{Path, PathBuf},
};

/// Makes a directory for its owner alone, if there is none, and checks it; returns where it really is.
pub(super) fn directory(path: &Path) -> io::Result<PathBuf> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;

    let found = fs::symlink_metadata(path)?;
    if !found.is_dir() {
        return Err(io::Error::other("it is a symbolic link"));
    }
    check_owner(&found)?;
    let real = path.canonicalize()?;
    for above in real.ancestors().skip(1) {
        if is_open_to_all(&fs::metadata(above)?) {
            return Err(io::Error::other(format!("everybody may replace it, by {}", above.display())));
        }
    }
    Ok(real)
}

/// Opens a file to read, if nobody else may write to it.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        // Not to wait for whoever writes to a pipe.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits().cast_signed());
    }
    let file = options.open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    check_owner(&found)?;
    Ok(file)
}

/// Makes a file that is not there yet, for its owner alone.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn check_owner(found: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let user = rustix::process::geteuid().as_raw();
    if found.uid() != user {
        return Err(io::Error::other(format!("it belongs to user {}, not to {user}", found.uid())));
    }
    if found.mode() & 0o022 != 0 {
        let mode = found.mode() & 0o7777;
        return Err(io::Error::other(format!(
            "others may write to it (mode {mode:o}); chmod go-w mends that"
        )));
    }
    Ok(())
}

/// Tells whether everybody may rename what is in a directory, whoever owns it.
#[cfg(unix)]
fn is_open_to_all(directory: &Metadata) -> bool {
    const STICKY: u32 = 0o1000;
    std::os::unix::fs::MetadataExt::mode(directory) & (STICKY | 0o002) == 0o002
}

#[cfg(not(unix))]
fn check_owner(_: &Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn is_open_to_all(_: &Metadata) -> bool {
    false
}
