//! From which files a component was built, as cargo noted it.

use std::{fs, path::Path};

/// Tells the outer cargo to run the build script again when a file changes.
pub(crate) fn rerun_if_changed(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}

/// Does so for every file in the dependency file beside a component: its sources, those of the packages
/// it depends on by path, and the WIT files that the bindings were generated from.
pub(crate) fn rerun_if_sources_change(depfile: &Path) -> Result<(), String> {
    let text = fs::read_to_string(depfile).map_err(|error| format!("{}: {error}", depfile.display()))?;
    for source in sources(&text) {
        rerun_if_changed(Path::new(&source));
    }
    Ok(())
}

/// Parses the rule of a make file, in which a blank within a path is escaped.
fn sources(text: &str) -> Vec<String> {
    const BLANK: &str = "\0";
    let rules = text.lines().filter_map(|line| line.split_once(": "));
    rules
        .flat_map(|(_, sources)| {
            let escaped = sources.replace("\\ ", BLANK);
            escaped.split_whitespace().map(|source| source.replace(BLANK, " ")).collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_hold_a_blank() {
        let text = "/t/refold.wasm: /a/lib.rs /my\\ work/wit/world.wit\n";
        assert_eq!(sources(text), ["/a/lib.rs", "/my work/wit/world.wit"]);
    }
}
