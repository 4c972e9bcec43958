//! Building a pipeline in Rust.
