//! The places where PyO3 offers no safe way: builtin functions with one entry point, methods made
//! of functions, and memory that is shared with other libraries, in either direction; and where its
//! way takes too long: objects of `Array`, arithmetic of numbers, and calls of compiled functions.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::ptr;

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};
use smallvec::SmallVec;

use crate::errors::guarded;
use crate::functions::Builtin;

pub mod calls;
pub mod objects;
pub mod operators;

const NAME: &CStr = c"pullback.builtin";

/// A function object of Python that calls `builtin`.
pub fn builtin(py: Python<'_>, builtin: Builtin) -> PyResult<Bound<'_, PyAny>> {
    let text = |text: String| {
        CString::new(text).map_err(|_| PyValueError::new_err("a name with a zero byte"))
    };
    let name: &'static CStr = Box::leak(text(builtin.name().into())?.into_boxed_c_str());
    let doc: &'static CStr = Box::leak(text(builtin.doc())?.into_boxed_c_str());
    let module = format!("pullback.{}", builtin.module).into_pyobject(py)?;
    // Function objects live as long as the process; so do what they refer to.
    let row: &'static Builtin = Box::leak(Box::new(builtin));
    let definition: &'static mut ffi::PyMethodDef = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: entry },
        ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        ml_doc: doc.as_ptr(),
    }));
    // SAFETY: the capsule holds a pointer to a leaked, immutable value, and has no destructor;
    // the name is static.
    let capsule = unsafe {
        let pointer = ptr::from_ref(row).cast_mut().cast();
        Bound::from_owned_ptr_or_err(py, ffi::PyCapsule_New(pointer, NAME.as_ptr(), None))?
    };
    // SAFETY: the definition is leaked; the function takes its own references to both objects.
    unsafe {
        let function = ffi::PyCFunction_NewEx(definition, capsule.as_ptr(), module.as_ptr());
        Bound::from_owned_ptr_or_err(py, function)
    }
}

/// What all builtin functions run; `capsule` says which one was called.
unsafe extern "C" fn entry(
    capsule: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    Python::attach(|py| {
        let result = guarded(|| {
            // SAFETY: Python calls this with the capsule the function was made with, which holds
            // a leaked `Builtin`; with `count` arguments followed by one for each keyword; and
            // holds references to all of them during the call.
            unsafe {
                let row: &'static Builtin =
                    &*ffi::PyCapsule_GetPointer(capsule, NAME.as_ptr()).cast::<Builtin>();
                let object = |at: usize| Bound::from_borrowed_ptr(py, *args.add(at));
                let count = count as usize;
                let positional: SmallVec<[_; 4]> = (0..count).map(object).collect();
                if keywords.is_null() {
                    return row.call(py, &positional, &[]);
                }
                let names = Bound::from_borrowed_ptr(py, keywords).cast_into::<PyTuple>()?;
                let named: SmallVec<[_; 4]> =
                    names.iter().enumerate().map(|(at, name)| (name, object(count + at))).collect();
                row.call(py, &positional, &named)
            }
        });
        given(result)
    })
}

/// An object as Python takes it from a call, or its exception set.
fn given(result: PyResult<Py<PyAny>>) -> *mut ffi::PyObject {
    match result {
        Ok(object) => object.into_ptr(),
        Err(error) => Python::attach(|py| {
            error.restore(py);
            ptr::null_mut()
        }),
    }
}

unsafe extern "C" {
    // PyO3 does not declare this function of Python's stable interface.
    fn PyInstanceMethod_New(function: *mut ffi::PyObject) -> *mut ffi::PyObject;
}

/// A function as a method: called on an object, it gets the object as its first argument.
pub fn method<'py>(function: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the call takes a reference of its own, and gives a new one or an exception.
    unsafe { Bound::from_owned_ptr_or_err(function.py(), PyInstanceMethod_New(function.as_ptr())) }
}

/// Makes Python ask `__buffer__` of a class's objects for their buffers, as it does by itself from
/// 3.12 on.
pub fn export_buffers(class: &Bound<'_, PyType>) {
    // SAFETY: a class made by PyO3 is allocated with room for these slots, to which the pointer
    // leads; it is changed while the module is made, before there are objects, and Python is told.
    unsafe {
        let class = class.as_type_ptr();
        if let Some(slots) = (*class).tp_as_buffer.as_mut() {
            slots.bf_getbuffer = Some(get_buffer);
            ffi::PyType_Modified(class);
        }
    }
}

/// Hands a request for a buffer to the memory view that `__buffer__` gives.
unsafe extern "C" fn get_buffer(
    object: *mut ffi::PyObject,
    view: *mut ffi::Py_buffer,
    flags: std::ffi::c_int,
) -> std::ffi::c_int {
    Python::attach(|py| {
        // SAFETY: Python calls this with an object that it holds a reference to.
        let object = unsafe { Bound::from_borrowed_ptr(py, object) };
        match guarded(|| object.call_method1("__buffer__", (flags,))) {
            // SAFETY: the view is Python's to be filled; a memory view that is asked fills it, and
            // names itself as the one to release, so that it lives as long as the buffer is used.
            Ok(memory) => unsafe { ffi::PyObject_GetBuffer(memory.as_ptr(), view, flags) },
            Err(error) => {
                // SAFETY: a view that was not filled has no owner.
                unsafe { (*view).obj = ptr::null_mut() };
                error.restore(py);
                -1
            }
        }
    })
}

/// Memory of another library, which it handed over to be read in place.
pub struct Shared(PyBuffer<u8>);

impl Shared {
    /// The memory of a contiguous buffer, `None` for any other.
    pub fn new(buffer: PyBuffer<u8>) -> Option<Shared> {
        buffer.is_c_contiguous().then_some(Shared(buffer))
    }
}

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        if self.0.len_bytes() == 0 {
            return &[];
        }
        // SAFETY: the buffer is contiguous, and its exporter keeps it in place while the view, which
        // we own, is held. Nobody writes to it: the protocol by which an array is handed over makes
        // that the duty of both sides.
        unsafe { std::slice::from_raw_parts(self.0.buf_ptr().cast(), self.0.len_bytes()) }
    }
}
