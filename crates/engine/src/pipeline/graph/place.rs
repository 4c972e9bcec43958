//! Where each box of a drawing stands: levels from top to bottom, within a level so that lines cross
//! little and run straight. A line that passes a level has a place of its own there.

use std::collections::HashMap;

use super::layers::{layers, levels};
use super::{Edge, edges, nested};
use crate::pipeline::plan::{Plan, PlanStep, StepNo};

const GAP_X: f64 = 28.0;
const GAP_Y: f64 = 46.0;
const LANE: f64 = 14.0;
/// Room inside a group: at its sides and below, and above for its heading.
const PADDING: f64 = 20.0;
const SWEEPS: usize = 12;
/// Beyond this many lanes lines go straight over the boxes between: nobody could follow them anyway.
const MOST_LANES: usize = 3_000;

/// A list of steps with places, the origin at its upper left corner.
pub(super) struct Placed {
    pub width: f64,
    pub height: f64,
    pub boxes: Vec<Box2>,
    pub lines: Vec<Line>,
}

/// A step's box.
pub(super) struct Box2 {
    pub no: StepNo,
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
    /// The steps inside it, placed from its own corner.
    pub inner: Option<Placed>,
}

/// An edge: where it goes straight down, one stretch a level; between them it bends.
pub(super) struct Line {
    pub depends: bool,
    pub stretches: Vec<Stretch>,
}

/// A part of a line that goes straight down.
#[derive(Clone, Copy)]
pub(super) struct Stretch {
    pub x: f64,
    pub top: f64,
    pub foot: f64,
}

/// Something that takes room on a level.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Cell {
    Step(StepNo),
    /// The edge of this number passes this level.
    Lane(usize, usize),
}

/// Places the steps of a list; `size` says how large a step's own box (or a group's heading) is.
pub(super) fn place(plan: &Plan, list: &[StepNo], size: &dyn Fn(&PlanStep) -> (f64, f64)) -> Placed {
    let edges = edges(plan, list);
    let mut sizes: HashMap<Cell, (f64, f64)> = HashMap::new();
    let mut inner = HashMap::new();
    for step in list.iter().filter_map(|no| plan.step(*no)) {
        let (mut width, mut height) = size(step);
        if !nested(step).is_empty() {
            let mut group = place(plan, nested(step), size);
            width = width.max(group.width + 2.0 * PADDING);
            let shift = (width - group.width) / 2.0;
            group.shift(shift, height);
            height += group.height + PADDING;
            inner.insert(step.no, group);
        }
        sizes.insert(Cell::Step(step.no), (width, height));
    }
    let grid = Grid::new(list, &edges, sizes);
    grid.placed(&edges, inner)
}

impl Placed {
    fn shift(&mut self, x: f64, y: f64) {
        self.boxes.iter_mut().for_each(|one| {
            one.x += x;
            one.y += y;
        });
        self.lines.iter_mut().flat_map(|line| &mut line.stretches).for_each(|stretch| {
            stretch.x += x;
            stretch.top += y;
            stretch.foot += y;
        });
    }
}

struct Grid {
    rows: Vec<Vec<Cell>>,
    sizes: HashMap<Cell, (f64, f64)>,
    /// The cells that an edge runs through, from first to last.
    ways: Vec<Vec<Cell>>,
    /// The cells that lines come from and go to.
    above: HashMap<Cell, Vec<Cell>>,
    below: HashMap<Cell, Vec<Cell>>,
    centres: HashMap<Cell, f64>,
}

impl Grid {
    fn new(list: &[StepNo], edges: &[Edge], mut sizes: HashMap<Cell, (f64, f64)>) -> Grid {
        let level = levels(list, edges);
        let layers = layers(list, &level);
        let lanes: usize = edges.iter().map(|edge| level[&edge.to] - level[&edge.from] - 1).sum();
        let mut rows: Vec<Vec<Cell>> =
            layers.iter().map(|layer| layer.iter().map(|no| Cell::Step(*no)).collect()).collect();
        let mut ways = Vec::new();
        for (index, edge) in edges.iter().enumerate() {
            let mut way = vec![Cell::Step(edge.from)];
            let passed = if lanes > MOST_LANES { 0..0 } else { level[&edge.from] + 1..level[&edge.to] };
            for (row, cells) in rows.iter_mut().enumerate().filter(|(row, _)| passed.contains(row)) {
                let lane = Cell::Lane(index, row);
                cells.push(lane);
                way.push(lane);
                sizes.insert(lane, (LANE, 0.0));
            }
            way.push(Cell::Step(edge.to));
            ways.push(way);
        }
        let mut grid =
            Grid { rows, sizes, above: HashMap::new(), below: HashMap::new(), ways, centres: HashMap::new() };
        for pair in grid.ways.iter().flat_map(|way| way.windows(2)) {
            grid.below.entry(pair[0]).or_default().push(pair[1]);
            grid.above.entry(pair[1]).or_default().push(pair[0]);
        }
        grid.arrange();
        grid
    }

