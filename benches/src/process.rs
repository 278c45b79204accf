//! What this process has taken from the machine: processor time and memory, by what the memory is for.

use std::{fs, time::Duration};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

/// Returns how much processor time all threads that still run have taken.
///
/// # Errors
///
/// When the system does not tell: it is Linux that does.
pub fn cpu_time() -> anyhow::Result<Duration> {
    let mut total = 0;
    for thread in fs::read_dir("/proc/self/task").context("this system does not tell processor time")? {
        // One that has ended meanwhile is not counted.
        let Ok(times) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        let ran = times.split(' ').next().context("schedstat is empty")?;
        total += ran.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(total))
}

/// Bytes of memory that are this process's alone, by what they are for.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Memory {
    /// Linear memories of guests.
    pub linear: u64,
    /// Stacks on which guests run.
    pub stacks: u64,
    /// Tables of guests.
    pub tables: u64,
    /// The heap, which holds everything that is no guest's.
    pub heap: u64,
    /// Code and data of this program, and stacks of its threads.
    pub program: u64,
    /// What the kernel keeps to find all this.
    pub page_tables: u64,
}

impl Memory {
    /// Measures it.
    ///
    /// # Errors
    ///
    /// When the system does not tell: it is Linux that does.
    pub fn now() -> anyhow::Result<Self> {
        let maps = fs::read_to_string("/proc/self/smaps").context("this system does not tell memory")?;
        let status = fs::read_to_string("/proc/self/status")?;
        let page_tables = status.lines().find_map(|line| line.strip_prefix("VmPTE:"));
        let page_tables = page_tables.and_then(kilobytes).context("there is no VmPTE")?;
        let mut memory = Self { page_tables, ..Self::default() };
        let mut run: Vec<Mapping> = Vec::new();
        for mapping in mappings(&maps)? {
            if mapping.is_guard || run.last().is_some_and(|last| last.end != mapping.start) {
                memory.add(&std::mem::take(&mut run));
            }
            if !mapping.is_guard {
                run.push(mapping);
            }
        }
        memory.add(&run);
        Ok(memory)
    }

    /// Returns the sum.
    pub fn total(&self) -> u64 {
        self.linear + self.stacks + self.tables + self.heap + self.program + self.page_tables
    }

    /// Returns the parts by name.
    pub fn parts(&self) -> [(&'static str, u64); 6] {
        [
            ("linear memory", self.linear),
            ("guest stack", self.stacks),
            ("guest tables", self.tables),
            ("host heap", self.heap),
            ("program and threads", self.program),
            ("page tables", self.page_tables),
        ]
    }

    /// Adds mappings that lie beside each other without a guard between them.
    fn add(&mut self, run: &[Mapping]) {
        /// The stack of a guest, as hosts have it by default, but for its guard: 512 KiB and 1.5 MiB.
        const STACK: u64 = 2 << 20;
        /// Only pools are as large.
        const POOL: u64 = 1 << 30;
        // The pool of linear memories has guards between them; what lies before and after the image of one
        // in its slot belongs to it.
        let is_linear = run.iter().any(|mapping| mapping.is_image);
        for mapping in run {
            let part = match mapping {
                _ if is_linear => &mut self.linear,
                Mapping { is_heap: true, .. } => &mut self.heap,
                Mapping { is_file: true, .. } => &mut self.program,
                Mapping { start, end, .. } if end - start == STACK => &mut self.stacks,
                Mapping { start, end, .. } if end - start >= POOL => &mut self.tables,
                _ => &mut self.heap,
            };
            *part += mapping.private;
        }
    }
}

/// One mapping of `/proc/self/smaps`.
struct Mapping {
    start: u64,
    end: u64,
    /// Nobody may use it.
    is_guard: bool,
    /// It is the image of a linear memory.
    is_image: bool,
    is_heap: bool,
    is_file: bool,
    /// Bytes that are this process's alone.
    private: u64,
}

fn mappings(maps: &str) -> anyhow::Result<Vec<Mapping>> {
    let mut all: Vec<Mapping> = Vec::new();
    for line in maps.lines() {
        if let Some(private) = line.strip_prefix("Private_Clean:").or(line.strip_prefix("Private_Dirty:")) {
            let mapping = all.last_mut().context("a size without a mapping")?;
            mapping.private += kilobytes(private).context("a size without a number")?;
            continue;
        }
        let mut words = line.split_ascii_whitespace();
        let Some((range, permissions)) = words.next().zip(words.next()) else { continue };
        if range.ends_with(':') {
            continue;
        }
        let Some((start, end)) = range.split_once('-') else { bail!("{line} is no mapping") };
        let name = words.nth(3).unwrap_or_default();
        all.push(Mapping {
            start: u64::from_str_radix(start, 16)?,
            end: u64::from_str_radix(end, 16)?,
            is_guard: permissions.starts_with("---"),
            is_image: name.starts_with("/memfd:wasm-memory-image"),
            is_heap: name == "[heap]",
            is_file: !name.is_empty(),
            private: 0,
        });
    }
    Ok(all)
}

/// Reads `  12 kB` as bytes.
fn kilobytes(text: &str) -> Option<u64> {
    Some(text.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_process_has_is_found() {
        let before = Memory::now().expect("memory");
        let block = std::hint::black_box(vec![1u8; 32 << 20]);
        let after = Memory::now().expect("memory");
        assert!(after.heap >= before.heap + block.len() as u64, "{before:?} {after:?}");
        assert!(cpu_time().expect("processor time") > Duration::ZERO);
    }

    #[test]
    fn mappings_are_told_apart_by_what_is_beside_them() {
        let maps = "\
            1000-2000 rw-p 00000000 00:00 0 \nPrivate_Dirty:  4 kB\n\
            2000-3000 rw-p 00000000 00:01 12 /memfd:wasm-memory-image (deleted)\nPrivate_Dirty:  8 kB\n\
            3000-4000 ---p 00000000 00:00 0 \n\
            4000-204000 rw-p 00000000 00:00 0 \nPrivate_Clean:  16 kB\n\
            300000-301000 rw-p 00000000 00:00 0 [heap]\nPrivate_Dirty:  32 kB\n";
        let mut memory = Memory::default();
        let all = mappings(maps).expect("mappings");
        memory.add(&all[..2]);
        memory.add(&all[3..]);
        assert_eq!((memory.linear, memory.stacks, memory.heap), (12 << 10, 16 << 10, 32 << 10));
    }
}
