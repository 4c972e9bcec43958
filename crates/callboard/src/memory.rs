//! How memory is taken from the system.
//!
//! glibc gives each thread an arena of its own, and what is freed in one is no use to the others. Here a
//! document is fetched on one thread, read on a second and written on a third: with an arena for each thread a
//! crawl holds a third more than with one for each core. With fewer than that, threads wait for each other:
//! one for two cores made the same crawl last half as long again, and saved nothing.

/// Bounds the arenas; has to be called before there is a second thread.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn share() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let arenas = i32::try_from(cores).unwrap_or(i32::MAX);
    #[allow(unsafe_code, reason = "there is no other way to tell the allocator")]
    // SAFETY: `mallopt` only sets a number, and no other thread allocates yet. That it refuses is no fault.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, arenas);
    }
}

/// Other allocators see to it themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn share() {}