    /// Orders each level by the middle of its neighbours, then draws the cells towards them.
    fn arrange(&mut self) {
        for row in 0..self.rows.len() {
            self.spread(row);
        }
        for sweep in 0..SWEEPS {
            let down = sweep % 2 == 0;
            for step in 0..self.rows.len() {
                let row = if down { step } else { self.rows.len() - 1 - step };
                let wanted: HashMap<Cell, f64> =
                    self.rows[row].iter().map(|cell| (*cell, self.wanted(*cell, down))).collect();
                if sweep < SWEEPS / 2 {
                    self.rows[row].sort_by(|a, b| wanted[a].total_cmp(&wanted[b]));
                }
                self.settle(row, &wanted);
            }
        }
    }

    /// The middle of the neighbours above (or below); where there are none, its own.
    fn wanted(&self, cell: Cell, above: bool) -> f64 {
        let centre = |cell: &Cell| self.centres.get(cell).copied().unwrap_or(0.0);
        match if above { self.above.get(&cell) } else { self.below.get(&cell) } {
            Some(others) => others.iter().map(centre).sum::<f64>() / others.len() as f64,
            None => centre(&cell),
        }
    }

    fn spread(&mut self, row: usize) {
        let mut x = 0.0;
        for cell in &self.rows[row] {
            let width = self.sizes[cell].0;
            self.centres.insert(*cell, x + width / 2.0);
            x += width + GAP_X;
        }
        let middle = (x - GAP_X) / 2.0;
        self.rows[row].iter().for_each(|cell| *self.centres.entry(*cell).or_default() -= middle);
    }

    /// Puts the cells of a row where they want to be as far as their order and the gaps allow: those
    /// that would overlap move as one, to the mean of what they want.
    fn settle(&mut self, row: usize, wanted: &HashMap<Cell, f64>) {
        let mut clusters: Vec<Cluster> = Vec::new();
        for cell in &self.rows[row] {
            let width = self.sizes[cell].0;
            let mut cluster = Cluster { left: wanted[cell] - width / 2.0, width, cells: vec![(*cell, 0.0)] };
            while let Some(before) =
                clusters.pop_if(|before| before.left + before.width + GAP_X > cluster.left)
            {
                cluster = before.join(cluster);
            }
            clusters.push(cluster);
        }
        for cluster in clusters {
            for (cell, offset) in cluster.cells {
                self.centres.insert(cell, cluster.left + offset + self.sizes[&cell].0 / 2.0);
            }
        }
    }

    fn placed(self, edges: &[Edge], mut inner: HashMap<StepNo, Placed>) -> Placed {
        let left_of = |cell: &Cell| self.centres[cell] - self.sizes[cell].0 / 2.0;
        let cells = || self.rows.iter().flatten();
        let left = cells().map(left_of).fold(f64::INFINITY, f64::min);
        let right = cells().map(|cell| left_of(cell) + self.sizes[cell].0).fold(f64::NEG_INFINITY, f64::max);
        let mut boxes = Vec::new();
        let mut spans: HashMap<Cell, (f64, f64)> = HashMap::new();
        let mut tops: HashMap<Cell, f64> = HashMap::new();
        let mut y = 0.0;
        for row in &self.rows {
            let height = row.iter().map(|cell| self.sizes[cell].1).fold(0.0, f64::max);
            for cell in row {
                let (width, own) = self.sizes[cell];
                // A line leaves a box at its foot, and the level at the level's.
                let top = if matches!(cell, Cell::Lane(..)) { y } else { y + own };
                spans.insert(*cell, (top, y + height));
                tops.insert(*cell, y);
                if let Cell::Step(no) = cell {
                    let x = left_of(cell) - left;
                    boxes.push(Box2 { no: *no, x, y, width, height: own, inner: inner.remove(no) });
                }
            }
            y += height + GAP_Y;
        }
        let stretch = |cell: &Cell| {
            let (top, foot) = spans[cell];
            Stretch { x: self.centres[cell] - left, top, foot }
        };
        let line = |(edge, way): (&Edge, &Vec<Cell>)| {
            let mut stretches: Vec<Stretch> = way.iter().map(stretch).collect();
            // The last box is where the line ends: at its head.
            if let (Some(end), Some(last)) = (stretches.last_mut(), way.last()) {
                (end.top, end.foot) = (tops[last], tops[last]);
            }
            Line { depends: edge.depends, stretches }
        };
        let lines = edges.iter().zip(&self.ways).map(line).collect();
        Placed { width: (right - left).max(0.0), height: (y - GAP_Y).max(0.0), boxes, lines }
    }
}

/// Cells of a row that stand side by side.
struct Cluster {
    left: f64,
    width: f64,
    /// Each with its distance from the left.
    cells: Vec<(Cell, f64)>,
}

impl Cluster {
    /// Both as one, at the mean of where they would stand, weighed by how many cells they have.
    fn join(mut self, right: Cluster) -> Cluster {
        let shift = self.width + GAP_X;
        let (own, more) = (self.cells.len() as f64, right.cells.len() as f64);
        let left = (self.left * own + (right.left - shift) * more) / (own + more);
        self.cells.extend(right.cells.into_iter().map(|(cell, offset)| (cell, offset + shift)));
        Cluster { left, width: shift + right.width, cells: self.cells }
    }
}
