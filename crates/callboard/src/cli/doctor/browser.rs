//! The browser that pages are rendered in, where there are sources that need one.

use std::path::Path;

use connect::fetch::find_browser;

use super::Check;
use crate::config::Config;

/// Looked for and asked for its version. Nobody needs one unless a source's pages are rendered.
pub async fn browser(config: &Config) -> Check {
    let what = "browser for rendering";
    match find_browser(config.text("browser").map(Path::new)).await {
        Ok(found) => Check::ok(what, format!("{} ({})", found.version, found.program.display())),
        Err(todo) => {
            Check::note(what, "none that can be used; only sources with rendered pages need one", todo)
        }
    }
}
