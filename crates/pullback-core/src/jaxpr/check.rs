//! Whether a program is well formed: every variable defined once, before it is used, and every
//! equation of the types that its operation predicts.

use smallvec::SmallVec;

use super::{Atom, Jaxpr, VarId};
use crate::aval::Aval;
use crate::error::{Error, Result};

/// Checks a program, nested programs included.
///
/// # Errors
/// [`Error::Program`] that says what is wrong.
pub fn check(jaxpr: &Jaxpr) -> Result<()> {
    let wrong = |message: String| Err(Error::Program { message });
    let mut defined = vec![false; jaxpr.avals.len()];
    let mut define = |var: VarId| match defined.get_mut(var.index()) {
        Some(slot) if !*slot => {
            *slot = true;
            Ok(())
        }
        Some(_) => Err(format!("variable {} is defined twice", var.0)),
        None => Err(format!("variable {} is not declared", var.0)),
    };
    for &var in &jaxpr.inputs {
        define(var).or_else(wrong)?;
    }
    let mut seen: Vec<bool> = vec![false; jaxpr.avals.len()];
    for &var in &jaxpr.inputs {
        seen[var.index()] = true;
    }
    let in_scope = |seen: &[bool], atom: &Atom| match atom {
        Atom::Var(var) => seen.get(var.index()).copied().unwrap_or(false),
        Atom::Const(_) => true,
    };
    for eqn in &jaxpr.eqns {
        let primitive = eqn.op.primitive();
        for atom in &eqn.inputs {
            if !in_scope(&seen, atom) {
                return wrong(format!(
                    "'{}' uses a variable before it is defined",
                    primitive.name()
                ));
            }
        }
        let avals: SmallVec<[Aval; 4]> =
            eqn.inputs.iter().map(|atom| jaxpr.atom_aval(atom)).collect();
        let predicted = primitive.infer(&avals)?;
        if predicted.len() != eqn.outputs.len() {
            return wrong(format!("'{}' has a wrong number of results", primitive.name()));
        }
        for (aval, &var) in predicted.iter().zip(&eqn.outputs) {
            define(var).or_else(wrong)?;
            seen[var.index()] = true;
            if !aval.same_type(jaxpr.aval(var)) {
                return wrong(format!(
                    "'{}' gives {}, but its variable is {}",
                    primitive.name(),
                    aval.short(),
                    jaxpr.aval(var).short()
                ));
            }
        }
        for nested in primitive.jaxprs() {
            check(nested)?;
        }
    }
    match jaxpr.outputs.iter().find(|atom| !in_scope(&seen, atom)) {
        Some(_) => wrong("a result is not defined".into()),
        None => Ok(()),
    }
}
