//! How objects of `Array` are made and freed.
//!
//! Programs make and drop an array with every operation, and PyO3's way of doing so takes longer
//! than most operations on numbers. So the memory of objects that die is kept for the next ones, and
//! the collector, which could not follow an array to anything, is not told of them.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::array::PyArray;

/// Objects whose memory is kept at most.
const ROOM: usize = 128;

/// The class, once [`install`] has seen to it.
static CLASS: AtomicPtr<ffi::PyTypeObject> = AtomicPtr::new(ptr::null_mut());

static LAYOUT: OnceLock<Layout> = OnceLock::new();
static FREE: Free =
    Free { count: Cell::new(0), objects: [const { Cell::new(ptr::null_mut()) }; ROOM] };

/// What an object looks like, and what PyO3 does with it when it dies.
struct Layout {
    /// Bytes from the start of an object to its array.
    array: usize,
    /// Bytes to the pointer to its weak references.
    weak_references: usize,
    dealloc: ffi::destructor,
}

/// Memory of dead objects.
struct Free {
    count: Cell<usize>,
    objects: [Cell<*mut ffi::PyObject>; ROOM],
}

// SAFETY: only the thread that holds the interpreter's lock comes here, and `install` does nothing
// in an interpreter that has none.
unsafe impl Sync for Free {}

impl Free {
    #[inline]
    fn pop(&self) -> Option<*mut ffi::PyObject> {
        let count = self.count.get().checked_sub(1)?;
        self.count.set(count);
        Some(self.objects[count].get())
    }

    #[inline]
    fn push(&self, object: *mut ffi::PyObject) -> bool {
        let count = self.count.get();
        let Some(place) = self.objects.get(count) else { return false };
        place.set(object);
        self.count.set(count + 1);
        true
    }
}

/// Makes the objects of the class be made and freed here, where the interpreter lets us: with a lock
/// that keeps other threads out.
pub fn install(class: &Bound<'_, PyType>) -> PyResult<()> {
    let py = class.py();
    let flags: String = py.import("sys")?.getattr("abiflags")?.extract()?;
    if flags.contains('t') {
        return Ok(());
    }
    let sample = Bound::new(py, PyArray::new(pullback_core::Array::scalar(0f32)))?;
    let array = ptr::from_ref(sample.get()).addr() - sample.as_ptr().addr();
    let class = class.as_type_ptr();
    // SAFETY: a class made by PyO3 is allocated with room for these slots; it is changed while the
    // module is made, under the interpreter's lock, and Python is told. Objects that there are
    // already are freed by PyO3's destructor or by ours: both expect the same layout.
    unsafe {
        let weak_references = (*class).tp_weaklistoffset;
        let (Some(dealloc), true) = ((*class).tp_dealloc, weak_references > 0) else {
            return Ok(());
        };
        let weak_references = weak_references as usize;
        if LAYOUT.set(Layout { array, weak_references, dealloc }).is_ok() {
            (*class).tp_dealloc = Some(free);
            ffi::PyType_Modified(class);
            CLASS.store(class, Ordering::Release);
        }
    }
    Ok(())
}

/// A new object of the class `Array`.
#[inline]
pub fn object(py: Python<'_>, array: PyArray) -> PyResult<Py<PyAny>> {
    let class = CLASS.load(Ordering::Relaxed);
    let Some(layout) = LAYOUT.get().filter(|_| !class.is_null()) else {
        return Ok(Py::new(py, array)?.into_any());
    };
    // SAFETY: the memory is that of an object of the class: a dead one, whose other parts are as
    // they were when it was made, or a new one, in which they are zero, as PyO3 sets them for a
    // frozen class. No one else knows of it yet.
    unsafe {
        let object = match FREE.pop() {
            Some(memory) => ffi::PyObject_Init(memory, class),
            None => {
                let object = ffi::PyType_GenericAlloc(class, 0);
                if object.is_null() {
                    return Err(PyErr::fetch(py));
                }
                ffi::PyObject_GC_UnTrack(object.cast());
                object
            }
        };
        object.byte_add(layout.array).cast::<PyArray>().write(array);
        Ok(Bound::from_owned_ptr(py, object).unbind())
    }
}

/// The array of an object, if it is one that is not deleted.
#[inline]
pub fn peek<'a>(object: &'a Bound<'_, PyAny>) -> Option<&'a pullback_core::Array> {
    // SAFETY: the object is held as long as the reference is.
    unsafe { array(object.as_ptr())?.peek() }
}

/// The array of an object of Python, if it is of the class `Array` itself, as all are.
///
/// # Safety
/// The object is alive as long as the reference is used.
#[inline]
pub(super) unsafe fn array<'a>(object: *mut ffi::PyObject) -> Option<&'a PyArray> {
    let class = CLASS.load(Ordering::Relaxed);
    // SAFETY: the caller's object is alive; one of this class has an array there.
    unsafe {
        if class.is_null() || ffi::Py_TYPE(object) != class {
            return None;
        }
        Some(&*object.byte_add(LAYOUT.get()?.array).cast::<PyArray>())
    }
}

/// What Python calls when nothing refers to an object any more.
unsafe extern "C" fn free(object: *mut ffi::PyObject) {
    let Some(layout) = LAYOUT.get() else { return };
    // SAFETY: Python calls this once, with an object of the class, which has these parts. What an
    // array of elements holds is dropped without Python's doing, but for memory that it lent, which
    // sees to that itself.
    unsafe {
        let array = object.byte_add(layout.array).cast::<PyArray>();
        let weak_references = object.byte_add(layout.weak_references).cast::<*mut ffi::PyObject>();
        if !(*array).is_concrete() || !(*weak_references).is_null() {
            return (layout.dealloc)(object);
        }
        ffi::PyObject_GC_UnTrack(object.cast());
        // There is no one to tell of a panic, and what panicked is not used again.
        let _ = catch_unwind(AssertUnwindSafe(|| ptr::drop_in_place(array)));
        let class = ffi::Py_TYPE(object);
        if !FREE.push(object) {
            ffi::PyObject_GC_Del(object.cast());
        }
        ffi::Py_DECREF(class.cast());
    }
}
