//! What this process holds, as the kernel counts it.

use std::fs;

/// What a process holds at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holdings {
    pub(crate) files: usize,
    pub(crate) threads: usize,
    pub(crate) resident_kib: usize,
}

impl Holdings {
    /// Counts them, on Linux.
    pub(crate) fn now() -> Self {
        const HINT: &str = "Linux's /proc is needed for the soak";
        let status = fs::read_to_string("/proc/self/status").expect(HINT);
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect(HINT);
        let resident = resident.trim().strip_suffix(" kB").and_then(|kib| kib.parse().ok()).expect(HINT);
        Self {
            files: fs::read_dir("/proc/self/fd").expect(HINT).count(),
            threads: fs::read_dir("/proc/self/task").expect(HINT).count(),
            resident_kib: resident,
        }
    }
}
