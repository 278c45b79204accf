//! What was compiled is kept for the next run.

use std::{
    fs,
    path::{Path, PathBuf},
};

use actionbox_host::{ActionHost, CompileCache, CompileWorker, HostLimits};

use crate::harness::{Done, Run, actionbox};

/// A directory for the caches of a user, which ends with its test.
struct Caches(PathBuf);

impl Caches {
    fn new(name: &str) -> Self {
        let name = format!("{}-caches-{name}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).expect("the directory for tests is writable");
        Self(path)
    }
}

impl Drop for Caches {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).expect("it is ours");
    }
}

/// Returns the names of what the command keeps there.
fn kept(caches: &Caches) -> Vec<String> {
    let Ok(files) = fs::read_dir(caches.0.join("actionbox")) else { return Vec::new() };
    files.map(|file| file.expect("a file").file_name().into_string().expect("UTF-8")).collect()
}

fn list(caches: &Caches, options: &str) -> Run {
    let caches = caches.0.to_str().expect("UTF-8");
    actionbox(&format!("list hubspot --sandbox --verbose {options}")).env("XDG_CACHE_HOME", caches)
}

fn assert_no_complaint(done: &Done) {
    assert!(!done.stderr.contains("compile cache"), "{}", done.stderr);
}

#[tokio::test]
async fn a_plugin_is_kept_unless_that_is_not_wanted() {
    let caches = Caches::new("kept");
    list(&caches, "--no-cache").done().await.exits(0);
    actionbox("inspect nowhere.wasm --no-cache").done().await.exits(2);
    assert_eq!(kept(&caches), [""; 0]);

    let first = list(&caches, "").done().await.exits(0);
    let entries = kept(&caches);
    assert_eq!(entries.len(), 1, "{entries:?}");
    let second = list(&caches, "").done().await.exits(0);
    assert_eq!(first.stdout, second.stdout);
    assert_eq!(kept(&caches), entries);
    for done in [first, second] {
        assert_no_complaint(&done);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_runs_at_once_share_a_cache() {
    let caches = Caches::new("shared");
    let runs = (0..6).map(|_| tokio::spawn(list(&caches, "").done()));
    for run in runs.collect::<Vec<_>>() {
        assert_no_complaint(&run.await.expect("no panic").exits(0));
    }
    assert_eq!(kept(&caches).len(), 1, "one entry, and nothing unfinished: {:?}", kept(&caches));
}

#[cfg(unix)]
mod unix {
    use super::*;
    use crate::harness::file;

    /// A worker that writes a line to a file when it starts.
    fn counted_worker(count: &Path) -> CompileWorker {
        let script = r#"echo started >> "$0"; exec "$1" compile-worker"#;
        let count = count.to_str().expect("UTF-8");
        CompileWorker::new("/bin/sh", ["-c", script, count, env!("CARGO_BIN_EXE_actionbox")])
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_same_component_is_compiled_once_however_many_want_it() {
        let (caches, count) = (Caches::new("flight"), file("count.txt", ""));
        let host = || {
            ActionHost::builder()
                .host_limits(HostLimits { concurrent_calls: 1, ..HostLimits::default() })
                .compile_in(counted_worker(&count))
                .compile_cache(CompileCache::at(caches.0.join("actionbox")))
                .build()
                .expect("a host")
        };
        let first = host();
        let loads = (0..6).map(|_| {
            let host = first.clone();
            tokio::spawn(async move { host.load(actionbox_examples::REFOLD).await })
        });
        for load in loads.collect::<Vec<_>>() {
            load.await.expect("no panic").expect("a plugin");
        }
        host().load(actionbox_examples::REFOLD).await.expect("a plugin");
        assert_eq!(fs::read_to_string(&count).expect("it is there"), "started\n");
        host().load(actionbox_examples::UPSERT_CONTACT).await.expect("a plugin");
        assert_eq!(fs::read_to_string(&count).expect("it is there"), "started\nstarted\n");
    }

    #[tokio::test]
    async fn a_disk_that_is_full_makes_no_run_fail() {
        let (caches, plugin) = (Caches::new("full"), file("refold.wasm", actionbox_examples::REFOLD));
        // No file of more than a few kilobytes: a write fails after the first part of the code.
        let limited = r#"trap '' XFSZ; ulimit -f 20; exec "$0" inspect "$1" --verbose"#;
        let output = tokio::process::Command::new("/bin/sh")
            .args(["-c", limited, env!("CARGO_BIN_EXE_actionbox")])
            .arg(plugin)
            .env("XDG_CACHE_HOME", &caches.0)
            .env_remove("RUST_LOG")
            .output();
        let done = Done::new(output.await.expect("a shell")).exits(0);
        done.says("the compile cache cannot be written to");
        assert_eq!(kept(&caches), [""; 0], "nothing unfinished is left");
    }
}
