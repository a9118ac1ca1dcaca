//! Arithmetic of numbers, ahead of the methods that PyO3 makes of operators: those take longer than
//! the arithmetic itself. Whatever is not two plain numbers is left to them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::OnceLock;

use pullback_core::Array;
use pullback_core::engine::tile::ScalarOp;
use pullback_core::trace::eval::of_numbers;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyType;

use super::given;
use super::objects::{array, object};
use crate::array::PyArray;
use crate::config;
use crate::convert::{weak_float, weak_whole};

const OPERATIONS: [ScalarOp; 4] = [ScalarOp::Add, ScalarOp::Sub, ScalarOp::Mul, ScalarOp::Div];

/// The methods that PyO3 made, in the order of [`OPERATIONS`], and that for `float`.
static METHODS: OnceLock<([ffi::binaryfunc; 4], ffi::unaryfunc)> = OnceLock::new();

/// Puts the operators of this module before those of the class.
pub fn install(class: &Bound<'_, PyType>) {
    // SAFETY: a class made by PyO3 is allocated with room for these slots, to which the pointer
    // leads; it is changed while the module is made, before there are objects, and Python is told.
    unsafe {
        let class = class.as_type_ptr();
        let Some(slots) = (*class).tp_as_number.as_mut() else { return };
        let (Some(add), Some(subtract), Some(multiply), Some(divide), Some(float)) = (
            slots.nb_add,
            slots.nb_subtract,
            slots.nb_multiply,
            slots.nb_true_divide,
            slots.nb_float,
        ) else {
            return;
        };
        if METHODS.set(([add, subtract, multiply, divide], float)).is_err() {
            return;
        }
        slots.nb_add = Some(operator::<0>);
        slots.nb_subtract = Some(operator::<1>);
        slots.nb_multiply = Some(operator::<2>);
        slots.nb_true_divide = Some(operator::<3>);
        slots.nb_float = Some(to_float);
        ffi::PyType_Modified(class);
    }
}

/// An operand, if it is a number of ours or a plain one of Python's.
enum Number<'a> {
    Ours(&'a Array),
    Bare(Array),
}

impl Number<'_> {
    #[inline]
    fn array(&self) -> &Array {
        match self {
            Number::Ours(array) => array,
            Number::Bare(array) => array,
        }
    }
}

/// # Safety
/// The object is alive as long as the number is used.
#[inline]
unsafe fn number<'a>(operand: *mut ffi::PyObject) -> Option<Number<'a>> {
    // SAFETY: the caller says that the object is alive; what is read of it is of the class that it
    // is seen to be of.
    unsafe {
        if let Some(array) = array(operand) {
            return array.peek().map(Number::Ours);
        }
        if ffi::PyFloat_CheckExact(operand) != 0 {
            return Some(Number::Bare(weak_float(ffi::PyFloat_AS_DOUBLE(operand))));
        }
        if ffi::PyLong_CheckExact(operand) != 0 {
            let mut overflow = 0;
            let value = ffi::PyLong_AsLongLongAndOverflow(operand, &mut overflow);
            return weak_whole(value).filter(|_| overflow == 0).map(Number::Bare);
        }
        None
    }
}

unsafe extern "C" fn operator<const K: usize>(
    left: *mut ffi::PyObject,
    right: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    config::sync();
    // SAFETY: Python holds the operands during the call, and its lock is held.
    unsafe {
        let result = (|| {
            let (x, y) = (number(left)?, number(right)?);
            let compute = || of_numbers(OPERATIONS[K], x.array(), y.array());
            // A mistake of ours is found again by the method, which knows how to say so.
            catch_unwind(AssertUnwindSafe(compute)).ok()?
        })();
        match (result, METHODS.get()) {
            (Some(result), _) => given(object(Python::assume_attached(), PyArray::new(result))),
            (None, Some((methods, _))) => methods[K](left, right),
            (None, None) => ptr::null_mut(),
        }
    }
}

unsafe extern "C" fn to_float(operand: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: Python holds the operand during the call.
    unsafe {
        let tensor = array(operand).and_then(PyArray::peek).and_then(Array::tensor);
        let value = tensor.filter(|tensor| tensor.rank() == 0).and_then(|tensor| {
            tensor.item::<f32>().map(f64::from).or_else(|| tensor.item::<f64>())
        });
        match (value, METHODS.get()) {
            (Some(value), _) => ffi::PyFloat_FromDouble(value),
            (None, Some((_, method))) => method(operand),
            (None, None) => ptr::null_mut(),
        }
    }
}
