//! The connectors that ship: one folder each, one line each.
