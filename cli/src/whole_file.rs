//! Writes a file wholly, or not at all.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A file that is written beside its place, and moved there once it is whole.
pub(crate) struct WholeFile {
    place: PathBuf,
    part: PathBuf,
}

impl WholeFile {
    /// Begins a file, so that one that cannot be written is known before there is anything to write.
    pub(crate) fn begin(place: &Path) -> io::Result<Self> {
        // Moving a file there would replace a device, such as /dev/null, for everyone.
        if fs::metadata(place).is_ok_and(|there| !there.is_file()) {
            return Err(io::Error::other("what is there is no ordinary file"));
        }
        let mut part = place.as_os_str().to_owned();
        part.push(format!(".{}.part", std::process::id()));
        let file = Self { place: place.to_owned(), part: part.into() };
        fs::write(&file.part, "")?;
        Ok(file)
    }

    /// Writes the text, and puts the file in its place. What was there before is still there when that fails.
    pub(crate) fn finish(self, text: &str) -> io::Result<()> {
        fs::write(&self.part, text)?;
        fs::rename(&self.part, &self.place)
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // It is not there any more when it was put in its place.
        let _ = fs::remove_file(&self.part);
    }
}
