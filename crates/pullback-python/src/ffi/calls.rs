//! Calls of objects with their arguments side by side in memory, as Python has them, rather than in
//! a tuple that is made for the call: what PyO3 offers for functions, but not for classes.

use std::ffi::c_ulong;
use std::ptr;
use std::slice;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};

use super::given;
use crate::errors::guarded;

/// A class whose objects are called this way. Its objects keep an [`Entry`].
pub trait Callable: pyo3::PyClass<Frozen = pyo3::pyclass::boolean_struct::True> + Sync {
    /// The result for arguments by position, if it can be had at once. Objects of Python's that it
    /// drops may live on until Python calls again.
    fn quick<'py>(
        &self,
        py: Python<'py>,
        args: &[Bound<'py, PyAny>],
    ) -> Option<PyResult<Bound<'py, PyAny>>>;

    /// The result.
    fn call<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>>;

    /// Where the entry is in an object of the class.
    fn entry(&self) -> &Entry;
}

/// What Python calls for an object; a field of it.
#[repr(transparent)]
pub struct Entry(ffi::vectorcallfunc);

impl Entry {
    /// The entry of objects of a class.
    pub fn new<T: Callable>() -> Entry {
        Entry(vectorcall::<T>)
    }
}

/// Makes Python call objects of a class by their entry, which is where it is in `sample`.
pub fn install<T: Callable>(class: &Bound<'_, PyType>, sample: &Bound<'_, T>) {
    let offset = ptr::from_ref(sample.get().entry()).addr() - sample.as_ptr().addr();
    let class = class.as_type_ptr();
    // SAFETY: a class made by PyO3 is changed while the module is made, and Python is told; every
    // object of it has an entry at this place from the moment it is made.
    unsafe {
        (*class).tp_vectorcall_offset = offset as ffi::Py_ssize_t;
        let flags = (&raw mut (*class).tp_flags).cast::<c_ulong>();
        *flags |= ffi::Py_TPFLAGS_HAVE_VECTORCALL;
        ffi::PyType_Modified(class);
    }
}

unsafe extern "C" fn vectorcall<T: Callable>(
    callable: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    flagged: usize,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    const {
        // What `args` is read as; PyO3 promises that a `Bound` is a pointer to an object.
        assert!(size_of::<Bound<'_, PyAny>>() == size_of::<*mut ffi::PyObject>());
    }
    // SAFETY: Python calls this with an object that has this entry, with as many arguments as it
    // says, followed by one for each keyword, all of which it holds during the call, and with its
    // lock held. A pointer to an object that is held is a `Bound` that is not dropped.
    unsafe {
        let count = ffi::PyVectorcall_NARGS(flagged) as usize;
        let py = Python::assume_attached();
        let this = &*ptr::from_ref(&callable).cast::<Bound<'_, T>>();
        let args = args.cast::<Bound<'_, PyAny>>();
        let positional = if count == 0 { &[] } else { slice::from_raw_parts(args, count) };
        if keywords.is_null()
            && let Some(result) = quick(this.get(), py, positional)
        {
            return given(result.map(Bound::unbind));
        }
        Python::attach(|py| {
            let result = guarded(|| {
                let tuple = PyTuple::new(py, positional)?;
                if keywords.is_null() {
                    return this.get().call(py, &tuple, None);
                }
                let names = Bound::from_borrowed_ptr(py, keywords).cast_into::<PyTuple>()?;
                let named = PyDict::new(py);
                for (at, name) in names.iter().enumerate() {
                    named.set_item(name, &*args.add(count + at))?;
                }
                this.get().call(py, &tuple, Some(&named))
            });
            given(result.map(Bound::unbind))
        })
    }
}

/// The quick way, if there is no mistake of ours in it.
#[inline]
fn quick<'py, T: Callable>(
    this: &T,
    py: Python<'py>,
    args: &[Bound<'py, PyAny>],
) -> Option<PyResult<Bound<'py, PyAny>>> {
    match guarded(|| Ok(this.quick(py, args))) {
        Ok(result) => result,
        Err(error) => Some(Err(error)),
    }
}
