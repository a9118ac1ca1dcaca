//! What a loop over elements finds known: steps whose operands are the same for all elements are
//! done before it.

use super::{Emitter, Home, SPILL};
use crate::native::ir::{Graph, Id, Kind, Node};

/// The steps that are done before a loop.
#[derive(Default)]
pub(super) struct Known {
    /// Whether each step is one of them; truth values are had again from what is compared, which
    /// takes less than to read them.
    done: Vec<bool>,
    /// Those that steps within the loop need, which are kept on the stack, in this order.
    kept: Vec<Id>,
}

impl Known {
    pub fn has(&self, at: usize) -> bool {
        self.done.get(at).copied().unwrap_or(false)
    }

    pub fn count(&self) -> usize {
        self.done.iter().filter(|&&is_done| is_done).count()
    }
}

/// For each step whether it depends on scalars and constants alone.
fn is_known(graph: &Graph) -> Vec<bool> {
    let mut known: Vec<bool> = Vec::with_capacity(graph.nodes.len());
    for (node, _) in &graph.nodes {
        known.push(match node {
            Node::Scalar(..) | Node::Constant(_) => true,
            Node::Input(..) | Node::Accumulator(_) | Node::Lane(..) => false,
            _ => Graph::operands(*node).iter().all(|operand| known[operand.index()]),
        });
    }
    known
}

impl Emitter<'_> {
    /// Does what can be done before the loop. The registers are free again then.
    pub(super) fn begin_known(&mut self) {
        let nodes = &self.graph.nodes;
        let is_known = is_known(self.graph);
        let is_step = |at: usize| is_known[at] && !nodes[at].0.is_read() && !self.uses[at].is_empty();
        let done: Vec<bool> =
            (0..nodes.len()).map(|at| is_step(at) && nodes[at].1 != Kind::Mask).collect();
        let is_needed = |at: usize| {
            // What is no step of these may be an output.
            let mut users = self.uses[at].iter().map(|&user| user as usize);
            done[at] && users.any(|user| !done.get(user).copied().unwrap_or(false))
        };
        let kept: Vec<Id> =
            (0..nodes.len()).filter(|&at| is_needed(at)).map(|at| Id(at as u32)).collect();
        let steps: Vec<usize> = match kept.is_empty() {
            true => vec![],
            false => (0..nodes.len()).filter(|&at| is_step(at)).collect(),
        };
        self.spills = kept.len() as i32;
        for at in steps {
            let id = Id(at as u32);
            let (node, kind) = self.graph.nodes[at];
            self.step(at as u32, id, node, kind);
            if let Ok(slot) = kept.binary_search(&id) {
                self.homes[at].spill = Some(slot as i32 * SPILL);
                self.keep_lanes(id);
            }
        }
        self.known = Known { done, kept };
    }

    /// Begins with the steps of a vector of lanes.
    pub(super) fn begin_steps(&mut self, uses: &[Vec<u32>]) {
        self.uses.clone_from_slice(uses);
        self.homes.fill(Home::default());
        self.vectors = [None; 32];
        self.masks = [None; 8];
        for (slot, id) in self.known.kept.iter().enumerate() {
            self.homes[id.index()].spill = Some(slot as i32 * SPILL);
        }
        self.spills = self.known.kept.len() as i32;
    }
}
