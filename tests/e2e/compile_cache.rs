//! Code that is kept is found again, and only if it is what a host of this user has left.
//!
//! Whether code was found is seen by a host whose compiler cannot be started.

use std::{
    fs::{self, File},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime},
};

use actionbox_examples::{REFOLD, UPSERT_CONTACT};
use actionbox_host::{
    ActionHost, ActionHostBuilder, CompileCache, CompileWorker, HostLimits, LoadError, Plugin,
};
use actionbox_tests::world::World;
use serde_json::json;

/// How many bytes an entry has behind its code.
const TAIL: usize = 28;

/// A directory of a test's own, which ends with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("the directory for tests is writable");
        Self(path)
    }

    /// Where the cache is to be.
    fn cache(&self) -> PathBuf {
        self.0.join("cache")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).expect("it is ours");
    }
}

/// Returns what is in a directory, by name.
fn files(directory: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(directory).expect("a directory");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    files
}

/// Returns the only entry of a cache.
fn entry(directory: &Path) -> PathBuf {
    match files(directory).as_slice() {
        [entry] => entry.clone(),
        other => panic!("there should be one entry: {other:?}"),
    }
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is there").mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

fn set_age(path: &Path, age: Duration) {
    let file = File::options().write(true).open(path).expect("it is ours");
    file.set_modified(SystemTime::now() - age).expect("it is ours");
}

fn builder(cache: CompileCache, limits: HostLimits) -> ActionHostBuilder {
    // Reserves little address space: these hosts run no call.
    ActionHost::builder().host_limits(HostLimits { concurrent_calls: 1, ..limits }).compile_cache(cache)
}

fn no_compiler() -> CompileWorker {
    CompileWorker::new("no-such-program", ["x"])
}

/// Loads a component in a new host, which compiles it unless it finds its code.
async fn load(directory: &Path, component: &[u8]) -> Result<Plugin, LoadError> {
    let host = builder(CompileCache::at(directory), HostLimits::default()).build().expect("a host");
    host.load(component).await
}

/// Loads a component in a new host that can only find its code.
async fn find_within(directory: &Path, component: &[u8], limits: HostLimits) -> Result<Plugin, LoadError> {
    let host = builder(CompileCache::at(directory), limits).compile_in(no_compiler());
    host.build().expect("a host").load(component).await
}

async fn find(directory: &Path, component: &[u8]) -> Result<Plugin, LoadError> {
    find_within(directory, component, HostLimits::default()).await
}

#[track_caller]
fn assert_not_found(what: &str, found: Result<Plugin, LoadError>) {
    assert!(matches!(found, Err(LoadError::Worker(_))), "{what}: {found:?}");
}

/// Makes a call in a world that may compile, or not.
async fn call(what: &str, directory: &Path, may_compile: bool) {
    let cache = CompileCache::at(directory);
    let world = World::builder().plugin(REFOLD).host(move |host| match may_compile {
        true => host.compile_cache(cache),
        false => host.compile_cache(cache).compile_in(no_compiler()),
    });
    let world = world.start().await;
    let outcome = world.execute("get_contact", json!({ "limit": "1" })).await.expect(what);
    assert!(!outcome.into_result().expect(what).data["results"].is_null(), "{what}");
}

/// A component that is no plugin, and soon compiled; each has a size of its own.
fn tiny(functions: usize) -> Vec<u8> {
    wat::parse_str(format!("(component (core module {}))", "(func)".repeat(functions))).expect("valid")
}

/// Tells whether the code of such a component was found: the checks that follow refuse it.
async fn finds_tiny(directory: &Path, functions: usize) -> bool {
    match find(directory, &tiny(functions)).await {
        Err(LoadError::Exports { .. }) => true,
        Err(LoadError::Worker(_)) => false,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_compiled_once_is_not_compiled_again() {
    let folder = Folder::new("once");
    let cache = folder.cache();
    assert_not_found("a new cache", find(&cache, REFOLD).await);
    let compiled = load(&cache, REFOLD).await.expect("a plugin");
    let found = find(&cache, REFOLD).await.expect("it is found");
    assert_eq!(compiled.digest(), found.digest());
    assert_not_found("another plugin", find(&cache, UPSERT_CONTACT).await);
    call("found code runs", &cache, false).await;

    assert_eq!((mode(&cache), mode(&entry(&cache))), (0o700, 0o600));
    let bytes = fs::read(entry(&cache)).expect("an entry");
    let error = load(&cache, &bytes).await;
    assert!(matches!(error, Err(LoadError::Precompiled)), "an entry is no plugin: {error:?}");
}

/// Loads a file in a new host that can only find its code.
async fn find_file(directory: &Path, file: &Path, limits: HostLimits) -> Result<Plugin, LoadError> {
    let host = builder(CompileCache::at(directory), limits).compile_in(no_compiler());
    host.build().expect("a host").load_file(file).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_a_file_is_that_of_what_is_in_it_now() {
    let folder = Folder::new("file");
    let (cache, file) = (folder.cache(), folder.0.join("plugin.wasm"));
    let find = async |limits| find_file(&cache, &file, limits).await;
    let gone = find(HostLimits::default()).await;
    assert!(matches!(gone, Err(LoadError::File { .. })), "{gone:?}");

    fs::write(&file, REFOLD).expect("a file");
    assert_not_found("a file that nobody has compiled", find(HostLimits::default()).await);
    let compiled = load(&cache, REFOLD).await.expect("a plugin");
    let found = find(HostLimits::default()).await.expect("it is found");
    assert_eq!((found.digest(), found.size()), (compiled.digest(), REFOLD.len()));

    // Whatever a host checks that reads all of it holds here too.
    for (narrow, why) in [
        (HostLimits { component_bytes: REFOLD.len() - 1, ..HostLimits::default() }, "larger than"),
        (HostLimits { functions: 10, ..HostLimits::default() }, "functions"),
        (HostLimits { function_bytes: 10, ..HostLimits::default() }, "function_bytes"),
    ] {
        let error = find(narrow).await.expect_err(why);
        assert!(error.to_string().contains(why), "{why}: {error}");
    }
    find(HostLimits { component_bytes: REFOLD.len(), ..HostLimits::default() })
        .await
        .expect_err("other limits have other entries");

    // The same name and length, and another plugin.
    let mut changed = REFOLD.to_vec();
    *changed.last_mut().expect("a byte") ^= 1;
    fs::write(&file, &changed).expect("a file");
    let error = find(HostLimits::default()).await.expect_err("it is another component");
    assert!(matches!(error, LoadError::Worker(_) | LoadError::Invalid { .. }), "{error:?}");
    fs::write(&file, UPSERT_CONTACT).expect("a file");
    assert_not_found("another plugin in its place", find(HostLimits::default()).await);
    fs::copy(entry(&cache), &file).expect("a file");
    let error = find(HostLimits::default()).await;
    assert!(matches!(error, Err(LoadError::Precompiled)), "an entry is no plugin: {error:?}");
    fs::remove_file(&file).expect("it is ours");
    make("mkfifo", &file);
    let error = find(HostLimits::default()).await;
    assert!(matches!(error, Err(LoadError::File { .. })), "a pipe is no plugin: {error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inspection_finds_code_too() {
    let folder = Folder::new("inspect");
    let cache = folder.cache();
    load(&cache, REFOLD).await.expect("a plugin");
    let host = builder(CompileCache::at(&cache), HostLimits::default()).compile_in(no_compiler());
    let inspection = host.build().expect("a host").inspect(REFOLD).await;
    inspection.verdict.expect("it would be loaded");
}

type Tamper = Box<dyn Fn(&Path)>;

/// Changes the content of an entry.
fn rewrite(change: impl Fn(&mut Vec<u8>) + 'static) -> Tamper {
    Box::new(move |entry| {
        let mut bytes = fs::read(entry).expect("an entry");
        change(&mut bytes);
        fs::write(entry, bytes).expect("it is ours");
    })
}

/// Puts something else in the place of an entry.
fn replace(with: impl Fn(&Path, Vec<u8>) + 'static) -> Tamper {
    Box::new(move |entry| {
        let bytes = fs::read(entry).expect("an entry");
        fs::remove_file(entry).expect("it is ours");
        with(entry, bytes);
    })
}

/// Runs a program that makes something of a name.
fn make(program: &str, path: &Path) {
    let made = Command::new(program).arg(path).status().expect("it is installed");
    assert!(made.success(), "{program}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_is_not_as_it_was_left_is_compiled_again_and_replaced() {
    let folder = Folder::new("tampered");
    let (cache, other) = (folder.cache(), folder.0.join("other"));
    load(&other, UPSERT_CONTACT).await.expect("a plugin");
    let of_another = fs::read(entry(&other)).expect("an entry");
    let raw = wasmtime::Engine::default().precompile_component(REFOLD).expect("it compiles");
    let elsewhere = folder.0.join("elsewhere");

    let mut table: Vec<(String, Tamper)> = vec![
        ("empty".into(), rewrite(Vec::clear)),
        ("half a tail".into(), rewrite(|bytes| bytes.truncate(bytes.len() - TAIL / 2))),
        ("only a tail".into(), rewrite(|bytes| drop(bytes.drain(..bytes.len() - TAIL)))),
        ("cut in the middle".into(), rewrite(|bytes| bytes.truncate(bytes.len() / 2))),
        ("one byte less".into(), rewrite(|bytes| bytes.truncate(bytes.len() - 1))),
        ("one byte more".into(), rewrite(|bytes| bytes.push(0))),
        ("another component's".into(), rewrite(move |bytes| bytes.clone_from(&of_another))),
        ("a component".into(), rewrite(|bytes| *bytes = REFOLD.to_vec())),
        ("code without a tail".into(), rewrite(move |bytes| bytes.clone_from(&raw))),
        ("writable by the group".into(), Box::new(|entry| set_mode(entry, 0o620))),
        ("writable by all".into(), Box::new(|entry| set_mode(entry, 0o602))),
        (
            "a symbolic link to itself, elsewhere".into(),
            replace(move |entry, bytes| {
                fs::write(&elsewhere, bytes).expect("written");
                symlink(&elsewhere, entry).expect("linked");
            }),
        ),
        ("a link to nowhere".into(), replace(|entry, _| symlink("nowhere", entry).expect("linked"))),
        ("a pipe".into(), replace(|entry, _| make("mkfifo", entry))),
    ];
    for at in [0, 5_000] {
        table.push((format!("byte {at} changed"), rewrite(move |bytes| bytes[at] ^= 1)));
    }
    // The last of the code, the magic, the length, the checksum.
    for from_end in [TAIL + 1, TAIL, 13, 12, 5, 4, 1] {
        let flip = move |bytes: &mut Vec<u8>| {
            let at = bytes.len() - from_end;
            bytes[at] ^= 0x80;
        };
        table.push((format!("the last byte but {} changed", from_end - 1), rewrite(flip)));
    }
    // Nobody but root can give a file away.
    if fs::metadata(&folder.0).expect("it is there").uid() == 0 {
        table.push((
            "another user's".into(),
            Box::new(|entry| chown(entry, Some(4321), None).expect("root may")),
        ));
    }

    load(&cache, REFOLD).await.expect("a plugin");
    let good = fs::read(entry(&cache)).expect("an entry");
    for (what, tamper) in table {
        let there = entry(&cache);
        tamper(&there);
        assert_not_found(&what, find(&cache, REFOLD).await);
        assert!(fs::symlink_metadata(&there).is_err(), "{what}: it is removed");
        // Without the search before, which has removed it.
        fs::write(&there, &good).expect("written");
        set_mode(&there, 0o600);
        tamper(&there);
        call(&what, &cache, true).await;
        find(&cache, REFOLD).await.expect(&what);
        let replaced = entry(&cache);
        assert!(fs::symlink_metadata(&replaced).expect("an entry").is_file(), "{what}");
        assert_eq!(mode(&replaced), 0o600, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_not_this_users_alone_is_not_used() {
    let folder = Folder::new("directory");
    let cache = folder.cache();
    let above = folder.0.clone();
    let (link, file) = (folder.0.join("link"), folder.0.join("file"));
    load(&cache, REFOLD).await.expect("a plugin");
    symlink(&cache, &link).expect("linked");
    fs::write(&file, "").expect("written");

    let chmod = |path: &Path, mode: u32| -> Tamper {
        let path = path.to_owned();
        Box::new(move |_| set_mode(&path, mode))
    };
    let nothing = || -> Tamper { Box::new(|_| {}) };
    let mut table: Vec<(&str, PathBuf, Tamper)> = vec![
        ("writable by all", cache.clone(), chmod(&cache, 0o707)),
        ("writable by the group", cache.clone(), chmod(&cache, 0o770)),
        ("writable by all, sticky", cache.clone(), chmod(&cache, 0o1777)),
        ("in a directory in which everybody may rename", cache.clone(), chmod(&above, 0o777)),
        ("a symbolic link", link.clone(), nothing()),
        ("a symbolic link with a slash", link.join(""), nothing()),
        ("a file", file.clone(), nothing()),
        ("below a file", file.join("cache"), nothing()),
    ];
    if fs::metadata(&cache).expect("it is there").uid() == 0 {
        let give = |cache: &Path| chown(cache, Some(4321), None).expect("root may");
        table.push(("another user's", cache.clone(), Box::new(give)));
    }
    for (what, directory, tamper) in table {
        tamper(&cache);
        assert_not_found(what, find(&directory, REFOLD).await);
        call(what, &directory, true).await;
        let error = load(&directory, &tiny(1)).await;
        assert!(matches!(error, Err(LoadError::Exports { .. })), "{what}: {error:?}");
        // Nothing was added.
        entry(&cache);
        // It was the directory: what is in it is good.
        set_mode(&above, 0o755);
        set_mode(&cache, 0o700);
        let owner = fs::metadata(&above).expect("it is there").uid();
        chown(&cache, Some(owner), None).expect("as it was");
        find(&cache, REFOLD).await.expect(what);
    }
    set_mode(&above, 0o1777);
    find(&cache, REFOLD).await.expect("in a sticky directory, nobody else renames it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_makes_no_load_fail() {
    let folder = Folder::new("unwritable");
    let cache = folder.cache();
    load(&cache, REFOLD).await.expect("a plugin");
    let there = entry(&cache);
    fs::remove_file(&there).expect("it is ours");
    fs::create_dir(&there).expect("made");
    call("a directory where the entry should be", &cache, true).await;
    assert_eq!(files(&cache), std::slice::from_ref(&there), "nothing unfinished is left");
    fs::remove_dir(&there).expect("it is empty");

    set_mode(&cache, 0o500);
    call("a directory that may not be written to", &cache, true).await;
    set_mode(&cache, 0o700);

    // Not even root makes files there.
    #[cfg(target_os = "linux")]
    call("a file system that takes no files", Path::new("/proc/self/task"), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_counts_fuel_is_another_entry() {
    let folder = Folder::new("fuel");
    let cache = folder.cache();
    let fuel = || HostLimits { fuel: Some(1 << 40), ..HostLimits::default() };
    let host = builder(CompileCache::at(&cache), fuel()).build().expect("a host");
    host.load(REFOLD).await.expect("a plugin");
    assert_not_found("without fuel", find(&cache, REFOLD).await);
    entry(&cache);
    load(&cache, REFOLD).await.expect("a plugin");
    assert_eq!(files(&cache).len(), 2);
    find(&cache, REFOLD).await.expect("it is found");
    find_within(&cache, REFOLD, fuel()).await.expect("it is found");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_has_to_pass_all_the_same() {
    let folder = Folder::new("checks");
    let cache = folder.cache();
    let within = async |limits| find_within(&cache, REFOLD, limits).await;
    load(&cache, REFOLD).await.expect("a plugin");

    let error = within(HostLimits { component_bytes: REFOLD.len() - 1, ..HostLimits::default() }).await;
    assert!(matches!(error, Err(LoadError::TooLarge { .. })), "{error:?}");
    let error = within(HostLimits { functions: 10, ..HostLimits::default() }).await;
    assert!(matches!(error, Err(LoadError::TooMuchWork { what: "functions", .. })), "{error:?}");
    let error = within(HostLimits { function_bytes: 10, ..HostLimits::default() }).await;
    assert!(matches!(error, Err(LoadError::TooMuchWork { what: "function_bytes", .. })), "{error:?}");
    find(&cache, REFOLD).await.expect("it is still there");
    let error = within(HostLimits { compile_bytes: 10_000, ..HostLimits::default() }).await;
    assert_not_found("more code than compile_bytes", error);

    let foreign = wat::parse_str(r#"(component (import "evil:host/keys@0.1.0" (instance)))"#).expect("valid");
    for result in [load(&cache, &foreign).await, find(&cache, &foreign).await] {
        assert!(matches!(result, Err(LoadError::ForeignImports { .. })), "{result:?}");
    }
    assert!(matches!(load(&cache, &tiny(1)).await, Err(LoadError::Exports { .. })));
    assert!(finds_tiny(&cache, 1).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_used_for_longest_goes_first() {
    let folder = Folder::new("bound");
    let cache = folder.cache();
    for (functions, hours) in [(1, 3), (2, 2), (3, 1)] {
        let before = if cache.exists() { files(&cache) } else { Vec::new() };
        let error = load(&cache, &tiny(functions)).await;
        assert!(matches!(error, Err(LoadError::Exports { .. })), "{error:?}");
        let new = files(&cache).into_iter().find(|file| !before.contains(file)).expect("a new entry");
        set_age(&new, Duration::from_secs(hours * 3600));
    }
    let bytes: u64 = files(&cache).iter().map(|file| fs::metadata(file).expect("an entry").len()).sum();
    // Room for three and a half.
    let max_bytes = bytes / 6 * 7;

    let of_others = cache.join("notes.code");
    fs::write(&of_others, "not an entry").expect("written");
    set_age(&of_others, Duration::from_secs(9 * 3600));
    let named = files(&cache)[0].clone();
    let unfinished = |random: &str| PathBuf::from(format!("{}.{random}", named.display()));
    let (killed, writing) = (unfinished("00000000000000aa"), unfinished("00000000000000bb"));
    fs::write(&killed, "half").expect("written");
    set_age(&killed, Duration::from_secs(2 * 3600));
    fs::write(&writing, "half").expect("written");

    // Used, so it goes last.
    assert!(finds_tiny(&cache, 1).await);
    let host = builder(CompileCache::at(&cache).max_bytes(max_bytes), HostLimits::default());
    let error = host.build().expect("a host").load(tiny(4)).await;
    assert!(matches!(error, Err(LoadError::Exports { .. })), "{error:?}");

    let mut found = Vec::new();
    for functions in 1..=4 {
        found.push(finds_tiny(&cache, functions).await);
    }
    assert_eq!(found, [true, false, true, true]);
    assert!(of_others.exists(), "what is not an entry stays");
    assert!(!killed.exists() && writing.exists(), "what a killed writer left is swept");

    let large = folder.0.join("large");
    let host = builder(CompileCache::at(&large).max_bytes(1_000), HostLimits::default());
    host.build().expect("a host").load(REFOLD).await.expect("a plugin");
    assert!(files(&large).is_empty(), "what is larger than the whole cache is not kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_hosts_at_once_share_a_directory() {
    let folder = Folder::new("shared");
    let cache = folder.cache();
    let loads = (0..8).map(|number| {
        let cache = cache.clone();
        let plugin = if number % 2 == 0 { REFOLD } else { UPSERT_CONTACT };
        tokio::spawn(async move { load(&cache, plugin).await })
    });
    for load in loads.collect::<Vec<_>>() {
        load.await.expect("no panic").expect("a plugin");
    }
    assert_eq!(files(&cache).len(), 2, "an entry each, and nothing unfinished");
    for plugin in [REFOLD, UPSERT_CONTACT] {
        find(&cache, plugin).await.expect("it is found");
    }
}
