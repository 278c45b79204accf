//! Lines that were typed before, kept in a file that nobody else may read.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// More lines than anybody goes back.
pub(super) const MOST: usize = 1000;

/// Where lines are kept, if they are.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Those that were kept before, the latest last.
    earlier: Vec<String>,
    file: Option<File>,
}

impl History {
    /// Reads the history in a directory, which is made if need be.
    ///
    /// # Errors
    ///
    /// When it can be neither read nor written.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        private_directory(directory)?;
        let path = directory.join("dev-history");
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        // What anybody else wrote there must not reach the terminal raw.
        let plain = |line: &&str| !line.is_empty() && crate::show::escape::text(line) == **line;
        let lines: Vec<_> = text.lines().filter(plain).map(str::to_owned).collect();
        let lines = lines[lines.len().saturating_sub(MOST)..].to_vec();
        if text.lines().count() > 2 * MOST {
            shorten(&path, &lines)?;
        }
        let file = private(OpenOptions::new().create(true).append(true)).open(&path)?;
        make_private(&file)?;
        Ok(Self { earlier: lines, file: Some(file) })
    }

    pub(super) fn take_earlier(&mut self) -> Vec<String> {
        std::mem::take(&mut self.earlier)
    }

    /// Keeps a line.
    ///
    /// # Errors
    ///
    /// When it cannot be written. From then on nothing is written.
    pub(super) fn keep(&mut self, line: &str) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        // In one piece: several prompts may write into it.
        let written = file.write_all(format!("{line}\n").as_bytes());
        if written.is_err() {
            self.file = None;
        }
        written
    }
}

/// Writes the file anew: wholly, or not at all.
fn shorten(path: &Path, lines: &[String]) -> io::Result<()> {
    let part: PathBuf = path.with_extension(format!("{}.part", std::process::id()));
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(&part)?;
    let written = file.write_all((lines.join("\n") + "\n").as_bytes()).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // It may not even be there.
        let _ = fs::remove_file(&part);
    }
    written
}

fn private_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(directory)
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Closes a file to others that was there before, and open to them.
fn make_private(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    // Elsewhere the user's own folder is private.
    let _ = file;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A place that goes away with the test.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            Self(std::env::temp_dir().join(format!("actionbox-history-{name}-{}", std::process::id())))
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).expect("it is removed");
        }
    }

    #[test]
    fn lines_are_kept_privately() {
        let place = Place::new("kept");
        let directory = place.0.join("state/actionbox");
        let mut history = History::open(&directory).expect("writable");
        for line in ["list hubspot", "again"] {
            history.keep(line).expect("writable");
        }
        let mut history = History::open(&directory).expect("readable");
        assert_eq!(history.take_earlier(), ["list hubspot", "again"]);

        #[cfg(unix)]
        for (path, expected) in [(directory.clone(), 0o700), (directory.join("dev-history"), 0o600)] {
            use std::os::unix::fs::PermissionsExt as _;

            let mode = fs::metadata(&path).expect("there").permissions().mode() & 0o777;
            assert_eq!(mode, expected, "{}", path.display());
        }
    }

    #[test]
    fn a_long_history_is_shortened_and_a_harmful_line_left_out() {
        let place = Place::new("long");
        fs::create_dir(&place.0).expect("writable");
        let path = place.0.join("dev-history");
        let mut lines: Vec<_> = (0..3 * MOST).map(|number| number.to_string()).collect();
        lines.push("x\u{1b}[2J".to_owned());
        fs::write(&path, lines.join("\n") + "\n").expect("writable");
        let earlier = History::open(&place.0).expect("readable").take_earlier();
        assert_eq!(earlier, (2000..3000).map(|number| number.to_string()).collect::<Vec<_>>());
        assert_eq!(fs::read_to_string(path).expect("there").lines().count(), MOST);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_an_error() {
        let place = Place::new("file");
        fs::create_dir(&place.0).expect("writable");
        fs::write(place.0.join("file"), "").expect("writable");
        assert!(History::open(&place.0.join("file/actionbox")).is_err());
    }
}
