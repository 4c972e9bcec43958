//! The grid of a backfill: a row a window, a column a step, in each cell how the step fared.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde::Serialize;

use super::{Window, WindowState};

/// How each step of each window fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grid {
    /// Names of the columns.
    pub steps: Vec<String>,
    /// A row a window, in the order given.
    pub rows: Vec<GridRow>,
}

/// One window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GridRow {
    /// The window.
    pub window: Window,
    /// Its start, for people.
    pub label: String,
    /// How all of it fared; `None` when it was never run.
    pub state: Option<WindowState>,
    /// Status of each step, as many as there are columns; `None` where it never ran.
    pub cells: Vec<Option<String>>,
}

impl Grid {
    /// The grid of these windows and steps. `statuses` holds what is known of a window's steps, by name.
    pub fn new(
        windows: &[Window],
        zone: Tz,
        steps: &[String],
        known: &BTreeMap<Window, WindowState>,
        statuses: &BTreeMap<Window, BTreeMap<String, String>>,
    ) -> Grid {
        let row = |window: &Window| {
            let of_window = statuses.get(window);
            let cell = |step: &String| of_window.and_then(|by_step| by_step.get(step)).cloned();
            GridRow {
                window: *window,
                label: window.label(zone),
                state: known.get(window).copied(),
                cells: steps.iter().map(cell).collect(),
            }
        };
        Grid { steps: steps.to_vec(), rows: windows.iter().map(row).collect() }
    }

    /// How many windows are in each state; those never run under `None`.
    pub fn count(&self, state: Option<WindowState>) -> usize {
        self.rows.iter().filter(|row| row.state == state).count()
    }
}
