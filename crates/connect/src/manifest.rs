//! Connectors written as YAML.
