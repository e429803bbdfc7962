//! Every combination of the points of the variables.

use std::collections::BTreeSet;

use super::vars::{Var, Vars};
use crate::fact::{Cell, Type, Value};

/// All points.
pub(super) struct Grid<'v> {
    pub(super) vars: &'v Vars,
    /// The variables that are read.
    pub(super) used: Vec<usize>,
    /// Their points.
    pub(super) points: Vec<Vec<Cell>>,
    /// How many there are.
    pub(super) size: usize,
    nothing: Cell,
}

impl<'v> Grid<'v> {
    /// The points of the variables that are read.
    pub(super) fn new(vars: &'v Vars, used: &BTreeSet<usize>) -> Self {
        let used: Vec<usize> = used.iter().copied().collect();
        let points: Vec<Vec<Cell>> =
            used.iter().filter_map(|index| vars.get(*index)).map(Var::points).collect();
        let size = points.iter().fold(1usize, |size, points| size.saturating_mul(points.len()));
        Self { vars, used, points, size, nothing: Ok(Value::Null) }
    }

    /// The cells of a point, by variable.
    pub(super) fn cells(&self, at: &[usize]) -> Vec<&Cell> {
        let mut cells: Vec<&Cell> = vec![&self.nothing; self.vars.list.len()];
        for ((var, points), at) in self.used.iter().zip(&self.points).zip(at) {
            if let (Some(slot), Some(cell)) = (cells.get_mut(*var), points.get(*at)) {
                *slot = cell;
            }
        }
        cells
    }

    /// Looks at every point that can be.
    pub(super) fn walk(&self, look: &mut dyn FnMut(&[&Cell], &[usize])) {
        let mut at = vec![0; self.used.len()];
        loop {
            let cells = self.cells(&at);
            if self.can_be(&cells) {
                look(&cells, &at);
            }
            let mut moved = false;
            for (slot, points) in at.iter_mut().zip(&self.points) {
                *slot += 1;
                if *slot < points.len() {
                    moved = true;
                    break;
                }
                *slot = 0;
            }
            if !moved {
                return;
            }
        }
    }

    /// Facts of a part that is not there are null, and of one that is there only those that may be.
    fn can_be(&self, cells: &[&Cell]) -> bool {
        let Some(side) = self.vars.side.filter(|side| self.used.contains(side)) else { return true };
        let Some(Type::Enum(words)) = self.vars.get(side).map(|var| &var.ty) else {
            return true;
        };
        let Some(Ok(Value::Text(word))) = cells.get(side) else { return true };
        let number = words.iter().position(|known| known == word).unwrap_or(2);
        self.vars.parts.iter().filter(|(var, _)| self.used.contains(var)).all(|(var, part)| {
            let there = number == 2 || number == part.part;
            match cells.get(*var) {
                Some(Ok(Value::Null)) => !there || !part.filled,
                Some(Ok(_)) => there,
                _ => true,
            }
        })
    }

    /// How many cells have a value: an example with values says more than one without.
    pub(super) fn plain(&self, cells: &[&Cell]) -> usize {
        let has = |var: &&usize| matches!(cells.get(**var), Some(Ok(value)) if !value.is_null());
        self.used.iter().filter(has).count()
    }
}
